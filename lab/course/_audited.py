"""What `lab audit` finds in a tag, as a fact: a lesson judges by the rules of the tool that it teaches."""

from __future__ import annotations

from dataclasses import dataclass

from lab import audit
from lab.audit.held import ERROR
from lab.audit.report import Finding
from lab.errors import Blocked
from lab.model.facts import Evidence, Fact
from lab.model.platforms import Platform
from lab.model.steps import Probe
from lab.model.world import World


@dataclass(frozen=True, kw_only=True)
class Audited(Fact):
    """A tag's digest, its platforms, and the audit's findings that are errors."""

    reference: str
    digest: str
    platforms: frozenset[Platform]
    errors: tuple[Finding, ...] = ()


def audited(tag: str) -> Probe[Audited]:
    """A probe that audits a tag of `$REGISTRY`. NotThere where there is none, Blocked where it cannot be read."""

    def probe(world: World) -> Audited:
        reference = f"{world.registry}/{tag}"
        found = audit.audit(reference, world=world)
        if found.blocked:
            raise Blocked(found.blocked, found.remedy)
        return Audited(
            reference=reference,
            digest=found.digest,
            platforms=frozenset(map(Platform.parse, found.platforms)),
            errors=tuple(one for one in found.findings if one.severity == ERROR),
            evidence=(Evidence(f"lab audit {reference}", found.as_text()),),
        )

    return probe
