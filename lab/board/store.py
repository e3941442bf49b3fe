"""What the board knows, in SQLite: who has joined, how each step stands, what is shown and offered.

What a learner was told to be kept has been written before it is acknowledged, so that a board that is killed loses
nothing that it said it has.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

from lab.board.told import Told
from lab.errors import Blocked
from lab.model.results import Status
from lab.storage import own_folder, set_aside

MOST_LEARNERS = 500
MOST_STEPS = 400  # of one learner
_TABLES = """
create table if not exists learner (
    id text primary key, key text not null, name text not null, joined real not null, heard real not null) strict;
create table if not exists step (
    learner text not null references learner (id) on delete cascade,
    step text not null, status text not null, message text not null, passed integer not null, tries integer not null,
    hints integer not null, solved integer not null, since real not null, at real not null,
    primary key (learner, step)) strict;
create table if not exists shown (step text primary key) strict;
create table if not exists offered (
    learner text not null references learner (id) on delete cascade, step text not null,
    primary key (learner, step)) strict;
"""


@dataclass(frozen=True)
class Learner:
    """Somebody who has joined: times in seconds of the board's clock."""

    id: str
    name: str
    joined: float
    heard: float


class Full(Exception):
    """No more learners can join."""


class Store:
    """The board's data in the folder `place`. Each method is a transaction of its own."""

    def __init__(self, place: Path) -> None:
        self._base = _opened(own_folder(place) / "board.sqlite")
        self.changes = 0  # counts what the page has to show anew

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def join(self, name: str, now: float) -> tuple[str, str, str]:
        """Take somebody in: number, key, and the name, with a number behind it where there is one like it."""
        with self._writing() as base:
            if base.execute("select count(*) from learner").fetchone()[0] >= MOST_LEARNERS:
                raise Full
            name = self._unlike(name, "")
            number, key = secrets.token_hex(8), secrets.token_urlsafe(24)
            base.execute("insert into learner values (?, ?, ?, ?, ?)", (number, _hashed(key), name, now, now))
        return number, key, name

    def known(self, number: str, key: str) -> bool:
        """Is that the key of that learner?"""
        found = self._base.execute("select key from learner where id = ?", (number,)).fetchone()
        return found is not None and hmac.compare_digest(found[0], _hashed(key))

    def rename(self, number: str, name: str) -> str:
        """Another name for somebody; the name as it is now."""
        with self._writing() as base:
            name = self._unlike(name, number)
            base.execute("update learner set name = ? where id = ?", (name, number))
        return name

    def leave(self, number: str) -> None:
        """Forget somebody, with all that was told."""
        with self._writing() as base:
            base.execute("delete from learner where id = ?", (number,))

    def take(self, number: str, told: Iterable[Told], now: float) -> None:
        """Keep what a learner told. An offer is over when its step was reset, or has passed."""
        rows = list(told)
        with self._writing(news=bool(rows)) as base:
            known = {row[0] for row in base.execute("select step from step where learner = ?", (number,))}
            for one in rows:
                if one.step in known or len(known) < MOST_STEPS:
                    known.add(one.step)
                    base.execute("replace into step values (?,?,?,?,?,?,?,?,?,?)", (number, *astuple(one)))
                if one.passed or one.status == Status.NOT_ATTEMPTED.label:
                    base.execute("delete from offered where learner = ? and step = ?", (number, one.step))
            base.execute("update learner set heard = ? where id = ?", (now, number))

    def learners(self) -> list[Learner]:
        """All, in the order in which they came."""
        return [
            Learner(*row) for row in self._base.execute("select id, name, joined, heard from learner order by joined")
        ]

    def told(self) -> dict[str, list[Told]]:
        """By learner: how each step stands."""
        found: dict[str, list[Told]] = {}
        for number, *row in self._base.execute("select * from step"):
            step, status, message, passed, tries, hints, solved, since, at = row
            one = Told(step, status, message, bool(passed), tries, hints, bool(solved), since, at)
            found.setdefault(number, []).append(one)
        return found

    def show(self, step: str, *, wanted: bool) -> None:
        """Show the solution of a step to all, or do so no more."""
        with self._writing() as base:
            base.execute(
                "insert or ignore into shown values (?)" if wanted else "delete from shown where step = ?", (step,)
            )

    def shown(self) -> list[str]:
        """The steps whose solution is shown."""
        return [row[0] for row in self._base.execute("select step from shown order by step")]

    def offer(self, number: str, step: str, *, wanted: bool) -> None:
        """Offer a reset of a step to a learner, or do so no more."""
        text = (
            "insert or ignore into offered values (?, ?)"
            if wanted
            else "delete from offered where learner = ? and step = ?"
        )
        with self._writing() as base:
            if base.execute("select 1 from learner where id = ?", (number,)).fetchone():
                base.execute(text, (number, step))

    def offered(self, number: str = "") -> dict[str, list[str]]:
        """By learner (one, or all): the steps that they are offered to reset."""
        text = "select learner, step from offered where ? in ('', learner) order by step"
        found: dict[str, list[str]] = {}
        for who, step in self._base.execute(text, (number,)):
            found.setdefault(who, []).append(step)
        return found

    def _unlike(self, name: str, own: str) -> str:
        names = {row[0].casefold() for row in self._base.execute("select name from learner where id <> ?", (own,))}
        ways = [name, *(f"{name} ({number})" for number in range(2, MOST_LEARNERS + 2))]
        return next(way for way in ways if way.casefold() not in names)

    @contextmanager
    def _writing(self, *, news: bool = True) -> Iterator[sqlite3.Connection]:
        try:
            with self._base:
                yield self._base
        except sqlite3.Error as error:
            raise Blocked(f"The board cannot keep what it was told: {error}.", "Is the disk full?") from error
        self.changes += news


def _opened(path: Path) -> sqlite3.Connection:
    """The file; one that is damaged is set aside, never lost: learners' labs then tell all of it again."""
    try:
        return _prepared(path)
    except sqlite3.DatabaseError:
        set_aside(path)
        return _prepared(path)


def _prepared(path: Path) -> sqlite3.Connection:
    if not path.exists():
        path.touch(mode=0o600)
    base = sqlite3.connect(path)
    try:
        base.execute("pragma journal_mode = wal")
        base.execute("pragma foreign_keys = on")
        base.executescript(_TABLES)
        base.execute("select count(*) from step").fetchone()
    except BaseException:
        base.close()
        raise
    return base


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
