"""On which nodes a pod may run, by the rules that a scheduler goes by: its selector and its required affinities."""

from __future__ import annotations

from typing import Any

from lab.course._yaml import at, tables, word

LABEL = "kubernetes.io/arch"
_LABELS = (LABEL, f"beta.{LABEL}")
_REQUIRED = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")


def allowed(pod: Any, architecture: str) -> bool:
    """May it run on such a node, as far as its labels for the architecture decide? Another form decides nothing."""
    selector = at(pod, "nodeSelector")
    chosen = selector if isinstance(selector, dict) else {}
    if any(word(chosen[label]) != architecture for label in _LABELS if label in chosen):
        return False
    terms = list(tables(at(pod, *_REQUIRED)))
    # One of the terms has to fit, and all that it asks for.
    return not terms or any(
        all(_fits(one, architecture) for one in tables(term.get("matchExpressions"))) for term in terms
    )


def _fits(rule: dict[str, Any], architecture: str) -> bool:
    if word(rule.get("key")) not in _LABELS:
        return True
    values = rule.get("values")
    named = architecture in [word(one) for one in (values if isinstance(values, list) else ())]
    return {"In": named, "NotIn": not named, "Exists": True}.get(word(rule.get("operator")), False)
