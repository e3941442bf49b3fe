"""How the capstone stands: its nine proofs, when hints are allowed, and what was kept for whoever comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lab import paths
from lab.course import CAPSTONE, capstone
from lab.errors import BadInput, NotThere, UsageError
from lab.learning import progress, questions, recalls
from lab.model.results import Status
from lab.model.steps import Step
from lab.model.world import World
from lab.probes import needs

ALONE = timedelta(minutes=20)
_TOO_EARLY = "The first twenty minutes of the capstone are without hints and solutions. It is yours for another {left}."
_MOST = 20_000  # letters of a note
_TITLE = "# For whoever comes next"
_HEAD = "The capstone: the lighthouse, a stranger's repository. `lab capstone start` lays it out."
_BEGUN = "The capstone: the lighthouse, a stranger's repository, in the folder {folder}. Read its letter.md."
_MARKS = {
    "": "P1 to P5 are a pass. All nine earn a ★.",
    "pass": "P1 to P5 have passed: that is a pass. All nine earn a ★.",
    "star": "★ All nine have passed.",
}
_STARTED = "The lighthouse is in the folder {folder}. Read letter.md there first."
_HOW = "`lab capstone` shows the nine proofs and how they stand; `lab capstone check` checks them, or P2 alone."
_ALONE = "There are no hints in the first twenty minutes. Later, what you used stands in the report."
_KEPT = "Your note is kept: {count}. It is not graded."
_LATER = "One way to say it is shown when P1 to P5 have passed."


def refuse_early(step: Step, now: datetime | None = None) -> None:
    """UsageError in the first twenty minutes of work on the capstone; nothing for any other step."""
    if step.lesson != CAPSTONE:
        return
    began = capstone.begun(paths.learner())
    if began is None:
        raise UsageError("The capstone has not begun.", "`lab capstone start` lays it out.")
    left = began.when + ALONE - (now or datetime.now(UTC))
    if left > timedelta():
        minutes = int(left.total_seconds() // 60) + 1
        raise UsageError(
            _TOO_EARLY.format(left="minute" if minutes == 1 else f"{minutes} minutes"),
            "`capstone/letter.md` says what is wanted, and `lab explain` is allowed.",
        )


def rows(home: Path) -> list[dict[str, Any]]:
    """Each proof as plain values: what it is about, how it stands, with which help."""
    entries = progress.read(home)
    return [_row(one, entries.get(one.name, progress.Entry())) for one in capstone.proofs()]


def _row(one: capstone.Required, entry: progress.Entry) -> dict[str, Any]:
    return {
        "proof": one.code,
        "name": one.name,
        "about": one.about,
        "passed": entry.passed,
        "last": Status.PASSED.label if entry.passed else entry.last,
        "tries": entry.tries,
        "hints": entry.hints,
        "solution": entry.solved,
    }


def mark(found: Sequence[Mapping[str, Any]]) -> str:
    """`star` where all nine have passed, `pass` where P1 to P5 have, else nothing."""
    if all(one["passed"] for one in found):
        return "star"
    return "pass" if all(one["passed"] for one in found[: capstone.NEEDED]) else ""


def keep_note(world: World) -> str:
    """Keep what stands in handover.md; it is not graded. NotThere while nothing is written in it."""
    path = world.workspace / capstone.HANDOVER
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_MOST).strip()
    except FileNotFoundError:
        raise NotThere(f"{capstone.HANDOVER} is not there.", "`lab capstone start` begins the capstone.") from None
    except OSError as error:
        raise BadInput(f"{capstone.HANDOVER} cannot be read: {error.strerror}.") from error
    words = text.removeprefix(_TITLE).strip()
    if not words:
        raise NotThere(f"{capstone.HANDOVER} is empty.", "Ten lines are enough.")
    recalls.reflect(world.home, CAPSTONE, words)
    return words


def start(world: World) -> Iterator[str]:
    """Lay it out, where it is not there yet; says where it is. Blocked where that cannot be."""
    for need in (needs.engine, needs.own_registry):
        need(world)
    capstone.scene(world)
    yield _STARTED.format(folder=world.workspace / capstone.FOLDER)
    if not has_history(world):
        yield capstone.NO_GIT
    yield _HOW
    yield _ALONE


def has_history(world: World) -> bool:
    """Is it a git repository?"""
    return (world.workspace / capstone.REPOSITORY / ".git").is_dir()


def record(home: Path) -> dict[str, Any]:
    """All of it as plain values."""
    found = rows(home)
    return {"proofs": found, "mark": mark(found), "handover": note(home)}


def told(home: Path) -> Iterator[str]:
    """The same as lines: a line for each proof."""
    yield _HEAD if capstone.begun(home) is None else _BEGUN.format(folder=capstone.FOLDER)
    yield ""
    for row in rows(home):
        yield f"{Status.named(row['last']).mark} {row['proof']}  {row['about']} · {_stands(row)} ({row['name']})"
    words = note(home)
    kept = f"kept: {_lines(words)}" if words else "`lab capstone handover` keeps it"
    yield f"{(Status.PASSED if words else Status.NOT_ATTEMPTED).mark} P10 a note for whoever comes next · {kept}"
    yield ""
    yield verdict(home)


def verdict(home: Path) -> str:
    """Is it a pass, or more?"""
    return _MARKS[mark(rows(home))]


def _stands(row: Mapping[str, Any]) -> str:
    if not row["passed"]:
        return str(row["last"])
    hints = {0: "", 1: ", 1 hint"}.get(row["hints"], f", {row['hints']} hints")
    return f"passed on {row['passed'][:10]}{hints}{', solution seen' if row['solution'] else ''}"


def _lines(text: str) -> str:
    count = sum(bool(line.strip()) for line in text.splitlines())
    return "1 line" if count == 1 else f"{count} lines"


def hand_over(world: World) -> Iterator[str]:
    """Keep the note, and show one way to say it, once it cannot give anything away."""
    words = keep_note(world)
    yield _KEPT.format(count=_lines(words))
    if not mark(rows(world.home)):
        yield _LATER
        return
    frame = capstone.frame()
    yield from (f"{questions.MODEL}:", f"  {frame.model}", questions.POINTS, *(f"  - {one}" for one in frame.points))


def note(home: Path) -> str:
    """What was kept; "" where nothing was."""
    return recalls.reflection(home, CAPSTONE)
