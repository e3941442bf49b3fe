"""Whether the registries are there: one question each. None but the lab's own is asked unless the learner says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lab.doctor.facts import Reach, Trouble
from lab.doctor.place import Place
from lab.errors import Blocked
from lab.images.reference import HUB, HUB_ENDPOINT

_ANSWERS = (200, 401, 403)


def questions(place: Place, *, online: bool) -> list[Callable[[], Reach]]:
    """What is to be asked: the sandbox's own registry; with `online` Docker Hub and the learner's account too."""
    account = place.world.registry.partition("/")[0] if place.port is None else ""
    hosts = [HUB_ENDPOINT, *([account] if account not in ("", HUB) else [])] if online else []
    own = [partial(_own, place.world.registry, place.port, place.bridge)] if place.port else []
    return [*own, *(partial(ask, host) for host in hosts)]


def _own(address: str, port: int, bridge: str | None) -> Reach:
    from lab.sandbox import registry

    if all(registry.answers(one, port) for one in (registry.LOOPBACK, bridge) if one):
        return Reach(address, lab=True)
    return Reach(address, lab=True, trouble=Trouble("The lab's registry does not answer.", "`lab up` starts it again."))


def ask(address: str, *, limit: float = 10.0) -> Reach:
    """Whether a registry is there: that it wants a login (401) is an answer too."""
    from lab.images.connection import Unreachable
    from lab.images.registry import ping

    try:
        status = ping(address, limit=limit).status
    except Unreachable as error:
        remedy = error.helps or "Check the network and the proxy settings."
        return Reach(address, lab=False, trouble=Trouble(f"{address} {error.what}.", remedy))
    except Blocked as error:
        return Reach(address, lab=False, trouble=Trouble(error.message, "Check that it is a registry."))
    if status in _ANSWERS:
        return Reach(address, lab=False)
    return Reach(address, lab=False, trouble=Trouble(f"{address} answers {status}.", "Check that it is a registry."))
