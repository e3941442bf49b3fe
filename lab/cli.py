"""The `lab` command. It parses and dispatches; what a verb does stands in `lab.verbs`, loaded when it is called."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from lab import __version__
from lab.errors import Bug, LabError

_JSON = (("--json",), {"action": "store_true", "help": "print JSON for programs"})
_YES = (("-y", "--yes"), {"action": "store_true", "help": "do not ask"})
_NAMES = (
    ("names",),
    {"nargs": "*", "metavar": "LESSON|STEP", "help": "lessons or steps; all where none is named"},
)
_STEP = (
    ("step",),
    {"nargs": "?", "metavar": "STEP", "help": "a step; the next open one where none is named"},
)
_FOLDER = (("folder",), {"nargs": "?", "metavar": "DIR", "help": "default: ~/multiplatform-lab"})
_EMULATORS = (
    ("--emulators",),
    {
        "action": argparse.BooleanOptionalAction,
        "default": None,
        "help": "register emulators with the kernel, or do not; asked on a terminal where not said",
    },
)
_UP = (
    (("--registry",), {"metavar": "HOST/NAME", "help": "use this account ($REGISTRY), e.g. docker.io/NAME"}),
    _EMULATORS,
    (
        ("--private",),
        {"action": "store_true", "help": "an engine of the lab's own, even where another answers"},
    ),
)

# verb: (where it is done, one line of help, its arguments)
_VERBS: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "learn": ("sandbox:learn", "bring the sandbox up and open JupyterLab at lesson 1", (*_UP, _FOLDER)),
    "up": ("sandbox:up", "bring up engine, registry and base images", _UP),
    "status": ("sandbox:status", "what is up, on one screen", (_JSON,)),
    "down": (
        "sandbox:down",
        "remove all that `up` made, and show it",
        (
            (("--dry-run",), {"action": "store_true", "help": "only show what would be removed"}),
            (("--purge",), {"action": "store_true", "help": "remove the downloads too; your progress stays"}),
        ),
    ),
    "start": ("learner:start", "copy the lessons into a folder; nothing there is overwritten", (_FOLDER,)),
    "list": ("learner:list_", "all lessons and steps, and how they stand", (_JSON,)),
    "next": ("learner:next_", "the next open step and what to do", (_JSON,)),
    "run": (
        "learner:run",
        "run a command in the sandbox as a step's cell does, then check the step",
        (
            (("step",), {"metavar": "STEP"}),
            (
                ("command",),
                {"nargs": argparse.REMAINDER, "metavar": "COMMAND", "help": "default: standard input"},
            ),
        ),
    ),
    "check": (
        "learner:check",
        "look at the world and say how steps stand; in `lab shell`, the step that is next",
        ((("--watch",), {"action": "store_true", "help": "look again when something changes"}), _JSON, _NAMES),
    ),
    "shell": ("shell:shell", "a shell in the sandbox: type a step's commands there, then `lab check`", ()),
    "show": (
        "look:show",
        "what a registry offers under a tag, as Docker Hub shows it",
        (
            (("tag",), {"metavar": "TAG", "help": "a lesson's tag, such as build-test, or a full name"}),
            (("--tree",), {"action": "store_true", "help": "what it is made of: index, manifests, layers"}),
            (("--programs",), {"action": "store_true", "help": "what each platform's program is really for"}),
            _JSON,
        ),
    ),
    "timeline": ("look:timeline", "draw a build from BuildKit's events", ((("file",), {"metavar": "FILE"}), _JSON)),
    "file": (
        "look:file",
        "what a program's own header says it is for",
        ((("programs",), {"nargs": "+", "metavar": "PROGRAM"}), _JSON),
    ),
    "emulators": ("look:emulators", "the kernel's handlers for programs of other platforms", (_JSON,)),
    "builders": ("look:builders", "read the list of builders with you", (_JSON,)),
    "doctor": (
        "doctor:doctor",
        "what this machine can build, what is off, and what helps",
        (
            (("--own",), {"action": "store_true", "help": "look at your own Docker, though a sandbox is up"}),
            (("--online",), {"action": "store_true", "help": "also ask Docker Hub whether it answers"}),
            _JSON,
        ),
    ),
    "report": (
        "report:report",
        "collect what a bug report needs, with secrets masked",
        (
            (("-o", "--output"), {"metavar": "FILE", "help": "where to write it; shown before"}),
            _YES,
        ),
    ),
    "explain": (
        "job:explain",
        "what an error or a whole build log means, and what helps",
        (
            (
                ("what",),
                {
                    "nargs": "*",
                    "metavar": "FILE|TEXT|-",
                    "help": "a log's file (or several; also .gz, .zst), the error's text, or - (also: nothing)",
                },
            ),
            (("--last",), {"action": "store_true", "help": "the output of the step that was run last"}),
            _JSON,
        ),
    ),
    "audit": (
        "job:audit",
        "is an image, in any registry or archive, what its label says",
        (
            (
                ("images",),
                {"nargs": "+", "metavar": "IMAGE", "help": "a name as for docker pull, a layout or an archive"},
            ),
            (("--need",), {"metavar": "PLATFORMS", "help": "platforms that must be there, with commas between them"}),
            (("--sarif",), {"action": "store_true", "help": "print SARIF for a code host"}),
            _JSON,
        ),
    ),
    "hint": ("learner:hint", "one more hint, and what your last try tells", (_JSON, _STEP)),
    "solution": (
        "learner:solution",
        "one way to do a step; an exercise's after its hints",
        ((("--now",), {"action": "store_true", "help": "show it, hints or not"}), _JSON, _STEP),
    ),
    "reset": ("learner:reset", "undo steps, restore their files, keep a copy of yours", (_YES, _NAMES)),
    "completion": (
        "shell:completion",
        "print what a shell needs to complete `lab`",
        ((("shell",), {"choices": ["bash", "zsh", "fish"], "help": 'as in: eval "$(lab completion bash)"'}),),
    ),
    "tour": (
        "tour:tour",
        "run lessons headless on this machine and report",
        (
            (("lessons",), {"nargs": "*", "metavar": "LESSON"}),
            _EMULATORS,
            (("--output",), {"metavar": "DIR", "default": "build/tour", "help": "default: build/tour"}),
        ),
    ),
}


def parser() -> argparse.ArgumentParser:
    """The whole command line as argparse knows it; the reference page is made from this."""
    top = argparse.ArgumentParser(
        prog="lab",
        description="Learn multi-platform Docker images on a real engine, with every step checked.",
        epilog="Exit status: 0 all passed, 1 something failed, 2 usage, 3 blocked, 70 a mistake of the lab's own.",
    )
    top.add_argument("--version", action="version", version=f"multiplatform-lab {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB")
    for name, (where, text, arguments) in _VERBS.items():
        verb = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        verb.set_defaults(where=where)
        for flags, options in arguments:
            added: Any = verb.add_argument(*flags, **options)
            if added.dest in ("names", "step", "lessons"):
                added.completer = _names
    return top


def _names(**_given: object) -> list[str]:
    """What the shell may complete a lesson or a step to; asked only when somebody presses Tab."""
    from lab import course

    return [*(lesson.stem for lesson in course.lessons()), *course.steps()]


def run(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status. One clear line on standard error where it cannot be done."""
    top = parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(top)
    given = top.parse_args(arguments)
    try:
        return _handler(given.where if given.verb else "learner:home")(given)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception:  # noqa: BLE001 - a learner never sees a traceback; the log has it
        return _bug()


def _handler(where: str) -> Callable[[argparse.Namespace], int]:
    module, _, name = where.partition(":")
    handler: Callable[[argparse.Namespace], int] = getattr(importlib.import_module(f"lab.verbs.{module}"), name)
    return handler


def _bug() -> int:
    from lab.log import keep_traceback

    print(
        f"lab: the lab itself made a mistake; it is not yours. Details: {keep_traceback('cli')}",
        file=sys.stderr,
    )
    return Bug.exit_status


def main() -> None:
    """The console script."""
    sys.exit(run())
