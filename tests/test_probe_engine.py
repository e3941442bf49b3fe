"""What docker and buildx really printed, of two versions and both image stores, read as facts."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import BadInput, Blocked
from lab.facts import Builder, Engine, Evidence, Index, Manifest
from lab.platforms import Platform
from lab.probes import engine

DATA = Path(__file__).parent / "data"
OLD, NEW = (
    DATA / "buildx-0.13.1",
    DATA / "buildx-0.29.1",
)  # engine 26.1.5 with the classic store, 28.5.2 with containerd's
PC = {Platform.parse(f"linux/{name}") for name in ("amd64", "amd64/v2", "amd64/v3", "amd64/v4")}
EVIDENCE = Evidence("docker buildx ls", "")


def read(folder, name):
    return (folder / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("folder", "name"), [(OLD, "ls-running.json"), (NEW, "laptop.json")])
def test_running_builders_of_both_versions(folder, name):
    """Name, driver, status, BuildKit's version and every platform, unfolded."""
    builder = engine.builders_from_json(read(folder, name)).named("multi-builder")
    assert builder.driver == "docker-container"
    assert [(node.status, node.buildkit) for node in builder.nodes] == [("running", "v0.34.2")]
    assert builder.platforms >= PC


@pytest.mark.parametrize("folder", [OLD, NEW])
def test_a_new_builder_is_inactive_and_empty_in_both_versions(folder):
    """`create` makes no container: the JSON has no platforms, and the text has no line for them."""
    listed = engine.builders_from_json(read(folder, "ls-inactive.json")).named("multi-builder")
    shown = engine.builder_from_text(read(folder, "inspect-inactive.txt"))
    assert [node.status for node in listed.nodes] == [node.status for node in shown.nodes] == ["inactive"]
    assert listed.platforms == shown.platforms == frozenset()


@pytest.mark.parametrize("folder", [OLD, NEW])
def test_the_text_of_inspect_says_the_same_as_the_list(folder):
    """Two ways to ask, one answer."""
    listed = engine.builders_from_json(read(folder, "ls-running.json" if folder is OLD else "laptop.json"))
    shown = engine.builder_from_text(read(folder, "inspect-running.txt"))
    assert shown.name == "multi-builder"
    assert shown.driver == "docker-container"
    assert shown.platforms == listed.named("multi-builder").platforms
    assert [node.buildkit for node in shown.nodes] == ["v0.34.2"]


def test_the_current_builder_comes_from_the_table_where_the_json_is_silent():
    """Buildx 0.13 marks it with a star in the table only."""
    found = engine.builders_from_json(read(OLD, "ls-running.json"))
    assert found.current is None
    assert engine.with_current(found, read(OLD, "ls-running.txt"), EVIDENCE).current.name == "multi-builder"
    assert engine.builders_from_json(read(NEW, "laptop.json")).current.name == "multi-builder"


def test_an_engine_that_is_off_is_told_by_the_list_itself():
    """`buildx ls` ends well then, and says so only in a field of its JSON (recorded with the engine off)."""
    line = '{"Current":true,"Driver":"","Err":"Cannot connect to the Docker daemon at unix:///x.","Name":"default"}'
    (found,) = engine.builders_from_json(line).known
    assert engine.is_down(found.error)
    assert not engine.is_down("")


def test_platforms_that_were_set_by_hand_have_a_star():
    """Before and after the start, and after a stop."""
    for name in ("inspect-pinned-inactive.txt", "inspect-pinned.txt", "inspect-stopped.txt"):
        (node,) = engine.builder_from_text(read(NEW, name)).nodes
        assert node.pinned == (Platform.parse("linux/arm/v7"),)
    (node,) = engine.builder_from_text(read(NEW, "inspect-running.txt")).nodes
    assert node.pinned == ()


@pytest.mark.parametrize(("version", "store"), [("26.1.5", "classic"), ("28.5.2", "containerd")])
def test_the_image_store_is_told_from_docker_info(version, store):
    """overlay2 is the classic store, a containerd snapshotter is the new one."""
    info = json.loads(read(DATA / f"engine-{version}", "info.json"))
    found = Engine.from_json(info)
    assert found.version.startswith(version)
    assert (found.store, found.platform) == (store, Platform.parse("linux/amd64"))


@pytest.mark.parametrize("folder", [OLD, NEW])
def test_an_index_has_two_platforms_and_two_attestations(folder):
    """The rows that no machine can run are told apart by their annotation."""
    rows = [Manifest.from_json(row) for row in json.loads(read(folder, "index.json"))["manifests"]]
    index = Index(reference="rec", digest="", media_type="", is_index=True, manifests=tuple(rows))
    assert index.platforms == {Platform.parse("linux/amd64"), Platform.parse("linux/arm64")}
    assert [row.is_attestation for row in rows] == [False, False, True, True]


@pytest.mark.parametrize("version", ["26.1.5", "28.5.2"])
def test_a_local_image_is_read_from_both_stores(version):
    """`docker image inspect` names the platform in both."""
    data = json.loads(read(DATA / f"engine-{version}", "image-inspect.json"))
    image = engine.image_from_json(data, "one")
    assert image.platform == Platform.parse("linux/amd64")
    assert image.cmd[0] == "sh"


@pytest.mark.parametrize("data", [[], {}, None, [3], [{}], [{"Os": "linux"}], [{"Os": 1, "Architecture": 2}]])
def test_what_is_no_image_is_refused(data):
    """Half an answer gives one clear line."""
    with pytest.raises(BadInput):
        engine.image_from_json(data, "one")


@pytest.mark.parametrize("text", ["{", "[]x", "{}{}", "[" * 100_000])
def test_a_list_that_is_no_json_is_blocked(text):
    """A newer output that cannot be read leads to blocked, not to a wrong verdict."""
    with pytest.raises(Blocked):
        engine.builders_from_json(text)


@given(st.text(max_size=400))
def test_any_text_of_inspect_is_read_or_refused(text):
    """Never a traceback."""
    with contextlib.suppress(BadInput):
        assert isinstance(engine.builder_from_text(text), Builder)
