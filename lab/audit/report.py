"""What an audit found, for a person, for a program, and for the page of a code host (SARIF 2.1.0)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.audit.checks import TABLE
from lab.audit.held import ERROR, NOTE, WARNING
from lab.model.digests import brief

if TYPE_CHECKING:
    from lab.model.steps import Problem

_ORDER = (ERROR, WARNING, NOTE)
_MARKS = {ERROR: "✘", WARNING: "!", NOTE: "·"}
_SHOWN = 5
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    `rule` is a key of `lab.audit.checks.TABLE`; `platform` is "" for what concerns the whole tag; `paths` are all the
    files that it is about, the first of which stands in the message. `image` names the one that it is about where an
    archive holds several.
    """

    rule: str
    severity: str
    platform: str
    problem: Problem
    paths: tuple[str, ...] = ()
    image: str = ""

    @property
    def where(self) -> str:
        """The head of its block: the image where there are several, and the platform."""
        return ", ".join(filter(None, (shown(self.image), self.platform or "the whole tag")))

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
            "image": shown(self.image),
            "platform": self.platform,
            "message": shown(str(self.problem)),
            "paths": [shown(path) for path in self.paths],
        }


@dataclass(frozen=True)
class Report:
    """The audit of one reference. `images` are the names in an archive that holds several.

    `blocked` and `unreadable` say why it could not be finished: who did not answer, or what is no image, damaged or not
    there. Both are "" where it was.
    """

    reference: str
    digest: str = ""
    platforms: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    images: tuple[str, ...] = ()
    blocked: str = ""
    unreadable: str = ""
    remedy: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def exit_status(self) -> int:
        """0 fine, 1 there are errors, 3 blocked, 4 unreadable. Warnings and notes alone are fine."""
        if self.unreadable:
            return 4
        if self.blocked:
            return 3
        return 1 if any(finding.severity == ERROR for finding in self.findings) else 0

    def to_json(self) -> dict[str, Any]:
        """A plain table."""
        return {
            "reference": shown(self.reference),
            "digest": self.digest,
            "images": [shown(image) for image in self.images],
            "platforms": list(self.platforms),
            "findings": [finding.to_json() for finding in self.findings],
            "blocked": shown(self.blocked),
            "unreadable": shown(self.unreadable),
            "remedy": shown(self.remedy),
            "exit_status": self.exit_status,
            "seconds": self.seconds,
        }

    def as_text(self) -> str:
        """For a terminal: a line for the image, then a block for each platform that has findings."""
        lines = [shown(self.reference) + (f"  {brief(self.digest)}" if self.digest else "")]
        lines += [f"  platforms: {', '.join(self.platforms)}"] if self.platforms else []
        lines += [f"  images: {', '.join(map(shown, self.images))}"] if self.images else []
        for where in dict.fromkeys(finding.where for finding in self.findings):
            lines.append(f"  {where}")
            of_it = [finding for finding in self.findings if finding.where == where]
            lines += [
                f"    {_MARKS[f.severity]} {f.text}" for f in sorted(of_it, key=lambda f: _ORDER.index(f.severity))
            ]
        if self.blocked:
            lines.append(shown(f"  ■ blocked: {self.blocked} {self.remedy}").rstrip())
        elif self.unreadable:
            lines.append(shown(f"  ■ cannot be read: {self.unreadable} {self.remedy}").rstrip())
        elif not self.findings:
            lines.append("  ✔ every program is what its label says")
        return "\n".join(lines)

    def to_sarif(self) -> dict[str, Any]:
        """One run of SARIF 2.1.0, as code hosts take it; a blocked audit is a notification of its invocation."""
        return sarif([self])


def sarif(reports: list[Report]) -> dict[str, Any]:
    """Several reports as one run."""
    used = sorted({finding.rule for report in reports for finding in report.findings})
    rules = [{"id": rule, "shortDescription": {"text": TABLE[rule].title}} for rule in used]
    blocked = [
        {"level": "error", "message": {"text": shown(f"{report.reference}: {why}")}}
        for report in reports
        if (why := report.blocked or report.unreadable)
    ]
    results = [_result(report, finding) for report in reports for finding in report.findings]
    return sarif_run("lab audit", rules, results, blocked)


def sarif_run(
    tool: str, rules: list[dict[str, Any]], results: list[dict[str, Any]], blocked: list[dict[str, Any]]
) -> dict[str, Any]:
    """A document of SARIF with one run; `blocked` are notifications of what could not be looked at."""
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": tool, "rules": rules}},
                "invocations": [{"executionSuccessful": not blocked, "toolExecutionNotifications": blocked}],
                "results": results,
            }
        ],
    }


def _result(report: Report, finding: Finding) -> dict[str, Any]:
    place = shown(finding.paths[0]).lstrip("/") if finding.paths else "index.json"
    return {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": f"{shown(report.reference)} {finding.where}: {finding.text}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": uri(place)}},
                "logicalLocations": [
                    {"fullyQualifiedName": f"{shown(report.reference)}@{finding.where}", "kind": "module"}
                ],
            }
        ],
    }


def uri(path: str) -> str:
    """A path as SARIF takes it."""
    from urllib.parse import quote

    return quote(path)


def shown(text: str) -> str:
    """Text that came out of an image, without what could move a terminal's cursor or end a line."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
