"""A handler of the lab's own that serves no container, since it lacks the flag F: what a case of the clinic is about.

The kernel asks the handler that was registered last. So this one stands before the lab's own one for the same
processor, which is not touched and works again as soon as this one is gone. One of somebody else is never put behind.
"""

from __future__ import annotations

from pathlib import Path

from lab.errors import Blocked
from lab.sandbox import state
from lab.sandbox.emulators import kernel

PROCESSOR = "riscv64"  # QEMU's name and Docker's, too; no lesson's own programs need it
_FLAGS = kernel.FLAGS.replace("F", "")
_NO_CONSENT = "This registers an emulator for {processor} with this machine's kernel, and nobody agreed to that yet."
_LEAVE = "Leave this case out of your round."
_AGREE = "`lab up --emulators` is how you agree; `lab down` takes away what was registered."


def check_agreed() -> None:
    """Raises Blocked where the learner has not let emulators in; what is there by now was agreed to."""
    known = state.read()
    if not (known and known.emulators) and not _mark().exists():
        raise Blocked(_NO_CONSENT.format(processor=PROCESSOR), _AGREE)


def check_possible() -> None:
    """Raises Blocked where the engine is elsewhere, the processor this machine's own, or somebody else serves it."""
    if state.load().engine.remote or not Path("/proc").is_dir():
        raise Blocked("Your engine has a kernel of its own, where this case cannot register anything.", _LEAVE)
    if PROCESSOR not in kernel.wanted():
        raise Blocked(f"Programs for {PROCESSOR} are this machine's own, and need no emulator.", _LEAVE)
    for handler in kernel.serving(PROCESSOR):
        if not handler.own:
            raise Blocked(
                f"{handler.name}, which is not this lab's, runs programs for {PROCESSOR}: nothing is put before it.",
                _LEAVE,
            )


def put() -> None:
    """Register it, once until it is forgotten, `lab down` or a restart of the machine. Raises Blocked."""
    check_agreed()
    check_possible()
    if _mark().exists():
        return
    kernel.register()  # what works is there, too; and the kernel's interface
    if not any(handler.name == name() for handler in kernel.serving(PROCESSOR)):
        kernel.add(PROCESSOR, kernel.fetch(), name(), _FLAGS)
    state.runtime().mkdir(mode=0o700, exist_ok=True)
    _mark().touch()


def remove() -> str:
    """Take it away and forget that it was there; says what was removed, "" where there was nothing."""
    there = any(handler.name == name() for handler in kernel.serving(PROCESSOR))
    kernel.remove(name())
    _mark().unlink(missing_ok=True)
    return f"emulator {name()}" if there else ""


def name() -> str:
    """What the kernel calls it."""
    return f"{kernel.own_prefix()}{PROCESSOR}-package"


def _mark() -> Path:
    """Where it is kept that it was registered: in a folder that goes when the handlers go."""
    return state.runtime() / "unopened"
