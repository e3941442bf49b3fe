"""The exercise of lesson 10: six tags, each sound or wrong in its own way, in another order for each learner."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.course import _scene
from lab.course._seeded import chosen, shuffled
from lab.course._true_image import AMD, ARM, PAIR, program
from lab.images import build
from lab.model.facts import ATTESTATION, Fact
from lab.model.platforms import Platform
from lab.model.world import World
from lab.sandbox.images import SEARCH_PATH

NAMES = ("a", "b", "c", "d", "e", "f")
SOUND, INDEX, CONFIG, BOTH, DEAD = "sound", "index", "config", "both", "dead"
_KINDS = (SOUND, f"{SOUND} and attested", INDEX, CONFIG, BOTH, DEAD)
_DIGEST = re.compile(r"\b[0-9a-f]{7,64}\b")


@dataclass(frozen=True)
class Suspect:
    """One tag as it was set: what is wrong (`sound`: nothing), the digest of the image that is, and the tag's own."""

    name: str
    verdict: str
    guilty: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Lineup(Fact):
    """The six tags of this learner, as they were set."""

    suspects: tuple[Suspect, ...]


def lineup(world: World) -> Lineup:
    """Which tag is wrong, and how, for this learner."""
    return Lineup(suspects=tuple(suspect for suspect, _ in _made(world)))


def line_them_up(world: World) -> None:
    """Push the six tags, where they are missing. Blocked where it cannot be."""
    for suspect, index in _made(world):
        _scene.put(world, f"lineup:{suspect.name}", index)


def _made(world: World) -> list[tuple[Suspect, build.Manifest]]:
    kinds = shuffled(world, "line_up", _KINDS)
    return [
        _suspect(name, kind, chosen(world, f"line_up {kind}", (AMD, ARM)))
        for name, kind in zip(NAMES, kinds, strict=True)
    ]


def _suspect(name: str, kind: str, wrong: Platform) -> tuple[Suspect, build.Manifest]:
    """An index of two images; the one for `wrong` is not what it should be, unless the kind is sound."""
    (other,) = PAIR - {wrong}
    rows = {
        other: _image(name, other, other, "lamp").entry(platform=str(other)),
        wrong: _guilty(name, kind, wrong, other).entry(platform=str(wrong)),
    }
    entries = [rows[platform] for platform in sorted(rows)]
    if "attested" in kind:
        entries.append(_attestation(entries[0].manifest))
    index = build.index(entries)
    verdict = kind.partition(" ")[0]
    guilty = "" if verdict == SOUND else rows[wrong].manifest.digest
    return Suspect(name, verdict, guilty, index.digest), index


def _guilty(name: str, kind: str, row: Platform, other: Platform) -> build.Manifest:
    """The image that an index lists for `row`: its configuration and its program are for these platforms."""
    configured, compiled = {INDEX: (other, other), CONFIG: (other, row), BOTH: (row, other)}.get(kind, (row, row))
    return _image(name, configured, compiled, "horn" if kind == DEAD else "lamp", note=f"{row}\n")


def _image(name: str, configured: Platform, compiled: Platform, what: str, note: str = "") -> build.Manifest:
    source = {"horn": "horn/horn-gnu", "lamp": "liar/lamp"}[what]
    files: dict[str, build.Content] = {
        "usr/bin/lamp": program(f"{source}-{compiled.architecture}"),
        "etc/lineup": build.File(f"{name}\n{note}".encode()),
    }
    config = {"Env": [SEARCH_PATH], "Cmd": ["lamp"]}
    return build.image([build.layer(files)], platform=str(configured), config=config)


def _attestation(about: build.Manifest) -> build.Entry:
    """An entry as BuildKit adds it for each image; what it says of how that was made is left empty here."""
    statement = build.blob(b"{}", "application/vnd.in-toto+json")
    made = build.image([statement], platform="unknown/unknown")
    notes = {ATTESTATION: "attestation-manifest", "vnd.docker.reference.digest": about.digest}
    return made.entry(platform="unknown/unknown", annotations=notes)


def said(answer: str) -> str:
    """The verdict in an answer; "" where it holds none."""
    words = {"configuration": CONFIG} | {word: word for word in (SOUND, INDEX, CONFIG, BOTH, DEAD)}
    return next((words[word] for word in re.findall(r"[a-z]+", answer.lower()) if word in words), "")


def digest(answer: str) -> str:
    """The beginning of a digest in an answer, in hex; "" where it names none."""
    found = _DIGEST.search(answer.lower().replace("sha256:", " "))
    return found[0] if found else ""
