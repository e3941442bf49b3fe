"""Verbs that look: show, timeline, file, emulators, builders. They change nothing."""

from __future__ import annotations

import json
import os
import stat
import sys
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.draw import render
from lab.errors import BadInput, Blocked, LabError, NotThere
from lab.verbs import look_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.model.facts import Binaries, Binary, Builder, Images
    from lab.model.world import World
    from lab.sandbox import Handler


def show(given: Namespace) -> int:
    """A tag as Docker Hub shows it, or (`--tree`) what it is made of."""
    from lab.draw.hub import hub
    from lab.draw.tree import tree
    from lab.probes import registry

    world = _world(given.tag)
    if given.reach:
        return _reach(world, given.tag, as_json=given.json)
    if given.programs:
        return _programs(registry.binaries(given.tag)(world), as_json=given.json)
    found = registry.images(given.tag)(world)
    if given.json:
        print(json.dumps(images_json(found), indent=1))
    else:
        _print((tree if given.tree else hub)(found.index, found.images).text.split("\n"))
    return 0


def _reach(world: World, name: str, *, as_json: bool) -> int:
    """What the tags of a repository lead to; of one digest, which tags lead to it."""
    from lab.probes import reach, registry

    wanted = registry.reference(world, name)
    found = reach.of(world, name)
    if not found.tags:
        raise NotThere(f"There is no tag of {wanted.repository!r} in {wanted.endpoint}.", "Check the name.")
    if as_json:
        print(json.dumps({tag: sorted(led) for tag, led in found.tags}, indent=1))
    elif wanted.digest:
        print(look_words.leads(wanted.digest, found.by(wanted.digest)))
    else:
        _print(look_words.reach(found.tags))
    return 0


def _programs(found: Binaries, *, as_json: bool) -> int:
    """The program that each platform's image would start, as its own header has it."""
    if as_json:
        print(json.dumps([{"platform": str(p), "program": one and _plain_binary(one)} for p, one in found.programs]))
    else:
        for platform, one in found.programs:
            said = f"{one.path}: {look_words.program(one)}" if one else "no program that a container can start"
            print(f"{platform}: {said}")
    return 0


def _plain_binary(found: Binary) -> dict[str, Any]:
    plain = {key: value for key, value in asdict(found).items() if key != "evidence"}
    return plain | {"platform": str(found.platform) if found.platform else None}


def images_json(found: Images) -> dict[str, Any]:
    """A tag for programs: its rows with platform, digest, size of the layers in bytes; attestations apart."""
    from lab.draw.parts import parts, subject

    rows = []
    for manifest, image in found.pairs:
        made_of = parts(image)
        row = {"platform": str(manifest.platform or image.platform), "digest": manifest.digest, "size": made_of.size}
        rows.append(row | {"config": made_of.config and asdict(made_of.config)} | {"layers": _plain(made_of.layers)})
    index = found.index
    attestations = [{"digest": m.digest, "for": subject(m, index)} for m in index.manifests if m.is_attestation]
    head = {"reference": index.reference, "digest": index.digest, "mediaType": index.media_type}
    return head | {"isIndex": index.is_index, "images": rows, "attestations": attestations}


def _plain(values: Iterable[Any]) -> list[dict[str, Any]]:
    return [asdict(value) for value in values]


def _world(tag: str) -> World:
    """The sandbox; where none is up, a full name can be looked at without."""
    from lab.images.reference import parse
    from lab.probes.here import this_world

    try:
        return this_world()
    except Blocked:
        nowhere = "sandbox.invalid"
        if parse(tag, within=nowhere).host == nowhere:
            raise
        return _bare_world()


def _bare_world() -> World:
    from lab import paths
    from lab.model.world import World

    return World(env=dict(os.environ), registry="docker.io", workspace=Path.cwd(), home=paths.learner())


def timeline(given: Namespace) -> int:
    """A recorded build, drawn."""
    from lab import events
    from lab.draw.timeline import timeline as draw

    found = events.load(Path(given.file), given.file)
    if given.json:
        print(json.dumps(found.to_json(), indent=1))
    else:
        _print(draw(found).text.split("\n"))
    return 0


def file(given: Namespace) -> int:
    """What each program's header says. One that cannot be read does not keep the others from being told."""
    status, data = 0, []
    for name in given.programs:
        try:
            found = program(Path(name), name)
        except LabError as error:
            print(f"lab: {error}", file=sys.stderr)
            status = max(status, error.exit_status)
            continue
        if given.json:
            data.append(_plain_binary(found))
        else:
            print(f"{name}: {look_words.program(found)}")
    if given.json:
        print(json.dumps(data, indent=1))
    return status


def program(place: Path, name: str) -> Binary:
    """Read one. Raises NotThere, BadInput for what is no file, Blocked where it cannot be read."""
    from lab.images.program import read as read_program

    try:
        mode = place.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "{name!r} is a folder." if stat.S_ISDIR(mode) else "{name!r} is not a regular file."
            raise BadInput(what.format(name=name), "Name a program.")
        with place.open("rb") as stream:
            return replace(read_program(stream, name), runnable=bool(mode & 0o111))
    except FileNotFoundError:
        raise NotThere(f"There is no file {name!r} here.") from None
    except (OSError, ValueError) as error:
        raise Blocked(f"{name!r} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def emulators(given: Namespace) -> int:
    """The kernel's handlers, in words."""
    from lab.probes.host import this_machine
    from lab.sandbox.emulators import kernel

    found = [emulator(one, kernel.own_prefix()) for one in kernel.registered()]
    seen, elsewhere = kernel.mounted(), _elsewhere()
    if given.json:
        rows = [asdict(one) | {"platform": str(one.platform) if one.platform else None} for one in found]
        print(json.dumps({"seen": seen, "note": elsewhere, "emulators": rows}, indent=1))
        return 0
    own = replace(this_machine().platform, os="linux")
    _print(look_words.emulators(found, seen=seen, elsewhere=elsewhere, own=own))
    return 0


def emulator(handler: Handler, own_prefix: str) -> look_words.Emulator:
    """A handler with its platform, read from the ELF header that it waits for, and whose it is."""
    from lab.images.program import platform_of

    whose = "not the lab's: it was there before, and `lab down` leaves it alone"
    if handler.ours:
        whose = "the lab's: `lab down` removes it" if handler.name.startswith(own_prefix) else "of another lab"
    return look_words.Emulator(handler.name, platform_of(handler.magic), handler.interpreter, handler.flags, whose)


def _elsewhere() -> str:
    """Why this machine's kernel may not be the one that containers run on; empty where it is."""
    from lab import sandbox

    if sys.platform != "linux":
        return "Docker runs in a virtual machine here, with its own kernel; the emulators of that kernel count."
    try:
        remote = sandbox.load().engine.remote
    except Blocked:
        return ""
    return (
        "The engine runs on another machine or in a virtual one; this is the list for this machine." if remote else ""
    )


def builders(given: Namespace) -> int:
    """`docker buildx ls`, and what it says."""
    from lab.probes import engine
    from lab.probes.here import this_world

    here = this_world()
    known = engine.known_builders(here).known
    if getattr(given, "json", False):
        print(json.dumps(builders_json(known), indent=1))
        return 0
    about = engine.info()(here)
    _, table, _, _ = engine.docker(here, "buildx", "ls", limit=60)
    colour = render.wants_colour(sys.stdout)
    print(render.paint("$ docker buildx ls", "2", colour=colour))
    print(table)
    _print(look_words.builders(known, about, table, served=_served()))
    return 0


def _served() -> frozenset[str] | None:
    """The architectures that programs may have here; None where that cannot be seen from here."""
    from lab.images.program import platform_of
    from lab.probes.host import this_machine
    from lab.sandbox.emulators import kernel

    if _elsewhere() or not kernel.mounted():
        return None
    own = this_machine().platform.architecture
    also = {"amd64": {"386"}, "arm64": {"arm"}}.get(own, set())
    found = {platform_of(handler.magic) for handler in kernel.registered()}
    return frozenset({own, *also, *(platform.architecture for platform in found if platform)})


def builders_json(known: Iterable[Builder]) -> list[dict[str, Any]]:
    """Builders for programs, platforms as they are written."""
    rows = []
    for builder in known:
        nodes = [
            asdict(node) | {key: list(map(str, getattr(node, key))) for key in ("platforms", "pinned")}
            for node in builder.nodes
        ]
        rows.append({"name": builder.name, "driver": builder.driver, "current": builder.current, "nodes": nodes})
    return rows


def _print(lines: Iterable[str]) -> None:
    """Print; lines that begin a part stand out on a terminal."""
    colour = render.wants_colour(sys.stdout)
    for line in lines:
        print(line if line.startswith(" ") else render.paint(line, "1", colour=colour))
