"""What the learner's compose.yaml and deploy.yaml say: which image each part starts, and on which machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.course import _pods
from lab.course._yaml import at, read, tables, word
from lab.course.capstone._faults import IMAGES
from lab.course.capstone._laid import REPOSITORY
from lab.errors import BadInput
from lab.model.facts import Evidence, Fact
from lab.model.world import World

COMPOSE, DEPLOY = "compose.yaml", "deploy.yaml"
NODES = ("amd64", "arm64", "arm")  # as Kubernetes calls the three kinds of machine
_OTHER_FORM = "{path} cannot be read as what it is to be: {what}."


@dataclass(frozen=True, kw_only=True)
class Part:
    """One service or deployment: its image; the platform that it is pinned to; the kinds of node that it may run on."""

    file: str
    name: str
    image: str
    platform: str = ""
    nodes: frozenset[str] = frozenset(NODES)


@dataclass(frozen=True, kw_only=True)
class Parts(Fact):
    """All of both files."""

    parts: tuple[Part, ...]


def parts(world: World) -> Parts:
    """Read both files. BadInput where one is no YAML of its kind."""
    found: list[Part] = []
    evidence: list[Evidence] = []
    for name, every in ((COMPOSE, _services), (DEPLOY, _deployments)):
        documents, seen = read(world, f"{REPOSITORY}/{name}")
        evidence += seen
        found += (part for document in documents for part in every(document))
    return Parts(parts=tuple(found), evidence=tuple(evidence))


def _services(document: dict[str, Any]) -> Iterator[Part]:
    for name, service in _table(document.get("services") or {}, COMPOSE, "services").items():
        known = _table(service, COMPOSE, "each service")
        image, platform = word(known.get("image")), word(known.get("platform"))
        yield Part(file=COMPOSE, name=_about(image, word(name)), image=image, platform=platform)


def _deployments(document: dict[str, Any]) -> Iterator[Part]:
    template = at(document, "spec", "template")
    if template is None:
        return  # a service, a volume
    pod = _table(at(template, "spec"), DEPLOY, "spec.template.spec")
    containers = list(tables(pod.get("containers")))
    if not containers:
        raise BadInput(_OTHER_FORM.format(path=f"{REPOSITORY}/{DEPLOY}", what="a deployment has no containers"))
    for container in containers:
        image = word(container.get("image"))
        nodes = frozenset(node for node in NODES if _pods.allowed(pod, node))
        yield Part(file=DEPLOY, name=_about(image, word(container.get("name"))), image=image, nodes=nodes)


def _table(data: Any, file: str, what: str) -> dict[Any, Any]:
    """A table. BadInput where something else stands in its place."""
    if not isinstance(data, dict):
        raise BadInput(_OTHER_FORM.format(path=f"{REPOSITORY}/{file}", what=f"{what} must be a table"))
    return data


def _about(image: str, name: str) -> str:
    """Which of the three it is: by its image, else by its name."""
    return next((one for one in IMAGES if f"lighthouse/{one}" in image), name)
