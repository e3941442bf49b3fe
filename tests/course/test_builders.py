"""Lesson 5: what builds my images?"""

import re
from pathlib import Path

import pytest

from lab.course import _builders, _lists, _own_script
from lab.course import builders as lesson
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from lab.errors import Blocked
from lab.model.facts import Builder, Builders, Tool
from lab.model.platforms import Platform
from lab.probes.engine import builders_from_json
from lab.probes.host import Text
from lab.probes.published import Published

RECORDED = Path(__file__).parents[1] / "data" / "buildx-0.29.1"
SHIPPED = Path(__file__).parents[2] / "lessons" / "files" / "builders"
LAPTOP = builders_from_json((RECORDED / "laptop.json").read_text())


LS = "docker buildx ls"
INSPECT = "docker buildx inspect"


@pytest.mark.parametrize(
    ("output", "status", "call", "message"),
    [
        ("github.com/docker/buildx 0.29.1+ds1 0.29.1+ds1-4\n", 0, "docker buildx version", None),
        ("buildx 0.29.1+ds1\n", 0, "docker info --format {{.ClientInfo.Plugins}}", None),
        ("Docker version 28.5.2, build ecc694264d\n", 0, "docker info", lesson.NO_VERSION),
        ("", 0, "docker buildx version", lesson.NO_VERSION),
        ("buildx 0.29.1+ds1\n", 0, "docker --version", lesson.NOT_ASKED),
        ("docker: unknown command: docker buildx\n", 1, "docker buildx version", COMMAND_FAILED),
    ],
)
def test_the_version_is_what_buildx_says(fact, says, output, status, call, message):
    """The docker command's own version is another one."""
    tool = Tool(name="buildx", version="0.29.1+ds1")
    assert says(lesson.buildx_version, tool, fact.printed(output, status, call)) == message


def test_a_list_shows_every_builder_with_its_driver(fact, says):
    """The recorded list passes; one builder left out does not, nor the list of something that was not asked."""
    table = (RECORDED / "ls-laptop.txt").read_text()
    step = lesson.list_builders
    assert says(step, LAPTOP, fact.printed(table, 0, LS)) is None
    assert says(step, LAPTOP, fact.printed(table, 0, "lab builders")) is None
    assert says(step, LAPTOP, fact.printed(table.replace("farm", "barn"), 0, LS)) == lesson.NOT_ALL_BUILDERS
    assert says(step, LAPTOP, fact.printed("farm multi-builder default\n", 0, LS)) == lesson.NOT_ALL_BUILDERS
    assert says(step, LAPTOP, fact.printed(table, 0, "lab status")) == lesson.NOT_LISTED
    assert says(step, LAPTOP, fact.printed(table, 0, "docker buildx imagetools inspect x")) == lesson.NOT_LISTED
    assert says(step, LAPTOP, fact.printed(table, 1, LS)) == COMMAND_FAILED


def test_only_the_whole_list_of_platforms_is_enough(fact, says):
    """`inspect` names v2, v3 and v4; the folded `(+4)` does not."""
    whole = (RECORDED / "inspect-running.txt").read_text()
    folded = (RECORDED / "ls-laptop.txt").read_text()
    step = lesson.inspect_builder
    assert says(step, LAPTOP, fact.printed(whole, 0, INSPECT)) is None
    assert says(step, LAPTOP, fact.printed(folded, 0, LS)) == lesson.FOLDED
    assert says(step, LAPTOP, fact.printed(whole.replace("linux/amd64/v3, ", ""), 0, INSPECT)) == lesson.FOLDED
    assert says(step, LAPTOP, fact.printed(whole)) == lesson.NOT_INSPECTED
    assert says(step, LAPTOP, fact.printed(whole, 1, INSPECT)) == COMMAND_FAILED


def test_a_list_of_before_the_emulators_is_whole(fact, says):
    """BuildKit looks for new emulators every 20 seconds: a list may lack their architectures, and no others."""
    whole = (RECORDED / "inspect-running.txt").read_text()
    before = re.sub(r", linux/(?!amd64)[^,\n]+", "", whole)
    step = lesson.inspect_builder
    assert says(step, LAPTOP, fact.printed(before, 0, INSPECT)) is None
    assert says(step, LAPTOP, fact.printed(before.replace("linux/amd64/v3, ", ""), 0, INSPECT)) == lesson.FOLDED
    assert says(step, LAPTOP, fact.printed(before + "linux/amd64 (+4), (4 more)", 0, INSPECT)) == lesson.FOLDED
    assert says(step, LAPTOP, fact.printed("Name: default", 0, INSPECT)) == lesson.FOLDED


def test_a_builder_without_platforms_is_not_enough(fact, says):
    """A new builder that never ran names nothing, and nothing printed is not all of it."""
    empty = builders_from_json((RECORDED / "ls-inactive.json").read_text())
    shown = (RECORDED / "inspect-inactive.txt").read_text()
    assert says(lesson.inspect_builder, empty, fact.printed(shown)) == lesson.NO_PLATFORMS
    assert says(lesson.inspect_builder, Builders(known=()), fact.printed("")) == lesson.NO_PLATFORMS


def test_what_lesson_6_makes_spoils_nothing(fact, says):
    """A list of before it, and the default builder in full, while `multi-builder` is there now and not started."""
    later = builders_from_json((RECORDED / "ls-inactive.json").read_text())
    own = later.named("default")
    assert later.current_name == "multi-builder"
    shown = f"Name: default\nDriver: docker\nPlatforms: {', '.join(map(str, own.platforms))}\n"
    assert says(lesson.list_builders, later, fact.printed("default* docker\n", 0, LS)) is None
    assert says(lesson.inspect_builder, later, fact.printed(shown, 0, INSPECT)) is None
    assert says(lesson.inspect_builder, later, fact.printed("Name: default\n", 0, INSPECT)) == lesson.FOLDED


HEAD = "NAME/NODE   DRIVER/ENDPOINT   STATUS   BUILDKIT   PLATFORMS\n"
RISCV = Platform.parse("linux/riscv64")


@pytest.mark.parametrize(
    ("rows", "answer", "nodes", "why"),
    [
        (["running v0.34.2 linux/amd64 (+4), linux/riscv64"], "yes", {"n0"}, "listed"),
        (["running v0.34.2 linux/amd64, linux/riscv64*"], "yes", {"n0"}, "listed"),
        (["inactive", "running linux/riscv64"], "yes", {"n1"}, "listed"),
        (["running v0.34.2 linux/amd64 (+4)"], "no", {"n0"}, "whole"),
        (["running linux/amd64", "running linux/arm64"], "no", {"n0", "n1"}, "whole"),
        (["running linux/amd64", "inactive"], "unknown", {"n1"}, "never ran"),
        (["stopped"], "unknown", {"n0"}, "never ran"),
        (["running linux/amd64 (+4), (1 more)", "running linux/arm64"], "unknown", {"n0"}, "cut"),
    ],
)
def test_the_rows_of_a_builder_decide(rows, answer, nodes, why):
    """What they say, what they leave open, and which of them it is."""
    lines = "".join(f" \\_ n{number}  \\_ unix:///s  {row}\n" for number, row in enumerate(rows))
    table = f"{HEAD}one*  docker-container\n{lines}two docker\n \\_ two \\_ two running linux/riscv64\n"
    assert _lists.read(table, "one", RISCV) == _lists.Reading(answer, frozenset(nodes), why)
    assert _lists.nodes(table, "one") == {f"n{number}" for number in range(len(rows))}


def test_only_the_rows_of_that_builder_are_read():
    """Not those of a builder with almost that name, of none, or after an empty line."""
    node = " \\_ n \\_ n running linux/riscv64\n"
    assert _lists.read(f"one docker\n{node}", "one", RISCV).answer == "yes"
    for table in (f"{node}one docker\n", f"one docker\n\n{node}", f"oneX* docker\n{node}"):
        assert _lists.read(table, "one", RISCV).answer == "unknown"


def test_the_list_has_the_form_of_a_recorded_one(world_with):
    """The same heading, the same marks, each column under its heading."""
    recorded, made = (RECORDED / "ls-server.txt").read_text(), _lists.team(world_with(seed=1))
    assert made.split("\n")[0].split() == recorded.split("\n")[0].split()
    place = made.index("PLATFORMS")
    assert all(line[place - 1] == " " and line[place] == "l" for line in made.splitlines() if "running" in line)
    assert "(1 more)" in recorded


def test_each_learner_has_another_list_with_the_same_four_cases(world_with):
    """Who can, who cannot, and who leaves it open for which reason."""
    tables = [_lists.team(world_with(seed=seed)) for seed in range(5)]
    assert len(set(tables)) == 5
    for table in tables:
        whys = [_lists.read(table, name, RISCV).why for name in _lists.TEAM]
        assert sorted(whys) == ["cut", "listed", "never ran", "whole"]


def test_the_lesson_ships_the_script_of_the_seed_0_and_no_list(world_with):
    """Whoever only reads the files finds a whole script; a list that is replaced later would be read in vain."""
    assert (SHIPPED / "build.sh").read_text() == _own_script.script(world_with(seed=0))
    assert not (SHIPPED / "team.txt").exists()


# Of the seed 0: anvil can (ash), hammer cannot (cedar), bellows has a node that never ran (oak), chisel is cut (birch).
RIGHT = "anvil yes ash\nbellows unknown oak\nchisel unknown birch\nhammer no cedar\ncopy-only all\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "", None),
        ("anvil yes ash", "ANVIL:\tash, Yes", None),
        ("hammer no cedar\n", "", ANSWER_MISSING),
        ("only all", "only", ANSWER_MISSING),
        ("unknown oak", "perhaps oak", lesson.ANSWER_UNCLEAR),
        ("only all", "only both", lesson.ANSWER_UNCLEAR),
        ("yes ash", "yes", lesson.NO_SUCH_NODE),
        ("yes ash", "yes oak", lesson.NO_SUCH_NODE),
        ("yes ash", "yes fir", lesson.WRONG_NODES),
        ("unknown oak", "no elm", lesson.WRONG_NODES),
        ("yes ash", "no ash", lesson.IN_THE_LIST),
        ("no cedar", "unknown cedar", lesson.NOT_IN_THE_LIST),
        ("unknown oak", "no oak", lesson.NO_LIST_YET),
        ("unknown birch", "no birch", lesson.LIST_CUT),
        ("only all", "only some", lesson.COPY_RUNS_NOTHING),
    ],
)
def test_an_answer_rests_on_a_row(fact, says, world_with, old, new, message):
    """The word and its witness; the wrong word is told only where the witness is right."""
    team = Text(path="team.txt", content=_lists.team(world_with(seed=0)))
    text = RIGHT.replace(old, new, 1) if old else RIGHT
    assert says(lesson.can_it_build, fact.answers(text), team) == message


REF = "localhost:5000/memo"
HERE = Builders(known=(Builder(name="default", driver="docker", current=True),))
BUILT = f"docker buildx build -t {REF} --push memo"


@pytest.mark.parametrize(
    ("line", "call", "tag", "message"),
    [
        ("docker buildx build -t $REGISTRY/memo --push memo", BUILT, True, None),
        ("docker builder build \\\n -t $REGISTRY/memo --push memo", BUILT.replace("buildx", "builder"), True, None),
        ("# --builder office\ndocker buildx build .", BUILT, True, None),
        ("docker buildx build --builder office .", BUILT, True, lesson.STILL_NAMED),
        ("docker buildx build --builder=default .", BUILT, True, lesson.STILL_NAMED),
        ("export BUILDX_BUILDER='office'\ndocker buildx build .", BUILT, True, lesson.STILL_NAMED),
        ("docker buildx use office\ndocker buildx build .", BUILT, True, lesson.STILL_NAMED),
        ("docker buildx use default\ndocker buildx build .", BUILT, True, lesson.STAR_MOVED),
        ("docker buildx create --use\ndocker buildx build .", BUILT, True, lesson.STAR_MOVED),
        ("docker build -t $REGISTRY/memo --push memo", BUILT, True, lesson.BUILDS_NOTHING),
        ("true", BUILT, True, lesson.BUILDS_NOTHING),
        ("docker buildx build .", f"docker build -t {REF} .", True, lesson.SCRIPT_NOT_RUN),
        ("docker buildx build .", "docker buildx build -t localhost:5000/note .", True, lesson.NOT_THE_MEMO),
        ("docker buildx build .", BUILT, False, lesson.NOT_THE_MEMO),
    ],
)
def test_the_script_leaves_the_choice_to_whoever_runs_it(fact, says, line, call, tag, message):
    """No builder by name, no star moved, and a build that was really made by it."""
    index = fact.index("linux/amd64", name=REF) if tag else None
    facts = (Text(path="build.sh", content=f"#!/bin/sh\n{line}\n"), HERE, Published(reference=REF, index=index))
    printed = fact.printed("done", 0, call, command="sh files/builders/build.sh")
    assert says(lesson.mend_script, *facts, printed) == message


def test_a_build_by_hand_mends_no_script(fact, says):
    """The same call, and the script was not run."""
    facts = (Text(path="build.sh", content="docker buildx build ."), HERE, Published(reference=REF))
    assert says(lesson.mend_script, *facts, fact.printed("done", 0, BUILT, command=BUILT)) == lesson.SCRIPT_NOT_RUN


def test_the_script_has_three_faults_and_each_is_seen(world_with):
    """An option, the star, a variable: for one learner or another, each of them a builder that is not here."""
    scripts = {_own_script.script(world_with(seed=seed)) for seed in range(30)}
    named = [(_own_script.named_builder(text), _own_script.chosen_builder(text)) for text in scripts]
    assert {bool(by_name) for by_name, _ in named} == {True, False}
    assert all(bool(by_name) != bool(star) for by_name, star in named)
    assert any("BUILDX_BUILDER" in text for text in scripts)
    assert all(_own_script.builds(text) for text in scripts)


@pytest.mark.parametrize(
    ("known", "was", "because"),
    [
        ((), "nothing", _builders.NONE_THERE),
        (HERE.known, "only what comes with an engine", _builders.OWN_ONLY),
        (LAPTOP.known, "a builder that somebody created", _builders.MADE_BEFORE),
    ],
)
def test_what_the_list_will_show(fact, known, was, because):
    """By the drivers of the builders that are there."""
    truth = lesson.list_builders.predict.truth(Builders(known=known), fact.printed("multi-builder"))
    assert (truth.answer, truth.template) == (was, because)
    assert was in lesson.list_builders.predict.options


@pytest.mark.parametrize(
    ("output", "was", "because"),
    [
        ("Platforms: linux/amd64, linux/arm64*", "yes", _builders.BOTH_RUN),
        ("Platforms: linux/amd64, linux/amd64/v2", "no", _builders.ONE_RUNS),
    ],
)
def test_whether_both_common_platforms_are_listed(fact, output, was, because):
    """As it was printed, under whatever emulators there were then."""
    truth = lesson.inspect_builder.predict.truth(HERE, fact.printed(output))
    assert (truth.answer, truth.template) == (was, because)
    assert "default" in str(truth)


def test_what_was_given_is_laid_once_and_taken_back(world_with):
    """A learner's own text is never overwritten, and kept beside it by a reset."""
    world = world_with(seed=5)
    place = world.workspace / lesson.SCRIPT.name
    lesson.SCRIPT.lay(world)
    assert place.read_text() == _own_script.script(world)
    assert not lesson.SCRIPT.changed(world)
    assert lesson.SCRIPT.remove(world) == ""
    assert place.read_bytes() == (SHIPPED / "build.sh").read_bytes()
    place.write_text("mine")
    lesson.SCRIPT.lay(world)
    assert (place.read_text(), lesson.SCRIPT.changed(world)) == ("mine", True)
    assert "yours is kept" in lesson.SCRIPT.remove(world)


def test_a_list_that_no_lesson_ships_is_there_once_it_is_laid(world):
    """And gone after a reset."""
    lesson.LIST.lay(world)
    assert (world.workspace / lesson.LIST.name).read_text() == _lists.team(world)
    assert lesson.LIST.remove(world) == f"file {lesson.LIST.name}"
    assert lesson.LIST.remove(world) == ""
    assert not (world.workspace / lesson.LIST.name).exists()


def test_a_folder_that_cannot_be_written_blocks(world):
    """A file where a folder should be: said as what it is."""
    (world.workspace / "files").write_text("")
    with pytest.raises(Blocked) as blocked:
        lesson.LIST.lay(world)
    assert f"{lesson.LIST.name!r} cannot be written" in blocked.value.message


def test_every_proof_is_a_sentence_of_the_lesson():
    """What a pass proves is said with a constant, as what a wrong end lacks is."""
    proofs = (lesson.THIS_BUILDX, lesson.THESE_BUILDERS, lesson.THESE_PLATFORMS, lesson.LISTS_READ, lesson.MENDED)
    assert all(proof.endswith(".") for proof in proofs)
