"""What builders recorded, as buildx 0.29.1 printed it for the engine's own builder and for one in a container."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import Blocked
from lab.model.facts import Build, Builder, Builders, Evidence, Exported, Node, Transcript
from lab.model.results import Status
from lab.model.steps import Problem, Proof, step
from lab.probes import history
from lab.terminal import typed
from lab.terminal.recorder import Typed

DATA = Path(__file__).parent / "data" / "buildx-0.29.1"
RUNNING = (Node(name="n", status="running"),)
KNOWN = Builders(
    known=(
        Builder(name="multi-builder", driver="docker-container", nodes=RUNNING),
        Builder(name="asleep", driver="docker-container", nodes=(Node(name="n", status="inactive"),)),
        Builder(name="default", driver="docker", nodes=RUNNING),
        Builder(name="work", driver="docker", nodes=RUNNING),
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


def test_the_own_builder_of_another_context_is_not_asked(world, asked):
    """Buildx refuses it, and so its history is nobody's fault."""
    with pytest.raises(FileNotFoundError, match="history-work"):
        history.recorded(replace(world, env={**world.env, "DOCKER_CONTEXT": "work"}))
    assert asked == ["multi-builder", "work"]


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
    assert typed.check(s, world, lines).status is Status.PASSED
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


INDEX = "sha256:cf4b97d936d68720d13922b8d3d0ad832f0f6e5b1947ee3e285a4baf2b2b00f9"
IMAGE = "sha256:4800ed03f8746c2c5bcc819c76d2a0051fc9079f5f356a725d50976e3d21b3ac"


def test_a_build_handed_out_an_index_and_its_image():
    """As recorded; how it was made is an attachment, too, and nothing that a tag could stand for."""
    assert history.digests_from_json((DATA / "history-inspect.json").read_text()) == (INDEX, IMAGE)
    assert history.digests_from_json('{"Attachments": null}') == ()


@pytest.mark.parametrize("text", ["", "[]", '{"Attachments": {"a": 1}}', '{"Attachments": ["x"]}'])
def test_what_was_handed_out_in_no_known_form_is_blocked(text):
    """A newer buildx may say it another way."""
    with pytest.raises(Blocked):
        history.digests_from_json(text)


@pytest.fixture
def shelf(monkeypatch):
    """A builder with one build that worked and one that did not; brings the questions that were asked."""
    lines = (DATA / "history-multi-builder.jsonl").read_text().splitlines()
    lines[1:] = [lines[0].replace("Completed", "Error")]
    asked = []

    def docker(_world, *words, **_more):
        asked.append(words)
        text = "\n".join(lines) if "ls" in words else (DATA / "history-inspect.json").read_text()
        return refused.get(words[2], 0), text, "no", Evidence(" ".join(words), "")

    refused = {}
    monkeypatch.setattr(history, "docker", docker)
    monkeypatch.setattr(history, "known_builders", lambda _world: KNOWN)
    return asked, refused


def test_only_what_worked_was_handed_out(world, shelf):
    """A build that ended with an error is counted, and not asked for what it made."""
    found = history.exported("multi-builder")(world)
    assert (found.digests, found.worked, found.refused) == ((INDEX, IMAGE), 1, 1)
    assert len(shelf[0]) == 2


@pytest.mark.parametrize("name", ["nobody", "asleep"])
def test_a_builder_that_does_not_run_handed_out_nothing(world, shelf, name):
    """It is not asked: asking would start it."""
    assert history.exported(name)(world) == Exported(builder=name)
    assert shelf[0] == []


@pytest.mark.parametrize("verb", ["ls", "inspect"])
def test_a_history_that_does_not_answer_is_blocked(world, shelf, verb):
    """Either of the two questions."""
    shelf[1][verb] = 1
    with pytest.raises(Blocked, match="does not say what it has built"):
        history.exported("multi-builder")(world)
