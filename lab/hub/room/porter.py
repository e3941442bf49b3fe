"""The first process of a room: it starts the room's command, collects what has ended, and leads callers in and out."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress

from lab.hub.room.plan import DOORS, HOME, Plan

_LOOPBACK = "127.0.0.1"
_PIECE = 65536
Dial = Callable[[], socket.socket]


def serve(plan: Plan) -> int:
    """Run the command; its exit status. All that is left in the room ends with this process."""
    _later(_end_with_the_hub)
    inwards = socket.socket(fileno=plan.into)
    _later(_lead, inwards, lambda: socket.create_connection((_LOOPBACK, plan.port)))
    for name, port in plan.out.items():
        _later(_lead, socket.create_server((_LOOPBACK, port)), _door(name))
    with subprocess.Popen(plan.command, env=dict(plan.environment), cwd=HOME, stdin=subprocess.DEVNULL) as started:
        while True:
            process, status = os.wait()
            if process == started.pid:
                started.returncode = os.waitstatus_to_exitcode(status)
                return started.returncode & 0xFF


def _door(name: str) -> Dial:
    def dial() -> socket.socket:
        out = socket.socket(socket.AF_UNIX)
        out.connect(str(DOORS / name))
        return out

    return dial


def _end_with_the_hub() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


def _lead(listening: socket.socket, dial: Dial) -> None:
    """Join each caller to whom `dial` calls."""
    while True:
        caller, _ = listening.accept()
        try:
            called = dial()
        except OSError:
            caller.close()
            continue
        _later(_pass, caller, called)
        _later(_pass, called, caller)


def _pass(source: socket.socket, target: socket.socket) -> None:
    """Hand on what comes, until one side has no more."""
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    for end, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
        with suppress(OSError):
            end.shutdown(how)


def _later(what: Callable[..., object], *given: object) -> None:
    threading.Thread(target=what, args=given, daemon=True).start()
