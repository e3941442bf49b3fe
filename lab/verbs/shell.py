"""`lab shell`: the learner's shell in the sandbox; `lab completion`: what a shell needs to complete `lab`."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab import course, paths
from lab.course import workspace
from lab.errors import Blocked, UsageError
from lab.learning import progress
from lab.learning.watch import Watch
from lab.probes.here import this_world
from lab.storage import write_text
from lab.terminal import marks, witness
from lab.terminal import recorder as shell_record

_NEEDED = (4, 4)  # the first bash that can mark where a command begins
_RC = """\
# Written by `lab shell`. Your own ~/.bashrc is not read here, so that nothing changes what the lessons show.
HISTFILE={history}
HISTCONTROL= HISTIGNORE= HISTSIZE=2000
shopt -s cmdhist lithist checkwinsize
__lab_begins() {{
  printf '\\033]7117;S;%s\\007' "$(
    HISTTIMEFORMAT= builtin history 1 | sed '1s/^ *[0-9]*[* ] //' | base64 | tr -d '\\n')"
}}
__lab_ends() {{
  local status=$?
  export {count}=$(({count} + 1))
  printf '\\033]7117;E;%s;%s\\007' "$status" "${count}"
  [ -r "${folder}/step" ] && IFS= read -r __lab_step <"${folder}/step"
  return "$status"
}}
PROMPT_COMMAND=__lab_ends
PS0='$(__lab_begins)'
PS1='{bold}(lab${{__lab_step:+ $__lab_step}}){plain} \\w \\$ '
{completion}
"""


def shell(_given: Namespace) -> int:
    """Open it; its exit status."""
    from lab.terminal import tty

    if shell_record.session():
        raise UsageError("You are in `lab shell` already.", "`exit` leaves it.")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("`lab shell` needs a terminal.", "Where there is none: lab run STEP 'COMMAND'.")
    bash = _bash()
    here = this_world()
    if not here.workspace.is_dir():
        workspace.start(here.workspace)
        print(f"The lessons were copied into {here.workspace}.")
    with tempfile.TemporaryDirectory(prefix="lab-shell-") as place:
        folder = Path(place)
        rc = folder / "rc"
        write_text(rc, startup(here.env))
        own = {shell_record.FOLDER: place, shell_record.COUNT: "0", marks.PLACE: "/dev/tty"}
        env = {**witness.environment(here.env, folder), **own}
        _greet(folder)
        recorder = shell_record.Recorder(folder)
        command = [bash, "--noprofile", "--rcfile", str(rc), "-i"]
        return tty.run(command, env, here.workspace, recorder.heard, _following(folder))


@contextmanager
def _following(folder: Path) -> Iterator[None]:
    """Let the prompt name the next step, though it was a notebook that made progress."""

    def write() -> None:
        shell_record.stand_at(progress.next_open(paths.learner()), folder)

    watch = Watch(lambda: [paths.learner() / "progress.json"], write)
    try:
        yield
    finally:
        watch.stop()


def startup(env: Mapping[str, str]) -> str:
    """The file that bash reads first: its marks, its prompt, completion."""
    colour = not env.get("NO_COLOR") and env.get("TERM") != "dumb"
    return _RC.format(
        history=shlex.quote(str(paths.learner() / "shell-history")),
        count=shell_record.COUNT,
        folder=shell_record.FOLDER,
        bold="\\[\\e[1m\\]" if colour else "",
        plain="\\[\\e[0m\\]" if colour else "",
        completion=_completion("bash"),
    )


def completion(given: Namespace) -> int:
    """Print it, for `eval`."""
    print(_completion(given.shell))
    return 0


def _completion(kind: str) -> str:
    from argcomplete.shell_integration import shellcode

    code: str = shellcode(["lab"], shell=kind)
    return code


def _bash() -> str:
    found = shutil.which("bash")
    if not found:
        raise Blocked("There is no bash on this machine.", "Install bash, or use `lab run STEP 'COMMAND'`.")
    script = 'echo "${BASH_VERSINFO[0]} ${BASH_VERSINFO[1]}"'
    try:
        done = subprocess.run([found, "-c", script], capture_output=True, text=True, timeout=10, check=False)
        version = tuple(int(word) for word in done.stdout.split())
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise Blocked(f"{found} does not answer: {error}.") from error
    if version < _NEEDED:
        old = ".".join(map(str, version))
        raise Blocked(f"`lab shell` needs bash 4.4 or newer; {found} is {old}.", "Use `lab run STEP 'COMMAND'`.")
    return found


def _greet(folder: Path) -> None:
    step = progress.next_open(paths.learner())
    shell_record.stand_at(step, folder)
    print("This is a shell in the sandbox: docker, $REGISTRY, $HERE and $OTHER are the lessons' own here.")
    print("Type a step's commands as you would anywhere, then `lab check`.")
    print("It looks at what was made, and at what you typed since the last step passed.")
    print("`exit` leaves.")
    if step:
        lesson = course.lesson(step.lesson)
        print(f"\nNext: {step.name} (lesson {lesson.number}). {step.goal}\n`lab next` says more.")
    os.environ.pop(shell_record.COUNT, None)
