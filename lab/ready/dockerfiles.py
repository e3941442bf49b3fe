"""The rules on Dockerfiles, one block each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lab.model.platforms import Platform, given
from lab.model.steps import Problem
from lab.ready import names
from lab.ready.recipe import AUTOMATIC, BUILD, TARGET, Instruction, Recipe
from lab.ready.rule import DOCKERFILE, NOTE, SLOWS, STOPS, Found, rule
from lab.ready.scope import for_several, short, stages

NAMED = "The file is for {found} by its own name, so that it is not read for other platforms"
CONSTANT_LAST = "The image is made on {found} whatever platform is asked for: the --platform of its FROM is constant"
CONSTANT = "Stage `{stage}` runs on {found} on every machine: the --platform of its FROM is constant"
CONSTANT_FILES = (
    "Stage `{stage}` is of {found} whatever is built: right for files that every platform can use, wrong for programs"
)
LAST_ON_BUILD = (
    "The last stage runs on the build platform, so that every platform's image holds that machine's programs"
)
LAST_IN_FILES = (
    "The last stage runs on the build platform: right where files are taken out of the build, wrong for an image"
)
ONE_BY_NAME = "`{image}` is by its name an image for {found} only"
SHADOWED = "ARG {name} has a value of its own, which hides the one that the builder sets for each platform"
SHADOWED_BEFORE = (
    "ARG {name} before the first FROM has a value, which hides the builder's own in every stage that asks for it"
)
UNDECLARED = "{name} is used in a stage that has no ARG {name}, where it is empty"
OWN = "{name} is {found} by default, and --platform does not set it: it is not the builder's TARGETARCH"
OWN_EMPTY = (
    "{name} decides what a stage begins from, and --platform does not set it: it is not the builder's TARGETARCH"
)
FIXED = "`{word}` is for {found}, whatever platform is built"


@rule(DOCKERFILE, "named-for-one", NOTE, "A Dockerfile for one platform, by its name", "cross-compile")
def named_for_one(recipe: Recipe) -> Iterator[Found]:
    """`Dockerfile.arm64`: one file for each platform."""
    if found := names.named(recipe.path):
        yield Found(recipe.stages[0].line if recipe.stages else 1, Problem(NAMED, found=found))


@rule(DOCKERFILE, "platform-constant", STOPS, "A constant --platform in FROM", "cross-compile")
def platform_constant(recipe: Recipe) -> Iterator[Found]:
    """A stage that runs on one platform whatever is built; only slow where it is not the image itself."""
    last = recipe.chain(recipe.stages[-1]) if recipe.stages else []
    for stage in stages(recipe):
        side = recipe.side(stage)
        if stage.flag and side not in (BUILD, TARGET):
            if stage in last:
                yield Found(stage.line, Problem(CONSTANT_LAST, found=side))
            elif given(side):
                runs = any(True for _ in stage.of("RUN"))
                problem = Problem(CONSTANT if runs else CONSTANT_FILES, found=side, stage=stage.name or stage.number)
                yield Found(stage.line, problem, SLOWS if runs else NOTE)


@rule(DOCKERFILE, "last-on-build", STOPS, "The last stage is on the build platform", "cross-compile")
def last_on_build(recipe: Recipe) -> Iterator[Found]:
    """Its programs are the build machine's, its label is not."""
    for stage in stages(recipe):
        if stage is recipe.last and recipe.side(stage) == BUILD:
            starts = any(True for one in recipe.chain(stage) for _ in one.of("ENTRYPOINT", "CMD"))
            yield Found(stage.line, Problem(LAST_ON_BUILD if starts else LAST_IN_FILES), "" if starts else NOTE)


@rule(DOCKERFILE, "base-for-one", STOPS, "A base for one platform, by its name", "multi-platform")
def base_for_one(recipe: Recipe) -> Iterator[Found]:
    """`amd64/debian`, `debian:12-amd64`."""
    for stage in stages(recipe):
        if recipe.side(stage) != TARGET or recipe.parent(stage):
            continue
        bases = {recipe.base(stage, platform) for platform in recipe.wanted}
        found = names.of_one_platform(base := bases.pop()) if len(bases) == 1 else ""
        if found and not names.enough(found, recipe.wanted):
            yield Found(stage.line, Problem(ONE_BY_NAME, image=short(base), found=found))


@rule(DOCKERFILE, "arg-shadowed", STOPS, "An argument of the builder's is shadowed", "true-image")
def arg_shadowed(recipe: Recipe) -> Iterator[Found]:
    """`ARG TARGETARCH=amd64`."""
    if names.named(recipe.path):
        return
    inside = [(one, SHADOWED) for stage in recipe.stages for one in stage.of("ARG")]
    for one, template in [*((one, SHADOWED_BEFORE) for one in recipe.arguments), *inside]:
        for word in one.words:
            name, given_one, value = word.partition("=")
            if name in AUTOMATIC and given_one:
                harmless = name.endswith("OS") and value.strip("\"'") == "linux"
                yield Found(one.line_of(word), Problem(template, name=name), NOTE if harmless else "")


@rule(DOCKERFILE, "arg-undeclared", STOPS, "An argument of the builder's is used where it is empty", "cross-compile")
def arg_undeclared(recipe: Recipe) -> Iterator[Found]:
    """`$TARGETARCH` in a stage without its ARG."""
    for stage in stages(recipe):
        known = recipe.declared(stage)
        for name in AUTOMATIC:
            uses = (one for one in stage.instructions if name not in known and _uses(one, name))
            for one in list(uses)[:1]:
                yield Found(one.line_of(name), Problem(UNDECLARED, name=name))


def _uses(one: Instruction, name: str) -> bool:
    if one.name not in ("RUN", "COPY", "ADD", "ENV", "ARG", "LABEL", "WORKDIR", "ENTRYPOINT", "CMD"):
        return False
    if re.search(rf"(?:^|[\s;&(]|export\s){name}=|\bread\s[^\n;&|]{{0,80}}\b{name}\b", one.text):
        return False
    said = one.text if one.name in ("RUN", "COPY", "ADD") else " ".join(one.words)
    return bool(re.search(rf"(?<!\\)\$(?:{name}\b|\{{{name}\}})", said)) and one.name not in ("ENTRYPOINT", "CMD")


def _variables(texts: Iterable[str]) -> set[str]:
    return {name for text in texts for name in re.findall(r"\$\{?(\w+)", text)}


_OWN_NAME = re.compile(r"ARCH|PLATFORM|MACHINE|(?:^|_)CPU(?:_|$)", re.IGNORECASE)


@rule(DOCKERFILE, "arg-own", STOPS, "An argument of its own says the architecture", "cross-compile")
def arg_own(recipe: Recipe) -> Iterator[Found]:
    """`ARG ARCH=amd64`, which no builder sets; the first place of each. One without a value counts in a FROM."""
    looked = list(stages(recipe))
    heads = _variables(f"{stage.base} {stage.flag}" for stage in looked)
    bodies = _variables(f"{one.text} {' '.join(one.flags)}" for stage in looked for one in stage.instructions)
    told = set(AUTOMATIC)
    for one in [*recipe.arguments, *(said for stage in looked for said in stage.of("ARG", "ENV"))]:
        for name, written in one.variables:
            value = written.strip("\"'")
            if name in told or not _OWN_NAME.search(name) or (value and not names.whole(value)):
                continue
            if (name in heads or (value and name in bodies)) and not names.enough(value, recipe.wanted):
                told.add(name)
                yield Found(one.line_of(name), Problem(OWN if value else OWN_EMPTY, name=name, found=value))


@rule(DOCKERFILE, "name-fixed", STOPS, "A download or a file with an architecture in its name", "cross-compile")
def name_fixed(recipe: Recipe) -> Iterator[Found]:
    """An address or a path for one architecture where none is chosen."""
    for stage in () if for_several(recipe) else stages(recipe):
        on_build = recipe.side(stage) == BUILD
        for one in stage.of("RUN", "ADD", "COPY", "ENV", "ARG"):
            if one.name == "RUN" and names.chosen(one.text):
                continue
            for word in dict.fromkeys(_fixed(one)):
                if names.enough(word, recipe.wanted):
                    continue
                # A tool that a stage on the build platform runs is for that machine: only slow on another one.
                yield Found(
                    one.line_of(word),
                    Problem(FIXED, word=short(word), found=names.architecture(word)),
                    NOTE if on_build and one.name == "RUN" else "",
                )


def _fixed(one: Instruction) -> Iterator[str]:
    if one.name == "RUN":
        for words in one.commands:
            yield from names.fixed(tuple(re.sub(r"\A[\w-]+=", "", word) for word in words))
    elif one.name in ("ENV", "ARG"):
        for _, value in one.variables:
            yield from names.fixed(tuple(value.split() if "://" in value else re.split(r"[:\s]", value)))
    else:
        yield from (word for word in one.words[:-1] if names.architecture(word) and not names.chosen(word))


# --- what only registries know: `lab.ready.bases` asks them -----------------------------------------------------------


def bases(recipe: Recipe) -> list[tuple[int, str, set[Platform]]]:
    """The images that stages on the target platform begin from: line, name, and for which platforms each is needed."""
    found: dict[tuple[int, str], set[Platform]] = {}
    for stage in stages(recipe):
        if recipe.side(stage) != TARGET:
            continue
        for platform in recipe.wanted:
            if not recipe.parent(stage, platform):
                found.setdefault((stage.line, recipe.base(stage, platform)), set()).add(platform)
    return [(line, image, platforms) for (line, image), platforms in found.items()]


def _asked_elsewhere(_recipe: Recipe) -> Iterator[Found]:
    return iter(())


rule(DOCKERFILE, "base-absent", STOPS, "A base image lacks a platform", "multi-platform")(_asked_elsewhere)
rule(DOCKERFILE, "base-pinned", STOPS, "A base is pinned to one platform's image", "true-image")(_asked_elsewhere)
