"""`up`: make what is missing, restart what died, change nothing that is well."""

from __future__ import annotations

import re
from dataclasses import replace

from lab.errors import BadInput, UsageError
from lab.sandbox import buildkit, consent, golang, images, state, teardown
from lab.sandbox import engine as engines
from lab.sandbox import registry as registries
from lab.sandbox.engine import config
from lab.sandbox.engine.protocol import Wanted
from lab.sandbox.model import Sandbox
from lab.sandbox.report import Listener, quiet
from lab.sandbox.state import State

LOCAL = "local"
SUITE = "forky"
STORES = ("containerd", "classic")
_ACCOUNT = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*")


def up(  # noqa: PLR0913  # each is a choice that a learner can make
    *,
    registry: str | None = None,
    emulators: bool | None = None,
    report: Listener = quiet,
    private: bool = False,
    suite: str | None = None,
    store: str | None = None,
) -> Sandbox:
    """Bring the sandbox up, or what is missing of it; a second time changes nothing and is quick.

    `registry` is an account to push to ("docker.io/NAME"; "local" goes back to the lab's own; None leaves it as it
    was). `emulators=True` is consent to register them with the kernel; None leaves them as they are. `private` takes
    the lab's own engine though another one answers; `suite` and `store` ("containerd", "classic") say which one,
    None leaves it. Raises Blocked where the machine cannot, UsageError for a wrong argument; what was made until then
    is put right by the next `up`, or removed by `down`.
    """
    _check(registry, store)
    with state.lock(report):
        before = _previous(report)
        account = before.account if registry is None and before else registry if registry != LOCAL else None
        suite = suite or (before.suite if before else "") or SUITE
        wanted = Wanted(private, account, suite, store or (before.store if before else STORES[0]))
        if before and _stands(before, wanted):
            now = before
            if engines.restore_defaults():
                report.note("buildkitd.default.toml had been changed. It is the lab's again; yours is kept beside it.")
        else:
            now = _make(before, wanted, report)
        now = consent.apply(now, emulators, report)
        box = now.sandbox()
        images.provide(box, report)
        environment = engines.environment(box)
        buildkit.start(buildkit.Target(box.mirror, box.engine.docker, environment))
        golang.start(box.mirror, environment)
        return box


def _stands(now: State, wanted: Wanted) -> bool:
    """Whether the sandbox is the one that is wanted, and engine and registry answer."""
    engine = engines.of(now.engine)
    as_wanted = now.ready and now.account == wanted.account and engine.meets(wanted, now)
    return as_wanted and engine.healthy(now) and registries.all_answer(now.port, now.address)


def _make(before: State | None, wanted: Wanted, report: Listener) -> State:
    engine = engines.choose(before, wanted)
    if before and engines.of(before.engine) != engine:
        report.note("The engine is not the same as last time.")
        teardown.release(before)
    now = engine.bring_up(before, wanted, report)
    if now.address:
        state.remember(address=now.address)
    config.write(now.engine, port=now.port, address=now.address)
    now = replace(now, ready=True)
    state.write(now)
    return now


def _previous(report: Listener) -> State | None:
    try:
        return state.read()
    except BadInput as error:
        report.note(f"{error.message} It is created again; images and settings stay.")
        return None


def _check(registry: str | None, store: str | None) -> None:
    if store not in (None, *STORES):
        raise UsageError(f"{store!r} is not an image store.", f"It is one of {', '.join(STORES)}.")
    if registry is not None and registry != LOCAL and not _ACCOUNT.fullmatch(registry):
        raise UsageError(f"{registry!r} is not a registry.", "Examples: docker.io/NAME, ghcr.io/NAME, local.")
