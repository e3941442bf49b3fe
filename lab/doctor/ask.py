"""All that `lab doctor` asks, at once: the slowest answer, not their sum, is what it takes. Nothing is changed.

What only one question needs is loaded by that question, so that Docker is asked before all of the lab is loaded.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from lab import paths
from lab.doctor import bundled, leftovers, programs, reach
from lab.doctor import engine as engines
from lab.doctor import place as places
from lab.doctor.facts import LOCAL_DRIVERS, Checkup, Disk, Emulator, Leftover, Trial, Trouble
from lab.doctor.place import Place
from lab.errors import LabError
from lab.model.facts import Builder, Engine
from lab.model.platforms import Platform
from lab.probes import host

T = TypeVar("T")


def checkup(*, own: bool = False, online: bool = False) -> Checkup:
    """Ask everything. `own`: the learner's engine though a sandbox is up; `online`: other hosts may be asked too.

    Raises nothing for what is down: that is what it tells.
    """
    place = places.own() if own else places.chosen()
    with tempfile.TemporaryDirectory(prefix="lab-doctor-") as folder:
        tiny = programs.write(Path(folder))
        with ThreadPoolExecutor(max_workers=8) as pool:
            return _Asking(place, tiny, pool, online=online).result()


class _Asking:
    """The questions that are under way."""

    def __init__(self, place: Place, tiny: Mapping[str, Path], pool: ThreadPoolExecutor, *, online: bool) -> None:
        self._place, self._tiny, self._pool = place, tiny, pool
        world = place.world
        self._builders = pool.submit(_told, lambda: engines.builders(world))
        self._info = pool.submit(_told, lambda: engines.info(world))
        self._image = pool.submit(_told, lambda: engines.any_image(world))
        self._parts = pool.submit(_told, lambda: leftovers.parts(world))
        self._host = pool.submit(places.address, place)
        self._reaches = [pool.submit(work) for work in reach.questions(place, online=online)]
        self._direct = [pool.submit(programs.directly, name, file) for name, file in tiny.items()]

    def result(self) -> Checkup:
        """Wait for the answers."""
        from lab.sandbox.emulators import kernel
        from lab.sandbox.engine import search

        place = self._place
        about, address = self._info.result(), self._host.result()
        found: Engine | Trouble = about if isinstance(about, Trouble) else _engine(about)
        known = {} if isinstance(about, Trouble) else about
        local = not (search.is_remote(address, known) if place.remote is None else place.remote)
        handlers, own = tuple(_emulators()), host.this_machine().platform
        inside = self._inside(handlers, own, local=local) if isinstance(found, Engine) else []
        listed = self._builders.result()
        names = places.names(place, address, known)
        held = self._bundled(listed, names)
        return Checkup(
            whose=place.whose,
            sandbox=place.sandbox,
            host=address,
            local=local,
            engine=found,
            buildx=engines.buildx(known),
            builders=found if isinstance(found, Trouble) else listed,
            here=names,
            own=own,
            seen=kernel.mounted(),
            emulators=handlers,
            trials=(*(one.result() for one in [*inside, *self._direct]),),
            registry=place.world.registry,
            reaches=tuple(one.result() for one in self._reaches),
            disks=disks(str(known.get("DockerRootDir") or "") if local else ""),
            leftovers=found if isinstance(found, Trouble) else self._leftovers(listed),
            apart=leftovers.apart(place.world.env),
            bundled=tuple((node, one) for node, work in held if (one := work.result()) is not None),
        )

    def _inside(self, handlers: tuple[Emulator, ...], own: Platform, *, local: bool) -> list[Future[Trial]]:
        """Run each emulated platform's program in a container, where the engine has any image to make one of."""
        from lab.sandbox.emulators import kernel

        image = self._image.result()
        if isinstance(image, Trouble) or not image:
            return []
        wanted = {one.architecture for one in handlers}
        if not local or not kernel.mounted():
            listed = self._builders.result()
            wanted = set() if isinstance(listed, Trouble) else _listed(listed)
        wanted &= self._tiny.keys() - {own.architecture if local else ""}
        submit = self._pool.submit
        world = self._place.world
        return [submit(programs.in_container, name, self._tiny[name], image, world) for name in sorted(wanted)]

    def _bundled(
        self, listed: tuple[Builder, ...] | Trouble, here: frozenset[str]
    ) -> list[tuple[str, Future[frozenset[str] | None]]]:
        """Look into the BuildKits that run as containers of this engine."""
        known = () if isinstance(listed, Trouble) else listed
        nodes = [node for one in known if one.driver == bundled.DRIVER for node in one.nodes if node.endpoint in here]
        running = [node.name for node in nodes if node.status == "running"]
        return [(name, self._pool.submit(bundled.look, name, self._place.world)) for name in running]

    def _leftovers(self, listed: tuple[Builder, ...] | Trouble) -> tuple[Leftover, ...] | Trouble:
        parts = self._parts.result()
        if isinstance(listed, Trouble):
            return listed
        if isinstance(parts, Trouble):
            return parts
        return _told(lambda: leftovers.of(parts, listed, self._place.world))


def _told(work: Callable[[], T]) -> T | Trouble:
    try:
        return work()
    except LabError as error:
        return Trouble(error.message, error.remedy)
    except (TypeError, ValueError, KeyError, AttributeError):
        # A newer Docker may answer in another form, and the rest can be told all the same.
        return Trouble(
            "Docker's answer has a form that the lab does not know.", "A newer multiplatform-lab may know it."
        )


def _engine(about: dict[str, Any]) -> Engine | Trouble:
    return _told(lambda: Engine.from_json(about))


def _emulators() -> list[Emulator]:
    from lab.images.program import platform_of
    from lab.sandbox.emulators import kernel

    found = []
    for one in kernel.registered():
        platform = platform_of(one.magic)
        if platform:
            ours = one.name.startswith(kernel.own_prefix())
            found.append(Emulator(platform.architecture, one.name, one.interpreter, one.flags, ours))
    return found


def _listed(known: tuple[Builder, ...]) -> set[str]:
    local = (builder for builder in known if builder.driver in LOCAL_DRIVERS)
    return {p.architecture for builder in local for node in builder.nodes for p in node.platforms}


def disks(root: str = "") -> tuple[Disk, ...]:
    """The disk of the engine's folder `root`, where that is known, and the disk of the lab's own."""
    found = []
    for path in filter(None, [root, str(paths.home())]):
        place = next((one for one in [Path(path), *Path(path).parents] if one.exists()), Path("/"))
        try:
            usage = shutil.disk_usage(place)
        except OSError:
            continue
        found.append(Disk(path, usage.free, usage.total))
    return tuple(found)
