"""Which stages of a Dockerfile the rules look at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.ready import names
from lab.ready.recipe import Recipe, Stage

_SHOWN = 100


def stages(recipe: Recipe) -> Iterator[Stage]:
    """The stages that make something for Linux, in a file for more than one platform."""
    if not names.named(recipe.path) and recipe.escape != "`":
        for stage in recipe.stages:
            if "windows" not in recipe.base(recipe.chain(stage)[-1]).lower():
                yield stage


def for_several(recipe: Recipe) -> bool:
    """Does the file make programs for several machines on purpose, whatever is built?"""
    texts = [one.text for stage in recipe.stages for one in stage.of("RUN")]
    aimed = {arch for text in texts for arch in re.findall(r"GOARCH=([a-z0-9]+)", text)}
    return len(aimed) > 1 or any(re.search(r"GOOS=(?:darwin|windows|freebsd)", text) for text in texts)


def short(word: str) -> str:
    """A word of a message, of bearable length."""
    return word if len(word) <= _SHOWN else f"{word[:_SHOWN]}…"
