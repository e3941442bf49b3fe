"""`lab audit`: is an image, in any registry or archive, what its label says, and will it run there?

The rules are those of the lessons (`lab.audit.rules`); this walks the images and gives each rule its facts. No
engine is asked, and nothing is unpacked to disk.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from lab import layers
from lab.audit import rules as rules
from lab.audit.report import ERROR, NOTE, WARNING, Finding, Report
from lab.audit.sources import InRegistry, local
from lab.errors import Blocked
from lab.platforms import listed
from lab.steps import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.audit.sources import Source
    from lab.facts import Binary, Image, Index, Manifest
    from lab.layers import Layer, Root
    from lab.platforms import Platform
    from lab.world import World

NOT_HELD = "the image is listed and is not held here: only part of the tag was saved or pushed"
_KEPT = 150_000  # files of layers that are kept for the next platform
_PROGRAMS = ("elf", "script")
_SHELLS = ("sh", "ash", "bash", "dash")
_INITS = ("catatonit", "docker-init", "dumb-init", "env", "gosu", "su-exec", "tini", "tini-static")


def audit(reference: str, *, need: frozenset[Platform] = frozenset(), world: World | None = None) -> Report:
    """Audit a registry's image (named as for Docker), an OCI layout's folder, or an archive of `docker save`.

    `need` are platforms that must be there. What is down makes a report that is blocked; NotThere (no such tag or
    file) and BadInput (no such name; a damaged or hostile archive) are raised.
    """
    started = time.monotonic()
    found = _Audit(reference)
    try:
        if place := _place(reference):
            found.run(local(place), need)
        else:
            from lab.probes._reference import parse
            from lab.probes._transport import Registry

            with Registry(parse(reference), world) as registry:
                found.run(InRegistry(registry), need)
    except Blocked as error:
        return found.report(started, error.message, error.remedy)
    except OSError as error:
        return found.report(started, f"{reference!r} cannot be read: {error.strerror}.", "")
    return found.report(started)


def _place(reference: str) -> Path | None:
    """A path where it is written as one, or is an archive or a layout; a bare name is an image's."""
    place = Path(reference)
    if reference.startswith(("/", "./", "../", "~/")):
        return place.expanduser()
    if reference.endswith((".tar", ".tar.gz", ".tgz")) or (place / "oci-layout").is_file():
        return place
    return None


class _Audit:
    """One audit as it goes on, so that what was found before a registry fell silent is kept."""

    def __init__(self, reference: str) -> None:
        self._reference = reference
        self._digest = ""
        self._platforms: tuple[str, ...] = ()
        self._findings: list[Finding] = []

    def report(self, started: float, blocked: str = "", remedy: str = "") -> Report:
        """What there is up to now."""
        return Report(
            reference=self._reference,
            digest=self._digest,
            platforms=self._platforms,
            findings=tuple(self._findings),
            blocked=blocked,
            remedy=remedy,
            seconds=round(time.monotonic() - started, 3),
        )

    def run(self, source: Source, need: frozenset[Platform]) -> None:
        """All rules on all images."""
        index = source.index()
        self._digest = index.digest
        self._platforms = tuple(sorted(str(platform) for platform in index.platforms))
        self._findings += of_index(index, need)
        held: list[tuple[Manifest, Image]] = []
        for row in index.images:
            image = source.image(row)
            if image:
                held.append((row, image))
            else:
                self._findings.append(Finding("not-held", ERROR, str(row.platform or ""), Problem(NOT_HELD)))
        self._images(source, held)

    def _images(self, source: Source, held: list[tuple[Manifest, Image]]) -> None:
        kept: dict[str, Layer] = {}
        for number, (row, image) in enumerate(held):
            limits = layers.Limits()
            for digest in image.layers[: limits.layers + 1]:
                if digest in kept:
                    limits.again(kept[digest])
                else:
                    kept[digest] = source.layer(digest, limits)
            label = row.platform or image.platform
            self._findings += of_labels(row, image)
            if label.os == "linux":
                root = layers.merge([kept.get(digest, _NOTHING) for digest in image.layers], limits)
                self._findings += of_files(root, image, label)
                for digest in dict.fromkeys(image.layers):
                    others = [other.platform for _, other in held if other is not image and digest in other.layers]
                    self._findings += of_shared(kept[digest], label, others)
            later = {digest for _, other in held[number + 1 :] for digest in other.layers}
            kept = _small({digest: layer for digest, layer in kept.items() if digest in later})


def _small(kept: dict[str, Layer]) -> dict[str, Layer]:
    """What may wait for the platforms to come; the rest is read again."""
    left = _KEPT
    return {digest: layer for digest, layer in kept.items() if (left := left - len(layer.entries)) >= 0}


_NOTHING = layers.Layer(())


def of_index(index: Index, need: frozenset[Platform] = frozenset()) -> Iterator[Finding]:
    """The rules on what the tag offers."""
    for wanted in sorted(need):
        if problem := rules.absent(index, wanted):
            yield Finding("platform-absent", ERROR, "", problem)
    for number, row in enumerate(index.images):
        of = str(row.platform or "")
        if problem := rules.unknown(row):
            yield Finding("platform-unknown", ERROR, of, problem)
        if problem := rules.twice(row, index.images[:number]):
            yield Finding("platform-twice", WARNING, of, problem)
        if problem := rules.no_variant(row):
            yield Finding("no-variant", NOTE, of, problem)


def of_labels(row: Manifest, image: Image) -> Iterator[Finding]:
    """The rule on the two labels of one image."""
    if problem := rules.labels_differ(row, image):
        yield Finding("labels-differ", ERROR, str(row.platform), problem)


def of_files(root: Root, image: Image, label: Platform) -> Iterator[Finding]:
    """The rules on what is in one platform's image: errors for what it starts, warnings for the rest."""
    started = list(_started(root, image))
    yield from _entrypoint(root, image, started, label)
    known = {binary.path for binary in started}
    rest: dict[tuple[str, str], list[tuple[Binary, Problem]]] = {}
    for binary in root.programs():
        # What no engine has a name for (programs for BPF, firmware) is data here.
        nameless = binary.platform is not None and not binary.platform.is_known
        if binary.path not in known and not nameless:
            for rule, problem in _of_program(root, binary, label):
                rest.setdefault((rule, problem.values["found"]), []).append((binary, problem))
    for (rule, _), found in sorted(rest.items()):
        found.sort(key=lambda pair: pair[0].path)
        yield Finding(rule, WARNING, str(label), found[0][1], tuple(binary.path for binary, _ in found))


def of_shared(layer: Layer, label: Platform, others: list[Platform]) -> Iterator[Finding]:
    """The rule on a layer that `others` have too: it may hold data and scripts, but no programs."""
    foreign = [program for program in layer.programs() if rules.foreign(program, label)] if others else []
    if foreign:
        foreign.sort(key=lambda program: program.path)
        machines = listed({program.platform for program in foreign})
        problem = Problem(rules.SHARED, found=machines, others=listed(set(others)), path=foreign[0].path)
        yield Finding("shared-base", WARNING, str(label), problem, tuple(program.path for program in foreign))


def _started(root: Root, image: Image) -> Iterator[Binary]:
    """What a container starts: the program, what that one is told to start, and the interpreters of scripts."""
    known: set[str] = set()
    command = (*image.entrypoint, *image.cmd)
    todo = [found for word in command[:1] if (found := root.which(word, image))]
    todo += [found for word in _told(command) if (found := root.which(word, image)) and found.kind in _PROGRAMS]
    while todo:
        binary = todo.pop(0)
        if binary.path not in known:
            known.add(binary.path)
            yield binary
            interpreter = root.find(binary.interpreter) if binary.kind == "script" and binary.interpreter else None
            todo += [interpreter] if interpreter else []


def _told(command: tuple[str, ...]) -> Iterator[str]:
    """Words of a command that name further programs: `tini -- /app`, `sh -c 'exec /app --port 80'`."""
    first = command[0].rpartition("/")[2] if command else ""
    words = list(command[1:])
    if first in _SHELLS and "-c" in words[:-1]:
        words = [word for word in words[words.index("-c") + 1].split() if word != "exec" and "=" not in word][:1]
        yield from words
    elif first in _INITS:
        yield from [word for word in words if not word.startswith("-")][:1]
    yield from (word for word in words if word.startswith(("/", "./")))


def _entrypoint(root: Root, image: Image, started: list[Binary], label: Platform) -> Iterator[Finding]:
    command = (*image.entrypoint, *image.cmd)
    if not command:
        yield Finding("nothing-to-start", NOTE, str(label), Problem(rules.NOTHING_TO_START))
    elif not started:
        yield Finding("no-entrypoint", ERROR, str(label), Problem(rules.NO_ENTRYPOINT, path=command[0]), (command[0],))
    for binary in started:
        if problem := rules.no_program(binary):
            yield Finding("no-program", ERROR, str(label), problem, (binary.path,))
        for rule, problem in _of_program(root, binary, label):
            named = "entrypoint-foreign" if rule == "foreign-program" else rule
            yield Finding(named, ERROR, str(label), problem, (binary.path,))


def _of_program(root: Root, binary: Binary, label: Platform) -> Iterator[tuple[str, Problem]]:
    if problem := rules.foreign(binary, label):
        yield "foreign-program", problem
        return  # its loader is another machine's business
    if problem := rules.too_new(binary, label):
        yield "too-new", problem
    loader = root.find(binary.interpreter) if binary.interpreter else None
    if problem := rules.no_loader(binary, loader):
        yield ("no-loader" if binary.kind == "elf" else "no-interpreter"), problem
