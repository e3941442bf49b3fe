"""What docker and buildx really printed, of two versions and both image stores, read as facts."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import BadInput, Blocked, NotThere
from lab.model.facts import Builder, Engine, Evidence, Index, Manifest
from lab.model.platforms import Platform
from lab.probes import engine

DATA = Path(__file__).parent / "data"
# engine 26.1.5 with the classic store; 28.5.2 with containerd's; the same with the newest buildx
OLD, NEW, NEWEST = (DATA / f"buildx-{version}" for version in ("0.13.1", "0.29.1", "0.38.2"))
PC = {Platform.parse(f"linux/{name}") for name in ("amd64", "amd64/v2", "amd64/v3", "amd64/v4")}
EVIDENCE = Evidence("docker buildx ls", "")


def read(folder, name):
    return (folder / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("folder", "name"), [(OLD, "ls-running.json"), (NEW, "laptop.json"), (NEWEST, "ls-running.json")]
)
def test_running_builders_of_both_versions(folder, name):
    """Name, driver, status, BuildKit's version and every platform, unfolded."""
    builder = engine.builders_from_json(read(folder, name)).named("multi-builder")
    assert builder.driver == "docker-container"
    assert [(node.status, node.buildkit) for node in builder.nodes] == [("running", "v0.34.2")]
    assert builder.platforms >= PC


@pytest.mark.parametrize("folder", [OLD, NEW, NEWEST])
def test_a_new_builder_is_inactive_and_empty_in_both_versions(folder):
    """`create` makes no container: the JSON has no platforms, and the text has no line for them."""
    listed = engine.builders_from_json(read(folder, "ls-inactive.json")).named("multi-builder")
    shown = engine.builder_from_text(read(folder, "inspect-inactive.txt"))
    assert [node.status for node in listed.nodes] == [node.status for node in shown.nodes] == ["inactive"]
    assert listed.platforms == shown.platforms == frozenset()


@pytest.mark.parametrize("folder", [OLD, NEW, NEWEST])
def test_the_text_of_inspect_says_the_same_as_the_list(folder):
    """Two ways to ask, one answer."""
    listed = engine.builders_from_json(read(folder, "laptop.json" if folder is NEW else "ls-running.json"))
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
    assert engine.builders_from_json(read(NEWEST, "ls-running.json")).current.name == "multi-builder"


def test_an_engine_that_is_off_is_told_by_the_list_itself():
    """`buildx ls` ends well then, and says so only in a field of its JSON (recorded with the engine off)."""
    line = '{"Current":true,"Driver":"","Err":"Cannot connect to the Docker daemon at unix:///x.","Name":"default"}'
    (found,) = engine.builders_from_json(line).known
    assert engine.is_down(found.error)
    assert not engine.is_down("")


def test_platforms_that_were_set_by_hand_have_a_star():
    """Before and after the start, and after a stop."""
    for folder in (NEW, NEWEST):
        for name in ("inspect-pinned-inactive.txt", "inspect-pinned.txt", "inspect-stopped.txt"):
            (node,) = engine.builder_from_text(read(folder, name)).nodes
            assert node.pinned == (Platform.parse("linux/arm/v7"),)
        (node,) = engine.builder_from_text(read(folder, "inspect-running.txt")).nodes
        assert node.pinned == ()


@pytest.mark.parametrize(("version", "store"), [("26.1.5", "classic"), ("28.5.2", "containerd")])
def test_the_image_store_is_told_from_docker_info(version, store):
    """overlay2 is the classic store, a containerd snapshotter is the new one."""
    info = json.loads(read(DATA / f"engine-{version}", "info.json"))
    found = Engine.from_json(info)
    assert found.version.startswith(version)
    assert (found.store, found.platform) == (store, Platform.parse("linux/amd64"))


@pytest.mark.parametrize("folder", [OLD, NEW, NEWEST])
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
    with contextlib.suppress(Blocked):
        assert isinstance(engine.builder_from_text(text), Builder)


# --- what is newer than all that was recorded ---------------------------------------------------------------------------

LATER = [
    # a list in one document; fields under other names; platforms as objects; nothing at all
    pytest.param('[{"Name": "b", "Driver": "docker", "Nodes": []}]', id="a list"),
    pytest.param('{"name": "b", "driver": "docker", "nodes": [{"status": "running"}]}', id="small letters"),
    pytest.param('{"builders": [{"Name": "b"}]}', id="one document"),
    pytest.param("{}", id="empty"),
    pytest.param('{"Name": "b", "Driver": "docker", "Nodes": {"b0": {"Status": "running"}}}', id="nodes by name"),
    pytest.param('{"Name": "b", "Driver": "docker", "Nodes": [{"Name": "b0", "Platforms": "linux/amd64"}]}', id="text"),
    pytest.param('{"Name": "b", "Driver": "docker", "Nodes": [{"Name": "b0", "Platforms": [7]}]}', id="numbers"),
    pytest.param('{"Name": "b", "Driver": "docker", "Nodes": [{"Name": "b0", "Platforms": [{"os": 1}]}]}', id="odd"),
    pytest.param("7", id="a number"),
    pytest.param("null", id="null"),
]


@pytest.mark.parametrize("text", LATER)
def test_a_list_of_another_form_is_blocked(text):
    """JSON that is none of the known forms gives no builder without a name, and no verdict: it is blocked."""
    with pytest.raises(Blocked, match="buildx"):
        engine.builders_from_json(text)


def test_fields_that_are_not_known_do_no_harm():
    """What a newer buildx adds is passed over; what it leaves out of a node is unknown, not wrong."""
    data = json.loads(read(NEWEST, "ls-running.json").splitlines()[0])
    data |= {"Colour": "blue", "Nodes": [{**data["Nodes"][0], "Weight": [1]}]}
    del data["Nodes"][0]["Version"]
    (builder,) = engine.builders_from_json(json.dumps(data)).known
    assert (builder.name, builder.nodes[0].buildkit) == ("multi-builder", "")
    assert builder.platforms


@pytest.mark.parametrize("text", ["", "Builder: b\n", "NAME  b\nDRIVER  docker\n", "{}", "Name:\nDriver:\n"])
def test_an_inspect_of_another_form_is_blocked(text):
    """Text without a name and a driver is not read as a builder that can do nothing."""
    with pytest.raises(Blocked, match="buildx"):
        engine.builder_from_text(text)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["Name", "Driver", "Nodes", "Platforms", "Status", "Err", "os", "architecture"]), x
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused(data):
    """Never a traceback, and never a builder without a name."""
    with contextlib.suppress(Blocked):
        assert all(one.name and (one.driver or one.error) for one in engine.builders_from_json(json.dumps(data)).known)


@given(st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda x: st.lists(x, max_size=3), max_leaves=6))
def test_an_unknown_store_is_no_verdict(rows):
    """Drivers that nobody knows yet, and rows of another form: `unknown`, which nothing is concluded from."""
    info = {"ServerVersion": "40", "OSType": "linux", "Architecture": "x86_64", "Driver": "new", "DriverStatus": rows}
    assert Engine.from_json(info).store == "unknown"
    assert Engine.from_json({**info, "Driver": "overlay2", "DriverStatus": None}).store == "classic"


@pytest.mark.parametrize("text", ["[]", "7", '{"ServerVersion": 7}', '{"ServerVersion": "40"}', "null"])
def test_an_engine_that_says_something_else_is_blocked(monkeypatch, world, text):
    """`docker info` of another form gives no fact."""
    monkeypatch.setattr(engine, "docker", lambda *_words, **_more: (0, text, "", EVIDENCE))
    with pytest.raises(Blocked, match="docker info"):
        engine.info()(world)


@pytest.mark.parametrize("text", ["[]", "{}", '[{"Os": 7}]', "null", '[{"Os": "linux", "Architecture": null}]'])
def test_an_image_that_says_something_else_is_blocked(monkeypatch, world, text):
    """So with `docker image inspect`: not the learner's mistake."""
    monkeypatch.setattr(engine, "docker", lambda *_words, **_more: (0, text, "", EVIDENCE))
    with pytest.raises(Blocked, match="docker image inspect"):
        engine.image("one")(world)


def test_a_builder_that_is_not_there_is_told_from_trouble(monkeypatch, world):
    """The newest buildx's own refusal is *not there*; any other one is blocked."""
    for text, error in ((read(NEWEST, "inspect-missing.txt"), NotThere), ("ERROR: something else", Blocked)):
        monkeypatch.setattr(engine, "docker", lambda *_words, text=text, **_more: (1, "", text, EVIDENCE))
        with pytest.raises(error):
            engine.builder("nobody")(world)


@pytest.mark.parametrize(
    ("said", "message", "remedy"),
    [
        ("ERROR: unknown flag: --format\n", "older than 0.13", "Install a newer one"),  # as buildx 0.12.1 says it
        ("ERROR: something else\n", "something else", "plugin installed"),
    ],
)
def test_a_buildx_that_cannot_list_is_blocked(monkeypatch, world, said, message, remedy):
    """Too old is another thing than not there, and has another remedy."""
    monkeypatch.setattr(engine, "docker", lambda *_words, **_more: (1, "", said, EVIDENCE))
    with pytest.raises(Blocked, match=message) as blocked:
        engine.known_builders(world)
    assert remedy in blocked.value.remedy
