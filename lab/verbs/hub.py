"""The hub's verb: start, status, stop, forget, and another password for a learner."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import Blocked, UsageError
from lab.sandbox.report import RichListener

if TYPE_CHECKING:
    from lab.hub.serve import Address

_AT = """\
The hub is at:

    {page}

  The first time, learners choose a name and a password, and type the code of the class:

    {code}
{more}{plain}
  Ctrl-C ends it with all its rooms. What learners did stays; `lab hub forget` removes it."""
_OTHER = "\n  This machine has other addresses, too: {others}\n"
_PLAIN = "\n  Passwords go through the room's network as they are: --certificate FILE makes it safe.\n"
_ENDED = "The hub has ended, with all its rooms. What learners did is kept."
_NONE = "No hub runs here."
_NO_NAME = "Nobody of that name has been here: {name!r}."
_IN_ROOM = "{name} is at work."
_FORGOTTEN = "{name} is forgotten, with all that they did."
_ALL_FORGOTTEN = "The hub is removed, with {count} learners and all that they did. The next one has another code."
_NOTHING = "There is no hub on this machine, so there was nothing to remove."
_NEW = "{name} chooses a new password at the next visit, with the code of the class: {code}"
_SURE = "This removes the work of {count} learners. Go on? [y/N] "
_GIGABYTE = 10**9
_LEAST = {"port": 1, "memory": 0.5, "disk": 1, "idle": 0}
_MOST = 65536


def hub(given: Namespace) -> int:
    """Do what was asked for; without a word, start it."""
    done: int = {"start": _start, "status": _status, "stop": _stop, "forget": _forget, "password": _password}[
        given.what
    ](given)
    return done


def _start(given: Namespace) -> int:
    from lab.hub import kept, ready, serve

    _no_name(given)
    _check_limits(given)
    ready.check()
    certificate = str(Path(given.certificate).absolute()) if given.certificate else given.certificate
    if certificate:
        serve.check_certificate(certificate)
    now = kept.settled(
        port=given.port, listen=given.listen, certificate=certificate, memory=given.memory, disk=given.disk,
        idle=given.idle,
    )  # fmt: skip
    with RichListener() as report:
        ready.fill(report)
    serve.run(_say, now)
    return 0


def _check_limits(given: Namespace) -> None:
    """Raise UsageError for what no learner could work with."""
    for name, least in _LEAST.items():
        value = getattr(given, name)
        if value is not None and not least <= value < _MOST:
            raise UsageError(f"--{name} {value:g} cannot be.", f"It is {least:g} or more.")


def _say(where: Address) -> None:
    first, *others = where.pages
    more = _OTHER.format(others=", ".join(others)) if others else ""
    plain = "" if first.startswith("https") else _PLAIN
    print(_AT.format(page=first, code=where.code, more=more, plain=plain), flush=True)


def _stop(given: Namespace) -> int:
    from lab.hub import serve

    _no_name(given)
    print(_ENDED if serve.end() else _NONE)
    return 0


def _status(given: Namespace) -> int:
    from lab.hub import serve

    _no_name(given)
    found = _rows()
    if given.json:
        print(json.dumps({"running": serve.running(), "learners": found}, indent=1))
    else:
        print("\n".join(_as_text(found, up=serve.running())))
    return 0 if serve.running() else Blocked.exit_status


def _rows() -> list[dict[str, Any]]:
    from lab.hub import disks, learners, limits

    up = limits.running()
    return [
        {
            "name": name,
            "running": one.number in up,
            "memory": limits.memory(one.number) if one.number in up else 0,
            "disk": disks.used(one.number),
        }
        for name, one in sorted(learners.everyone().items())
    ]


def _as_text(found: list[dict[str, Any]], *, up: bool) -> list[str]:
    from lab.hub import kept

    now = kept.load()
    if not up:
        head = _NONE
    else:
        at_work = sum(one["running"] for one in found)
        head = f"The hub is up, on port {now.port if now else '?'}. Rooms: {at_work}. Code: {now.code if now else '?'}"
    width = max([len(one["name"]) for one in found], default=0)
    return [head, *(_row(one, width) for one in found)]


def _row(one: dict[str, Any], width: int) -> str:
    memory = f"{one['memory'] / _GIGABYTE:5.2f} GB memory" if one["running"] else "at rest".ljust(15)
    return f"  {one['name'].ljust(width)}  {memory}  {one['disk'] / _GIGABYTE:5.2f} GB disk"


def _forget(given: Namespace) -> int:
    from lab.hub import disks, learners, limits, places, serve
    from lab.sandbox.host.files import remove_folder

    everyone = learners.everyone()
    if given.name:
        learner = everyone.get(_known(given.name))
        if learner and learner.number in limits.running():
            raise Blocked(_IN_ROOM.format(name=given.name), "Let them stop their server, or end the hub.")
        _agreed(given, 1)
        if learner:
            disks.remove(learner.number)
        learners.drop(_known(given.name))
        print(_FORGOTTEN.format(name=given.name))
        return 0
    if serve.running():
        raise Blocked(serve.RUNNING, "End it first: `lab hub stop`.")
    if not places.folder().exists():
        print(_NOTHING)
        return 0
    _agreed(given, len(everyone))
    remove_folder(places.folder())
    print(_ALL_FORGOTTEN.format(count=len(everyone)))
    return 0


def _agreed(given: Namespace, count: int) -> None:
    if given.yes or not count:
        return
    if not (sys.stdin.isatty() and input(_SURE.format(count=count)).strip().lower() in ("y", "yes")):
        raise UsageError("Nothing was removed.", "With --yes, nobody is asked.")


def _password(given: Namespace) -> int:
    from lab.hub import kept, learners

    if not given.name:
        raise UsageError("Whose password?", "As in: lab hub password ada")
    name = _known(given.name)
    learners.set_password(name, "")
    now = kept.settled()
    print(_NEW.format(name=name, code=now.code))
    return 0


def _known(typed: str) -> str:
    """The name as the hub has it. Raises UsageError where nobody has it."""
    from lab.board import names
    from lab.hub import learners

    name = names.cleaned(typed).casefold()
    if name not in learners.everyone():
        raise UsageError(_NO_NAME.format(name=typed), "`lab hub status` lists them.")
    return name


def _no_name(given: Namespace) -> None:
    if given.name:
        raise UsageError(f"`lab hub {given.what}` takes no name.", "`lab hub --help` says more.")
