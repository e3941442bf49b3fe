"""A learner's side: join a class, tell the board what is new, take what the teacher shows, leave.

The board is known by its certificate alone, which the code vouches for; nothing is said before that was looked at.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lab.board import code, line, told
from lab.errors import Blocked, LabError, UsageError
from lab.learning import outbox, progress
from lab.storage import own_folder, read_json, write_json

ANOTHER = "What answers at {address} is not the board with that code."
WRONG = "The board at {address} does not know that code."
BUSY = "This lab is telling the board something just now."
NOT_JOINED = "You have not joined a class."
_ASK = "Ask your teacher for the address and the code."


@dataclass(frozen=True)
class Member:
    """A learner in a class: where the board is, how it is known (its certificate), who the learner is there."""

    address: str
    pin: str
    secret: str
    id: str
    key: str
    name: str

    @property
    def who(self) -> str:
        """How the learner says who it is."""
        return f"{self.id}:{self.key}"


@dataclass(frozen=True)
class News:
    """What the teacher shows to all, and offers to this learner: names of steps."""

    solutions: tuple[str, ...] = ()
    resets: tuple[str, ...] = ()


def join(home: Path, address: str, typed: str, name: str) -> Member:
    """Join, under that name. Who is in the same class already stays the same learner; another class is left."""
    where = line.place(address)
    printed, secret = code.read(typed)
    with closing(line.connected(where)) as talk:
        certificate = line.certificate(talk)
        if code.fingerprint(certificate) != printed:
            raise Blocked(ANOTHER.format(address=where), _ASK)
        with _alone(home):
            before, pin = member(home), certificate.hex()
            if before and before.pin == pin:
                with suppress(line.Refused):
                    answer = line.ask(talk, where, "name", {"name": name}, before.who)
                    return _keep(home, replace(before, address=where, secret=secret, name=str(answer.get("name"))))
            elif before:
                _say_goodbye(before)
            return _keep(home, _joined(talk, where, pin, secret, name), anew=True)


def move(home: Path, address: str) -> Member:
    """The board has another address now. Blocked where it is another board."""
    pin, where = known_member(home).pin, line.place(address)
    with closing(line.connected(where)) as talk:
        if line.certificate(talk).hex() != pin:
            raise Blocked(ANOTHER.format(address=where), _ASK)
    with _alone(home):
        return _keep(home, replace(known_member(home), address=where))


def leave(home: Path) -> str:
    """Leave the class, and take away what was kept for it; why the board could not be told ("": it was)."""
    if member(home) is None:
        return ""
    with _alone(home):  # a sender that is just talking must not join again behind our back
        before = member(home)
        why = _say_goodbye(before) if before else ""
        shutil.rmtree(outbox.folder(home), ignore_errors=True)
    return why


def _say_goodbye(before: Member) -> str:
    try:
        with closing(_known(before)) as talk:
            line.ask(talk, before.address, "leave", {}, before.who)
    except (LabError, line.Refused) as error:
        return str(error)
    return ""


def exchange(home: Path, limit: float = line.LIMIT) -> None:
    """Tell the board all that waits, and keep what it answers. Raises Blocked where it does not answer."""
    known_member(home)
    with _alone(home, limit):
        before = known_member(home)
        try:
            _tell_all(home, before, limit)
        except LabError as error:
            write_json(_standing(home), {"problem": error.message})
            raise
        _standing(home).unlink(missing_ok=True)


@contextmanager
def _alone(home: Path, patience: float = 20.0) -> Iterator[None]:
    """Nobody else of this learner's talks to a board, joins or leaves meanwhile."""
    from filelock import FileLock, Timeout

    own_folder(outbox.folder(home))
    try:
        with FileLock(outbox.folder(home) / ".talk.lock", timeout=patience, mode=0o600):
            yield
    except Timeout:
        raise Blocked(BUSY, "Try again in a moment.") from None


def _tell_all(home: Path, known: Member, limit: float) -> None:
    with closing(_known(known, limit)) as talk:
        try:
            answer = _all(home, talk, known)
        except line.Refused as error:
            if error.status != line.UNKNOWN:
                raise Blocked(line.SILENT.format(address=known.address, why=error)) from error
            # the board has lost what it knew: join as before, and tell it all of it
            anew = _joined(talk, known.address, known.pin, known.secret, known.name)
            answer = _all(home, talk, _keep(home, anew, anew=True))
    _take(home, answer)


def _all(home: Path, talk: line.Line, known: Member) -> dict[str, Any]:
    """Tell what waits, in messages that are not too long; the last answer."""
    while True:
        with outbox.opened(home) as box:
            box.renew(progress.read(home))
            waiting = box.waiting()[: told.MOST_STEPS]
        now = time.time()
        steps = [told.for_sending(name, one, now) for name, one in waiting]
        answer = line.ask(talk, known.address, "say", {"steps": steps}, known.who)
        with outbox.opened(home) as box:
            box.told(waiting)
            if not box.waiting():
                return answer


def _take(home: Path, answer: Mapping[str, Any]) -> None:
    found = _news(answer)
    before = news(home)
    if found == before:
        return
    write_json(outbox.news(home), asdict(found))
    from lab import course

    for name in set(found.solutions) - set(before.solutions):
        with suppress(LabError):
            step = course.step(name)
            entry = progress.read(home).get(name, progress.Entry())
            if not entry.solved and not entry.passed:
                progress.show_solution(home, step)


def news(home: Path) -> News:
    """What the teacher shows and offers, as the board said last."""
    try:
        data = read_json(outbox.news(home))
    except LabError:
        return News()
    return _news(data)


def _news(data: Any) -> News:
    if not isinstance(data, dict):
        return News()
    lists = [data.get(name) for name in ("solutions", "resets")]
    solutions, resets = (
        tuple(n for n in one if isinstance(n, str)) if isinstance(one, list | tuple) else () for one in lists
    )
    return News(solutions[:100], resets[:100])


def member(home: Path) -> Member | None:
    """The class that was joined, if one was."""
    try:
        return Member(**read_json(outbox.membership(home)))
    except (LabError, TypeError):
        return None


def known_member(home: Path) -> Member:
    """The same; UsageError where none was."""
    found = member(home)
    if found is None:
        raise UsageError(NOT_JOINED, line.JOIN)
    return found


def standing(home: Path) -> dict[str, Any] | None:
    """How it is between this learner and the class, as plain values; None without one."""
    found = member(home)
    if found is None:
        return None
    try:
        with outbox.opened(home, 1.0) as box:
            box.renew(progress.read(home))
            waiting = len(box.waiting())
    except (LabError, OSError):
        waiting = 0
    problem = str(_problem(home).get("problem", ""))
    return {"name": found.name, "address": found.address, "waiting": waiting, "problem": problem}


def _problem(home: Path) -> dict[str, Any]:
    try:
        data = read_json(_standing(home))
    except LabError:
        return {}
    return data if isinstance(data, dict) else {}


def _standing(home: Path) -> Path:
    return outbox.folder(home) / "problem.json"


def _keep(home: Path, found: Member, *, anew: bool = False) -> Member:
    own_folder(outbox.folder(home))
    write_json(outbox.membership(home), asdict(found))
    if anew:
        with outbox.opened(home) as box:
            box.again()
    return found


def _joined(talk: line.Line, where: str, pin: str, secret: str, name: str) -> Member:
    words = {"secret": secret, "name": name}
    try:
        answer = line.ask(talk, where, "join", words)
        return Member(where, pin, secret, str(answer["id"]), str(answer["key"]), str(answer["name"]))
    except KeyError:
        raise Blocked(line.SILENT.format(address=where, why="it says something else")) from None
    except line.Refused as error:
        if error.status == line.WRONG_CODE:
            raise Blocked(WRONG.format(address=where), _ASK) from error
        raise Blocked(line.SILENT.format(address=where, why=error)) from error


def _known(one: Member, limit: float = line.LIMIT) -> line.Line:
    talk = line.connected(one.address, limit)
    if line.certificate(talk).hex() != one.pin:
        talk.close()
        raise Blocked(ANOTHER.format(address=one.address), "Did your teacher start another class? Then join that one.")
    return talk
