"""What builders recorded, as buildx 0.29.1 printed it for the engine's own builder and for one in a container."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab import shell_steps
from lab.errors import Blocked
from lab.facts import Build, Builder, Builders, Evidence, Node, Transcript
from lab.probes import history
from lab.results import Status
from lab.shell_record import Typed
from lab.steps import Problem, Proof, step

DATA = Path(__file__).parent / "data" / "buildx-0.29.1"
RUNNING = (Node(name="n", status="running"),)
KNOWN = Builders(
    known=(
        Builder(name="multi-builder", driver="docker-container", nodes=RUNNING),
        Builder(name="asleep", driver="docker-container", nodes=(Node(name="n", status="inactive"),)),
        Builder(name="default", driver="docker", nodes=RUNNING),
    )
)
BEGAN = 1795734164.0  # just before both of the newest records


@pytest.fixture
def asked(monkeypatch):
    """Builders that answer with their recorded histories; brings the names of those that were asked."""
    names = []

    def docker(_world, *words, **_more):
        names.append(words[4])
        return 0, (DATA / f"history-{words[4]}.jsonl").read_text(), "", Evidence(" ".join(words), "")

    monkeypatch.setattr(history, "docker", docker)
    monkeypatch.setattr(history, "known_builders", lambda _world: KNOWN)
    return names


def tried(world, began=BEGAN, **more):
    """A try of the step, two seconds long."""
    command = "docker build ."
    world.keep(Transcript(step="s", command=command, output="", exit_status=0, began=began, ended=began + 2, **more))


def test_a_record_has_a_name_and_a_time():
    """The newest one is the first one; the time is in UTC, with nanoseconds."""
    first, second = history.builds_from_json("default", (DATA / "history-default.jsonl").read_text())
    assert (first.builder, first.name) == ("default", "new-builder")
    assert first.when == pytest.approx(BEGAN + 0.664, abs=0.001)
    assert second.when < first.when


def test_only_builds_of_the_try_count(world, asked):
    """Of each builder the one that began in these two seconds; a build of before is not of this try."""
    tried(world)
    found = history.builds("s")(world)
    assert [(one.builder, one.name) for one in found.done] == [
        ("multi-builder", "new-builder"),
        ("default", "new-builder"),
    ]
    tried(world, began=BEGAN + 60)
    assert history.builds("s")(world).done == ()


def test_a_builder_that_does_not_run_is_not_asked(world, asked):
    """To ask it would start it."""
    history.recorded(world)
    assert asked == ["multi-builder", "default"]


def test_what_was_found_is_kept(world, asked):
    """A BuildKit forgets its records after two days, and then nobody is asked any more."""
    tried(world)
    first = history.builds("s")(world)
    asked.clear()
    again = history.builds("s")(world)
    assert (again.done, asked) == (first.done, [])
    assert "multi-builder: new-builder" in again.evidence[0].answer


def test_the_engines_own_builder_is_called_like_its_context(world, asked):
    """`default`, unless another context is used."""
    tried(world, builds=(Build(builder="work"),))
    assert history.builds("s")(world).own == "default"
    assert history.builds("s")(replace(world, env={**world.env, "DOCKER_CONTEXT": "work"})).own == "work"


def test_what_was_found_is_kept_in_the_terminal_too(world, asked):
    """There the try is one of the latest commands; the one that passes takes its builds along."""

    @step(history.builds("s"), solution="docker build .", hints=["…"])
    def s(builds):
        """Build."""
        return Proof("Built.") if builds.done else Problem("Nothing was built.")

    lines = [
        Typed(1, "docker build .", "", 0, 2.0, "", BEGAN, BEGAN + 2),
        Typed(2, "ls", "", 0, 0.1, "", BEGAN + 60, BEGAN + 61),
    ]
    assert shell_steps.check(s, world, lines).status is Status.PASSED
    assert [one.builder for one in world.transcript("s").builds] == ["multi-builder", "default"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("ERROR: unknown flag: --format\n", "older than 0.20"),  # as buildx 0.13.1 says it
        ('ERROR: unknown command: "history"\n', "older than 0.20"),
        ("ERROR: something else\n", "multi-builder does not say what it has built: ERROR: something else"),
    ],
)
def test_a_buildx_that_cannot_say_it_is_blocked(world, asked, monkeypatch, said, message):
    """Too old is another thing than not there."""
    monkeypatch.setattr(history, "docker", lambda *_words, **_more: (1, "", said, Evidence("", "")))
    with pytest.raises(Blocked, match=message):
        history.recorded(world)


@pytest.mark.parametrize("line", ["no json", "[]", "{}", '{"created_at": "yesterday"}'])
def test_a_record_of_another_form_is_blocked(line):
    """It is no evidence against anybody."""
    with pytest.raises(Blocked):
        history.builds_from_json("default", line)
