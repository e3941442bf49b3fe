"""The sandbox's verbs: up, status, down, learn."""

from __future__ import annotations

import ipaddress
import json
import os
import sys
from argparse import Namespace
from pathlib import Path

from lab import paths, sandbox
from lab.errors import Blocked, UsageError
from lab.probes.here import default_folder
from lab.probes.needs import NO_CONSENT
from lab.sandbox.report import RichListener

_CONSENT = """\
Emulators let this machine run programs of other platforms (arm64, arm/v7, riscv64). They are registered with the
kernel, for the whole machine, until `lab down` or a reboot. Lesson 4 shows how it works with and without them."""


def up(given: Namespace) -> int:
    """Bring the sandbox up, say what is there."""
    if given.emulators and os.environ.get(NO_CONSENT) == "no":
        raise Blocked("This run may not register emulators: nobody agreed to it.", "Run it with --emulators to agree.")
    box = _up(given)
    if given.emulators is not None:
        print(_emulators(box))
    print(f"The sandbox is up. $REGISTRY is {box.registry}. `lab status` shows details; `lab down` removes it.")
    return 0


def _emulators(box: sandbox.Sandbox) -> str:
    """What became of the emulators that were asked for, or asked away."""
    if missing := sandbox.missing_emulators(box):
        return f"No emulator is registered for {', '.join(missing)}."
    if box.engine.remote:
        return "Emulators are a matter of the engine's own machine: `docker buildx ls` lists what it runs."
    return "The lessons' emulators are registered with the kernel. `lab emulators` lists them."


def _up(given: Namespace) -> sandbox.Sandbox:
    with RichListener() as report:
        box = sandbox.up(registry=given.registry, emulators=given.emulators, report=report, private=given.private)
    if given.emulators is None and agreed(box):
        with RichListener() as report:
            box = sandbox.up(registry=given.registry, emulators=True, report=report, private=given.private)
    return box


def agreed(box: sandbox.Sandbox) -> bool:
    """Ask for emulators, where somebody can answer and there is something to ask."""
    return bool(sandbox.missing_emulators(box)) and agrees(_CONSENT, "Register them?")


def agrees(text: str, question: str) -> bool:
    """Say what is to be done and ask for it; no, where nobody can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(text, file=sys.stderr)
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def status(given: Namespace) -> int:
    """One screen."""
    from lab.verbs import room

    found, joined = sandbox.status(), room.standing()
    if given.json:
        print(json.dumps({**found.to_json(), "class": joined}, indent=1))
        return found.exit_status
    print(found.as_text())
    if joined:
        print("\n".join([f"{'Class':<10} {room.line(joined)}", *room.from_teacher()]))
    return found.exit_status


def down(given: Namespace) -> int:
    """Remove what `up` made."""
    from lab.kit import place
    from lab.verbs import room

    removed = sandbox.down(purge=given.purge, dry_run=given.dry_run)
    if given.purge and room.has_joined():
        removed.append(f"the class: {room.WOULD_LEAVE if given.dry_run else room.left()}")
    of_kits = list(place.removals()) if given.purge else []
    removed += [removal.line for removal in of_kits]
    for line in removed:
        print(f"  {line}")
    if not removed:
        print("Nothing is up, so there was nothing to remove.")
    elif given.dry_run:
        print(f"To be removed: {len(removed)}. Nothing was touched.")
    else:
        print(f"Removed: {len(removed)}. Your copy of the lessons stays where it is.")
    if not given.dry_run:
        for removal in of_kits:  # last of all: the lab that runs may be in there
            removal.remove()
    return 0


def learn(given: Namespace) -> int:
    """Bring all up and serve JupyterLab until Ctrl-C."""
    from lab import course
    from lab.course import workspace
    from lab.learning import progress
    from lab.notebook import server
    from lab.probes.here import set_seed

    listen = _address(given.listen)
    if given.seed is not None:
        set_seed(given.seed)
    _up(given)
    copied = workspace.start(Path(given.folder) if given.folder else default_folder())
    step = progress.next_open(paths.learner())
    first = course.lesson(step.lesson).notebook.name if step else ""
    return server.serve(copied.folder, first, listen=listen)


def _address(given: str) -> str:
    """The IPv4 address as it is meant. Raises UsageError."""
    try:
        return str(ipaddress.IPv4Address(given))
    except ValueError as error:
        raise UsageError(f"{given!r} is no IPv4 address.", "Examples: 127.0.0.1, 0.0.0.0 (all of them).") from error
