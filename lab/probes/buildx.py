"""What buildx prints about builders, read as facts; what is of none of the known forms is Blocked, and no fact.

No specification describes it: recordings of buildx 0.13, 0.29 and 0.38 are the tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.errors import BadInput, Blocked
from lab.model.facts import Builder, Builders, Evidence, Node
from lab.model.platforms import Platform

_LS, _INSPECT = "docker buildx ls", "docker buildx inspect"


def builders_from_json(text: str, evidence: tuple[Evidence, ...] = ()) -> Builders:
    """Read what `docker buildx ls --format json` prints: one builder a line, each node's platforms whole."""
    lines = filter(None, map(str.strip, text.splitlines()))
    with readable(_LS):
        found = tuple(_builder(as_table(as_json(line, _LS), _LS)) for line in lines)
    return Builders(known=found, evidence=evidence)


def _builder(data: dict[str, Any]) -> Builder:
    name, driver, error = (str(data.get(key) or "") for key in ("Name", "Driver", "Err"))
    if not name or not (driver or error):
        raise BadInput("A builder has no name or no driver.")
    nodes = tuple(_node(as_table(node, _LS)) for node in _list(data, "Nodes"))
    return Builder(name=name, driver=driver, nodes=nodes, current=bool(data.get("Current", False)), error=error)


def _node(data: dict[str, Any]) -> Node:
    names = [given if isinstance(given, str) else _platform_name(given) for given in _list(data, "Platforms")]
    return Node(
        name=str(data.get("Name", "")),
        endpoint=str(data.get("Endpoint", "")),
        status=str(data.get("Status", "")),
        buildkit=str(data.get("Version", "")),
        platforms=tuple(Platform.parse(name.removesuffix("*")) for name in names),
        error=str(data.get("Err", "") or ""),
    )


def _platform_name(given: Any) -> str:
    data = as_table(given, _LS)
    parts = [data.get(key) or "" for key in ("os", "architecture", "variant")]
    if not all(isinstance(part, str) for part in parts):
        raise BadInput(f"{given!r} is not a platform.")
    return "/".join(filter(None, parts))


def _list(data: dict[str, Any], key: str) -> list[Any]:
    found = data.get(key) or []
    if not isinstance(found, list):
        raise BadInput(f"{key!r} is not a list.")
    return found


def builder_from_text(text: str, evidence: tuple[Evidence, ...] = ()) -> Builder:
    """Read what `docker buildx inspect` prints. A platform with a star was set by hand."""
    head, _, rest = text.partition("\nNodes:\n")
    known = _fields(head)
    with readable(_INSPECT):
        if not known.get("Name") or not known.get("Driver"):
            raise BadInput("A builder has no name or no driver.")
        nodes = tuple(_node_from_text(part) for part in rest.split("\n\n") if part.strip())
    return Builder(name=known["Name"], driver=known["Driver"], nodes=nodes, evidence=evidence)


def _node_from_text(text: str) -> Node:
    fields = _fields(text)
    names = [name.strip() for name in fields.get("Platforms", "").split(",") if name.strip()]
    return Node(
        name=fields.get("Name", ""),
        endpoint=fields.get("Endpoint", ""),
        status=fields.get("Status", ""),
        buildkit=fields.get("BuildKit version", fields.get("Buildkit", "")),
        platforms=tuple(Platform.parse(name.rstrip("*")) for name in names),
        pinned=tuple(Platform.parse(name.rstrip("*")) for name in names if name.endswith("*")),
        error=fields.get("Error", ""),
    )


def _fields(text: str) -> dict[str, str]:
    """`Name:   value` lines that begin at the margin."""
    pairs = (line.partition(":") for line in text.splitlines() if line[:1].strip() and ":" in line)
    return {name: value.strip() for name, _, value in pairs}


@contextmanager
def readable(command: str) -> Iterator[None]:
    """What cannot be read as what `command` is known to print is Blocked: a newer version may say it another way."""
    try:
        yield
    except BadInput as error:
        raise Blocked(
            f"`{command}` says something that the lab cannot read: {error.message}",
            "A newer lab may read it. `lab doctor` names the versions here.",
        ) from error


def as_table(data: Any, command: str) -> dict[str, Any]:
    """A JSON object; Blocked where it is something else."""
    with readable(command):
        if not isinstance(data, dict):
            raise BadInput(f"{type(data).__name__} where an object was expected.")
    return data


def as_json(text: str, command: str) -> Any:
    """A JSON document; Blocked where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Blocked(
            f"`{command}` answered something that is not JSON.", "`lab status` says how the engine is."
        ) from error
