"""Lesson 6, beside its steps: what it asks before they are run, the pictures, and what must not be met."""

from __future__ import annotations

from lab.draw.builders import card
from lab.errors import Blocked
from lab.model.facts import Builder, Builders, Builds, Transcript
from lab.model.picture import Picture
from lab.model.platforms import listed
from lab.model.steps import Prediction, Truth
from lab.model.world import World
from lab.sandbox.engine import has_foreign_builder

NAME = "multi-builder"
SPARE = "spare"

_NONE, _ONE, _MORE = "none", "those of one architecture", "those of several architectures"
NONE_YET = "Nobody could ask: {name} is {status}, so there is no BuildKit that could try what it runs."
FOUND_SINCE = "{name} runs by now, and found {platforms}."
_STOPS, _STAYS, _GOES = "it stops", "it stays as it was", "it is removed"
STOPPED_BY_IT = "The list shows {name} as stopped."
ONLY_THE_STAR = "Only the star moved: {name} was {status}, whether it had the star or not."
GONE = "There is no builder {name} any more."
_STAR, _OWN, _NEITHER = "the builder with the star", "the engine's own builder", "neither of them"
BY_ITS_OWN = "{own} has it in its history: `docker build` takes no notice of the star, which was at {name}."
BY_THE_STAR = "Only {name} has builds of this try in its history: here `docker build` followed the star."
BY_NOBODY = "No history has a build of this try."


def _what_it_lists(builder: Builder, _printed: Transcript) -> Truth:
    if not builder.platforms:
        status = next((node.status for node in builder.nodes), "inactive")
        return Truth(_NONE, NONE_YET, name=builder.name, status=status)
    several = len({platform.architecture for platform in builder.platforms}) > 1
    return Truth(_MORE if several else _ONE, FOUND_SINCE, name=builder.name, platforms=listed(builder.platforms))


WHAT_WILL_IT_LIST = Prediction(
    question="The new builder has not built anything yet. Which platforms does the list show for it?",
    options=(_NONE, _ONE, _MORE),
    truth=_what_it_lists,
)


def _what_use_does(builders: Builders, printed: Transcript) -> Truth:
    mine = builders.named(NAME)
    if mine is None:
        return Truth(_GOES, GONE, name=NAME)
    status = next((node.status for node in mine.nodes), "inactive")
    rows = [line for line in printed.output.splitlines() if any(node.name in line.split() for node in mine.nodes)]
    if status != "stopped" and any("stopped" in row for row in rows):
        return Truth(_STOPS, STOPPED_BY_IT, name=NAME)
    return Truth(_STAYS, ONLY_THE_STAR, name=NAME, status=status)


WHAT_USE_DOES = Prediction(
    question="When another builder becomes the current one, what happens to multi-builder?",
    options=(_STOPS, _STAYS, _GOES),
    truth=_what_use_does,
)


def _who_builds(_builders: Builders, builds: Builds, _printed: Transcript) -> Truth:
    if builds.by(builds.own):
        return Truth(_OWN, BY_ITS_OWN, own=builds.own, name=NAME)
    return Truth(_STAR, BY_THE_STAR, name=NAME) if builds.by(NAME) else Truth(_NEITHER, BY_NOBODY)


WHO_BUILDS = Prediction(
    question="The star is at multi-builder. Which builder does `docker build` go to?",
    options=(_STAR, _OWN, _NEITHER),
    truth=_who_builds,
)


def mine_in(builders: Builders, _printed: Transcript) -> Picture:
    """The learner's builder among all."""
    mine = builders.named(NAME)
    assert mine  # noqa: S101 - a picture is spared where there is nothing to draw
    return card(mine)


def started(builder: Builder) -> Picture:
    """The one builder."""
    return card(builder)


def nobody_elses(_world: World) -> None:
    """On a learner's own engine, `rm` in the same breath as `create` would take a container of that name away."""
    if has_foreign_builder(SPARE):
        raise Blocked(
            f"Your engine has a builder of yours called {SPARE!r}: this step would remove its container.",
            f"Rename yours, or leave this step out. (`docker ps --all` shows it as buildx_buildkit_{SPARE}0.)",
        )
