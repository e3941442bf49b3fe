"""What is written into new builders on a learner's engine, and whose a builder is."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.docker_stub import HOST, Stub, put_up

from lab import paths
from lab.errors import Blocked
from lab.model.world import World
from lab.probes import needs
from lab.sandbox import engine as engines
from lab.sandbox import state, teardown
from lab.sandbox.engine import builders, snapshot
from lab.sandbox.model import EngineRef
from lab.sandbox.state import State
from lab.terminal import recorder as shell_record

THEIRS = {"multi-builder": "2020-01-01T11:00:00.123456789Z"}


def holds(docker: Stub, **made: str) -> None:
    """The engine has containers of these builders, made then."""
    names = {f"buildx_buildkit_{name}0": when for name, when in {**THEIRS, **made}.items()}
    docker.says("ps --all --format {{.Names}}", "".join(f"{name}\n" for name in names))
    docker.says("container inspect --format", "".join(f"/{name}\t{when}\n" for name, when in names.items()))


def created(name: str, *, node: str | None = None, **changes: object) -> Path:
    """A builder as `docker buildx create` writes it down."""
    place = paths.sandbox() / "buildx" / "instances" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    one = {
        "Name": node or f"{name}0",
        "Endpoint": HOST,
        "Platforms": None,
        "DriverOpts": None,
        "Flags": None,
        "Files": {"a": "b"},
    }
    place.write_text(
        json.dumps({"Name": name, "Driver": "docker-container", "Nodes": [one | changes], "Dynamic": False})
    )
    return place


def node_of(place: Path) -> dict[str, object]:
    (node,) = json.loads(place.read_text())["Nodes"]
    return node


@pytest.fixture
def noted(docker: Stub) -> Stub:
    """A sandbox on an engine where a `multi-builder` of the learner's runs."""
    engine = put_up(docker)
    docker.says("image ls", "")
    holds(docker)
    snapshot.note(engine)
    return docker


def test_a_new_builder_gets_a_name_and_the_hosts_network(noted: Stub) -> None:
    """Also where a container of theirs has the name that it would have had; the rest stays as buildx wrote it."""
    place = created("multi-builder")
    engine = state.load().engine
    assert not builders.safe_to_remove("multi-builder", engine)
    engines.adapt_new_builders()
    node = node_of(place)
    assert node["Name"] == f"lab-{state.key()}-multi-builder0"
    assert node["DriverOpts"] == {"network": "host"}
    assert node["Flags"] == ["--allow-insecure-entitlement=network.host"]
    assert node["Files"] == {"a": "b"}
    assert builders.safe_to_remove("multi-builder", engine)
    assert not builders.cannot_reach_registry("multi-builder")
    text = place.read_text()
    engines.adapt_new_builders()
    assert place.read_text() == text
    assert [path.name for path in place.parent.iterdir()] == ["multi-builder"]


def test_a_builder_that_runs_already_keeps_its_name(noted: Stub) -> None:
    """Renamed, its container would be nobody's; that it cannot reach the registry is known."""
    place = created("quick")
    holds(noted, quick=datetime.now(UTC).isoformat())
    engines.adapt_new_builders()
    assert node_of(place)["Name"] == "quick0"
    assert builders.safe_to_remove("quick", state.load().engine)
    assert not engines.has_foreign_builder("quick")
    assert builders.cannot_reach_registry("quick")
    assert not builders.cannot_reach_registry("no such builder")
    created("quick", DriverOpts={"network": "host"})
    assert not builders.cannot_reach_registry("quick")


def test_in_lab_shell_a_builder_is_fitted_when_its_command_has_ended(noted: Stub, tmp_path: Path) -> None:
    """Before the prompt is back; a command that is only begun has written nothing down yet."""
    place = created("multi-builder")
    recorder = shell_record.Recorder(tmp_path)
    recorder.heard(b"\x1b]7117;S;Y3JlYXRl\x07multi-builder\r\n")
    assert node_of(place)["Name"] == "multi-builder0"
    recorder.heard(b"\x1b]7117;E;0;1\x07")
    assert node_of(place)["Name"] == f"lab-{state.key()}-multi-builder0"


def test_a_current_builder_that_cannot_reach_the_registry_blocks(noted: Stub, world: World) -> None:
    """The need says which one, and why; with another current builder, or none, it says nothing."""
    created("quick")
    needs.reach(world)
    current = paths.sandbox() / "buildx" / "current"
    current.write_text(json.dumps({"Key": HOST, "Name": "quick", "Global": False}))
    with pytest.raises(Blocked, match="The builder quick has a network of its own") as caught:
        needs.reach(world)
    assert "docker buildx rm quick" in caught.value.remedy
    for text in ("", "[]", "{}", json.dumps({"Name": "no such builder"})):
        current.write_text(text)
        needs.reach(world)


def test_a_name_that_a_container_of_theirs_has_is_known(noted: Stub) -> None:
    """What `create` and `rm` in one command would take away."""
    assert engines.has_foreign_builder("multi-builder")
    assert not engines.has_foreign_builder("spare")
    put_up(noted, engine=EngineRef("private", HOST, noted.program, programs=noted.program.parent))
    assert not engines.has_foreign_builder("multi-builder")


@pytest.mark.parametrize("made", ["2020-01-01T11:00:00.123456789Z", "yesterday", ""])
def test_a_container_that_was_there_first_is_theirs(noted: Stub, made: str) -> None:
    """Also one that they made while the lab was up; where nobody can tell when, it counts as theirs."""
    place = created("later")
    holds(noted, later=made)
    assert engines.has_foreign_builder("later")
    assert not builders.safe_to_remove("later", state.load().engine)
    engines.adapt_new_builders()
    assert node_of(place)["Name"] == f"lab-{state.key()}-later0"


def test_a_moment_decides_whose_a_container_is(noted: Stub) -> None:
    """Theirs was started and the lab's written down in the same second: the one made before is not touched."""
    place = created("later")
    os.utime(place, (1_800_000_000.5, 1_800_000_000.5))
    engine = state.load().engine
    for fraction, ours in (("4", False), ("499999", False), ("5", True), ("500001", True), ("6", True)):
        holds(noted, later=f"2027-01-15T08:00:00.{fraction}Z")
        assert builders.safe_to_remove("later", engine) is ours
        assert engines.has_foreign_builder("later") is not ours


def test_a_container_that_goes_while_it_is_asked_for_counts_as_theirs(noted: Stub) -> None:
    """`docker container inspect` then fails for all of them: nothing is taken away on a guess."""
    created("later")
    holds(noted, later=datetime.now(UTC).isoformat())
    assert builders.safe_to_remove("later", state.load().engine)
    noted.says("container inspect --format", err="Error: No such container", status=1)
    assert not builders.safe_to_remove("later", state.load().engine)


@pytest.mark.parametrize("changes", [{"Endpoint": "ssh://me@pi.local"}, {"Endpoint": "another-context"}])
def test_a_node_on_another_engine_is_left_alone(noted: Stub, changes: dict[str, str]) -> None:
    """Its host's network is not this machine's."""
    place = created("farm", **changes)
    before = place.read_text()
    engines.adapt_new_builders()
    assert place.read_text() == before
    assert not builders.cannot_reach_registry("farm")


def test_what_a_learner_chose_stays(noted: Stub) -> None:
    """A network of their own choice is not overruled, nor other options lost."""
    place = created("own", DriverOpts={"network": "theirs", "memory": "1g"}, Flags=["--debug"])
    engines.adapt_new_builders()
    assert node_of(place)["DriverOpts"] == {"network": "theirs", "memory": "1g"}
    assert node_of(place)["Flags"] == ["--debug", "--allow-insecure-entitlement=network.host"]


def test_with_an_account_only_the_name_is_written(noted: Stub) -> None:
    """A registry that is not on localhost needs no network of the host's."""
    put_up(noted, registry="docker.io/me", create_opts="", port=None, account="docker.io/me")
    place = created("plain")
    engines.adapt_new_builders()
    assert node_of(place)["DriverOpts"] is None
    assert node_of(place)["Name"] == f"lab-{state.key()}-plain0"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Driver": "docker-container", "Nodes": 7}', '{"Nodes": [7]}'])
def test_a_builder_that_cannot_be_read_is_buildxs_business(noted: Stub, text: str) -> None:
    """It is neither changed nor an error."""
    place = created("odd")
    place.write_text(text)
    engines.adapt_new_builders()
    assert place.read_text() == text


def test_the_private_engines_builders_are_left_as_they_are(docker: Stub) -> None:
    """They reach the registry by the bridge, and no engine of anybody's is asked."""
    put_up(docker, engine=EngineRef("private", HOST, docker.program, programs=docker.program.parent), create_opts="")
    place = created("multi-builder")
    engines.adapt_new_builders()
    assert node_of(place)["Name"] == "multi-builder0"
    assert docker.asked == []


def test_a_builder_of_theirs_that_was_never_fitted_is_only_forgotten(noted: Stub) -> None:
    """`down` drops the entry and asks for no removal, since the container of that name is theirs."""
    state.write(state.read() and State(**{**vars(state.read()), "ready": False}))
    place = created("multi-builder")
    noted.says("volume ls", "")
    noted.says("version", "29.0.0")
    noted.says("ps --all --no-trunc", "buildx_buildkit_multi-builder0\tx\t\n")
    removals = {one.line: one for one in teardown.removals(state.read(), purge=False)}
    removals["builder multi-builder"].remove()
    assert not place.exists()
    assert not any(command.startswith("buildx rm") for command in noted.asked)
