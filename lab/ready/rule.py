"""What the rules give, and the table that they stand in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lab.model.steps import Problem

STOPS, SLOWS, NOTE = "stops", "slows", "note"
DOCKERFILE, BAKE, COMPOSE, PIPELINE = "Dockerfile", "bake file", "compose file", "pipeline"
KINDS = (DOCKERFILE, BAKE, COMPOSE, PIPELINE)


@dataclass(frozen=True)
class Found:
    """What a rule found in a file. `severity` is given where it is another than the rule's."""

    line: int
    problem: Problem
    severity: str = ""


@dataclass(frozen=True)
class Rule:
    """One row of the table. `topic` is the lesson that teaches it, by its name without a number."""

    id: str
    kind: str
    severity: str
    title: str
    topic: str
    check: Callable[[Any], Iterator[Found]]


TABLE: dict[str, Rule] = {}


def rule(
    kind: str, name: str, severity: str, title: str, topic: str
) -> Callable[[Callable[[Any], Iterator[Found]]], Rule]:
    """Put a check into the table: it looks at one file of that kind."""

    def add(check: Callable[[Any], Iterator[Found]]) -> Rule:
        TABLE[name] = Rule(name, kind, severity, title, topic, check)
        return TABLE[name]

    return add
