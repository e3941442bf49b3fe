"""The audit's rules, one block each: what it is called, how bad it is, and the facts that it looks at.

A rule on a tag looks at `Tag`, a rule on one platform's image at `Held`. The pure functions behind them, which the
lessons use too, are in `lab.audit.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lab.audit import native, noise, rules
from lab.audit.held import ERROR, NOTE, WARNING, Found, Held, Rule, Tag
from lab.audit.libraries import foreign_libraries
from lab.audit.start import INTERPRETER, PROGRAM, SHELL, WRAPPER
from lab.model.digests import brief
from lab.model.platforms import listed
from lab.model.steps import Problem

if TYPE_CHECKING:
    from lab.model.facts import Binary

TABLE: dict[str, Rule] = {}
ON_TAGS: list[Rule] = []
ON_IMAGES: list[Rule] = []


def _on_tags(name: str, severity: str, title: str) -> Callable[[Callable[[Tag], Iterator[Found]]], Rule]:
    def add(check: Callable[[Tag], Iterator[Found]]) -> Rule:
        return _row(Rule(name, title, severity, check), ON_TAGS)

    return add


def _on_images(name: str, severity: str, title: str) -> Callable[[Callable[[Held], Iterator[Found]]], Rule]:
    def add(check: Callable[[Held], Iterator[Found]]) -> Rule:
        return _row(Rule(name, title, severity, check), ON_IMAGES)

    return add


def _row(rule: Rule, kind: list[Rule]) -> Rule:
    TABLE[rule.id] = rule
    kind.append(rule)
    return rule


# --- the tag --------------------------------------------------------------------------------------------------------


@_on_tags("platform-absent", ERROR, "A platform that is needed is absent")
def platform_absent(tag: Tag) -> Iterator[Found]:
    """A platform of `--need` that no image serves."""
    for wanted in sorted(tag.need):
        if problem := rules.absent(tag.index, wanted):
            yield Found(problem)


@_on_tags("platform-unknown", ERROR, "A platform that no machine has")
def platform_unknown(tag: Tag) -> Iterator[Found]:
    """A slip such as `linux/x86`."""
    for row in tag.rows:
        if problem := rules.unknown(row):
            yield Found(problem, platform=str(row.platform))


@_on_tags("platform-twice", WARNING, "A platform stands twice in the index")
def platform_twice(tag: Tag) -> Iterator[Found]:
    """Two rows for one platform."""
    for number, row in enumerate(tag.rows):
        if problem := rules.twice(row, tag.rows[:number]):
            yield Found(problem, platform=str(row.platform))


@_on_tags("no-variant", NOTE, "32-bit Arm without a variant")
def no_variant(tag: Tag) -> Iterator[Found]:
    """`linux/arm` alone."""
    for row in tag.rows:
        if problem := rules.no_variant(row):
            yield Found(problem, platform=str(row.platform))


@_on_tags("not-held", ERROR, "An image is listed and not held")
def not_held(tag: Tag) -> Iterator[Found]:
    """A row whose image is elsewhere."""
    for row in tag.missing:
        yield Found(Problem(rules.NOT_HELD), platform=str(row.platform or ""))


@_on_tags("no-image", NOTE, "Something in the list is no image")
def no_image(tag: Tag) -> Iterator[Found]:
    """A chart, a signature, a list of parts."""
    for row, kind in tag.other:
        yield Found(Problem(rules.NO_IMAGE, found=kind, digest=brief(row.digest)))


# --- the two labels -------------------------------------------------------------------------------------------------


@_on_images("labels-differ", ERROR, "The index and the image's configuration disagree")
def labels_differ(held: Held) -> Iterator[Found]:
    """Two labels, one image."""
    if problem := rules.labels_differ(held.row, held.image):
        yield Found(problem)


# --- what is started ------------------------------------------------------------------------------------------------


@_on_images("nothing-to-start", NOTE, "The image names no program to start")
def nothing_to_start(held: Held) -> Iterator[Found]:
    """Neither ENTRYPOINT nor CMD."""
    if not (*held.image.entrypoint, *held.image.cmd):
        yield Found(Problem(rules.NOTHING_TO_START))


def _lacking(held: Held, role: str) -> Iterator[Found]:
    for one in held.started.lacking:
        if one.role == role:
            yield Found(rules.not_in_image(one), (one.of if role == INTERPRETER else one.word,))


@_on_images("no-entrypoint", ERROR, "What the image starts is not in it")
def no_entrypoint(held: Held) -> Iterator[Found]:
    """The program itself is missing, for the engine or for what comes before it."""
    yield from _lacking(held, PROGRAM)


@_on_images("no-wrapper", ERROR, "The program that is to start another one is not in the image")
def no_wrapper(held: Held) -> Iterator[Found]:
    """No tini, no gosu, no env."""
    yield from _lacking(held, WRAPPER)


@_on_images("no-shell", ERROR, "The shell that the command is written for is not in the image")
def no_shell(held: Held) -> Iterator[Found]:
    """Shell form in an image without a shell."""
    yield from _lacking(held, SHELL)


@_on_images("no-program", ERROR, "What the image starts is no program")
def no_program(held: Held) -> Iterator[Found]:
    """No x bit, no first line, an empty file, a web page."""
    for one in held.started.programs:
        if problem := rules.no_program(one):
            yield Found(problem, (one.path,))


@_on_images("entrypoint-foreign", ERROR, "The program that the image starts is for another machine")
def entrypoint_foreign(held: Held) -> Iterator[Found]:
    """Also what an init, a shell or a script's first line starts."""
    for one in held.started.programs:
        if one.path not in held.started.emulated and (problem := rules.foreign(one, held.label)):
            yield Found(problem, (one.path,))


@_on_images("library-foreign", ERROR, "A library that the started program needs is for another machine")
def library_foreign(held: Held) -> Iterator[Found]:
    """Found by its name, and only for another machine."""
    for program, name, library in foreign_libraries(held.root, held.started.programs, held.image, held.label):
        why = native.not_loaded(library, held.label)
        machine = rules.machine(library.platform or held.label, held.label)
        problem = Problem(
            rules.LIBRARY_FOREIGN, path=program.path, name=name, library=library.path, found=machine, why=why,
            host=rules.host(held.label),
        )  # fmt: skip
        yield Found(problem, (library.path,))


# --- what is started, and what is beside it ---------------------------------------------------------------------------


def _both(held: Held, judge: Callable[[Binary], Problem | None]) -> Iterator[Found]:
    """A finding each for what is started, one for all that is beside it and alike."""
    for one in held.started.programs:
        if not rules.foreign(one, held.label) and (problem := judge(one)):
            yield Found(problem, (one.path,))
    beside = [(one, judge(one)) for one in held.beside if not rules.foreign(one, held.label)]
    yield from _alike([(one, problem) for one, problem in beside if problem], WARNING)


def _alike(pairs: list[tuple[Binary, Problem]], severity: str) -> Iterator[Found]:
    groups: dict[str, list[tuple[Binary, Problem]]] = {}
    for one, problem in pairs:
        groups.setdefault(problem.values["found"], []).append((one, problem))
    for _, group in sorted(groups.items()):
        yield Found(group[0][1], tuple(one.path for one, _ in group), severity=severity)


@_on_images("too-new", ERROR, "Programs need a newer CPU than the image's label promises")
def too_new(held: Held) -> Iterator[Found]:
    """arm/v7 in an arm/v6 image, x86-64-v3 in a plain amd64 one."""
    yield from _both(held, lambda one: rules.too_new(one, held.label))


@_on_images("no-loader", ERROR, "A program's loader is not in the image")
def no_loader(held: Held) -> Iterator[Found]:
    """A program of glibc's on Alpine."""

    def judge(one: Binary) -> Problem | None:
        if one.kind != "elf" or not one.interpreter or noise.LIBRARY.search(one.path):
            return None
        return rules.no_loader(one, held.root.find(one.interpreter))

    yield from _both(held, judge)


@_on_images("no-interpreter", ERROR, "A script's interpreter is not in the image")
def no_interpreter(held: Held) -> Iterator[Found]:
    """By its first line, or by what that asks `env` for."""

    def judge(one: Binary) -> Problem | None:
        if one.kind != "script" or not one.interpreter:
            return None
        return rules.no_loader(one, held.root.find(one.interpreter))

    yield from _lacking(held, INTERPRETER)
    yield from _both(held, judge)


# --- what is loaded, and what is beside -------------------------------------------------------------------------------


def _extensions(held: Held, judge: Callable[[Binary], Problem | None]) -> Iterator[Found]:
    """One finding for each language; an error where its interpreter is what the image starts."""
    groups: dict[str, list[tuple[Binary, Problem]]] = {}
    for one in held.beside:
        if (language := native.language(one.path)) and (problem := judge(one)):
            groups.setdefault(language, []).append((one, problem))
    for language, pairs in sorted(groups.items()):
        # The extension itself comes before the libraries that were packed with it.
        pairs.sort(key=lambda pair: (not native.is_module(pair[0].path), pair[0].path))
        yield from _alike(pairs, ERROR if language in held.started.languages else WARNING)


@_on_images("native-foreign", ERROR, "A native extension is for another machine")
def native_foreign(held: Held) -> Iterator[Found]:
    """What Python, Node.js or Ruby would load, with what they would say."""
    yield from _extensions(held, lambda one: native.foreign(one, held.label, held.library))


@_on_images("native-libc", ERROR, "A native extension is for another C library")
def native_libc(held: Held) -> Iterator[Found]:
    """For musl in an image with glibc, or the other way about."""
    served = {noise.variant(one.path) for one in held.beside if _fits(held, one)} - {""}
    own = frozenset(native.tag(one.path) for one in held.beside if "/lib-dynload/" in one.path)

    def judge(one: Binary) -> Problem | None:
        if noise.variant(one.path) in served or held.root.has_loader(native.library_of_c(one)):
            return None
        return native.other_library(one, held.label, held.library, tags=own)

    yield from _extensions(held, judge)


def _fits(held: Held, one: Binary) -> bool:
    machine = one.platform is not None and bool(rules.runs_on(one.platform, held.label))
    return machine and native.library_of_c(one) in ("", held.library)


@_on_images("foreign-program", WARNING, "Programs in the image are for another machine")
def foreign_program(held: Held) -> Iterator[Found]:
    """Programs and libraries beside what is started."""
    beside = [one for one in held.beside if not native.language(one.path)]
    yield from _alike([(one, problem) for one in beside if (problem := rules.foreign(one, held.label))], WARNING)


@_on_images("shared-base", WARNING, "A layer that several platforms share holds programs of one")
def shared_base(held: Held) -> Iterator[Found]:
    """It may hold data and scripts. What an upper layer replaced or took away does not count."""
    for layer, others in held.shared:
        foreign = [one for one in layer.programs() if _is_there(held, one) and rules.foreign(one, held.label)]
        if foreign:
            foreign.sort(key=lambda program: program.path)
            machines = listed({one.platform for one in foreign})
            problem = Problem(rules.SHARED, found=machines, others=listed(set(others)), path=foreign[0].path)
            yield Found(problem, tuple(one.path for one in foreign))


def _is_there(held: Held, one: Binary) -> bool:
    """Is the layer's program the one that the image has, and does it matter there?"""
    there = held.root.find(one.path)
    if there is None or there.platform != one.platform:
        return False
    return there in held.started.programs or there in held.beside
