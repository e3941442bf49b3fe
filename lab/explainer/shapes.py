"""What an explanation is made of: lines, causes, ways out; to JSON and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from lab.errors import BadInput

LEAD = 2  # points
MIME = "application/vnd.lab.explanation+json"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the log: number from 1, text without what CI and BuildKit write before it."""

    number: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way out; `only` says on which engines it holds, where that is not known of this one."""

    say: str
    run: tuple[str, ...] = ()
    only: str = ""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One cause that fits, with the clues that speak for it and the command that decides."""

    id: str
    row: str
    title: str
    cause: str
    why: str
    lesson: str
    clues: tuple[str, ...] = ()
    decide: str = ""
    decide_says: str = ""
    remedies: tuple[Way, ...] = ()
    sources: tuple[str, ...] = ()
    practise: tuple[str, ...] = ()
    score: int = 0


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a text means. Without `causes`, the text is not known, and `looks` are the lines to look at first.

    `root` is the line that explains the rest. `noted` are warnings of a text whose error is not known: they are
    true, but not its cause; with `ended_well`, lines that would be errors, had all not come to a good end. `earlier`
    are lines before it that look like errors too and are not known. `consequence` is a line
    that only says that a command failed. `scene` are words for where the text
    comes from ("podman", "build", "on-arm64"). `lines` and `size` (bytes) are what was read.
    """

    root: Line | None = None
    causes: tuple[Cause, ...] = ()
    certain: bool = False
    earlier: tuple[Line, ...] = ()
    looks: tuple[Line, ...] = ()
    consequence: Line | None = None
    noted: tuple[Cause, ...] = ()
    ended_well: bool = False
    scene: tuple[str, ...] = ()
    lines: int = 0
    size: int = 0

    @property
    def known(self) -> bool:
        """Whether the guide knows this error."""
        return bool(self.causes)

    @property
    def leads(self) -> bool:
        """Whether the first cause is well ahead of the others, though they fit too."""
        return self.known and all(self.causes[0].score - one.score >= LEAD for one in self.causes[1:])

    @property
    def exit_status(self) -> int:
        """0 known, 1 not known."""
        return 0 if self.known else 1

    @property
    def remedies(self) -> tuple[Way, ...]:
        """The ways out of the first cause."""
        return self.causes[0].remedies if self.causes else ()

    @property
    def lesson(self) -> str:
        """The lesson that teaches the first cause, as in "04-emulation"; empty where none does."""
        return self.causes[0].lesson if self.causes else ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Public threads in which the first cause was met."""
        return self.causes[0].sources if self.causes else ()

    def to_json(self) -> dict[str, Any]:
        """A plain table that `from_json` reads back."""
        return {"exit_status": self.exit_status, **asdict(self)}

    @classmethod
    def from_json(cls, data: Any) -> Explanation:
        """Read what `to_json` wrote; BadInput for anything else."""
        try:
            data = {**data}
            values = {field.name: data[field.name] for field in fields(cls) if field.name in data}
            for name in ("root", "consequence"):
                values[name] = Line(**values[name]) if values.get(name) else None
            for name in ("earlier", "looks"):
                values[name] = tuple(Line(**line) for line in values.get(name, ()))
            values["scene"] = tuple(values.get("scene", ()))
            for name in ("causes", "noted"):
                values[name] = tuple(_cause(one) for one in values.get(name, ()))
            return cls(**values)
        except (KeyError, TypeError, AttributeError) as error:
            raise BadInput(f"This is no explanation: {type(error).__name__}: {error}.") from error

    def as_text(self) -> str:
        """For a terminal."""
        from lab.explainer.views import as_text

        return as_text(self)

    def as_html(self) -> str:
        """For a notebook or a page: small, escaped, without script."""
        from lab.explainer.views import as_html

        return as_html(self)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {MIME: self.to_json(), "text/html": self.as_html(), "text/plain": self.as_text()}


def _cause(data: Any) -> Cause:
    lists = {name: tuple(data.get(name, ())) for name in ("clues", "sources", "practise")}
    ways = tuple(Way(**{**way, "run": tuple(way.get("run", ()))}) for way in data.get("remedies", ()))
    return Cause(**{**data, **lists, "remedies": ways})
