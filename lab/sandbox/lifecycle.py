"""`up`: make what is missing, restart what died, change nothing that is well."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path

from lab.errors import BadInput, Blocked, UsageError
from lab.sandbox import belongings, config, consent, learner, network, nothing, state, teardown, theirs, tree
from lab.sandbox import private as private_engine
from lab.sandbox import registry as registries
from lab.sandbox.model import EngineRef, Sandbox
from lab.sandbox.report import Report, quiet
from lab.sandbox.state import State

LOCAL = "local"
SUITE = "forky"
STORES = ("containerd", "classic")
_ACCOUNT = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*")


def up(  # noqa: PLR0913  # each is a choice that a learner can make
    *,
    registry: str | None = None,
    emulators: bool | None = None,
    report: Report = quiet,
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
        wanted = _Wanted(account, private, suite, store or (before.store if before else STORES[0]))
        if before and before.ready and wanted.met_by(before) and healthy(before):
            now = before
        else:
            now = _make(before, wanted, report)
        now = consent.apply(now, emulators, report)
        _fill(now.sandbox(), report)
        return now.sandbox()


@dataclass(frozen=True)
class _Wanted:
    account: str | None
    private: bool
    suite: str
    store: str

    def met_by(self, before: State) -> bool:
        """Whether the sandbox of earlier is the one that is wanted."""
        if self.account != before.account or (self.private and before.engine.kind != "private"):
            return False
        return before.engine.kind == "learner" or (self.suite, self.store) == (before.suite, before.store)


def healthy(now: State) -> bool:
    """Whether engine and registry answer."""
    if now.engine.kind == "private":
        well = private_engine.whole() and now.address is not None and network.exists(state.bridge())
    else:
        well = learner.answers(now.engine)
    return well and registry_answers(now)


def registry_answers(now: State) -> bool:
    """Whether the lab's own registry answers on each of its addresses; true where an account alone is used."""
    return now.port is None or all(registries.answers(one, now.port) for one in addresses(now.address))


def addresses(bridge: str | None) -> list[str]:
    """Where the lab's registry listens: on loopback, and on the lab's own bridge where there is one."""
    return [registries.LOOPBACK, *([bridge] if bridge else [])]


def _make(before: State | None, wanted: _Wanted, report: Report) -> State:
    ours = before is not None and before.engine.kind == "private" and private_engine.answers()
    engine = None if wanted.private or ours else _learners(before)
    if engine is None:
        private_engine.check_possible()
    if before and before.engine.kind != ("learner" if engine else "private"):
        report.note("The engine is not the same as last time.")
        teardown.release(before)
    if engine:
        return _with_learner(engine, before, wanted, report)
    return _with_private(before, wanted, report)


def _learners(before: State | None) -> EngineRef | None:
    """The learner's engine: that of before if there was one, since things of the lab's are on it.

    None where the lab brings its own. Raises Blocked where it cannot.
    """
    known = before.engine if before else noted.engine if (noted := theirs.read()) else None
    if known is None or known.kind != "learner":
        found = learner.look()
        if isinstance(found, EngineRef):
            return found
        if not private_engine.possible():
            raise nothing.blocked(found, own=private_engine.fits())
        return None
    if not learner.answers(known):
        raise Blocked(
            f"Your Docker engine at {known.host} does not answer.",
            "Start it, then run `lab up` again; or `lab down --purge` first, to forget about it.",
        )
    return known


def _with_private(before: State | None, wanted: _Wanted, report: Report) -> State:
    programs = tree.engine(wanted.suite, report)
    state.runtime().mkdir(mode=0o700, exist_ok=True)
    if "absent" not in state.before():
        state.note_before(absent=sorted({*private_engine.absent(), *(before.absent if before else ())}))
    kept = state.remembered()
    engine = private_engine.reference(programs)
    now = State(
        ready=False, engine=engine, registry="", mirror=None, create_opts="", port=None, address=None,
        suite=wanted.suite, store=wanted.store, account=wanted.account, absent=tuple(state.before()["absent"]),
        emulators=before.emulators if before else False,
    )  # fmt: skip
    state.write(now)
    report.phase("Starting the registry and the engine")
    address = network.ensure(state.bridge(), kept.get("address"))
    port = _start_registry(programs, addresses(address), kept.get("port"), report)
    settings = private_engine.settings(programs, wanted.suite, f"{address}:{port}", store=wanted.store)
    if not private_engine.runs(settings):
        private_engine.stop()
        private_engine.start(programs, settings, address)
    own = f"{address}:{port}"
    now = replace(now, registry=wanted.account or own, mirror=f"localhost:{port}", port=port, address=address)
    return _finish(now)


def _with_learner(engine: EngineRef, before: State | None, wanted: _Wanted, report: Report) -> State:
    report.note(f"Using your Docker engine at {engine.host}.")
    if learner.is_elsewhere(engine) and not wanted.account:
        raise Blocked(
            f"Your Docker engine at {engine.host} is on another machine: a registry there is not on this `localhost`.",
            "Push to an account instead, as with `lab up --registry docker.io/NAME`; or use an engine here.",
        )
    port = before.port if before else None
    now = State(
        ready=False, engine=engine, registry=wanted.account or "", mirror=None, create_opts="", port=port,
        address=None, suite=wanted.suite, store=wanted.store, account=wanted.account,
        emulators=before.emulators if before else False,
    )  # fmt: skip
    state.write(now)
    theirs.note(engine)
    if wanted.account:
        return _finish(now)
    report.phase("Starting the registry")
    port, container = _learner_registry(engine, port, report)
    options = "--driver-opt network=host"
    return _finish(replace(now, registry=f"localhost:{port}", port=port, container=container, create_opts=options))


def _learner_registry(engine: EngineRef, port: int | None, report: Report) -> tuple[int, bool]:
    kept = port or state.remembered().get("port")
    known = theirs.read()
    avoid = known.ports if known else frozenset[int]()
    if not engine.remote:
        try:
            return _start_registry(tree.registry(report), [registries.LOOPBACK], kept, report, avoid), False
        except Blocked as error:
            report.note(f"{error.message} The registry runs as a container instead.")
    port = registries.choose_port([registries.LOOPBACK], kept, avoid)
    if not registries.answers(registries.LOOPBACK, port):
        belongings.start_registry(engine, port)
        registries.wait(registries.LOOPBACK, port)
    state.remember(port=port)
    return port, True


def _start_registry(programs: Path, where: list[str], kept: object, report: Report, avoid: Container[int] = ()) -> int:
    port = registries.choose_port(where, kept, avoid)
    if isinstance(kept, int) and port != kept:
        whose = "means images of yours" if kept in avoid else "is in use by another program"
        report.note(f"Port {kept} {whose}; the registry is on {port} now.")
        registries.stop()
    registries.start(programs, port, where)
    state.remember(port=port)
    return port


def _finish(now: State) -> State:
    if now.address:
        state.remember(address=now.address)
    config.write(now.engine, port=now.port, address=now.address)
    now = replace(now, ready=True)
    state.write(now)
    return now


def _fill(sandbox: Sandbox, report: Report) -> None:
    """Base images into the registry; BuildKit's image in the background."""
    from lab.sandbox import buildkit, images

    images.provide(sandbox, report)
    buildkit.start(sandbox)


def _previous(report: Report) -> State | None:
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
