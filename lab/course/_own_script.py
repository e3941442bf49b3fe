"""The script of lesson 5: it builds on one machine alone, by a fault that is another one for each learner."""

from __future__ import annotations

import re

from lab.course._seeded import chosen
from lab.model.world import World

_HEAD = """\
#!/bin/sh
# Builds the team's note and pushes it.
set -e
cd "$(dirname "$0")"
"""
_BUILD = 'docker buildx build {option}-t "$REGISTRY/memo" --push memo\n'
_NAMES = ("ana-laptop", "build-farm", "office")
FAULTS = ("option", "star", "variable")


def script(world: World) -> str:
    """The script as the learner finds it: it asks for a builder that only its author has."""
    name, fault = chosen(world, "author", _NAMES), chosen(world, "fault", FAULTS)
    before = {"star": f"docker buildx use {name}\n", "variable": f"export BUILDX_BUILDER={name}\n"}.get(fault, "")
    option = f"--builder {name} " if fault == "option" else ""
    return _HEAD + before + _BUILD.format(option=option)


def commands(text: str) -> str:
    """What of a script is run: no comments, each command on one line."""
    lines = text.replace("\\\n", " ").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def named_builder(text: str) -> str:
    """The builder that a script asks for, by an option or by the variable; "" where it asks for none."""
    found = re.search(r"(?:--builder[= ]|\bBUILDX_BUILDER=)\s*[\"']?([^\s\"';]+)", commands(text))
    return found[1] if found else ""


def chosen_builder(text: str) -> str | None:
    """The builder that a script makes the current one for whatever comes after it; None where it chooses none."""
    for line in commands(text).splitlines():
        if found := re.search(r"\b(?:buildx|builder)\s+(?:use\b|create\b.*\s--use\b)((?:\s+--?\S+)*)\s*(\S*)", line):
            return found[2].strip("\"';")
    return None


def builds(text: str) -> bool:
    """Does a script build with what follows the star: `docker buildx build` or `bake`?"""
    return bool(re.search(r"\b(buildx|builder)\s+(build|bake)\b", commands(text)))
