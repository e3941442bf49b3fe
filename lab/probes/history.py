"""What builders built, by their own record: `docker buildx history ls`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from lab.errors import BadInput, Blocked
from lab.model.facts import Build, Builds, Evidence, Exported
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes.buildx import as_json, as_table, readable
from lab.probes.engine import NEWER_BUILDX, docker, known_builders
from lab.probes.host import transcript
from lab.probes.needs import NO_HISTORY

_LS = "docker buildx history ls"
_INSPECT = "docker buildx history inspect"
_LATEST = 10  # builds of a builder that are looked at: each takes a question of its own


def builds(step: str) -> Probe[Builds]:
    """The builds that the builders recorded while the step was tried; once found they are kept.

    A BuildKit forgets its records after a while (48 hours, unless it is told otherwise).
    """

    def probe(world: World) -> Builds:
        own = _own(world)
        tried = transcript(step)(world)
        if tried.builds:
            told = "\n".join(f"{one.builder}: {one.name}" for one in tried.builds)
            return Builds(own=own, done=tried.builds, evidence=(Evidence(_LS, told),))
        found = recorded(world)
        first, last = tried.began - world.skew, tried.ended + world.skew
        done = tuple(one for one in found.done if first <= one.when <= last)
        world.keep(replace(tried, builds=done, evidence=()))
        return replace(found, own=own, done=done)

    return probe


def _own(world: World) -> str:
    """The name of the engine's own builder: that of the context, `default` where there is none."""
    return world.env.get("DOCKER_CONTEXT") or "default"


def recorded(world: World) -> Builds:
    """All records of the builders that run. One that does not run is not asked: asking would start it.

    Nor is the own builder of another context: buildx refuses it ("use `docker --context=work buildx`…").
    Where one node of several does not answer, buildx waits 20 s for it and then says nothing of the others.
    """
    done: list[Build] = []
    evidence: list[Evidence] = []
    for one in known_builders(world).known:
        elsewhere = one.driver == "docker" and one.name != _own(world)
        if elsewhere or not one.nodes or any(node.status != "running" for node in one.nodes):
            continue
        out, seen = _told(world, one.name, "ls")
        done += builds_from_json(one.name, out)
        evidence.append(seen)
    return Builds(done=tuple(done), evidence=tuple(evidence))


def exported(name: str) -> Probe[Exported]:
    """What that builder handed out, by its own record; nothing where there is no such builder or it does not run."""

    def probe(world: World) -> Exported:
        mine = known_builders(world).named(name)
        if mine is None or not any(node.status == "running" for node in mine.nodes):
            return Exported(builder=name)
        out, seen = _told(world, name, "ls")
        records = [as_table(as_json(line, _LS), _LS) for line in filter(None, map(str.strip, out.splitlines()))]
        worked = [str(one.get("ref")) for one in records if one.get("status") == "Completed"][:_LATEST]
        digests = tuple(digest for ref in worked for digest in _handed_out(world, name, ref.rpartition("/")[2]))
        refused = sum(one.get("status") == "Error" for one in records)
        return Exported(builder=name, digests=digests, worked=len(worked), refused=refused, evidence=(seen,))

    return probe


def _handed_out(world: World, builder: str, ref: str) -> tuple[str, ...]:
    return digests_from_json(_told(world, builder, "inspect", ref)[0])


def _told(world: World, builder: str, verb: str, *more: str) -> tuple[str, Evidence]:
    """What a builder's history says. Blocked where buildx is too old for that, or it says nothing."""
    words = ("buildx", "history", verb, "--builder", builder, "--format", "json", *more)
    status, out, err, seen = docker(world, *words, limit=60)
    if status and ("unknown command" in err or "unknown flag" in err):
        raise Blocked(NO_HISTORY, NEWER_BUILDX)
    if status:
        raise Blocked(f"The builder {builder} does not say what it has built: {err.strip()}")
    return out, seen


def digests_from_json(text: str) -> tuple[str, ...]:
    """The images and indexes that a build handed out, as `docker buildx history inspect --format json` prints them."""
    found = as_table(as_json(text, _INSPECT), _INSPECT).get("Attachments") or []
    with readable(_INSPECT):
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise BadInput("What a build handed out is not a list of objects.")
    return tuple(
        str(one.get("Digest"))
        for one in found
        if "oci.image" in str(one.get("Type")) or "docker" in str(one.get("Type"))
    )


def builds_from_json(builder: str, text: str) -> tuple[Build, ...]:
    """Read what `docker buildx history ls --format json` prints: one record a line."""
    lines = filter(None, map(str.strip, text.splitlines()))
    return tuple(_build(builder, line) for line in lines)


def _build(builder: str, line: str) -> Build:
    data = as_table(as_json(line, _LS), _LS)
    with readable(_LS):
        try:
            when = datetime.fromisoformat(str(data.get("created_at")))
        except ValueError as error:
            raise BadInput("A record does not say when its build began.") from error
    return Build(builder=builder, name=str(data.get("name") or ""), when=when.timestamp())
