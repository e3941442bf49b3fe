"""The rules on compose files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.model.platforms import Platform, given, listed
from lab.model.steps import Problem
from lab.ready import lined, names
from lab.ready.recipe import expanded
from lab.ready.rule import COMPOSE, STOPS, Found, rule

PINNED = "Service `{service}` is pinned to {found}: hosts of another platform emulate it, or cannot start it"
LACKS = "Service `{service}` is built for {found}, not for {wanted}"
ONE_BY_NAME = "`{image}` is by its name an image for {found} only"


@dataclass(frozen=True)
class Service:
    """One service: the image that it runs (none of its own building), and what it says of platforms."""

    name: str
    pin: lined.Value
    image: str
    line: int
    platforms: tuple[lined.Value, ...] = ()


@dataclass(frozen=True)
class Compose:
    """A compose file and the platforms that are wanted."""

    path: str
    services: tuple[Service, ...]
    wanted: tuple[Platform, ...] = ()


def read(text: str, path: str, wanted: tuple[Platform, ...]) -> Compose:
    """Read a compose file."""
    services = []
    for name, said in lined.read(text, path).get("services").pairs:
        image, build = said.get("image"), said.get("build")
        pulled = "" if build else expanded(image.text, {})
        platforms = tuple(build.get("platforms").rows)
        services.append(Service(name.text, said.get("platform"), pulled, (image or name).line, platforms))
    return Compose(path, tuple(services), wanted)


@rule(COMPOSE, "compose-pinned", STOPS, "A service is pinned to a platform", "mismatch")
def compose_pinned(compose: Compose) -> Iterator[Found]:
    """`platform: linux/amd64`."""
    for one in () if names.named(compose.path) else compose.services:
        pin = given(expanded(one.pin.text, {}))
        if pin and set(compose.wanted) - {pin}:
            yield Found(one.pin.line, Problem(PINNED, service=one.name, found=pin))


@rule(COMPOSE, "compose-lacks", STOPS, "A service is not built for a platform", "multi-platform")
def compose_lacks(compose: Compose) -> Iterator[Found]:
    """`build.platforms` that lacks one that is wanted."""
    for one in compose.services:
        found = {platform for value in one.platforms if (platform := given(value.text))}
        if len(found) == len(one.platforms) and found and (lacking := set(compose.wanted) - found):
            values = {"service": one.name, "found": listed(found), "wanted": listed(lacking)}
            yield Found(one.platforms[0].line, Problem(LACKS, **values))


@rule(COMPOSE, "compose-for-one", STOPS, "A service's image is for one platform, by its name", "multi-platform")
def compose_for_one(compose: Compose) -> Iterator[Found]:
    """`arm64v8/redis`."""
    for one in () if names.named(compose.path) else compose.services:
        found = names.of_one_platform(one.image)
        if found and not names.enough(found, compose.wanted):
            yield Found(one.line, Problem(ONE_BY_NAME, image=one.image, found=found))
