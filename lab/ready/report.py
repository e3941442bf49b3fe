"""What was found in a repository, for a person, for a program, and for the page of a code host (SARIF 2.1.0)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.audit.report import sarif_run, shown, uri
from lab.explainer.data import lesson_on
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem
from lab.ready.rule import KINDS, NOTE, SLOWS, STOPS, TABLE

_MARKS = {STOPS: "✘", SLOWS: "!", NOTE: "·"}
_LEVELS = {STOPS: "error", SLOWS: "warning", NOTE: "note"}
_SHOWN = 6


@dataclass(frozen=True)
class Finding:
    """One thing that keeps a repository from a platform. `rule` is a key of `lab.ready.rule.TABLE`."""

    rule: str
    severity: str
    path: str
    line: int
    problem: Problem

    @property
    def lesson(self) -> str:
        """The lesson that teaches it; "" while there is none."""
        return lesson_on(TABLE[self.rule].topic)

    @property
    def text(self) -> str:
        """One sentence."""
        return f"{shown(str(self.problem))}."

    def to_json(self) -> dict[str, Any]:
        """A plain table."""
        place = {"file": shown(self.path), "line": self.line}
        return {"rule": self.rule, "severity": self.severity, **place, "message": self.text, "lesson": self.lesson}


@dataclass(frozen=True)
class Report:
    """What was found in one folder, or file.

    `kinds` are the files that were read, and what each is; `untold` are images of which no registry said anything, and
    why; `unreadable` and `blocked` say what could not be looked at.
    """

    path: str
    platforms: tuple[Platform, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    untold: Mapping[str, str] = field(default_factory=dict)
    offline: bool = False
    blocked: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def exit_status(self) -> int:
        """0 nothing stops, 1 something does, 3 a registry or the disk did not answer, 4 something cannot be read."""
        if self.unreadable:
            return 4
        if self.blocked or self._unanswered:
            return 3
        return 1 if any(finding.severity == STOPS for finding in self.findings) else 0

    @property
    def _unanswered(self) -> list[str]:
        """The images that were asked for in vain. A name that is filled in elsewhere was never asked for."""
        return [] if self.offline else [image for image in self.untold if "$" not in image]

    def to_json(self) -> dict[str, Any]:
        """A plain table."""
        return {
            "path": shown(self.path),
            "platforms": list(map(str, self.platforms)),
            "files": {shown(path): kind for path, kind in self.kinds.items()},
            "findings": [finding.to_json() for finding in self.findings],
            "not_told": {shown(image): shown(why) for image, why in self.untold.items()},
            "blocked": list(map(shown, self.blocked)),
            "unreadable": list(map(shown, self.unreadable)),
            "exit_status": self.exit_status,
            "seconds": self.seconds,
        }

    def as_text(self) -> str:
        """For a terminal: one line where there is nothing, else a block for each file that has findings."""
        lines = [] if self.findings or not self.kinds else [f"✔ {self._head}: nothing found"]
        lines += [self._head] if self.findings else []
        for path in dict.fromkeys(finding.path for finding in self.findings):
            lines.append(f"  {shown(path)}")
            lines += [_line(finding) for finding in self.findings if finding.path == path]
        lines += [f"■ blocked: {shown(why)}" for why in self.blocked]
        lines += [f"■ cannot be read: {shown(why)}" for why in self.unreadable]
        return "\n".join([*lines, *self.not_told()])

    @property
    def _head(self) -> str:
        counts = {kind: list(self.kinds.values()).count(kind) for kind in KINDS}
        read = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items() if count)
        silent = len(self.untold) - len(self._unanswered)
        asked = f"; {silent} image{'s' if silent > 1 else ''} not asked for" if silent else ""
        return f"{shown(self.path)} ({read}{asked}) for {listed(self.platforms)}"

    def not_told(self) -> Iterator[str]:
        """Of which images nothing is known, and why: a line for each reason."""
        reasons: dict[str, list[str]] = {}
        for image in self._unanswered:
            reasons.setdefault(self.untold[image], []).append(shown(image))
        for why, images in reasons.items():
            more = f" and {len(images) - _SHOWN} more" if len(images) > _SHOWN else ""
            named = f"{', '.join(images[:_SHOWN])}{more}"
            yield f"■ blocked: the platforms of {named} are not known. {shown(why)}."

    def to_sarif(self) -> dict[str, Any]:
        """One run of SARIF 2.1.0, as code hosts take it."""
        return sarif([self])


def _line(finding: Finding) -> str:
    lesson = f" Lesson: {finding.lesson}" if finding.lesson else ""
    return f"    {_MARKS[finding.severity]} line {finding.line}: {finding.text}{lesson}"


def sarif(reports: list[Report]) -> dict[str, Any]:
    """Several reports as one run."""
    used = sorted({finding.rule for report in reports for finding in report.findings})
    rules = [{"id": name, "shortDescription": {"text": TABLE[name].title}} for name in used]
    results = [_result(finding) for report in reports for finding in report.findings]
    why = [text for report in reports for text in (*report.blocked, *report.unreadable, *report.not_told())]
    return sarif_run(
        "lab ready", rules, results, [{"level": "error", "message": {"text": shown(text)}} for text in why]
    )


def _result(finding: Finding) -> dict[str, Any]:
    lesson = f" (lesson {finding.lesson})" if finding.lesson else ""
    place = {"artifactLocation": {"uri": uri(shown(finding.path))}, "region": {"startLine": finding.line}}
    return {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.text}{lesson}"},
        "locations": [{"physicalLocation": place}],
    }
