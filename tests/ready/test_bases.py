"""What registries say of base images, and what it comes to where they say nothing."""

from __future__ import annotations

import json

import pytest
from support import fake_registry
from support.registry_images import image, two_platforms

from lab.ready import PAIR, ready
from lab.ready.report import sarif


@pytest.fixture
def server():
    with fake_registry.running() as running:
        yield running


@pytest.fixture
def found(tmp_path):
    """What is found in a Dockerfile, the registries asked."""

    def look(text, name="Dockerfile"):
        (tmp_path / name).write_text(text)
        return ready(str(tmp_path))

    return look


def test_a_base_for_both_platforms_is_fine(found, server):
    """Asked for, and nothing to say."""
    server.add("base", "1", two_platforms())
    report = found(f"FROM {server.address}/base:1\n")
    assert (report.findings, report.untold, report.exit_status) == ((), {}, 0)


def test_a_base_for_one_platform_is_told(found, server):
    """Also where its name comes from an argument; what a stage on the build platform begins from is not asked."""
    server.add("base", "1", image("linux/amd64"))
    report = found(
        f"ARG V=1\nFROM --platform=$BUILDPLATFORM {server.address}/none:1 AS a\nFROM {server.address}/base:$V\nCOPY --from=a /x /x\n"
    )
    assert [(one.rule, one.line) for one in report.findings] == [("base-absent", 3)]
    assert "no image for linux/arm64; it has: linux/amd64" in report.findings[0].text
    assert report.exit_status == 1


def test_a_base_pinned_to_one_platforms_digest_is_told(found, server):
    """The index's digest is fine, a row's is not."""
    index = two_platforms()
    server.add("base", "1", index)
    row = index.manifests[1]
    server.add("base", row.digest, row)
    server.add("base", index.digest, index)
    assert found(f"FROM {server.address}/base:1@{index.digest}\n").findings == ()
    report = found(f"FROM {server.address}/base:1@{row.digest}\n")
    assert [(one.rule, one.severity) for one in report.findings] == [("base-pinned", "stops")]
    assert "(linux/arm64)" in report.findings[0].text


def test_a_base_chosen_by_the_platform_is_asked_for_each(found, server):
    """`base-$TARGETARCH`: each has to have its own."""
    server.add("base-amd64", "1", image("linux/amd64"))
    server.add("base-arm64", "1", image("linux/amd64"))
    report = found(f"FROM {server.address}/base-$TARGETARCH:1\n")
    assert ["base-arm64:1` has no image for linux/arm64" in one.text for one in report.findings] == [True]


def test_a_services_image_is_asked_for(found, server):
    """What compose pulls has to be there for the host, too."""
    server.add("base", "1", image("linux/amd64"))
    report = found(f"services:\n  db:\n    image: {server.address}/base:1\n", "compose.yaml")
    assert [(one.rule, one.line) for one in report.findings] == [("base-absent", 3)]


def test_a_registry_that_is_not_there_is_blocked_and_never_wrong(found):
    """Asked once; the other findings are told."""
    report = found("FROM 127.0.0.1:1/a:1\nARG TARGETARCH=x\nFROM 127.0.0.1:1/b:1\n")
    assert [one.rule for one in report.findings] == ["arg-shadowed"]
    assert report.exit_status == 3
    (line,) = [line for line in report.as_text().split("\n") if "blocked" in line]
    assert "127.0.0.1:1/a:1, 127.0.0.1:1/b:1" in line
    assert sarif([report])["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_an_image_that_is_not_there_is_no_finding(found, server):
    """Perhaps it needs a login, perhaps it is made later."""
    report = found(f"FROM {server.address}/none:1\n")
    assert (report.findings, report.exit_status) == ((), 3)


def test_off_line_nothing_is_asked(tmp_path, server):
    """It says so, in the one line, and is not blocked."""
    server.add("base", "1", image("linux/amd64"))
    (tmp_path / "Dockerfile").write_text(f"FROM {server.address}/base:1\n")
    report = ready(str(tmp_path), online=False)
    assert (report.findings, report.exit_status) == ((), 0)
    assert "1 image not asked for" in report.as_text()
    assert report.platforms == PAIR
    assert json.loads(json.dumps(report.to_json()))["not_told"] == {
        f"{server.address}/base:1": "its registry was not asked"
    }


def test_names_that_are_filled_in_elsewhere_are_not_asked(found):
    """`ARG BASE` without a value comes from the command line."""
    report = found("ARG BASE\nFROM $BASE\n")
    assert (report.exit_status, "1 image not asked for" in report.as_text()) == (0, True)


def test_scratch_is_asked_of_nobody(found):
    """It is no image."""
    assert found("FROM scratch\nCOPY x /\n").untold == {}
