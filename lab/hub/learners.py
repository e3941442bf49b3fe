"""Who is in the class: names, each with a number that never changes, and the password that they chose."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lab.errors import BadInput, Blocked
from lab.hub import places
from lab.storage import own_folder, read_json, write_json

SHORTEST = 8  # characters of a password
_MOST = 4000  # learners: as many as there are users for
_DAMAGED = "The hub's list of learners is damaged."


@dataclass(frozen=True)
class Learner:
    """One learner. `number` chooses their users, disk and room; `password` is a salt and a slow hash, or empty."""

    number: int
    password: str = ""


def everyone() -> dict[str, Learner]:
    """All learners by their names. Raises BadInput where the file is damaged."""
    data = read_json(_file())
    if data is None:
        return {}
    try:
        return {name: Learner(int(one["number"]), str(one["password"])) for name, one in data.items()}
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise BadInput(_DAMAGED, f"It is {str(_file())!r}.") from error


def known(name: str) -> Learner:
    """The learner of that name, who gets a number where they have none yet."""
    with _changing() as all_of_them:
        if name not in all_of_them:
            all_of_them[name] = Learner(_free(all_of_them))
        return all_of_them[name]


def fits(learner: Learner, password: str) -> bool:
    """Is it their password?"""
    salt, _, _ = learner.password.partition(":")
    return bool(salt) and hmac.compare_digest(_hashed(password, salt), learner.password)


def set_password(name: str, password: str) -> None:
    """Let the learner in with that password from now on; with an empty one they choose another, with the code."""
    hashed = _hashed(password, secrets.token_hex(16)) if password else ""
    with _changing() as all_of_them:
        learner = all_of_them.get(name) or Learner(_free(all_of_them))
        all_of_them[name] = replace(learner, password=hashed)


def drop(name: str) -> None:
    """Forget the learner."""
    with _changing() as all_of_them:
        all_of_them.pop(name, None)


def _hashed(password: str, salt: str) -> str:
    found = hashlib.scrypt(password.encode(errors="surrogatepass"), salt=bytes.fromhex(salt), n=2**14, r=8, p=1)
    return f"{salt}:{found.hex()}"


def _free(all_of_them: dict[str, Learner]) -> int:
    taken = {one.number for one in all_of_them.values()}
    number = next(number for number in range(1, _MOST + 2) if number not in taken)
    if number > _MOST:
        raise Blocked(f"The hub has {_MOST} learners already.", "Forget some: `lab hub forget NAME`.")
    return number


@contextmanager
def _changing() -> Iterator[dict[str, Learner]]:
    """The list, to be changed by one at a time, and written where it was changed."""
    from filelock import FileLock

    with FileLock(own_folder(places.folder()) / ".learners.lock", timeout=10, mode=0o600):
        before = everyone()
        now = dict(before)
        yield now
        if now != before:
            write_json(_file(), {name: asdict(one) for name, one in now.items()})


def _file() -> Path:
    return places.folder() / "learners.json"
