"""A learner's cleaner, tried on a copy of the depot: twice, and once more where the registry does not list its tags."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.course._depot import REHEARSED, Stock, empty, push_depot
from lab.course._text import counted
from lab.errors import Blocked
from lab.model.facts import Fact
from lab.model.steps import Probe, Problem, Proof, Verdict
from lab.model.world import World
from lab.probes import needs, reach, rehearsal

TAGS_DEAD = "The script deleted an index that has a tag."
ROWS_DEAD = "The script deleted what a tag leads to: the tags are still there, and some of what they list is not."
CAREFUL = "When the registry does not say which tags there are, the script deletes nothing."
CARELESS = "When the registry does not say which tags there are, the script deletes what is in use."

CLEANER = "files/release/clean.sh"
LIMIT = 20.0  # seconds for one run: a registry on this machine answers within milliseconds

# Is curl, but for the list of tags: there nobody answers.
_DEAF = """\
#!/bin/sh
case " $* " in
  *tags/list*) echo "curl: (7) Failed to connect" >&2; exit 7 ;;
  *) exec "$LAB_CURL" "$@" ;;
esac
"""


@dataclass(frozen=True, kw_only=True)
class Round(Fact):
    """One run of the cleaner: how it ended, and what of the repository was there afterwards."""

    ended: rehearsal.Ended
    there: frozenset[str]
    tags: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Cleaned(Fact):
    """What had to stay and what had to go; what two runs did, and a third one that could not ask for the tags."""

    kept: frozenset[str]
    dead: frozenset[str]
    tags: frozenset[str]
    first: Round
    second: Round
    deaf: Round


_Key = tuple[str, str, int, tuple[tuple[str, bytes], ...]]
_known: dict[_Key, Cleaned] = {}  # the last one only: `lab check --watch` looks every second or so


def cleaned(world: World) -> Cleaned:
    """Run the lesson's script on a repository of its own, which is emptied afterwards."""
    return cleaned_by(CLEANER)(world)


def cleaned_by(script: str) -> Probe[Cleaned]:
    """A probe that does that with a script; again only when its folder changes."""

    def probe(world: World) -> Cleaned:
        needs.own_registry(world)
        needs.curl(world)
        key = (script, world.registry, world.seed, tuple(_files(world, script)))
        if key not in _known:
            found = _tried(world, script)
            _known.clear()
            _known[key] = found
        return _known[key]

    return probe


def _files(world: World, script: str) -> Iterator[tuple[str, bytes]]:
    """What stands beside the script, and the script itself."""
    for path in sorted((world.workspace / script).parent.glob("*")):
        if path.is_file():
            try:
                yield path.name, path.read_bytes()
            except OSError as error:
                raise Blocked(
                    f"{path.name!r} cannot be read: {error.strerror}.", "May you read this folder?"
                ) from error


def _tried(world: World, script: str) -> Cleaned:
    stock = push_depot(world, REHEARSED)
    try:
        first = second = third = _round(world, script, stock)
        if first.ended.status is not None:  # else nobody waits for it twice more
            second = _round(world, script, stock)
            push_depot(world, REHEARSED)
            with _without_tags(world) as deaf:
                third = _round(deaf, script, stock)
    finally:
        _empty(world, stock)
    every = frozenset(manifest.digest for manifest in stock.untagged.values())
    evidence = (*first.ended.evidence, *second.ended.evidence)
    return Cleaned(
        kept=every - stock.dead,
        dead=stock.dead,
        tags=frozenset(stock.tags),
        first=first,
        second=second,
        deaf=third,
        evidence=evidence,
    )


def _round(world: World, script: str, stock: Stock) -> Round:
    with tempfile.TemporaryDirectory(prefix="lab-cleaning-") as place:
        listed = Path(place) / "versions.txt"
        listed.write_text(stock.listed, encoding="utf-8")
        ended = rehearsal.run(world, script, [REHEARSED, str(listed)], limit=LIMIT)
    found = reach.of(world, REHEARSED, [manifest.digest for manifest in stock.untagged.values()])
    return Round(ended=ended, there=found.there, tags=frozenset(tag for tag, _ in found.tags))


@contextmanager
def _without_tags(world: World) -> Iterator[World]:
    """The same world, in which curl gets no list of tags."""
    with tempfile.TemporaryDirectory(prefix="lab-cleaning-") as place:
        curl = Path(place) / "curl"
        curl.write_text(_DEAF, encoding="utf-8")
        curl.chmod(0o755)
        path = world.env.get("PATH", os.defpath)
        env = {"PATH": f"{place}:{path}", "LAB_CURL": shutil.which("curl", path=path) or "curl"}
        yield dataclasses.replace(world, env={**world.env, **env})


def _empty(world: World, stock: Stock) -> None:
    empty(world, REHEARSED)
    reach.delete(world, REHEARSED, [manifest.digest for manifest in stock.untagged.values()])


def overdone(found: Cleaned) -> Problem | None:
    """What a first run deleted and should not have."""
    if gone := found.tags - found.first.tags:
        return Problem(TAGS_DEAD, found=f"{counted(len(gone), 'tag')} fewer", wanted="all tags as they were")
    if found.kept - found.first.there:
        left, wanted = found.first.there & found.kept, f"all {len(found.kept)} that are in use"
        return Problem(ROWS_DEAD, found=f"{len(left)} of them left", wanted=wanted)
    return None


def careful(found: Cleaned) -> Verdict:
    """Whether the script notices that it knows of no tag because nobody told it."""
    if gone := found.kept - found.deaf.there:
        return Problem(CARELESS, found=counted(len(gone), "version"), wanted="none deleted")
    return Proof(CAREFUL)
