"""One job of a pipeline: its variables, and the values that its matrix gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lab.model.platforms import given
from lab.ready import names
from lab.ready.lined import Value

EXPRESSION = re.compile(r"\$\{\{\s*(?:env\.(\w+)|matrix\.([\w.-]+))\s*\}\}")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_ARM_RUNNER = re.compile(r"(?:^|[-_])arm(?:64)?(?:$|[-_])|aarch64", re.IGNORECASE)
_KNOWN_RUNNER = re.compile(r"ubuntu-(?:latest|\d\d\.\d\d)(?:-arm)?\Z")
_MOST, _LONGEST = 200, 1000  # values that one text may have, and characters of each


@dataclass(frozen=True)
class Job:
    """One job. With `shell_matrix` the matrix gives variables of the shell, as in GitLab."""

    name: str
    node: Value
    env: dict[str, str]
    matrix: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shell_matrix: bool = False

    @property
    def spread(self) -> bool:
        """Does the matrix name more than one architecture?"""
        found = {machine(value) for values in self.matrix.values() for value in values}
        return len(found - {""}) > 1

    def differs(self, text: str) -> bool:
        """Does the matrix make a difference to a text?"""
        if self.shell_matrix:
            return any(re.search(rf"\$(?:{re.escape(key)}\b|\{{{re.escape(key)}\b)", text) for key in self.matrix)
        return "matrix." in text or "strategy.job-index" in text

    def filled(self, text: str) -> list[str]:
        """A text with its variables filled in; one for each value that the matrix gives."""
        found = [text]
        for _ in range(4):
            found = [one for part in found for one in self._once(part)][:_MOST]
        return found

    def _once(self, text: str) -> list[str]:
        if not (mark := EXPRESSION.search(text) or _VARIABLE.search(text)):
            return [text]
        shell = mark.re is _VARIABLE
        name = mark[1] or mark[2]
        values = self.matrix.get(name) if shell == self.shell_matrix else None
        if not values and (shell or mark[1]) and name in self.env:
            values = (self.env[name],)
        if values is None:
            return [text]
        return [f"{text[: mark.start()]}{value}{text[mark.end() :]}"[:_LONGEST] for value in values]

    def full(self, text: str) -> str:
        """A text with what `env` says filled in, the matrix left as it is."""
        for _ in range(4):
            text = EXPRESSION.sub(lambda mark: self.env.get(mark[1] or "", mark[0]), text)
            text = _VARIABLE.sub(lambda mark: self.env.get(mark[1] or mark[2], mark[0]), text)[: 64 << 10]
        return text


def machine(text: str) -> str:
    """The platform that a value of a matrix or the name of a runner stands for; "" for none."""
    platform = given(text) if "/" in text else None
    if platform:
        return str(platform)
    found = given(names.architecture(text) or "")
    return (
        str(found)
        if found
        else "linux/arm64"
        if _ARM_RUNNER.search(text)
        else "linux/amd64"
        if _KNOWN_RUNNER.match(text)
        else ""
    )


def variables(node: Value, key: str = "env") -> dict[str, str]:
    """The names and texts of a mapping of variables."""
    return {name.text: (value.text or value.get("value").text)[:_LONGEST] for name, value in node.get(key).pairs}


def texts(value: Value) -> tuple[str, ...]:
    """All texts in a value."""
    return tuple(one.text[:_LONGEST] for one in value.texts())[:_MOST]


def matrix_of(node: Value) -> dict[str, tuple[str, ...]]:
    """The values of each key of a GitHub matrix, `include` among them; `key.inner` where these are mappings."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in node.pairs:
        rows = [(key, value)] if key.text not in ("include", "exclude") else []
        rows += [pair for row in value.rows if key.text == "include" for pair in row.pairs]
        for name, said in rows:
            found[name.text] = (*found.get(name.text, ()), *texts(said))[:_MOST]
            for row in said.rows:
                for inner, deep in row.pairs:
                    place = f"{name.text}.{inner.text}"
                    found[place] = (*found.get(place, ()), *texts(deep))[:_MOST]
    return found
