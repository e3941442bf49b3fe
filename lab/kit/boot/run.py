"""The program in a kit: check it, set the lab up in its own folder, fill the cache, open JupyterLab at lesson 1.

Nothing is asked of any network. What cannot be done is one sentence, and leaves nothing behind.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

from . import kitfile, setup

_USAGE = """\
usage: sh {name} [--no-learn] [WORDS …]

Checks this kit, sets up the lab in {place} and opens JupyterLab at your next step. No network is needed.

  --no-learn   only set up; `lab learn` opens JupyterLab later
  WORDS        for `lab learn`, as in: --emulators
"""
_BLOCKED, _BAD, _INTERRUPTED = 3, 1, 130


def main(words: list[str] | None = None) -> int:
    """Do it; the exit status, where JupyterLab is not started in this process's place."""
    given = sys.argv[1:] if words is None else words
    file = Path(__file__).resolve().parent.parent  # a zip stands where a folder would
    if {"-h", "--help"} & set(given):
        print(_USAGE.format(name=file.name, place=setup.home()))
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        place = _set_up(file)
    except (kitfile.Damaged, setup.Stopped) as error:
        return _said(str(error), _BAD if isinstance(error, kitfile.Damaged) else _BLOCKED)
    except OSError as error:
        return _said(f"{error.filename or str(setup.home())!r} cannot be used: {error.strerror}.", _BLOCKED)
    except KeyboardInterrupt:
        return _said("interrupted", _INTERRUPTED)
    print(_ready(), flush=True)
    if "--no-learn" not in given:
        lab = str(place / "bin" / "lab")
        os.execv(lab, [lab, "learn", *given])  # noqa: S606 - this process becomes `lab learn`
    return 0


def _set_up(file: Path) -> Path:
    kit = kitfile.read(file)
    _fits(kit)
    place = setup.folder(kit)
    with setup.alone():
        bar = _Bar(f"Checking {len(kit.pieces)} files of the kit")
        kitfile.check(kit, bar)
        bar.end()
        if setup.complete(place):
            setup.fill(kit, place, _say)
        else:
            _room(kit)
            setup.make(kit, place, _say)
        setup.point_to(place)
    return place


def _fits(kit: kitfile.Kit) -> None:
    """Is it for this machine? Raises Stopped."""
    mine = setup.this_platform()
    if mine not in kit.platforms:
        raise setup.Stopped(f"This kit is for {' and '.join(kit.platforms)}, and this machine is {mine}.")
    python = "{}.{}".format(*sys.version_info)
    if python not in kit.pythons:
        raise setup.Stopped(f"This kit is for Python {', '.join(kit.pythons)}, and this is Python {python}.")
    release = setup.release()
    if release not in kit.releases and not shutil.which("docker"):
        raise setup.Stopped(
            f"This kit has an engine for {' and '.join(kit.releases) or 'no release'}, this machine is {release}, and "
            "it has no Docker of its own."
        )


def _room(kit: kitfile.Kit) -> None:
    place = next(folder for folder in (setup.home(), *setup.home().parents) if folder.exists())
    needed = setup.needed(kit)
    if shutil.disk_usage(place).free < needed:
        raise setup.Stopped(f"The lab needs about {needed / 10**9:.1f} GB of room in {str(place)!r}. Make room.")


def _ready() -> str:
    found = f"The lab is set up. To type `lab` in a terminal: export PATH={setup.programs()}:$PATH"
    site = setup.own() / "site" / "index.html"
    return f"{found}\nThe course's pages are at {site.as_uri()}" if site.is_file() else found


def _said(text: str, status: int) -> int:
    print(f"lab: {text}", file=sys.stderr)
    return status


def _say(text: str) -> None:
    print(f"* {text}", file=sys.stderr, flush=True)


class _Bar:
    """How far something is: a line that counts on a terminal, one line elsewhere."""

    def __init__(self, text: str) -> None:
        self._text, self._shown = text, 0.0
        self._moves = sys.stderr.isatty()
        if not self._moves:
            _say(text)

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._moves and (now - self._shown > 0.1 or done == total):
            self._shown = now
            print(f"\r* {self._text}: {100 * done // max(total, 1)} %", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._moves:
            print(file=sys.stderr, flush=True)
