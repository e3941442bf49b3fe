"""The rules on what a Dockerfile compiles, where and for which machine, one block each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.model.steps import Problem
from lab.ready import names
from lab.ready.recipe import BUILD, TARGET, Recipe, Stage
from lab.ready.rule import DOCKERFILE, NOTE, SLOWS, STOPS, Found, rule
from lab.ready.scope import for_several, short, stages

AIMED = "`{word}` makes programs for one machine, whatever platform is built"
ASKS_BUILD = (
    "`{word}` tells the build machine's architecture here, and the stage's files go into every platform's image"
)
ASKS_PERHAPS = (
    "`{word}` tells the build machine's architecture here: right for a tool of the build, wrong for the image's"
)
EMULATED = (
    "`{word}` runs on the target platform, so under emulation for each foreign one: it could run on the build platform "
    "and compile for the target"
)
EMULATED_C = (
    "`{word}` runs on the target platform, so under emulation for each foreign one: a cross compiler would be quick"
)
NOT_CROSSED = (
    "`{word}` runs on the build platform and is told no target: every platform's image gets the build machine's program"
)
NO_GOARM = "GOARCH is set and GOARM is not: Go then makes programs for arm/v7, which {wanted} cannot run"


@rule(DOCKERFILE, "target-fixed", STOPS, "A compiler is told one machine", "cross-compile")
def target_fixed(recipe: Recipe) -> Iterator[Found]:
    """`GOARCH=amd64`, `--target x86_64-unknown-linux-musl`."""
    for stage in () if for_several(recipe) else stages(recipe):
        for one in stage.of("RUN", "ENV"):
            words = [word for command in one.commands for word in names.aims(command)]
            words += [
                word for name, value in one.variables if one.name == "ENV" for word in names.aims((f"{name}={value}",))
            ]
            words = [word for word in words if not names.enough(word, recipe.wanted)]
            for word in dict.fromkeys(words if not names.chosen(one.text) else ()):
                yield Found(one.line_of(word), Problem(AIMED, word=short(word)))


@rule(DOCKERFILE, "asks-build-machine", STOPS, "The build machine is asked for its architecture", "cross-compile")
def asks_build_machine(recipe: Recipe) -> Iterator[Found]:
    """`uname -m` in a stage on the build platform."""
    for stage in stages(recipe):
        if recipe.side(stage) != BUILD:
            continue
        compiles = any(names.compiler(words) for one in stage.of("RUN") for words in one.commands)
        taken = not compiles and _copied(recipe, stage)
        for one in stage.of("RUN"):
            if found := names.ASKS.search(one.text):
                template = ASKS_BUILD if taken else ASKS_PERHAPS
                yield Found(one.line_of(found[0]), Problem(template, word=found[0]), "" if taken else NOTE)


def _copied(recipe: Recipe, stage: Stage) -> bool:
    """Does a stage on the target platform take files of this one?"""
    own = {stage.name.lower(), str(stage.number)}
    if recipe.last and recipe.side(recipe.last) == BUILD:
        return False  # a check, or files that are taken out of the build
    return any(
        copy.flag("from").lower() in own
        for other in recipe.stages
        if recipe.side(other) != BUILD
        for copy in other.of("COPY")
    )


@rule(DOCKERFILE, "not-crossed", STOPS, "A compiler on the build platform is told no target", "cross-compile")
def not_crossed(recipe: Recipe) -> Iterator[Found]:
    """`go build` on the build platform, without GOARCH, in a stage whose files go into the image."""
    for stage in () if for_several(recipe) else stages(recipe):
        if recipe.side(stage) != BUILD or not _copied(recipe, stage):
            continue
        said = [one for part in recipe.chain(stage) for one in part.of("RUN", "ENV", "ARG")]
        if any(names.crosses(f"{one.text} {' '.join(one.words)}") for one in said):
            continue
        for one in stage.of("RUN"):
            found = (word for words in one.commands if (word := names.compiler(words)) in names.NATIVE)
            for word in list(found)[:1]:
                yield Found(one.line_of(word), Problem(NOT_CROSSED, word=word))


@rule(DOCKERFILE, "compile-emulated", SLOWS, "A compiler runs on the target platform", "cross-compile")
def compile_emulated(recipe: Recipe) -> Iterator[Found]:
    """The first one of each stage."""
    for stage in stages(recipe):
        if recipe.side(stage) != TARGET:
            continue
        found = [(one, word) for one in stage.of("RUN") for words in one.commands if (word := names.compiler(words))]
        if quick := next((pair for pair in found if pair[1] not in names.NEEDS_TOOLS), None):
            yield Found(quick[0].line_of(quick[1]), Problem(EMULATED, word=quick[1]))
        elif found:
            yield Found(found[0][0].line_of(found[0][1]), Problem(EMULATED_C, word=found[0][1]), NOTE)


@rule(DOCKERFILE, "goarm-unset", STOPS, "GOARM is not set", "cross-compile")
def goarm_unset(recipe: Recipe) -> Iterator[Found]:
    """Only where an older 32-bit Arm is asked for, here or by another file of the repository."""
    wanted = names.variant_of(frozenset(recipe.wanted) | recipe.named)
    for stage in stages(recipe) if wanted else ():
        said = [one for part in recipe.chain(stage) for one in part.of("RUN", "ENV")]
        own = [one for one in said if re.search(r"\bGOARCH\b[= ]", one.text) and one in stage.instructions]
        if own and not any("GOARM" in one.text for one in said):
            yield Found(own[0].line_of("GOARCH"), Problem(NO_GOARM, wanted=wanted))
