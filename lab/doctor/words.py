"""What `lab doctor` says of a checkup: a line for each thing, with a remedy where something is off. Asks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lab.doctor.can import emulator_from
from lab.doctor.facts import Checkup, Disk, Emulator, Leftover, Trouble
from lab.model.facts import Builder, Engine, Node
from lab.sandbox import engine
from lab.sandbox.report import amount

State = Literal["fine", "note", "mend", "blocked"]
MARKS: dict[State, str] = {"fine": "✔", "note": "·", "mend": "✘", "blocked": "■"}
STATUSES: dict[State, int] = {"fine": 0, "note": 0, "mend": 1, "blocked": 3}

_OLD_ENGINE, _OLD_BUILDX = (24,), (0, 13)
_UNNOTED = "v0.0.0+unknown"  # an engine that was built without noting its BuildKit's version
_LOW_DISK = 2_000_000_000
_FOLDED = 4  # names that a line shows before it counts the rest


@dataclass(frozen=True)
class Line:
    """One thing of the machine: its name, how it is, what is to be said, and what helps ("" where nothing is off)."""

    name: str
    state: State
    text: str
    remedy: str = ""


def shown(known: Iterable[Line], width: int) -> Iterator[str]:
    """The lines as a screen has them: a mark, a name, what is; beneath it what helps."""
    for line in known:
        yield f"{MARKS[line.state]} {line.name:<{width}} {line.text}"
        if line.remedy:
            yield f"  {'':<{width}} → {line.remedy}"


def lines(found: Checkup) -> Iterator[Line]:
    """About ten of them."""
    yield _engine(found)
    if isinstance(found.engine, Engine):
        yield _store(found.engine)
        yield _buildx(found)
        if isinstance(found.builders, Trouble):
            yield Line("Builders", "blocked", found.builders.message, found.builders.remedy)
        else:
            yield _buildkit(found.builders)
            yield _builders(found, found.builders)
    yield _emulators(found)
    yield from _registries(found)
    yield disk(found.disks)
    if isinstance(found.engine, Engine):
        yield _leftovers(found.leftovers)


def _engine(found: Checkup) -> Line:
    if isinstance(found.engine, Trouble):
        return Line("Engine", "blocked", found.engine.message, found.engine.remedy)
    whose = engine.whose(found.whose)
    text = f"{found.engine.version} for {found.engine.platform}, {whose}, {found.host}"
    if _version(found.engine.version) < _OLD_ENGINE:
        return Line("Engine", "mend", f"{text}: too old", "Install Docker 24 or newer.")
    return Line("Engine", "fine", text)


def _store(engine: Engine) -> Line:
    if engine.store == "classic":
        told = "classic: one platform under a tag; for several, use a container builder and --push"
        return Line(
            "Image store", "note", told, "Docker's setting `containerd-snapshotter` switches to the other store."
        )
    return Line("Image store", "fine", "containerd: several platforms under one tag")


def _buildx(found: Checkup) -> Line:
    if not found.buildx:
        return Line("buildx", "mend", "not installed", "Install the buildx plugin (docker-buildx-plugin).")
    if _version(found.buildx) < _OLD_BUILDX:
        return Line("buildx", "mend", f"{found.buildx}: too old", "Install buildx 0.13 or newer.")
    return Line("buildx", "fine", found.buildx)


def _buildkit(known: Sequence[Builder]) -> Line:
    """Versions as the nodes tell them; what is not running tells none."""
    told = []
    for builder in known:
        versions = {node.buildkit for node in builder.nodes if node.buildkit}
        shown = ["of the engine's own build" if one == _UNNOTED else one for one in sorted(versions)]
        told += [f"{' and '.join(shown)} in {builder.name}"] if shown else []
    return Line("BuildKit", "fine", _some(told) or "none is running")


def _builders(found: Checkup, known: Sequence[Builder]) -> Line:
    if not known:
        return Line("Builders", "mend", "none", "`docker buildx create --use --bootstrap` makes one.")
    text = "; ".join(_builder(builder) for builder in known)
    current = found.current
    wrong = next((node for node in current.nodes if node.error), None) if current else None
    if current is None:
        return Line("Builders", "mend", f"{text}; none is the current one", "`docker buildx use NAME` chooses one.")
    if wrong:
        return Line("Builders", "mend", f"{text}: {' '.join(wrong.error.split())[:160]}", _again(current))
    if current.name in found.apart and found.registry.startswith(("localhost:", "127.")):
        note = f"{text}. {current.name} does not reach {found.registry}: its `localhost` is its own"
        return Line("Builders", "mend", note, "Make it with `--driver-opt network=host`.")
    return Line("Builders", "fine", text)


def _again(builder: Builder) -> str:
    if builder.driver == "docker":
        return f"`docker buildx ls` says more; `docker context rm {builder.name}` if that engine is gone."
    return f"`docker buildx inspect {builder.name} --bootstrap` starts it; else `docker buildx rm` and create it again."


def _builder(builder: Builder) -> str:
    star = "*" if builder.current else ""
    nodes = " and ".join(_node(node) for node in builder.nodes) or "no node"
    return f"{builder.name}{star} ({builder.driver}) {nodes}"


def _node(node: Node) -> str:
    if node.error:
        return "does not answer"
    if node.platforms:
        return f"lists {_architectures(node)}"
    return f"is {node.status or 'not started'}, so it lists nothing yet"


def _architectures(node: Node) -> str:
    return ", ".join(dict.fromkeys(platform.architecture for platform in node.platforms))


def _emulators(found: Checkup) -> Line:
    if not found.local:
        return Line("Emulators", "note", f"those of the engine's machine; {_ran(found) or 'none could be tried'}")
    if not found.seen:
        tried = _ran(found) or "no foreign program ran"
        return Line("Emulators", "note", f"the kernel's list cannot be seen from here; {tried}")
    if not found.emulators:
        remedy = "`lab up --emulators` registers some, where RUN steps for other platforms are wanted."
        return Line("Emulators", "note", f"none: only programs for {found.own} run here", remedy)
    broken = [one for one in found.emulators if found.trial(one.architecture).result in ("broken", "refused")]
    if broken:
        return _broken(found, broken)
    kinds = _kinds(found)
    lacking = [one.name for one in found.emulators if not one.serves_containers]
    if lacking:
        text = f"{kinds}; {_some(lacking)} has no flag F: it works only where the container holds it"
        return Line("Emulators", "mend", text, _anew(lacking[0], found))
    return Line("Emulators", "fine", kinds)


def _kinds(found: Checkup) -> str:
    """`arm64, arm (POF) ran a program in a container`: those alike stand together."""
    alike: dict[str, list[str]] = {}
    for one in found.emulators:
        trial = found.trial(one.architecture)
        where = "in a container" if trial.how == "container" else "here"
        state = f"ran a program {where}" if trial.result == "ran" else "not tried"
        alike.setdefault(f"(flags {one.flags or 'none'}) {state}", []).append(one.architecture)
    return "; ".join(f"{', '.join(names)} {told}" for told, names in alike.items())


def _broken(found: Checkup, broken: Sequence[Emulator]) -> Line:
    told = [f"{one.architecture}: {one.name} is registered, but {found.trial(one.architecture).said}" for one in broken]
    return Line("Emulators", "mend", "; ".join(told), _anew(broken[0].name, found, ours=broken[0].ours))


def _anew(name: str, found: Checkup, *, ours: bool = False) -> str:
    if ours:
        return "`lab up --no-emulators`, then `lab up --emulators` registers them again."
    architecture = next(one.architecture for one in found.emulators if one.name == name)
    again = emulator_from(found, architecture).format(names=architecture)
    return f"As root: `echo -1 > /proc/sys/fs/binfmt_misc/{name}` removes it; then {again}"


def _ran(found: Checkup) -> str:
    names = {one.architecture for one in found.trials if found.trial(one.architecture).result == "ran"}
    others = sorted(names - {found.native})
    return f"programs for {', '.join(others)} ran" if others else ""


def _registries(found: Checkup) -> Iterator[Line]:
    for one in found.reaches:
        kind = "Registry" if one.lab or one.address in found.registry else "Online"
        if one.trouble:
            yield Line(kind, "blocked", one.trouble.message, one.trouble.remedy)
        else:
            whose = ", the lab's own" if one.lab else ""
            yield Line(kind, "fine", f"{one.address} answers{whose}")
    if not found.reaches and found.registry:
        yield Line("Registry", "note", f"{found.registry} is on another host and was not asked", "--online asks it.")
    if found.sandbox:
        yield Line("Sandbox", "note", f"not checked: {found.sandbox.message}", found.sandbox.remedy)


def disk(known: Sequence[Disk]) -> Line:
    """The disk that has the least room."""
    if not known:
        return Line("Disk", "note", "the free space is not known")
    tight = min(known, key=lambda one: one.free)
    text = f"{amount(tight.free, 'B')} of {amount(tight.total, 'B')} free at {tight.path}"
    if tight.free < _LOW_DISK:
        return Line("Disk", "mend", text, "`docker buildx prune` and `docker image prune` free space.")
    return Line("Disk", "fine", text)


def _leftovers(found: tuple[Leftover, ...] | Trouble) -> Line:
    if isinstance(found, Trouble):
        return Line("Leftovers", "note", f"not known: {found.message}", found.remedy)
    if not found:
        return Line("Leftovers", "fine", "none from old builders")
    size = sum(one.size or 0 for one in found)
    told = f"{_some([one.name for one in found])}: not used by any builder here" + (
        f", {amount(size, 'B')}" * bool(size)
    )
    if any(one.running for one in found):
        told = f"{told}; some are running, so they may be somebody else's"
        return Line("Leftovers", "note", told, "Ask before you remove them.")
    commands = []
    for kind, command in (("container", "docker rm"), ("volume", "docker volume rm")):
        names = [one.name for one in found if one.kind == kind]
        commands += [" ".join([command, *names])] if names else []
    return Line("Leftovers", "note", told, f"If they are yours: `{' && '.join(commands)}`")


def _some(names: Iterable[str]) -> str:
    known = list(names)
    more = f" and {len(known) - _FOLDED} more" if len(known) > _FOLDED else ""
    return ", ".join(known[:_FOLDED]) + more


def _version(text: str) -> tuple[int, ...]:
    """`28.5.2+dfsg4` and `v0.12.1` as numbers; what is no version counts as new."""
    parts = text.removeprefix("v").replace("+", ".").replace("-", ".").split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else (9999,)
