"""Set the scene of a case: what its team has built, pushed and made before anybody asked for help."""

from __future__ import annotations

import http.client
import io
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from lab.course import _scene
from lab.errors import Blocked
from lab.images.fetch import ACCEPT
from lab.model.platforms import Platform
from lab.model.world import World
from lab.probes import engine, needs, registry

NOT_MADE = "What this case begins with could not be made: {reason}"


def here(world: World) -> Platform:
    """This machine's platform."""
    return Platform.parse(world.env["HERE"])


def other(world: World) -> Platform:
    """The common platform that this machine is not."""
    return Platform.parse(world.env["OTHER"])


def docker(world: World, *words: str) -> str:
    """Run `docker …` for a scene, and give back what it printed. Blocked where it fails."""
    status, out, err, _ = engine.docker(world, *words, limit=120)
    if status:
        raise Blocked(NOT_MADE.format(reason=err.strip()[-300:]))
    return out.strip()


def build(  # noqa: PLR0913 - each is named where it is given
    world: World,
    tag: str,
    platforms: Iterable[Platform],
    place: Path,
    *,
    text: str = "",
    options: Sequence[str] = (),
    index: bool = False,
) -> None:
    """Build a folder for these platforms and push it, where the tag is missing; `text` stands for its Dockerfile.

    `index`: also what is for one platform has to be a list, as builders in containers and newer engines push it.
    """
    if _scene.missing(world, tag):
        rebuild(world, tag, platforms, place, text=text, options=options, index=index)


def rebuild(  # noqa: PLR0913 - the same
    world: World,
    tag: str,
    platforms: Iterable[Platform],
    place: Path,
    *,
    text: str = "",
    options: Sequence[str] = (),
    index: bool = False,
) -> None:
    """The same, whether the tag is there or not."""
    every = tuple(platforms)
    wanted, dear = ",".join(map(str, every)), index or len(every) > 1 or any(one.os != "linux" for one in every)
    with tempfile.TemporaryDirectory(prefix="lab-clinic-") as folder:
        file = Path(folder) / "Dockerfile"
        file.write_text(text or (place / "Dockerfile").read_text(encoding="utf-8"), encoding="utf-8")
        known = ("--quiet", *builder(world, dear=dear), "--platform", wanted, "-f", str(file))
        docker(world, "buildx", "build", *known, *options, "-t", f"{world.registry}/{tag}", "--push", str(place))


def stock(world: World, tag: str, base: str, platforms: Iterable[Platform]) -> None:
    """Keep a copy of a public base in the registry, where that has none: the lab's own has it from the beginning.

    It stays there: it is no work of a case. Blocked where it cannot be, and where the registry is somebody's account.
    """
    if not _scene.missing(world, tag):
        return
    needs.own_registry(world)
    with tempfile.TemporaryDirectory(prefix="lab-clinic-") as folder:
        rebuild(world, tag, platforms, Path(folder), text=f"FROM {base}\n")


def point(world: World, tag: str, digest: str) -> None:
    """Let a tag stand for a manifest that its repository has, byte for byte. Blocked where it cannot be."""
    from lab.images.registry import Registry

    with Registry(registry.reference(world, tag), world) as known:
        found = known.get(f"manifests/{digest}", accept=ACCEPT)
        kind = found.headers.get("content-type", "")
        place = f"manifests/{known.reference.tag}"
        answer = known.put(place, lambda: io.BytesIO(found.body), len(found.body), kind)
    if answer.status != http.client.CREATED:
        raise Blocked(NOT_MADE.format(reason=f"the registry answered {answer.status} for {tag}"))


def builder(world: World, *, dear: bool) -> tuple[str, ...]:
    """The engine's own builder; the learner's current one for what the own one of a classic store cannot do (`dear`).

    That is several platforms in one build, a list of one, another system than Linux.
    """
    if dear and engine.info()(world).store == "classic":
        return ()
    return ("--builder", world.env.get("DOCKER_CONTEXT") or "default")
