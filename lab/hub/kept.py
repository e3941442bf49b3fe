"""What the hub keeps from one start to the next: its ports, the code of the class, how much a learner may use."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from lab.board import code
from lab.errors import BadInput
from lab.hub import places
from lab.storage import read_json, write_json

PORT = 8000
_TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}


@dataclass(frozen=True)
class Kept:
    """`listen` is an address of this machine ("": all); `certificate` is a file with a certificate and its key, or "".

    `memory` and `disk` are a learner's, in gigabytes; `idle` is in minutes, 0 for never. `api` is the port of the hub's
    own interface on loopback.
    """

    code: str
    port: int = PORT
    listen: str = ""
    certificate: str = ""
    memory: float = 3.0
    disk: float = 8.0
    idle: int = 60
    api: int = 0


def load() -> Kept | None:
    """What was kept, or None. Raises BadInput where the file is damaged."""
    data = read_json(_file())
    if data is None:
        return None
    try:
        found = Kept(**data)
        if not all(isinstance(getattr(found, one.name), _TYPES[str(one.type)]) for one in fields(Kept)):
            raise TypeError  # noqa: TRY301  # handled as every other damage
    except TypeError as error:
        raise BadInput("The hub's settings are damaged.", f"Remove {str(_file())!r}: a new code is made.") from error
    return found


def settled(**values: Any) -> Kept:
    """What was kept, with what is given now (None: as it was), written down; a code where there is none yet.

    Raises BadInput, Blocked.
    """
    before = load() or Kept(code.shown(code.secret() + code.secret(), code.secret()))
    now = replace(before, **{name: value for name, value in values.items() if value is not None})
    if now != load():
        write_json(_file(), asdict(now))
    return now


def _file() -> Path:
    return places.folder() / "hub.json"
