"""`lab kit`: make one file with all that learners' machines need, look into one, hand it on in a room."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import UsageError
from lab.sandbox.report import RichListener, amount

if TYPE_CHECKING:
    from lab.kit.serve import Shared

_MADE = """\
{file}: {size}
  sha256: {sha256}

  On a machine with Python only, without any network:

    sh {name}

  In the room, from this machine: lab kit serve {name}"""
_SHARED = """\
The kit is shared. On a machine that has the lab:

    lab kit get {address} {code}

  On a machine that has Python only, paste this line:

    {line}

  Then, on each: sh kit-….run
{more}
  Ctrl-C ends it. What broke off goes on when it is shared again."""
_OTHER = "\n  This machine has other addresses, too: {others}\n"
_GOT = "{file} is here, and whole. To set up the lab from it: sh {file}"
_UNPACKED = "Files that were new: {count}. `lab up` needs no network now."


def kit(given: Namespace) -> int:
    """One of its actions."""
    actions: dict[str, tuple[Callable[[Namespace], int], int]] = {
        "make": (_make, 0), "show": (_show, 1), "serve": (_serve, 1), "get": (_get, 2), "unpack": (_unpack, 1),
    }  # fmt: skip
    action, words = actions[given.action]
    if len(given.words) != words:
        raise UsageError(f"`lab kit {given.action}` takes {_number(words)}.", "`lab kit --help` shows how it is used.")
    return action(given)


def _number(words: int) -> str:
    return ("no file", "one file", "an address and a code")[words]


def _make(given: Namespace) -> int:
    from lab.kit import make

    wanted = make.plan(given.platform, given.releases, given.python)
    with RichListener() as report:
        made = make.make(wanted, Path(given.output) if given.output else None, report, report.note)
    shown = {"file": made.file, "size": amount(made.size, "B"), "sha256": made.sha256, "name": made.file.name}
    if given.json:
        print(json.dumps({"file": str(made.file), "size": made.size, "sha256": made.sha256}))
    else:
        print(_MADE.format(**shown))
    return 0


def _show(given: Namespace) -> int:
    from lab.kit import read

    path = Path(given.words[0])
    with RichListener() as report:
        found = read.contents(path, lambda done, total: report.progress(path.name, done, total, "B"))
    print(json.dumps(found.to_json(), indent=1) if given.json else found.as_text())
    return 0


def _serve(given: Namespace) -> int:
    from lab.kit import serve

    with RichListener() as report:
        serve.run(Path(given.words[0]), report, _shared, port=given.port, listen=given.listen or "")
    return 0


def _shared(where: Shared) -> None:
    first, *others = where.addresses
    more = _OTHER.format(others=", ".join(others)) if others else ""
    print(_SHARED.format(address=first, code=where.code, line=where.line, more=more), flush=True)


def _get(given: Namespace) -> int:
    from lab.kit import get

    address, code = given.words
    with RichListener() as report:
        found = get.get(address, code, Path(given.output) if given.output else None, report)
    print(_GOT.format(file=found))
    return 0


def _unpack(given: Namespace) -> int:
    from lab.kit import fill

    with RichListener() as report:
        count = fill.fill(Path(given.words[0]), report)
    print(_UNPACKED.format(count=count), file=sys.stderr)
    return 0
