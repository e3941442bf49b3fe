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
from lab.terminal import marks

_JSON = (("--json",), {"action": "store_true", "help": "print JSON for programs"})
_YES = (("-y", "--yes"), {"action": "store_true", "help": "do not ask"})
_NAMES = (
    ("names",),
    {"nargs": "*", "metavar": "LESSON|STEP", "help": "lessons or steps (default: all)"},
)
_STEP = (
    ("step",),
    {"nargs": "?", "metavar": "STEP", "help": "a step (default: the next open one)"},
)
_FOLDER = (("folder",), {"nargs": "?", "metavar": "DIR", "help": "default: ~/multiplatform-lab"})
_EMULATORS = (
    ("--emulators",),
    {
        "action": argparse.BooleanOptionalAction,
        "default": None,
        "help": "register emulators with the kernel, or do not; without either, you are asked on a terminal",
    },
)
_SEED = (("--seed",), {"type": int, "metavar": "N", "help": "the number that your exercises' variants follow from"})
_LISTEN = (
    ("--listen",),
    {"metavar": "ADDRESS", "default": "127.0.0.1", "help": "where JupyterLab listens (default: 127.0.0.1)"},
)
_UP = (
    (("--registry",), {"metavar": "HOST/NAME", "help": "use this account ($REGISTRY), e.g. docker.io/NAME"}),
    _EMULATORS,
    (
        ("--private",),
        {"action": "store_true", "help": "use the lab's own engine, even where another one answers"},
    ),
)

# verb: (where it is done, one line of help, its arguments)
_VERBS: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "learn": (
        "sandbox:learn",
        "start the sandbox and open JupyterLab at your next step",
        (*_UP, _LISTEN, _SEED, _FOLDER),
    ),
    "up": ("sandbox:up", "start the engine and the registry, and provide the base images", _UP),
    "status": ("sandbox:status", "what is running, on one screen", (_JSON,)),
    "down": (
        "sandbox:down",
        "remove everything that `up` made, and list it",
        (
            (("--dry-run",), {"action": "store_true", "help": "only show what would be removed"}),
            (
                ("--purge",),
                {"action": "store_true", "help": "remove the downloads too, and leave the class; your progress stays"},
            ),
        ),
    ),
    "clinic": (
        "clinic:clinic",
        "broken things to mend: the list of cases, and the start of one",
        (
            (
                ("action",),
                {
                    "nargs": "?",
                    "choices": ["start", "next"],
                    "help": "start a case, or the one that you need most (default: list them)",
                },
            ),
            (("case",), {"nargs": "?", "metavar": "CASE", "help": "its number or its name, as in K01 or house"}),
            _JSON,
        ),
    ),
    "capstone": (
        "capstone:capstone",
        "a stranger's repository to make multi-platform: nine proofs, and how they stand",
        (
            (
                ("action",),
                {
                    "nargs": "?",
                    "choices": ["start", "check", "handover"],
                    "help": "lay it out, check proofs, or keep your note for whoever comes next (default: list them)",
                },
            ),
            (("names",), {"nargs": "*", "metavar": "PROOF", "help": "for `check`: P1 to P9 (default: all)"}),
            _JSON,
        ),
    ),
    "start": ("learner:start", "copy the lessons into a folder; nothing there is overwritten", (_SEED, _FOLDER)),
    "list": (
        "learner:list_",
        "all lessons and steps, with your progress",
        (
            (("--figures",), {"action": "store_true", "help": "count how much of each lesson is your own work"}),
            _JSON,
        ),
    ),
    "progress": ("learner:progress_", "what you have done, and with which help", (_JSON,)),
    "next": (
        "upcoming:next_",
        "the next open step: its text in the lesson, and what to do",
        ((("--brief",), {"action": "store_true", "help": "only what to do"}), _JSON),
    ),
    "predict": (
        "asking:predict",
        "say what a step will bring, before you do it",
        ((("step",), {"metavar": "STEP"}), (("answer",), {"nargs": "*", "metavar": "ANSWER"})),
    ),
    "recap": (
        "asking:recap",
        "questions on earlier lessons: a lesson's own, or those that you missed",
        (
            (("what",), {"nargs": "?", "metavar": "LESSON|QUESTION", "help": "default: what you missed"}),
            (("answer",), {"nargs": "*", "metavar": "ANSWER"}),
            _JSON,
        ),
    ),
    "reflect": (
        "asking:reflect",
        "say in your own words what a lesson is about, and compare",
        ((("lesson",), {"metavar": "LESSON"}), (("words",), {"nargs": "*", "metavar": "WORDS"})),
    ),
    "seed": (
        "asking:seed",
        "the number that the variants of your exercises follow from",
        ((("number",), {"nargs": "?", "type": int, "metavar": "N", "help": "set it: another round"}),),
    ),
    "run": (
        "checking:run",
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
        "checking:check",
        "check steps against what really exists; in `lab shell`, the next step",
        ((("--watch",), {"action": "store_true", "help": "check again whenever something changes"}), _JSON, _NAMES),
    ),
    "shell": ("shell:shell", "a shell in the sandbox: type a step's commands there, then `lab check`", ()),
    "show": (
        "look:show",
        "what a registry offers under a tag, as Docker Hub shows it",
        (
            (("tag",), {"metavar": "TAG", "help": "a lesson's tag, such as build-test, or a full name"}),
            (("--tree",), {"action": "store_true", "help": "show what it is made of: index, manifests, layers"}),
            (("--programs",), {"action": "store_true", "help": "show what each platform's program is really for"}),
            (("--reach",), {"action": "store_true", "help": "show which tags lead to each digest, or to NAME@DIGEST"}),
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
    "builders": ("look:builders", "explain the list of builders, line by line", (_JSON,)),
    "nodes": (
        "nodes:nodes",
        "the BuildKits that play other machines: what each built; start, stop and remove them",
        (
            (
                ("what",),
                {
                    "nargs": "?",
                    "choices": ["list", "up", "restart", "stop", "down"],
                    "default": "list",
                    "metavar": "list|up|restart|stop|down",
                    "help": "default: list",
                },
            ),
            (("nodes",), {"nargs": "*", "metavar": "NODE", "help": "default: all, but not for stop"}),
            _JSON,
        ),
    ),
    "doctor": (
        "doctor:doctor",
        "what this machine can build, what is wrong, and how to fix it",
        (
            (("--own",), {"action": "store_true", "help": "check your own Docker, even if a sandbox is up"}),
            (("--online",), {"action": "store_true", "help": "also ask Docker Hub whether it answers"}),
            _JSON,
        ),
    ),
    "report": (
        "report:report",
        "collect what a bug report needs, with secrets masked out",
        (
            (("-o", "--output"), {"metavar": "FILE", "help": "write it to this file; its contents are listed first"}),
            (
                ("--skills",),
                {"action": "store_true", "help": "instead: what your steps have proven, as Markdown and JSON"},
            ),
            _YES,
        ),
    ),
    "explain": (
        "job:explain",
        "what an error or a whole build log means, and how to fix it",
        (
            (
                ("what",),
                {
                    "nargs": "*",
                    "metavar": "FILE|TEXT|-",
                    "help": "a log file (or several; also .gz, .zst), the error's text, or - for standard input",
                },
            ),
            (("--last",), {"action": "store_true", "help": "explain the output of the step that was run last"}),
            _JSON,
        ),
    ),
    "audit": (
        "job:audit",
        "check that an image, in any registry or archive, is what its label says",
        (
            (
                ("images",),
                {"nargs": "+", "metavar": "IMAGE", "help": "a name as for docker pull, an OCI layout or an archive"},
            ),
            (("--need",), {"metavar": "PLATFORMS", "help": "platforms that must be there, separated by commas"}),
            (("--all",), {"action": "store_true", "help": "tell also of programs that nothing starts or loads"}),
            (("--sarif",), {"action": "store_true", "help": "print SARIF for a code host"}),
            _JSON,
        ),
    ),
    "ready": (
        "job:ready",
        "what keeps a repository from another platform: its Dockerfiles, bake and compose files, pipelines",
        (
            (
                ("path",),
                {"nargs": "*", "metavar": "PATH", "help": "a repository's folder, or a file (default: this folder)"},
            ),
            (
                ("--platform",),
                {"metavar": "PLATFORMS", "help": "separated by commas (default: linux/amd64,linux/arm64)"},
            ),
            (("--offline",), {"action": "store_true", "help": "ask no registry for the base images"}),
            (("--sarif",), {"action": "store_true", "help": "print SARIF for a code host"}),
            _JSON,
        ),
    ),
    "hint": ("learner:hint", "one more hint, and what your last try shows", (_JSON, _STEP)),
    "solution": (
        "learner:solution",
        "one way to do a step; for an exercise, after its hints",
        ((("--now",), {"action": "store_true", "help": "show it, even if hints are left"}), _JSON, _STEP),
    ),
    "board": (
        "room:board",
        "for teachers: a page that shows who of a class is at which step",
        (
            (("--port",), {"type": int, "metavar": "N", "help": "where learners find it (default: 8990)"}),
            (("--listen",), {"metavar": "ADDRESS", "help": "only at this address of this machine (default: all)"}),
            (("--export",), {"metavar": "FILE", "help": "write what it knows to a .csv or a .json file, and end"}),
            (("--forget",), {"action": "store_true", "help": "remove it with all that it knows, and its code"}),
        ),
    ),
    "class": (
        "classroom:class_",
        "for teachers: is this machine ready for a class, and what will the class need?",
        (
            (("action",), {"choices": ["check"], "help": "look at this machine, and say what to do"}),
            (("--learners",), {"type": int, "metavar": "N", "help": "say what so many learners need, too"}),
            (
                ("--tour",),
                {"metavar": "DIR", "default": "build/tour", "help": "of the last `lab tour` (default: build/tour)"},
            ),
            (("--kit",), {"metavar": "FILE", "help": "judge this kit, too"}),
            _JSON,
        ),
    ),
    "kit": (
        "kit:kit",
        "for teachers: one file with all that learners' machines need, so that no network is",
        (
            (
                ("action",),
                {
                    "choices": ["make", "show", "serve", "get", "unpack"],
                    "help": "make one; show what one holds, and whether it is sound; share one in the room; get one "
                    "that is shared; unpack one for this lab",
                },
            ),
            (("words",), {"nargs": "*", "metavar": "FILE|ADDRESS CODE", "help": "the kit; for `get`, where it is"}),
            (
                ("--platform",),
                {"metavar": "PLATFORMS", "help": "for `make`: linux/amd64,linux/arm64 (default: this one)"},
            ),
            (
                ("--for",),
                {"dest": "releases", "metavar": "RELEASES", "help": "for `make`: whose engine, as debian:12,debian:13"},
            ),
            (("--python",), {"metavar": "VERSIONS", "help": "for `make`: as in 3.11,3.12 (default: 3.11 to 3.14)"}),
            (("-o", "--output"), {"metavar": "FILE", "help": "for `make` and `get`: the file to write"}),
            (("--port",), {"type": int, "metavar": "N", "help": "for `serve`: where others find it (default: 8991)"}),
            (("--listen",), {"metavar": "ADDRESS", "help": "for `serve`: only at this address (default: all)"}),
            _JSON,
        ),
    ),
    "join": (
        "room:join",
        "join a class: its board then sees how your steps stand; what it is told is said first",
        (
            (("address",), {"metavar": "ADDRESS", "help": "as your teacher says it"}),
            (("code",), {"nargs": "?", "metavar": "CODE", "help": "not needed where only the address is new"}),
            (("--name",), {"metavar": "NAME", "help": "how you are called on the board"}),
            _YES,
        ),
    ),
    "leave": ("room:leave", "leave the class; its board forgets you", ()),
    "hub": (
        "hub:hub",
        "for teachers: JupyterHub for a class on this machine, each learner in a room of their own",
        (
            (
                ("what",),
                {
                    "nargs": "?",
                    "choices": ["start", "status", "stop", "forget", "password"],
                    "default": "start",
                    "help": "start it (default); say who is there; end it; remove it, or a learner, with all work; "
                    "let a learner choose another password",
                },
            ),
            (("name",), {"nargs": "?", "metavar": "NAME", "help": "a learner, for `forget` and `password`"}),
            (("--port",), {"type": int, "metavar": "N", "help": "where learners find it (default: 8000)"}),
            (("--listen",), {"metavar": "ADDRESS", "help": "only at this address of this machine (default: all)"}),
            (
                ("--certificate",),
                {"metavar": "FILE", "help": "serve https: a file with a certificate and its key"},
            ),
            (("--memory",), {"type": float, "metavar": "GB", "help": "what a learner may use (default: 3)"}),
            (("--disk",), {"type": float, "metavar": "GB", "help": "how large a learner's disk is (default: 8)"}),
            (
                ("--idle",),
                {
                    "type": int,
                    "metavar": "MINUTES",
                    "help": "rooms at rest end after this time; 0: never (default: 60)",
                },
            ),
            _YES,
            _JSON,
        ),
    ),
    "reset": ("learner:reset", "undo steps, restore their files, keep a copy of yours", (_YES, _NAMES)),
    "completion": (
        "shell:completion",
        "print the code that completes `lab` in a shell",
        ((("shell",), {"choices": ["bash", "zsh", "fish"], "help": 'as in: eval "$(lab completion bash)"'}),),
    ),
    "tour": (
        "tour:tour",
        "run lessons headless on this machine, and write a report",
        (
            (("lessons",), {"nargs": "*", "metavar": "LESSON"}),
            _EMULATORS,
            _YES,
            (("--output",), {"metavar": "DIR", "default": "build/tour", "help": "default: build/tour"}),
        ),
    ),
}

_SELDOM = ("tour", "seed")
_FILES = ("explain", "nodes", "ready")  # what it takes are files, which the shell completes itself
# What a verb's exit statuses mean, where they are its own.
_STATUSES = {
    "audit": (
        "Exit status: 0 no errors, 1 errors were found, 2 usage, 3 blocked (a registry does not answer), 4 an image "
        "cannot be read (no such tag or file, no image, damaged). With several images it is the greatest of theirs."
    ),
    "ready": (
        "Exit status: 0 nothing stops, 1 something does, 2 usage, 3 blocked (a registry does not answer), 4 a file "
        "cannot be read, or there is none. It reports and changes nothing."
    ),
}


def parser(only: str = "", *, arguments: bool = True) -> argparse.ArgumentParser:
    """The whole command line as argparse knows it, which the reference page is made from.

    Or of it one verb alone, or no verb's own arguments: that is sooner done.
    """
    top = argparse.ArgumentParser(
        prog="lab",
        description="Learn multi-platform Docker images on a real engine, with every step checked.",
        epilog="Exit status: 0 all passed, 1 something failed, 2 usage, 3 blocked, 70 an internal error of the lab.",
    )
    top.add_argument("--version", action="version", version=f"multiplatform-lab {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB")
    for name in [only] if only else _VERBS:
        where, text, its_own = _VERBS[name]
        daily: dict[str, Any] = {"help": text} if name not in _SELDOM else {}  # a verb without help stands in no list
        told = text[0].upper() + text[1:] + "."
        verb = verbs.add_parser(name, add_help=arguments, **daily, description=told, epilog=_STATUSES.get(name))
        verb.set_defaults(where=where)
        for flags, options in its_own if arguments else ():
            added: Any = verb.add_argument(*flags, **options)
            if added.dest in ("names", "step", "lessons", "lesson", "what", "case") and name not in _FILES:
                added.completer = _names
    return top


def _names(**_given: object) -> list[str]:
    """What the shell may complete a lesson or a step to; asked only when somebody presses Tab."""
    from lab import course
    from lab.course import capstone, clinic

    lessons = [lesson.stem for lesson in course.lessons()]
    return [*lessons, *course.steps(), course.WARD, *clinic.steps(), course.CAPSTONE, *capstone.steps()]


def run(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status. One clear line on standard error where it cannot be done."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser())
    words = sys.argv[1:] if arguments is None else list(arguments)
    with marks.around(_verb(words)) as status:
        status.append(_done(_parser_for(words), words))
        return status[0]


def _verb(words: Sequence[str]) -> str:
    first = words[0] if words else marks.HOME
    return first if first in _VERBS else marks.HOME


def _parser_for(words: Sequence[str]) -> argparse.ArgumentParser:
    if not words or words[0] in ("-h", "--help", "--version"):
        return parser(arguments=False)
    return parser(words[0] if words[0] in _VERBS else "")


def _done(top: argparse.ArgumentParser, words: Sequence[str]) -> int:
    given = top.parse_args(words)
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
        f"lab: an internal error of the lab, not your fault. Details: {keep_traceback('cli')}",
        file=sys.stderr,
    )
    return Bug.exit_status


def main() -> None:
    """The console script."""
    sys.exit(run())
