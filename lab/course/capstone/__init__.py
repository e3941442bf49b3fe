"""The capstone: a stranger's repository, a letter, and nine things to prove. They belong to no lesson."""

from __future__ import annotations

import functools
import importlib

from lab.course import CAPSTONE
from lab.course.capstone._faults import begun
from lab.course.capstone._history import NO_GIT
from lab.course.capstone._laid import FOLDER, LAID, REPOSITORY, scene
from lab.course.capstone._proof import NEEDED, Required
from lab.course.capstone._texts import LETTER
from lab.course.recall import Frame
from lab.model.steps import Step

__all__ = [
    "FOLDER", "HANDOVER", "LAID", "LETTER", "NEEDED", "NOTEBOOK", "NO_GIT", "REPOSITORY", "Required",
    "begun", "frame", "named", "proofs", "scene", "steps",
]  # fmt: skip

_MODULES = ("builds", "fits", "images", "releases")
NOTEBOOK = f"{CAPSTONE}/lighthouse.ipynb"
HANDOVER = f"{FOLDER}/handover.md"
QUESTION = "What does whoever comes next have to know about the lighthouse?"
MODEL = (
    "Three images, three platforms, one version 2; its digests are in the registry, version 1 is left as it was. "
    "Nothing is emulated: Go cross-compiles, pick.sh picks by TARGETARCH, bases are pinned by the digest of an index. "
    "CI runs release.sh job for each platform and merge once; promote gives the tried candidate another name. "
    "The rows unknown/unknown are attestations, and HORN_KEY is a note of music. clean.sh asks the tags first. "
    "Not done: a trial on a real Pi Zero."
)
POINTS = (
    "It says what is so, and how one can see it: tags, digests, commands.",
    "It names what looks wrong and is not, so that nobody mends it.",
    "It names what was not done or not tried.",
)


@functools.cache
def proofs() -> tuple[Required, ...]:
    """P1 to P9."""
    modules = [importlib.import_module(f"{__name__}.{name}") for name in _MODULES]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Required)]
    return tuple(sorted(found, key=lambda one: one.number))


def named(name: str) -> Required | None:
    """The proof of that number or name (`P2`, `p2`, `three_rows`); None where there is none."""
    wanted = name.lower().replace("-", "_")
    return next((one for one in proofs() if wanted in (one.name, one.code.lower())), None)


@functools.cache
def steps() -> dict[str, Step]:
    """The steps of the proofs by name, in order."""
    return {one.name: one.step for one in proofs()}


def frame() -> Frame:
    """What is asked at the end, and one way to say it."""
    return Frame(lesson=CAPSTONE, goals=(), explain=QUESTION, model=MODEL, points=POINTS)
