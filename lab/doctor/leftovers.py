"""What old builders leave behind: a BuildKit container or the volume of its cache that no builder names any more.

A container builder's node NAME has the container `buildx_buildkit_NAME` and the volume `buildx_buildkit_NAME_state`.
Builders are files, and there may be several sets of them (the sandbox's, the learner's own): what any of those names
is in use, whichever set buildx was asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.doctor.facts import Leftover
from lab.errors import Blocked
from lab.model.facts import Builder
from lab.model.world import World
from lab.probes.command import ask
from lab.sandbox.engine import buildx_store
from lab.sandbox.host.run import printed

PREFIX = buildx_store.CONTAINER
_STATE = "_state"
_LIMIT = 15.0
_UNITS = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def parts(world: World) -> tuple[Leftover, ...]:
    """Every container and volume of a builder that the engine has. Raises Blocked."""
    lists = ("ps", "--all", "--filter"), ("volume", "ls", "--filter")
    texts = []
    for words in lists:
        command = ["docker", *words, f"name={PREFIX}", "--format", "{{json .}}"]
        status, out, err, _ = ask(command, world.env, limit=_LIMIT)
        if status:
            raise Blocked(f"`docker {words[0]}` does not answer: {' '.join(err.split())[:200]}")
        texts.append(out)
    containers = [Leftover("container", str(row.get("Names")), running=_runs(row)) for row in _rows(texts[0])]
    volumes = [Leftover("volume", str(row.get("Name"))) for row in _rows(texts[1])]
    return tuple(one for one in [*containers, *volumes] if one.name.startswith(PREFIX))


def of(found: tuple[Leftover, ...], listed: tuple[Builder, ...], world: World) -> tuple[Leftover, ...]:
    """Those that no builder names, with their sizes, which are asked for only where there are any."""
    nodes = {node.name for builder in listed for node in builder.nodes}
    nodes |= {str(node.get("Name")) for folder in _folders(world.env) for node in _nodes(folder)}
    spare = [one for one in found if _node(one) not in nodes]
    if any(one.kind == "volume" for one in spare):
        sizes = volume_sizes(world)
        spare = [replace(one, size=sizes.get(one.name)) if one.kind == "volume" else one for one in spare]
    return tuple(spare)


def apart(env: Mapping[str, str]) -> frozenset[str]:
    """The container builders whose `localhost` is the container's own: those without `network=host`."""
    folder = Path(env[buildx_store.VARIABLE]) if env.get(buildx_store.VARIABLE) else _standard(env)
    found = set()
    for name, data in buildx_store.instances(folder).items():
        options = [node.get("DriverOpts") for node in buildx_store.nodes(data)]
        shares = any(isinstance(one, dict) and one.get("network") == "host" for one in options)
        if data.get("Driver") == buildx_store.DRIVER and not shares:
            found.add(name)
    return frozenset(found)


def volume_sizes(world: World) -> dict[str, int]:
    """Bytes of each volume, as far as the engine says so in time."""
    said = printed(["docker", "system", "df", "--verbose", "--format", "{{json .Volumes}}"], world.env)
    try:
        rows = json.loads(said or "[]")
        return {str(row["Name"]): size for row in rows if (size := size_of(str(row.get("Size")))) is not None}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def size_of(text: str) -> int | None:
    """Bytes of what Docker writes: `1.2GB`, `0B`; None for `N/A`."""
    found = re.fullmatch(r"([0-9.]{1,12})\s?([kKMGT]?B)", text.strip())
    try:
        return round(float(found[1]) * _UNITS[found[2]]) if found else None
    except ValueError:
        return None


def _node(one: Leftover) -> str:
    name = one.name.removeprefix(PREFIX)
    return name.removesuffix(_STATE) if one.kind == "volume" else name


def _runs(row: Mapping[str, Any]) -> bool:
    return str(row.get("State") or "") == "running" or str(row.get("Status") or "").startswith("Up")


def _rows(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row


def _folders(env: Mapping[str, str]) -> list[Path]:
    """All sets of builders that may be meant on this machine by this person."""
    from lab.sandbox.engine.search import outside

    theirs = outside()
    named = [one[buildx_store.VARIABLE] for one in (env, theirs) if one.get(buildx_store.VARIABLE)]
    own = buildx_store.folder()
    return list(dict.fromkeys([*map(Path, named), own, _standard(env), _standard(theirs)]))


def _standard(env: Mapping[str, str]) -> Path:
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    return Path(env.get("DOCKER_CONFIG") or home / ".docker") / "buildx"


def _nodes(folder: Path) -> Iterator[dict[str, Any]]:
    for data in buildx_store.instances(folder).values():
        yield from buildx_store.nodes(data)
