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


@pytest.mark.parametrize(
    ("output", "status", "message"),
    [
        ("github.com/docker/buildx 0.29.1+ds1 0.29.1+ds1-4\n", 0, None),
        ("buildx 0.29.1+ds1\n", 0, None),
        ("Docker version 28.5.2, build ecc694264d\n", 0, lesson.NO_VERSION),
        ("", 0, lesson.NO_VERSION),
        ("docker: unknown command: docker buildx\n", 1, COMMAND_FAILED),
    ],
)
def test_the_version_is_what_buildx_says(fact, says, output, status, message):
    """The docker command's own version is another one."""
    tool = Tool(name="buildx", version="0.29.1+ds1")
    assert says(lesson.buildx_version, tool, fact.printed(output, status)) == message


def test_a_list_shows_every_builder_with_its_driver(fact, says):
    """The recorded list passes; one builder left out does not."""
    table = (LISTS / "laptop.txt").read_text()
    step = lesson.list_builders
    assert says(step, LAPTOP, fact.printed(table)) is None
    assert says(step, LAPTOP, fact.printed(table.replace("farm", "barn"))) == lesson.NOT_ALL_BUILDERS
    assert says(step, LAPTOP, fact.printed("farm multi-builder default\n")) == lesson.NOT_ALL_BUILDERS
    assert says(step, LAPTOP, fact.printed(table, 1)) == COMMAND_FAILED


def test_only_the_whole_list_of_platforms_is_enough(fact, says):
    """`inspect` names v2, v3 and v4; the folded `(+4)` does not."""
    whole = (RECORDED / "inspect-running.txt").read_text()
    folded = (LISTS / "laptop.txt").read_text()
    step = lesson.inspect_builder
    assert says(step, LAPTOP, fact.printed(whole)) is None
    assert says(step, LAPTOP, fact.printed(folded)) == lesson.FOLDED
    assert says(step, LAPTOP, fact.printed(whole.replace("linux/amd64/v3, ", ""))) == lesson.FOLDED
    assert says(step, LAPTOP, fact.printed(whole, 1)) == COMMAND_FAILED


def test_a_list_of_before_the_emulators_is_whole(fact, says):
    """BuildKit looks for new emulators every 20 seconds: a list may lack their architectures, and no others."""
    whole = (RECORDED / "inspect-running.txt").read_text()
    before = re.sub(r", linux/(?!amd64)[^,\n]+", "", whole)
    step = lesson.inspect_builder
    assert says(step, LAPTOP, fact.printed(before)) is None
    assert says(step, LAPTOP, fact.printed(before.replace("linux/amd64/v3, ", ""))) == lesson.FOLDED
    assert says(step, LAPTOP, fact.printed(before + "linux/amd64 (+4), (4 more)")) == lesson.FOLDED
    assert says(step, LAPTOP, fact.printed("Name: default")) == lesson.FOLDED


def test_a_builder_without_platforms_is_not_enough(fact, says):
    """A new builder that never ran names nothing, and nothing printed is not all of it."""
    empty = builders_from_json((RECORDED / "ls-inactive.json").read_text())
    shown = (RECORDED / "inspect-inactive.txt").read_text()
    assert says(lesson.inspect_builder, empty, fact.printed(shown)) == lesson.NO_PLATFORMS
    assert says(lesson.inspect_builder, Builders(known=()), fact.printed("")) == lesson.NO_PLATFORMS


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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("laptop-multi-builder no\nlaptop-farm unknown\nserver-multi-builder yes", None),
        ("server-multi-builder: Yes\nlaptop-farm: UNKNOWN\nlaptop-multi-builder: no", None),
        ("laptop-multi-builder no\nlaptop-farm unknown", ANSWER_MISSING),
        ("laptop-multi-builder no\nlaptop-farm ?\nserver-multi-builder yes", lesson.ANSWER_UNCLEAR),
        ("laptop-multi-builder no\nlaptop-farm no\nserver-multi-builder yes", lesson.ANSWER_WRONG),
        ("laptop-multi-builder yes\nlaptop-farm unknown\nserver-multi-builder yes", lesson.ANSWER_WRONG),
    ],
)
def test_the_two_recorded_lists(fact, says, text, message):
    """The answers follow from the lists that the lesson ships."""
    lists = [Text(path=name, content=(LISTS / f"{name}.txt").read_text()) for name in ("laptop", "server")]
    assert says(lesson.can_it_build, fact.answers(text), *lists) == message
