"""What an audit found, for a person, for a program, and for the page of a code host (SARIF 2.1.0)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.steps import Problem

ERROR, WARNING, NOTE = "error", "warning", "note"
_ORDER = (ERROR, WARNING, NOTE)
_MARKS = {ERROR: "✘", WARNING: "!", NOTE: "·"}
_SHOWN = 5
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

RULES = {
    "entrypoint-foreign": "The program that the image starts is for another machine",
    "foreign-program": "Programs in the image are for another machine",
    "too-new": "Programs need a newer CPU than the image's label promises",
    "no-loader": "A program's loader is not in the image",
    "no-interpreter": "A script's interpreter is not in the image",
    "no-program": "What the image starts is no program",
    "no-entrypoint": "What the image starts is not in it",
    "nothing-to-start": "The image names no program to start",
    "labels-differ": "The index and the image's configuration disagree",
    "platform-absent": "A platform that is needed is absent",
    "platform-unknown": "A platform that no machine has",
    "platform-twice": "A platform stands twice in the index",
    "no-variant": "32-bit Arm without a variant",
    "shared-base": "A layer that several platforms share holds programs of one",
    "not-held": "An image is listed and not held",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    `rule` is a key of `RULES`; `platform` is "" for what concerns the whole tag; `paths` are all the files that it
    is about, the first of which stands in the message.
    """

    rule: str
    severity: str
    platform: str
    problem: Problem
    paths: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """One line."""
        more = len(self.paths) - 1
        others = ", ".join(self.paths[1:_SHOWN])
        left = f" and {more - _SHOWN + 1} more" if more >= _SHOWN else ""
        return shown(f"{self.problem}{f' (and {others}{left})' if more > 0 else ''}")

    def to_json(self) -> dict[str, Any]:
        """A plain table."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "platform": self.platform,
            "message": shown(str(self.problem)),
            "paths": [shown(path) for path in self.paths],
        }


@dataclass(frozen=True)
class Report:
    """The audit of one image. `blocked` says why it could not be finished ("" where it was)."""

    reference: str
    digest: str = ""
    platforms: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    blocked: str = ""
    remedy: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def exit_status(self) -> int:
        """0 fine, 1 there are errors, 3 blocked. Warnings and notes alone are fine."""
        if self.blocked:
            return 3
        return 1 if any(finding.severity == ERROR for finding in self.findings) else 0

    def to_json(self) -> dict[str, Any]:
        """A plain table."""
        return {
            "reference": shown(self.reference),
            "digest": self.digest,
            "platforms": list(self.platforms),
            "findings": [finding.to_json() for finding in self.findings],
            "blocked": shown(self.blocked),
            "remedy": shown(self.remedy),
            "exit_status": self.exit_status,
            "seconds": self.seconds,
        }

    def as_text(self) -> str:
        """For a terminal: a line for the image, then a block for each platform that has findings."""
        lines = [shown(self.reference) + (f"  {self.digest[:19]}…" if self.digest else "")]
        lines += [f"  platforms: {', '.join(self.platforms)}"] if self.platforms else []
        for platform in dict.fromkeys(finding.platform for finding in self.findings):
            lines.append(f"  {platform or 'the whole tag'}")
            of_it = [finding for finding in self.findings if finding.platform == platform]
            lines += [
                f"    {_MARKS[f.severity]} {f.text}" for f in sorted(of_it, key=lambda f: _ORDER.index(f.severity))
            ]
        if self.blocked:
            lines.append(shown(f"  ■ blocked: {self.blocked} {self.remedy}").rstrip())
        elif not self.findings:
            lines.append("  ✔ every program is what its label says")
        return "\n".join(lines)

    def to_sarif(self) -> dict[str, Any]:
        """One run of SARIF 2.1.0, as code hosts take it; a blocked audit is a notification of its invocation."""
        return sarif([self])


def sarif(reports: list[Report]) -> dict[str, Any]:
    """Several reports as one run."""
    used = sorted({finding.rule for report in reports for finding in report.findings})
    rules = [{"id": rule, "shortDescription": {"text": RULES[rule]}} for rule in used]
    blocked = [
        {"level": "error", "message": {"text": shown(f"{report.reference}: {report.blocked}")}}
        for report in reports
        if report.blocked
    ]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "lab audit", "rules": rules}},
                "invocations": [{"executionSuccessful": not blocked, "toolExecutionNotifications": blocked}],
                "results": [_result(report, finding) for report in reports for finding in report.findings],
            }
        ],
    }


def _result(report: Report, finding: Finding) -> dict[str, Any]:
    place = shown(finding.paths[0]).lstrip("/") if finding.paths else "index.json"
    return {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": f"{shown(report.reference)} {finding.platform}: {finding.text}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(place)}},
                "logicalLocations": [
                    {"fullyQualifiedName": f"{shown(report.reference)}@{finding.platform}", "kind": "module"}
                ],
            }
        ],
    }


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def shown(text: str) -> str:
    """Text that came out of an image, without what could move a terminal's cursor or end a line."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
