"""What the learner's compose.yaml and deploy.yaml say: which image each part starts, and on which machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.course.capstone._faults import IMAGES
from lab.course.capstone._laid import REPOSITORY
from lab.errors import BadInput
from lab.model.facts import Evidence, Fact
from lab.model.world import World
from lab.probes import host

COMPOSE, DEPLOY = "compose.yaml", "deploy.yaml"
NODES = ("amd64", "arm64", "arm")  # as Kubernetes calls the three kinds of machine
LABEL = "kubernetes.io/arch"
_LABELS = (LABEL, f"beta.{LABEL}")


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
    import yaml

    found: list[Part] = []
    evidence: list[Evidence] = []
    for name, read in ((COMPOSE, _services), (DEPLOY, _deployments)):
        text = host.text(f"{REPOSITORY}/{name}")(world)
        evidence += text.evidence
        try:
            found += read(list(yaml.safe_load_all(text.content)))
        except (yaml.YAMLError, AttributeError, TypeError, KeyError, ValueError, RecursionError) as error:
            raise BadInput(f"{REPOSITORY}/{name} cannot be read as what it is to be.", "Is it whole YAML?") from error
    return Parts(parts=tuple(found), evidence=tuple(evidence))


def _services(documents: list[Any]) -> Iterator[Part]:
    for document in documents:
        for name, service in ((document or {}).get("services") or {}).items():
            image, platform = _word(service.get("image")), _word(service.get("platform"))
            yield Part(file=COMPOSE, name=_about(image, _word(name)), image=image, platform=platform)


def _word(value: Any) -> str:
    """A text; "" for anything else, which may be as large as somebody wants it to be."""
    return value if isinstance(value, str) else ""


def _about(image: str, name: str) -> str:
    """Which of the three it is: by its image, else by its name."""
    return next((one for one in IMAGES if f"lighthouse/{one}" in image), name)


def _deployments(documents: list[Any]) -> Iterator[Part]:
    for document in filter(None, documents):
        if "template" not in (document.get("spec") or {}):
            continue  # a service, a volume
        pod = document["spec"]["template"]["spec"]
        for container in pod["containers"]:
            image = _word(container.get("image"))
            nodes = frozenset(node for node in NODES if _allowed(pod, node))
            yield Part(file=DEPLOY, name=_about(image, _word(container.get("name"))), image=image, nodes=nodes)


def _allowed(pod: Any, node: str) -> bool:
    """May it run on such a node, as far as its labels for the architecture decide?"""
    chosen = pod.get("nodeSelector") or {}
    if any(_word(chosen[label]) != node for label in _LABELS if label in chosen):
        return False
    affinity = (pod.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    # One of the terms has to fit, and all that it asks for.
    return any(
        all(_fits(one, node) for one in term.get("matchExpressions") or ()) for term in required["nodeSelectorTerms"]
    )


def _fits(asked: Any, node: str) -> bool:
    if asked["key"] not in _LABELS:
        return True
    values = [_word(value) for value in asked.get("values") or ()]
    answers = {"In": node in values, "NotIn": node not in values, "Exists": True, "DoesNotExist": False}
    return bool(answers[asked["operator"]])
