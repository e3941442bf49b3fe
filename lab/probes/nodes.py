"""BuildKit nodes of the lab's own: do they run, and what did each build, by its own record?

A node is asked inside its container, by BuildKit's own client at BuildKit's own socket: so it answers whatever builders
there are, whether it wants keys, and while another node of the same builder is off (`docker buildx history ls` waits
20 s for that one, and then says nothing of any).
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from lab.errors import BadInput, Blocked
from lab.model.facts import Evidence, Fact
from lab.model.platforms import Platform, given
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes.buildx import as_json, as_table, readable
from lab.probes.engine import docker
from lab.sandbox import nodes as places
from lab.sandbox.model import NODES
from lab.sandbox.nodes import settings

_HISTORIES = "buildctl debug histories"
_GET = "buildctl debug get"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A build in a node's own record.

    `began` is seconds since 1970. `lines` are the Dockerfile's as the image's configuration has them, `name` the tag
    that the result was pushed as ("" for none), `digest` what was pushed; `error` is why it failed ("": it did not).
    """

    ref: str
    platforms: tuple[Platform, ...]
    began: float
    error: str = ""
    lines: tuple[str, ...] = ()
    name: str = ""
    digest: str = ""


@dataclass(frozen=True, kw_only=True)
class NodeSeen:
    """A node: does it run, since when (seconds since 1970), when were its settings written, and what did it build?

    The last build stands first. What a node built that is off, nobody can ask.
    """

    name: str
    address: str
    running: bool = False
    since: float = 0.0
    written: float = 0.0
    records: tuple[Record, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether its settings were written after it had read them."""
        return self.running and self.written > self.since

    def built(self, began: float, ended: float) -> tuple[Record, ...]:
        """What it built, or tried to, between these two moments."""
        return tuple(one for one in self.records if began <= one.began <= ended)


@dataclass(frozen=True, kw_only=True)
class Nodes(Fact):
    """All nodes, in their order."""

    known: tuple[NodeSeen, ...]

    def named(self, name: str) -> NodeSeen:
        """The node of that name."""
        return next(one for one in self.known if one.name == name)

    def at(self, address: str) -> str:
        """The name of the node at an address; the address itself where it is none of the lab's."""
        return next((one.name for one in self.known if one.address == address), address)


@dataclass(frozen=True, kw_only=True)
class Pushed(Fact):
    """Which node pushed which image of a tag: by node, the digests of images in what it pushed under that name."""

    reference: str
    by_node: tuple[tuple[str, tuple[str, ...]], ...]

    def maker(self, digest: str) -> str:
        """The node that pushed the image with this digest; "" where none of them did."""
        return next((name for name, digests in self.by_node if digest in digests), "")


def addresses() -> Probe[Nodes]:
    """The nodes and where they listen, for what a builder says of them; nobody is asked."""
    return lambda _world: Nodes(known=tuple(_seen(name, ("", 0.0), ()) for name in NODES))


def nodes(*, records: bool = True) -> Probe[Nodes]:
    """All nodes as they are now, with their records or without; those that were never started are not running."""

    def probe(world: World) -> Nodes:
        told, evidence = _inspected(world)
        running = [name for name in NODES if records and told.get(name, ("", 0.0))[0] == "running"]
        with ThreadPoolExecutor() as pool:
            answers = dict(zip(running, pool.map(partial(_asked, world), running), strict=True))
        known = tuple(_seen(name, told.get(name, ("", 0.0)), answers.get(name, ((), None))[0]) for name in NODES)
        return Nodes(known=known, evidence=(evidence, *(seen for _, seen in answers.values())))

    return probe


def _seen(name: str, told: tuple[str, float], records: tuple[Record, ...]) -> NodeSeen:
    status, since = told
    return NodeSeen(
        name=name, address=places.address(name), running=status == "running", since=since,
        written=settings.written(name), records=records,
    )  # fmt: skip


def pushed(of: str) -> Probe[Pushed]:
    """Who pushed what under that tag: looked up in each node's own store, where its record leads to."""

    def probe(world: World) -> Pushed:
        reference = f"{world.registry}/{of}"
        names = (reference, f"{reference}:latest")
        known = nodes()(world).known
        asked = [(one.name, digest) for one in known for digest in _digests(one, names)]
        with ThreadPoolExecutor() as pool:
            rows = list(pool.map(lambda one: _rows(world, *one), asked))
        by_node: dict[str, tuple[str, ...]] = {one.name: () for one in known}
        for (name, whole), (listed, _) in zip(asked, rows, strict=True):
            by_node[name] += (whole, *listed)
        return Pushed(reference=reference, by_node=tuple(by_node.items()), evidence=tuple(seen for _, seen in rows))

    return probe


def _digests(node: NodeSeen, names: tuple[str, str]) -> list[str]:
    """What a node pushed under one of these names, each digest once."""
    return list(dict.fromkeys(one.digest for one in node.records if one.digest and one.name in names))


def _inspected(world: World) -> tuple[dict[str, tuple[str, float]], Evidence]:
    """How each container is, and since when it runs; those that there are not are left out."""
    row = "{{.Name}}\t{{.State.Status}}\t{{.State.StartedAt}}"
    names = {places.container(name): name for name in NODES}
    _, out, _, evidence = docker(world, "container", "inspect", "--format", row, *names)
    told = {}
    with readable("docker container inspect"):
        for line in filter(str.strip, out.splitlines()):  # it prints an empty one where there is nothing
            name, status, when = (*line.split("\t"), "", "")[:3]
            try:
                told[names[name.removeprefix("/")]] = (status, datetime.fromisoformat(when).timestamp())
            except (KeyError, ValueError) as error:
                raise BadInput("A container does not say since when it runs.") from error
    return told, Evidence(evidence.asked, out.strip() or "no such containers")


def _asked(world: World, name: str) -> tuple[tuple[Record, ...], Evidence]:
    status, out, err, evidence = docker(
        world, "exec", places.container(name), *_HISTORIES.split(), "--format", "{{json .}}"
    )
    if status:
        raise Blocked(f"{name} does not say what it has built: {err.strip()[-200:]}", "`lab nodes` shows how it is.")
    records = records_from_json(out)
    told = "\n".join(_line(one) for one in records) or "nothing yet"
    return records, Evidence(evidence.asked, told)


def _line(record: Record) -> str:
    when = datetime.fromtimestamp(record.began).astimezone()
    platforms = ",".join(map(str, record.platforms)) or "its own platform"
    return f"{record.ref} {when:%H:%M:%S} {platforms} {record.name} {record.error or 'completed'}".replace("  ", " ")


def records_from_json(text: str) -> tuple[Record, ...]:
    """Read what `buildctl debug histories --format '{{json .}}'` prints: one event a line; the latest build first."""
    lines = filter(None, map(str.strip, text.splitlines()))
    tables = [as_table(as_json(line, _HISTORIES), _HISTORIES).get("record") for line in lines]
    with readable(_HISTORIES):
        found = [_record(one) for one in tables if isinstance(one, dict)]
    return tuple(sorted(found, key=lambda one: -one.began))


def _record(data: dict[str, Any]) -> Record:
    when = _table(data, "CreatedAt")
    seconds, nanos = when.get("seconds"), when.get("nanos", 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int):
        raise BadInput("A record does not say when its build began.")
    answer = _table(data, "ExporterResponse")
    exporters = data.get("Exporters")
    pushes = [_table(one, "Attrs") for one in exporters or () if isinstance(one, dict)]
    named = next((str(one["name"]) for one in pushes if one.get("name") and one.get("push") == "true"), "")
    result = _table(_table(data, "Result"), "ResultDeprecated")
    return Record(
        ref=str(data.get("Ref") or ""),
        platforms=tuple(filter(None, map(given, _platforms(_table(data, "FrontendAttrs"), answer)))),
        began=seconds + nanos / 1e9,
        error=str(_table(data, "error").get("message") or ""),
        lines=tuple(_lines(answer)),
        name=named,
        digest=str(result.get("digest") or "") if named else "",
    )


def _platforms(attributes: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """What the build was asked for; where nothing was asked, what came of it."""
    if asked := attributes.get("platform"):
        return str(asked).split(",")
    known = _loaded(answer.get("refs.platforms")).get("Platforms")
    return [str(one.get("ID")) for one in known if isinstance(one, dict)] if isinstance(known, list) else []


def _lines(answer: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for key, text in answer.items():
        if key.partition("/")[0] == "containerimage.config":
            rows = _loaded(text).get("history")
            found += [str(row.get("created_by")) for row in rows or () if isinstance(row, dict)]
    return list(dict.fromkeys(found))


def _loaded(text: Any) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _rows(world: World, name: str, digest: str) -> tuple[list[str], Evidence]:
    """The digests that stand in an index which a node pushed; none where it was one image, or has left its store."""
    words = ("exec", places.container(name), *_GET.split(), digest)
    _, out, _, evidence = docker(world, *words)
    rows = _loaded(out).get("manifests")
    return [str(one.get("digest")) for one in rows or () if isinstance(one, dict)], evidence
