"""What is down, what is hostile, and the reports that are made of what was found."""

from __future__ import annotations

import io
import tarfile

import pytest
from support import fake_registry
from support.audited import bad_tag, good

from lab.audit import audit
from lab.audit.report import NOTE, WARNING, Finding, Report, sarif
from lab.errors import BadInput, NotThere
from lab.images import build
from lab.images import registry as client
from lab.model.steps import Problem


def test_a_registry_that_falls_silent_leaves_what_was_found(audited, server, monkeypatch):
    """Blocked, because; with the findings up to there, and exit status 3."""
    monkeypatch.setattr(client, "LIMIT", 0.5)
    tag = build.index([good("amd64").entry(platform="linux/x86"), good("arm64")])
    server.faults[f"/blobs/{tag.manifests[1].blobs[1].digest}"] = fake_registry.cut
    report = audited(tag)
    assert (report.exit_status, report.findings[0].rule) == (3, "platform-unknown")
    assert "broke off" in report.as_text()
    assert report.to_sarif()["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_nobody_listening_is_blocked():
    """Never "your image is wrong"."""
    report = audit("127.0.0.1:1/app:x")
    assert (report.exit_status, report.findings) == (3, ())


def test_a_tag_that_is_not_there_and_a_name_that_is_none(server):
    """Neither is a finding."""
    with pytest.raises(NotThere):
        audit(f"{server.address}/none:x")
    with pytest.raises(BadInput):
        audit("No Name")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/../etc/passwd", "a/../../b"])
def test_a_hostile_layer_is_refused(audited, name):
    """One clear line for what leads out of the image."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(BadInput, match="leads out"):
        audited(build.image([build.blob(out.getvalue(), build.layers.TAR)], platform="linux/amd64"))


def test_ten_thousand_layers_are_refused(audited):
    """In little time, without asking for each."""
    layer = build.layer({"x": (b"", 0)})
    with pytest.raises(BadInput, match="10000 layers"):
        audited(build.image([layer] * 10_000, platform="linux/amd64"))


def test_sarif_is_what_code_hosts_take(audited):
    """Every result names a rule that is described, a level, a message and a relative place."""
    run = audited(bad_tag()).to_sarif()["runs"][0]
    (result,) = run["results"]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {result["ruleId"]}
    assert (result["level"], result["ruleId"]) == ("error", "entrypoint-foreign")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "app/server"
    assert "exec format error" in result["message"]["text"]


def test_several_reports_are_one_run():
    """A pipeline uploads one file."""
    reports = [Report("a", findings=(Finding("no-variant", NOTE, "", Problem("x")),)), Report("b", blocked="down")]
    run = sarif(reports)["runs"]
    assert len(run) == 1
    assert run[0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "b: down"


def test_many_paths_are_one_line():
    """A thousand foreign programs are one finding that names a few."""
    paths = tuple(f"/bin/{number}" for number in range(1000))
    text = Finding("foreign-program", WARNING, "linux/arm64", Problem("{path} is x", path=paths[0]), paths).text
    assert text == "/bin/0 is x (and /bin/1, /bin/2, /bin/3, /bin/4 and 995 more)"
