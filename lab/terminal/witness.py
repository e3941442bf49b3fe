"""Which programs a learner called, and with which words: noted by the call itself, whoever made it.

A folder of small scripts stands first in the PATH of a learner's commands. Each is named like a program that a step
may be about; it notes its name, the folder and its words, runs the real program, and notes how that ended. So what
counts is what was called, with every variable, alias and script resolved, and not how it was typed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab.model.facts import Call
from lab.storage import write_text
from lab.terminal.marks import HOME

PLACE = "LAB_CALLS"
COUNT = "LAB_SHELL_COUNT"  # which command line of `lab shell` it is

_FOLDER = "bin"

# Programs that answer what a step asks. What is not on the machine is left out.
PROGRAMS = (
    "docker", "lab",
    "uname", "arch", "lscpu", "hostnamectl", "dpkg", "getconf", "sysctl", "python3",
    "od", "hexdump", "xxd", "readelf", "objdump", "file",
    "sha256sum", "shasum", "openssl",
    "curl", "wget", "skopeo", "crane", "regctl", "oras",
)  # fmt: skip

_SCRIPT = """\
#!/bin/sh
# Notes that this program was called, and with which words, for the check of a step; then runs it.
name=${0##*/} here=${0%/*} path=:$PATH:
while case $path in *":$here:"*) true ;; *) false ;; esac; do
  path=${path%%":$here:"*}:${path#*":$here:"}
done
path=${path#:} PATH=${path%:}
if [ -d "$LAB_CALLS" ]; then
  note=$LAB_CALLS/${LAB_SHELL_COUNT:-0}.$$
  printf '%s\\0' "$name" "$PWD" "$#" "$@" >>"$note" 2>/dev/null
  "$name" "$@"
  status=$?
  printf '%s\\0' "$status" >>"$note" 2>/dev/null
  exit "$status"
fi
exec "$name" "$@"
"""


@contextmanager
def listening(env: Mapping[str, str]) -> Iterator[tuple[dict[str, str], Callable[[], tuple[Call, ...]]]]:
    """An environment whose calls are noted, and what tells them; the notes are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lab-calls-", ignore_cleanup_errors=True) as place:
        yield {**environment(env, Path(place)), COUNT: "0"}, lambda: calls(Path(place))


def environment(env: Mapping[str, str], place: Path) -> dict[str, str]:
    """The same environment, with the scripts in `place` first in its PATH. Raises OSError where it is not writable."""
    programs = place / _FOLDER
    programs.mkdir(exist_ok=True)
    script = programs / ".note"
    write_text(script, _SCRIPT)
    script.chmod(0o755)
    outer = str(Path(env[PLACE]) / _FOLDER) if env.get(PLACE) else ""
    path = os.pathsep.join(one for one in env.get("PATH", os.defpath).split(os.pathsep) if one != outer)
    for name in PROGRAMS:
        if shutil.which(name, path=path):
            with contextlib.suppress(FileExistsError):
                (programs / name).symlink_to(script.name)
    return {**env, "PATH": os.pathsep.join((str(programs), path)), PLACE: str(place)}


def calls(place: Path, line: int = 0) -> tuple[Call, ...]:
    """What was noted there of that command line (of `lab shell`; 0 elsewhere), in the order in which it ended."""
    notes = []
    for note in place.glob(f"{line}.*"):
        with contextlib.suppress(OSError):
            # A kernel's clock for files ticks every few milliseconds; in one tick, the lower process id began earlier.
            notes.append((note.stat().st_mtime_ns, int(note.suffix[1:] or 0), note.read_bytes()))
    return tuple(call for *_, data in sorted(notes) for call in _read(data))


def of_learner(found: Iterable[Call], verbs: frozenset[str]) -> Iterator[Call]:
    """Those that are no questions to the lab itself; calls of these verbs of the lab are kept."""
    return (call for call in found if call.program != "lab" or (call.words[:1] or (HOME,))[0] in verbs)


def _read(data: bytes) -> Iterator[Call]:
    """Calls as the script writes them: name, folder, how many words, the words, the exit status; each ends in NUL."""
    texts = iter(data.decode("utf-8", "replace").split("\0")[:-1])
    for name in texts:
        folder, count = next(texts, ""), next(texts, "")
        words = tuple(next(texts, "") for _ in range(int(count) if count.isdigit() else 0))
        status = next(texts, "")
        yield Call(
            program=name,
            words=words,
            folder=folder,
            exit_status=int(status) if status.isdigit() else None,
        )
