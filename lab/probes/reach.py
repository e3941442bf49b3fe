"""Which digests of a repository somebody can still get by a tag, and which are left over."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab.errors import Blocked
from lab.images import reach
from lab.images.exchange import Answer
from lab.images.fetch import tags_of
from lab.images.registry import Registry
from lab.model.digests import brief
from lab.model.facts import Evidence, Fact
from lab.model.world import World
from lab.probes.registry import reference

_MOST = 500


@dataclass(frozen=True, kw_only=True)
class Reach(Fact):
    """What each tag of a repository leads to; and `there`: those of the digests that were asked for that exist."""

    repository: str
    tags: tuple[tuple[str, frozenset[str]], ...] = ()
    there: frozenset[str] = frozenset()

    def by(self, digest: str) -> tuple[str, ...]:
        """The tags that lead to it; none for what may go."""
        return tuple(tag for tag, digests in self.tags if digest in digests)


def follow(registry: Registry) -> dict[str, frozenset[str]]:
    """Each tag of a repository, and all that it leads to."""
    names = _all_tags(registry)
    heads = {tag: digest for tag in names if (digest := reach.head(registry, tag))}
    return reach.by_tag(heads, lambda digest: reach.rows_in(registry, digest))


def _all_tags(registry: Registry) -> list[str]:
    """Every tag, however many pages the registry needs for them. Blocked where they are too many to follow."""
    names: set[str] = set()
    path = "tags/list"
    while path:
        answer = registry.get(path)
        page = set(tags_of(answer))
        path = _next(answer) if page - names else ""
        names |= page
        if len(names) > _MOST:
            raise Blocked(
                f"{registry.reference.repository!r} has more than {_MOST} tags: too many to follow one by one.",
                "Ask the registry's own page.",
            )
    return sorted(names)


def _next(answer: Answer) -> str:
    """Where the next page of a list is, at the same registry; "" after the last one."""
    found = re.match(r'<([^>]+)>; *rel="?next', answer.headers.get("link", ""))
    there = urlsplit(found[1]) if found else None
    return f"{there.path}?{there.query}" if there and there.path.startswith("/v2/") else ""


def of(world: World, repository: str, digests: Iterable[str] = ()) -> Reach:
    """Follow each tag of `$REGISTRY/REPOSITORY` down, and ask for each of the digests. Blocked where it cannot be."""
    with Registry(reference(world, repository), world) as registry:
        led = follow(registry)
        there = frozenset(digest for digest in digests if reach.rows_in(registry, digest) is not None)
    said = "\n".join(f"{tag}: {', '.join(sorted(brief(one) for one in found))}" for tag, found in led.items())
    asked = Evidence(f"the tags of {repository}, and what each leads to", said or "no tags")
    return Reach(repository=repository, tags=tuple(led.items()), there=there, evidence=(asked,))


def delete(world: World, repository: str, digests: Iterable[str]) -> None:
    """Delete these manifests of `$REGISTRY/REPOSITORY`, where they are there."""
    with Registry(reference(world, repository), world) as registry:
        for digest in digests:
            registry.delete(f"manifests/{digest}")
