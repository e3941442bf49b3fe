"""Lesson 6: why is my builder empty?"""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.course import new_builder as lesson
from lab.course._text import COMMAND_FAILED
from lab.facts import Builder, Builders, Node
from lab.platforms import Platform
from lab.probes.engine import builder_from_text, builders_from_json

RECORDED = Path(__file__).parents[1] / "data" / "buildx-0.29.1"
DEFAULT = Builder(name="default", driver="docker", current=True)


def recorded(name):
    return builder_from_text((RECORDED / name).read_text())


def made(*builders):
    return Builders(known=builders)


MINE = Builder(name="multi-builder", driver="docker-container", current=True)


@pytest.mark.parametrize(
    ("builders", "message"),
    [
        (made(MINE, replace(DEFAULT, current=False)), None),
        (made(DEFAULT), lesson.NO_SUCH_BUILDER),
        (made(replace(MINE, name="multibuilder"), DEFAULT), lesson.NO_SUCH_BUILDER),
        (made(replace(MINE, driver="remote")), lesson.WRONG_DRIVER),
        (made(replace(MINE, current=False), DEFAULT), lesson.NOT_CURRENT),
        (made(replace(MINE, current=False)), lesson.NOT_CURRENT),
    ],
)
def test_the_new_builder_is_there_and_current(fact, says, builders, message):
    """Its name, its driver, and the star."""
    assert says(lesson.create_builder, builders, fact.printed("multi-builder\n")) == message


def test_the_recorded_list_after_create_passes(fact, says):
    """What buildx really lists then: inactive, and no platforms."""
    builders = builders_from_json((RECORDED / "ls-inactive.json").read_text())
    assert says(lesson.create_builder, builders, fact.printed("")) is None
    assert builders.named("multi-builder").platforms == frozenset()
    assert [node.status for node in builders.named("multi-builder").nodes] == ["inactive"]


@pytest.mark.parametrize(
    ("output", "status", "message"),
    [
        ("multi-builder* docker-container\n \\_ multi-builder0 inactive\n", 0, None),
        ("multi-builder* docker-container\n \\_ multi-builder0 running\n", 0, lesson.NOT_SEEN),
        ("default* docker\n \\_ default running\n", 0, lesson.NOT_SEEN),
        ("multi-builder\n", 0, lesson.NOT_SEEN),
        ("multi-builder inactive", 1, COMMAND_FAILED),
    ],
)
def test_the_empty_builder_was_seen(fact, says, output, status, message):
    """Name and status must have been printed."""
    assert says(lesson.see_inactive, recorded("inspect-inactive.txt"), fact.printed(output, status)) == message


def test_after_the_start_the_list_may_say_running(fact, says):
    """Looking again at a builder that has been started meanwhile is not wrong."""
    assert says(lesson.see_inactive, recorded("inspect-running.txt"), fact.printed("multi-builder0 running")) is None
    assert says(lesson.see_inactive, recorded("inspect-running.txt"), fact.printed("multi-builder0 inactive")) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("inspect-running.txt", None),
        ("inspect-inactive.txt", lesson.STILL_INACTIVE),
        ("inspect-stopped.txt", lesson.STOPPED),
    ],
)
def test_running_with_platforms(says, name, message):
    """Each state that buildx printed, recorded."""
    assert says(lesson.bootstrap_builder, recorded(name)) == message


def test_running_without_platforms_is_not_enough(says):
    """A near miss: a BuildKit that says nothing of platforms cannot build."""
    node = Node(name="multi-builder0", status="running")
    assert says(lesson.bootstrap_builder, replace(MINE, nodes=(node,))) == lesson.NO_PLATFORMS


@pytest.mark.parametrize(
    ("current", "output", "message"),
    [
        ("multi-builder", "default* docker\n", None),
        ("multi-builder", "multi-builder* docker-container\ndefault docker\n", lesson.NO_SWITCH_SEEN),
        ("default", "default* docker\n", lesson.NOT_BACK),
    ],
)
def test_the_star_went_there_and_back(fact, says, current, output, message):
    """Seen at the default builder, and now at multi-builder again."""
    builders = made(replace(MINE, current=current == "multi-builder"), replace(DEFAULT, current=current == "default"))
    assert says(lesson.switch_builder, builders, fact.printed(output)) == message


def test_the_engines_own_builder_may_have_a_contexts_name(fact, says):
    """`docker buildx use work` where the engine is that of the context `work`."""
    builders = made(MINE, replace(DEFAULT, current=False), replace(DEFAULT, name="work", current=False))
    assert says(lesson.switch_builder, builders, fact.printed("work* docker\n")) is None
    assert says(lesson.switch_builder, builders, fact.printed("home* docker\n")) == lesson.NO_SWITCH_SEEN
    assert says(lesson.switch_builder, made(replace(MINE, current=False)), fact.printed("")) == lesson.NO_SWITCH_SEEN


@pytest.mark.parametrize(
    ("builders", "output", "message"),
    [
        (made(DEFAULT), "spare\nspare removed\n", None),
        (made(DEFAULT, replace(MINE, name="spare")), "spare\n", lesson.SPARE_STILL_THERE),
        (made(DEFAULT), "default* docker\n", lesson.NOTHING_REMOVED),
    ],
)
def test_the_spare_builder_came_and_went(fact, says, builders, output, message):
    """That there is none is not enough: it must have been removed."""
    assert says(lesson.remove_builder, builders, fact.printed(output)) == message


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (recorded("inspect-pinned.txt"), None),
        (recorded("inspect-pinned-inactive.txt"), None),
        (recorded("inspect-stopped.txt"), None),
        (recorded("inspect-running.txt"), lesson.NOT_LIMITED),
        (replace(recorded("inspect-pinned.txt"), driver="remote"), lesson.WRONG_DRIVER),
        (
            replace(MINE, nodes=(Node(name="n", pinned=(Platform.parse("linux/arm64"),)),)),
            lesson.LIMITED_OTHERWISE,
        ),
    ],
)
def test_the_node_is_set_by_hand(says, builder, message):
    """The star in buildx's own text is what counts, started or not."""
    assert says(lesson.limited_builder, builder) == message
