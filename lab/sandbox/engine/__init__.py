"""The engine of the sandbox: one protocol with two homes, the lab's own engine and the user's.

Each check of a step comes here for its environment: what only `up` and `down` need is loaded by them.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from lab.errors import Blocked
from lab.sandbox import state
from lab.sandbox.model import Code, EngineRef, Sandbox

if TYPE_CHECKING:
    from python_on_whales import DockerClient

    from lab.sandbox.engine.protocol import Engine, Wanted
    from lab.sandbox.state import State


def of(reference: EngineRef) -> Engine:
    """The home of an engine that is written down."""
    if reference.kind == "private":
        from lab.sandbox.engine.own import Own

        return Own()
    from lab.sandbox.engine.users import Users

    return Users(reference)


def whose(code: Code) -> str:
    """The name for people of a home's code, after "the engine is"."""
    from lab.sandbox.engine.own import Own
    from lab.sandbox.engine.users import Users

    return {home.code: home.whose for home in (Own, Users)}[code]


def choose(before: State | None, wanted: Wanted) -> Engine:
    """The engine for `up`: that of before, since things of the lab's are on it; else the user's; else the lab's own.

    Raises Blocked where that of before is needed and does not answer, and where there is none and none can be brought.
    """
    from lab.sandbox.engine import daemon, missing, search
    from lab.sandbox.engine.own import Own

    if not wanted.own:
        known = last(before)
        if known and known.keeps():
            return known
        found = search.look()
        if isinstance(found, EngineRef):
            return of(found)
        if not daemon.possible():
            raise missing.blocked(found, own=daemon.fits())
    daemon.check_possible()
    return Own()


def last(before: State | None) -> Engine | None:
    """The engine of the state, or that on which the lab's things are though the state is lost; None where none is."""
    from lab.sandbox.engine import snapshot

    if before:
        return of(before.engine)
    noted = snapshot.read()
    return of(noted.engine) if noted else None


def environment(box: Sandbox) -> dict[str, str]:
    """os.environ, changed so that `docker`, `docker buildx` and `$REGISTRY` are the sandbox's."""
    return of(box.engine).environment(box)


def docker() -> DockerClient:
    """A python-on-whales client on the sandbox that is up, for notebooks and scripts, whatever their environment says.

    Its builders are the lab's (as `docker buildx ls` in a lesson shows them); what it raises are that library's
    own errors. Raises Blocked where no sandbox is up.
    """
    from lab.sandbox.host.client import bound

    box = state.load()
    return bound(box.engine.docker, environment(box))


def adapt_new_builders() -> None:
    """Adapt the builders that were created since the last time; quick where there is none, or no user's engine."""
    with contextlib.suppress(Blocked):
        box = state.load()
        of(box.engine).adapt_new_builders(box)


def restore_defaults() -> bool:
    """Write what new builders are told as the lab does, where somebody changed it, and keep theirs beside it; was it?

    Buildx creates no builder at all with a file that it cannot read.
    """
    from lab.sandbox.engine import buildx_store, config

    now = state.read()
    if now is None or not now.ready:
        return False
    return buildx_store.restore_defaults(config.builder_settings(now.port, now.address))


def has_foreign_builder(name: str) -> bool:
    """Whether a container on the engine, none of the lab's, is already called as that builder's would be."""
    return of(state.load().engine).has_foreign_builder(name)
