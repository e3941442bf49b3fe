"""`lab nodes`: the BuildKits that play other machines, and what each of them built."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from lab.sandbox import nodes as places

if TYPE_CHECKING:
    from lab.probes.doors import Door
    from lab.probes.nodes import NodeSeen, Record

_DONE = {"up": "started", "restart": "started anew", "stop": "stopped", "down": "removed"}
_LATEST = 5


def nodes(given: Namespace) -> int:
    """Show them, or do to them what is asked."""
    if given.what == "list":
        return _show(as_json=given.json)
    if given.what == "down":
        names = places.down()
    else:
        names = {"up": places.up, "restart": places.restart, "stop": places.stop}[given.what](given.nodes)
    for name in names:
        print(f"{name} at {places.address(name)}: {_DONE[given.what]}")
    if names and given.what == "up":
        print("Whoever is on this machine can build there, until a node asks for a key. `lab nodes down` removes them.")
    if not names:
        print("Nothing was to be done: `lab nodes` shows how they are.")
    return 0


def _show(*, as_json: bool) -> int:
    from lab.probes import doors
    from lab.probes import nodes as probes
    from lab.probes.here import this_world

    world = this_world()
    rows = [(one, doors.door(one.name)(world)) for one in probes.nodes()(world).known]
    if as_json:
        print(json.dumps([_plain(one, how) for one, how in rows], indent=1))
    else:
        for one, how in rows:
            print("\n".join(told(one, how)))
        print("Each of them has this machine's processor: they play other machines.")
    return 0


def _plain(one: NodeSeen, how: Door) -> dict[str, object]:
    built = [asdict(record) | {"platforms": list(map(str, record.platforms))} for record in one.records]
    plain = {"name": one.name, "address": one.address, "running": one.running}
    return plain | {"plain": how.plain, "tls": how.keyed, "built": built}


def told(one: NodeSeen, how: Door) -> Iterator[str]:
    """A node in words."""
    entry = "open to everybody on this machine" if how.plain or how.stranger else "asks for a key"
    yield f"{one.name}  {one.address}  {f'running, {entry}' if one.running else 'off'}"
    if one.stale:
        yield "  its settings have changed since it read them"
    for record in one.records[:_LATEST]:
        yield f"  {_built(record)}"
    if len(one.records) > _LATEST:
        yield f"  and {len(one.records) - _LATEST} earlier builds"


def _built(record: Record) -> str:
    when = datetime.fromtimestamp(record.began).astimezone()
    platforms = ", ".join(map(str, record.platforms)) or "its own platform"
    if record.error:
        return f"{when:%H:%M:%S} failed for {platforms}: {record.error.splitlines()[0][:100]}"
    return f"{when:%H:%M:%S} built {platforms}" + (f", pushed as {record.name}" if record.name else "")
