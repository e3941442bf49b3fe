"""Lesson 5, beside its steps: what it asks before they are run, and which builders there were then."""

from __future__ import annotations

import re

from lab.model.facts import Builder, Builders, Transcript
from lab.model.platforms import Platform, listed
from lab.model.steps import Prediction, Truth

LATER = (
    "multi-builder",
    "pi-builder",
    "spare",
    "shop-builder",
    "runner",
)  # made by later lessons, perhaps after the try
_BOTH = (Platform.parse("linux/amd64"), Platform.parse("linux/arm64"))

NONE_THERE = "buildx listed no builder at all."
OWN_ONLY = "An engine brings its own builder: {builders}."
MADE_BEFORE = "Somebody created {made} here before you came; {own} came with an engine."
BOTH_RUN = "{name} lists both: one by this machine's processor, the other by an emulator in the kernel."
ONE_RUNS = "{name} does not list {missing}: the processor does not run it, and the kernel has no emulator for it."


def _whose_list(builders: Builders, printed: Transcript) -> Truth:
    known = there(builders, printed)
    own = ", ".join(one.name for one in known if one.driver == "docker")
    made = ", ".join(one.name for one in known if one.driver != "docker")
    if made:
        return Truth(_SOME_MADE, MADE_BEFORE, made=made, own=own or "none")
    return Truth(_OWN, OWN_ONLY, builders=own) if own else Truth(_EMPTY, NONE_THERE)


_EMPTY, _OWN, _SOME_MADE = "nothing", "only what comes with an engine", "a builder that somebody created"
WHO_IS_THERE = Prediction(
    question="You have not created a builder yet. What does the list of builders show?",
    options=(_EMPTY, _OWN, _SOME_MADE),
    truth=_whose_list,
)


def there(builders: Builders, printed: Transcript) -> list[Builder]:
    """The builders that there were when it was tried."""
    return [one for one in builders.known if one.name not in LATER or one.name in printed.output]


def _both(builders: Builders, printed: Transcript) -> Truth:
    current = current_then(builders, printed)
    seen = re.split(r"[\s,*]+", printed.output)
    missing = [platform for platform in _BOTH if str(platform) not in seen]
    name = current.name if current else "none"
    if missing:
        return Truth("no", ONE_RUNS, name=name, missing=listed(missing))
    return Truth("yes", BOTH_RUN, name=name)


def current_then(builders: Builders, printed: Transcript) -> Builder | None:
    """The builder that was current when it was tried: lesson 6 moves the star."""
    shown = [one for one in builders.known if one.driver == "docker" and one.name in printed.output]
    moved = builders.current_name in LATER and builders.current_name not in printed.output
    return shown[0] if shown and moved else builders.current


BOTH_PLATFORMS = Prediction(
    question="Does your builder list both linux/amd64 and linux/arm64?", options=("yes", "no"), truth=_both
)
