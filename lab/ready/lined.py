"""YAML (and JSON, which is YAML) with the line of each value.

PyYAML's composed nodes keep lines, and know aliases without copying what they stand for: neither a cycle nor a
document that unfolds to billions of values costs anything. libyaml refuses what is nested more than a thousand deep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.errors import BadInput

_MOST = 20_000  # values below one
_MERGES = 10


@dataclass(frozen=True)
class Value:
    """A value in a document; one that is not there has no node, and is empty in every way."""

    node: Any = None

    def __bool__(self) -> bool:
        return self.node is not None

    @property
    def line(self) -> int:
        """The line on which it begins."""
        return self.node.start_mark.line + 1 if self.node else 1

    @property
    def text(self) -> str:
        """A scalar's text; "" for anything else."""
        return self.node.value if self.node and isinstance(self.node.value, str) else ""

    @property
    def pairs(self) -> list[tuple[Value, Value]]:
        """The keys and values of a mapping, merged ones (`<<`) last."""
        return list(_pairs(self.node, _MERGES))

    @property
    def rows(self) -> list[Value]:
        """The values of a list."""
        return [Value(one) for one in self.node.value] if self.node and self.node.id == "sequence" else []

    def get(self, *keys: str) -> Value:
        """The value behind keys, one within the other."""
        found = self
        for key in keys:
            found = next((value for name, value in found.pairs if name.text == key), Value())
        return found

    def texts(self) -> Iterator[Value]:
        """All scalars in it, each node once."""
        waiting, seen = [self.node] if self.node else [], set[int]()
        while waiting and len(seen) < _MOST:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if node.id == "scalar":
                yield Value(node)
            elif node.id == "sequence":
                waiting += reversed(node.value)
            else:
                waiting += [value for _, value in reversed(node.value)]


def _pairs(node: Any, left: int) -> Iterator[tuple[Value, Value]]:
    merged: list[Any] = []
    if node is None or node.id != "mapping":
        return
    for key, value in node.value:
        if key.value == "<<":
            merged += value.value if value.id == "sequence" else [value]
        else:
            yield Value(key), Value(value)
    for one in merged[:_MERGES] if left else ():
        yield from _pairs(one, left - 1)


def read(text: str, path: str) -> Value:
    """The last document of a file; BadInput, with the line, where it is no YAML."""
    import yaml

    try:
        found = list(yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" on line {mark.line + 1}" if mark else ""
        raise BadInput(f"{path!r} is no YAML{where}: {getattr(error, 'problem', None) or 'it is too deep'}.") from error
    return Value(found[-1]) if found else Value()
