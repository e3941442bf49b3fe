"""Lesson 5: what builds my images?"""

import re
from pathlib import Path

import pytest

from lab.course import builders as lesson
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from lab.facts import Builders, Tool
from lab.platforms import Platform
from lab.probes.engine import builders_from_json
from lab.probes.host import Text

RECORDED = Path(__file__).parents[1] / "data" / "buildx-0.29.1"
LISTS = Path(__file__).parents[2] / "lessons" / "files" / "builders"
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
    table = (LISTS / "laptop.txt").read_text()
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
    folded = (LISTS / "laptop.txt").read_text()
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


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ("running v0.34.2 linux/amd64 (+4), linux/riscv64", "yes"),
        ("running v0.34.2 linux/amd64, linux/riscv64*", "yes"),
        ("running v0.34.2 linux/amd64 (+4)", "no"),
        ("running v0.34.2 linux/amd64 (+4), (1 more)", "unknown"),
        ("inactive", "unknown"),
        ("stopped", "unknown"),
    ],
)
def test_a_row_of_the_table_answers(row, answer):
    """What a row says, and what it cannot say."""
    table = f"{HEAD}one*  docker-container\n \\_ one0  \\_ unix:///s  {row}\ntwo docker\n \\_ two \\_ two running linux/riscv64\n"
    assert lesson.can_build(table, "one", Platform.parse("linux/riscv64")) == answer


def test_only_the_rows_of_that_builder_are_read():
    """Not those of a builder with almost that name, of none, or after an empty line."""
    node = " \\_ n \\_ n running linux/riscv64\n"
    riscv = Platform.parse("linux/riscv64")
    assert lesson.can_build(f"one docker\n{node}", "one", riscv) == "yes"
    assert lesson.can_build(f"{node}one docker\n", "one", riscv) == "unknown"
    assert lesson.can_build(f"one docker\n\n{node}", "one", riscv) == "unknown"
    assert lesson.can_build(f"oneX* docker\n{node}", "one", riscv) == "unknown"
    assert lesson.can_build("one* docker\n \\_ n running linux/amd64, (2 more)\n", "one", riscv) == "unknown"


RIGHT = "laptop-multi-builder no\nlaptop-farm unknown\nserver-multi-builder yes\nlaptop-multi-builder-copy yes"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RIGHT, None),
        (RIGHT.replace(" ", ": ").upper(), None),
        (RIGHT.replace("server-multi-builder yes", ""), ANSWER_MISSING),
        (RIGHT.replace("-copy yes", "-copy"), ANSWER_MISSING),
        (RIGHT.replace("unknown", "?"), lesson.ANSWER_UNCLEAR),
        (RIGHT.replace("-copy yes", "-copy unknown"), lesson.ANSWER_UNCLEAR),
        (RIGHT.replace("unknown", "no"), lesson.NO_LIST_YET),
        (RIGHT.replace("laptop-multi-builder no", "laptop-multi-builder unknown"), lesson.NOT_IN_THE_LIST),
        (RIGHT.replace("server-multi-builder yes", "server-multi-builder no"), lesson.IN_THE_LIST),
        (RIGHT.replace("-copy yes", "-copy no"), lesson.COPY_RUNS_NOTHING),
    ],
)
def test_the_two_recorded_lists(fact, says, text, message):
    """The answers follow from the lists that the lesson ships; a wrong one is told why it is wrong."""
    lists = [Text(path=name, content=(LISTS / f"{name}.txt").read_text()) for name in ("laptop", "server")]
    assert says(lesson.can_it_build, fact.answers(text), *lists) == message


def test_the_farm_is_on_another_machine():
    """Where two nodes have one endpoint, what one found answers for the other, and `unknown` would be wrong."""
    endpoints = re.findall(r"\\_ \S+ +\\_ (\S+)", (LISTS / "laptop.txt").read_text())
    assert len(endpoints) == len(set(endpoints)) == 3


def test_every_proof_is_a_sentence_of_the_lesson():
    """What a pass proves is said with a constant, as what a wrong end lacks is."""
    proofs = (lesson.THIS_BUILDX, lesson.THESE_BUILDERS, lesson.THESE_PLATFORMS, lesson.LISTS_READ)
    assert all(proof.endswith(".") for proof in proofs)
