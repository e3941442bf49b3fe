"""The verbs of a class: board (the teacher's), join and leave (a learner's)."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import paths
from lab.board import client, names
from lab.errors import LabError, UsageError
from lab.notebook.panel import room as panel_room
from lab.storage import write_text

if TYPE_CHECKING:
    from lab.board.serve import Address

_GLANCE = 2.0  # seconds that `lab status` waits for the board
_AT = """\
The board is at:

    {page}

  Learners type this in a terminal, each on their own machine:

    lab join {address} {code}
{more}
  Ctrl-C stops it. What it knows stays, and so do its code and its port; `lab board --forget` removes all of that."""
_OTHER = "\n  This machine has other addresses, too: {others}\n"
_TOLD = """\
If you join, your lab tells the board at {address}:

  - the name that you choose,
  - of each step: its name, how it stands, how many tries and hints, whether you saw the solution, since when,
  - which of the course's own sentences a check answered last, without what was found.

It tells no commands, no output, no paths, and none of your answers in your own words. All who see the board see that.
`lab leave` ends it, and removes you from the board."""
_AGREE = "Join? [y/N] "
_JOINED = "You have joined as {name}. `lab status` says whether all was told; `lab leave` ends it."
_MOVED = "The board is at {address} now."
_LEFT = "You have left the class. The board has forgotten you."
_LEFT_SILENT = (
    "You have left the class, but the board was not told: {why} Your name stays there until your teacher removes it."
)
WOULD_LEAVE = "you would leave it."
_NO_CLASS = "You have not joined a class, so there was nothing to leave."
_FORGOTTEN = "The board is removed, with all that it knew. The next one has another code."
_NO_BOARD = "There is no board on this machine."
_CLASS = "{name} at {address}: {how}"
_ALL = "all was told"
_WAITS = "{count} not told yet, and sent later. {problem}"


def board(given: Namespace) -> int:
    """Serve the board, or export or remove what it knows."""
    from lab.board import serve

    if given.forget:
        print(_FORGOTTEN if serve.forget() else _NO_BOARD)
    elif given.export:
        _export(Path(given.export), serve.folder())
    else:
        serve.run(_say, port=given.port, listen=given.listen or "")
    return 0


def _say(where: Address) -> None:
    first, *others = where.learners
    more = _OTHER.format(others=", ".join(others)) if others else ""
    print(_AT.format(page=where.page, address=first, code=where.code, more=more), flush=True)


def _export(file: Path, folder: Path) -> None:
    from lab.board import sums
    from lab.board.store import Store

    if file.suffix not in (".csv", ".json"):
        raise UsageError("The board is exported as CSV or JSON.", "As in: lab board --export class.csv")
    if not (folder / "board.sqlite").exists():
        raise UsageError(_NO_BOARD, "`lab board` starts one.")
    store = Store(folder)
    try:
        found = sums.rows(store)
        text = sums.as_csv(found) if file.suffix == ".csv" else json.dumps(sums.as_json(store), indent=1) + "\n"
    finally:
        store.close()
    write_text(file, text)
    print(f"{file}: learners: {len(found)}.")


def join(given: Namespace) -> int:
    """Say what is told, ask, and join."""
    home = paths.learner()
    if given.code is None:
        print(_MOVED.format(address=client.move(home, given.address).address))
        _at_once(home)
        return 0
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    print(_TOLD.format(address=given.address))
    name = given.name or (input("Your name on the board: ") if asks else "")
    name = names.cleaned(name)
    if not given.yes and not (asks and input(_AGREE).strip().lower() in ("y", "yes")):
        raise UsageError("You have not joined.", "With --yes, nobody is asked.")
    print(_JOINED.format(name=client.join(home, given.address, given.code, name).name))
    _at_once(home)
    return 0


def _at_once(home: Path) -> None:
    try:
        client.exchange(home)
    except LabError as error:
        print(error, file=sys.stderr)


def leave(_given: Namespace) -> int:
    """Leave the class."""
    if not has_joined():
        print(_NO_CLASS)
        return 0
    print(left())
    return 0


def left() -> str:
    """Leave, and say what came of it."""
    why = client.leave(paths.learner())
    return _LEFT_SILENT.format(why=why) if why else _LEFT


def has_joined() -> bool:
    """Is this learner in a class?"""
    return client.member(paths.learner()) is not None


def standing() -> dict[str, Any] | None:
    """The class, as plain values for `lab status`; what waits is told now, if the board answers."""
    home = paths.learner()
    if not has_joined():
        return None
    with suppress(LabError):  # the line says it
        client.exchange(home, _GLANCE)
    return client.standing(home)


def line(found: dict[str, Any]) -> str:
    """The class in one line."""
    how = _WAITS.format(count=steps(found["waiting"]), problem=found["problem"]) if found["problem"] else _ALL
    return _CLASS.format(**{**found, "how": how.rstrip()})


def steps(count: int) -> str:
    """So many steps, in words."""
    return "1 step" if count == 1 else f"{count} steps"


def from_teacher() -> list[str]:
    """What the teacher shows and offers, for a terminal."""
    return panel_room.news(panel_room.of_learner(paths.learner()))
