"""What the tags of a repository lead to: each index and manifest that somebody can still get by a name.

A registry deletes what it is told to delete. Whether a manifest that has no tag of its own is a row of an index that
has one is for the one who deletes to find out; this is how.
"""

from __future__ import annotations

import hashlib
import http.client
from typing import TYPE_CHECKING

from lab.errors import BadInput, Blocked
from lab.images.fetch import ACCEPT
from lab.model.digests import brief

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lab.images.exchange import Answer
    from lab.images.registry import Registry

Rows = tuple[str, ...]
_DEEP = 4  # an index in an index in an index: no builder makes more


def reached(start: str, rows_of: Callable[[str], Rows | None]) -> frozenset[str]:
    """The digests that `start` leads to, itself among them. `rows_of` is None for what is not there any more."""
    found: set[str] = set()
    edge = {start}
    for _ in range(_DEEP):
        rows = {digest: rows_of(digest) for digest in edge - found}
        there = {digest for digest, named in rows.items() if named is not None}
        found |= there
        edge = {one for digest in there for one in rows[digest] or ()}
    return frozenset(found)


def by_tag(heads: Mapping[str, str], rows_of: Callable[[str], Rows | None]) -> dict[str, frozenset[str]]:
    """For each tag (`heads` says which digest it stands for) all that it leads to."""
    known: dict[str, Rows | None] = {}

    def once(digest: str) -> Rows | None:
        if digest not in known:
            known[digest] = rows_of(digest)
        return known[digest]

    return {tag: reached(digest, once) for tag, digest in heads.items()}


def head(registry: Registry, target: str) -> str | None:
    """The digest of what a tag stands for, computed from the bytes; None where the registry does not have it."""
    answer = _asked(registry, target)
    return f"sha256:{hashlib.sha256(answer.body).hexdigest()}" if answer else None


def rows_in(registry: Registry, digest: str) -> Rows | None:
    """The digests of an index's rows; none for an image; None where the registry does not have it."""
    answer = _asked(registry, digest)
    if answer is None:
        return None
    data = answer.json(f"The manifest {brief(digest)}")
    rows = data.get("manifests") if isinstance(data, dict) else None
    if rows is None:
        return ()
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"The index {brief(digest)} has no list of rows.", "Push it again.")
    return tuple(str(row.get("digest", "")) for row in rows)


def _asked(registry: Registry, target: str) -> Answer | None:
    answer = registry.get(f"manifests/{target}", accept=ACCEPT)
    if answer.status == http.client.NOT_FOUND:
        return None
    if answer.status != http.client.OK:
        raise Blocked(f"The registry {registry.reference.endpoint!r} answers {answer.status} for {target!r}.")
    return answer
