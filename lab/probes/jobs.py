"""A learner's jobs, run as CI would run them: each on a machine of its own, with a time limit.

What plays the machine is a fresh copy of the learner's folder; nothing that a job leaves there is seen by another one,
but for its folder `out`, which is handed on to the last job as CI hands on artifacts. The engine, the registry and the
builder are the sandbox's.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab.errors import Blocked, NotThere, shown
from lab.model.facts import Evidence, Fact, Index
from lab.model.platforms import Platform
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes import registry
from lab.probes.command import ask
from lab.probes.engine import docker
from lab.probes.handed import digest_in
from lab.sandbox.host import limited

OUT = "out"
LOST = "the runner was shut down while the job was running"
_SECONDS = 60.0  # for one job; those of the lesson take one
_SAID = 200
_MOST = 8 << 20  # bytes of a job's events

# Notes each build and its builder. One that is to be lost fails; of one that is watched the events are kept.
_DOCKER = """\
#!/bin/sh
case " $* " in
  *" buildx build "*|*" builder build "*|*" bake "*|" build "*)
    printf '%s\\0' "${BUILDX_BUILDER-}" "$#" "$@" >>"$LAB_NOTES"
    if [ -n "$LAB_LOST" ]; then echo "ERROR: $LAB_LOST" >&2; exit 1; fi
    if [ -n "$LAB_EVENTS" ]; then exec "$LAB_DOCKER" "$@" --progress=rawjson 2>>"$LAB_EVENTS"; fi ;;
esac
exec "$LAB_DOCKER" "$@"
"""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one job ended: the words it was called with, its exit status, and the last line that it printed.

    `builders` are those that its builds asked for ("" for none in particular), `events` what BuildKit said of them,
    where somebody watched. `handed` are the digests in the metadata files that it left in `out`. `lost` is whether the
    lab let its build fail.
    """

    words: tuple[str, ...]
    status: int
    said: str = ""
    builders: tuple[str, ...] = ()
    events: str = ""
    handed: tuple[str, ...] = ()
    lost: bool = False

    @property
    def name(self) -> str:
        """As people call it: `job linux/arm64`."""
        return " ".join(self.words)


@dataclass(frozen=True, kw_only=True)
class Again(Fact):
    """Jobs that ran twice, the second time on an empty builder; no second time where a job failed in the first."""

    path: str
    first: tuple[Ended, ...]
    second: tuple[Ended, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Round:
    """One push, played: the jobs in the order in which they ran, and what the tag stands for afterwards."""

    ended: tuple[Ended, ...]
    tag: Index | None = None


@dataclass(frozen=True, kw_only=True)
class Rounds(Fact):
    """A pipeline in three rounds: all goes well; a job is lost; the lost job is run again.

    A round that nobody could get to is None. `lost` is the platform of the lost job, `moved` are the repository's tags
    that stand for something else than before.
    """

    path: str
    reference: str
    lost: Platform
    whole: Round
    broken: Round | None = None
    mended: Round | None = None
    moved: tuple[str, ...] = ()


def twice(path: str, platforms: Sequence[Platform], builder: str, *words: str, **values: str) -> Probe[Again]:
    """A probe that runs a script for each platform, empties the builder, and runs it for each in the other order.

    It is called with these words before the platform, and with these variables.
    """

    def probe(world: World) -> Again:
        with _stage(world, path, **values) as stage:
            first = tuple(stage.run(stage.fresh(), *words, str(platform)) for platform in platforms)
            if any(one.status for one in first):
                return Again(path=path, first=first, evidence=_evidence(path, first))
            _empty(world, builder)
            # In the other order: what the last job left behind is what the first one finds.
            second = tuple(stage.run(stage.fresh(), *words, str(one), events=True) for one in reversed(platforms))
        return Again(path=path, first=first, second=second, evidence=_evidence(path, (*first, *second)))

    return once(path, probe, "twice")


@dataclass(frozen=True)
class Pipeline:
    """A script that is called as `SCRIPT job PLATFORM` and `SCRIPT merge`, to make a tag of an image.

    `source` is the file that another push changes; `order` is that of the first round's jobs, the second has the
    reverse. The first of them is the one that is lost.
    """

    path: str
    image: str
    version: str
    source: str
    order: Callable[[World], Sequence[Platform]]

    def __call__(self, world: World) -> Rounds:
        """Play the rounds, one after the other, as far as they go."""
        with _stage(world, self.path, VERSION=self.version) as stage:
            order = tuple(self.order(world))
            registry.delete(world, f"{self.image}:{self.version}")
            before = registry.standing(world, self.image)
            whole = self._round(world, stage, order)
            name = f"{world.registry}/{self.image}:{self.version}"
            found = Rounds(path=self.path, reference=name, lost=order[0], whole=whole)
            if whole.tag and not any(one.status for one in whole.ended):
                stage.change(self.source)
                broken = self._round(world, stage, order[::-1], lost=order[0])
                found = replace(found, broken=broken)
                if broken.tag and broken.tag.digest == whole.tag.digest:
                    mended = self._round(world, stage, order[:1], kept=True)
                    found = replace(found, mended=mended)
            after = registry.standing(world, self.image)
        moved = tuple(tag for tag, digest in after.items() if before.get(tag) != digest)
        ended = [one for part in (found.whole, found.broken, found.mended) if part for one in part.ended]
        return replace(found, moved=moved, evidence=_evidence(self.path, ended))

    def _round(
        self,
        world: World,
        stage: _Stage,
        order: Sequence[Platform],
        *,
        lost: Platform | None = None,
        kept: bool = False,
    ) -> Round:
        """The jobs, then the last one where they all ended well. `kept` keeps what earlier jobs have handed on."""
        if not kept:
            stage.forget()
        ended = []
        for platform in order:
            machine = stage.fresh()
            ended.append(stage.run(machine, "job", str(platform), lost=platform == lost))
            stage.take(machine)
        if not any(one.status for one in ended):
            ended.append(stage.run(stage.fresh(handed=True), "merge"))
        return Round(ended=tuple(ended), tag=_tag(world, f"{self.image}:{self.version}"))


def rounds(pipeline: Pipeline) -> Probe[Rounds]:
    """A probe of a pipeline; the same script is played once, until it is tried again."""
    return once(pipeline.path, pipeline, "rounds")


class _Stage:
    """Where jobs are played: a folder for each machine, one for what was handed on, a `docker` that takes notes."""

    def __init__(self, world: World, place: Path, path: str, values: dict[str, str]) -> None:
        self._world, self._place = world, place
        self._script = Path(path).name
        self._source, self._handed, self._notes = place / "source", place / OUT, place / "notes"
        self._machines = 0
        shutil.copytree(
            (world.workspace / path).parent, self._source, symlinks=True, ignore=shutil.ignore_patterns(OUT)
        )
        program = place / "bin" / "docker"
        program.parent.mkdir()
        program.write_text(_DOCKER, encoding="utf-8")
        program.chmod(0o755)
        path_of = world.env.get("PATH", "")
        real = shutil.which("docker", path=path_of) or "docker"
        own = {"PATH": f"{program.parent}:{path_of}", "LAB_NOTES": str(self._notes), "LAB_DOCKER": real}
        self._env = {**world.env, **values, **own}

    def fresh(self, *, handed: bool = False) -> Path:
        """A machine with the learner's files and nothing else, but for what was handed on, where that is wanted."""
        self._machines += 1
        machine = self._place / f"machine{self._machines}" / self._source.name
        shutil.copytree(self._source, machine, symlinks=True)
        if handed and self._handed.exists():
            shutil.copytree(self._handed, machine / OUT, dirs_exist_ok=True)
        return machine

    def run(self, machine: Path, *words: str, lost: bool = False, events: bool = False) -> Ended:
        """Call the script there with these words."""
        self._notes.unlink(missing_ok=True)
        told = machine.parent / "events"
        env = {**self._env, "LAB_LOST": LOST if lost else "", "LAB_EVENTS": str(told) if events else ""}
        bounded = [sys.executable, "-I", "-S", str(limited.__file__), f"{_SECONDS:g}", "--"]
        command = [*bounded, "bash", self._script, *words]
        status, out, err, _ = ask(command, env, limit=_SECONDS + 15, folder=machine)
        noted = told.read_bytes()[:_MOST].decode("utf-8", "replace") if told.exists() else ""
        return Ended(
            words=words,
            status=status,
            said=f"it did not end within {_SECONDS:.0f} s" if status == limited.TOO_LONG else _last(err) or _last(out),
            builders=tuple(self._builders()),
            events=noted,
            handed=tuple(_digests(machine / OUT)),
            lost=lost,
        )

    def take(self, machine: Path) -> None:
        """What a job hands on is added to what others did."""
        if (machine / OUT).is_dir():
            shutil.copytree(machine / OUT, self._handed, dirs_exist_ok=True)

    def forget(self) -> None:
        """A new push: nothing was handed on yet."""
        shutil.rmtree(self._handed, ignore_errors=True)

    def change(self, source: str) -> None:
        """Somebody adds a line to a file and pushes."""
        with (self._source / source).open("a", encoding="utf-8") as file:
            file.write(f"changed {hashlib.sha256(str(self._place).encode()).hexdigest()[:8]}\n")

    def _builders(self) -> Iterator[str]:
        """The builder of each build that was noted: the option's, or the variable's."""
        texts = iter(self._notes.read_text(encoding="utf-8").split("\0")[:-1]) if self._notes.exists() else iter(())
        for variable in texts:
            words = [next(texts) for _ in range(int(next(texts)))]
            pairs = zip(words, (*words[1:], ""), strict=True)
            named = [after if word == "--builder" else word[10:] for word, after in pairs if word[:10] in _NAMING]
            yield named[-1] if named else variable


_NAMING = ("--builder", "--builder=")


def _digests(folder: Path) -> Iterator[str]:
    """Those that metadata files in a folder name; what is no such file names none."""
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError, ValueError, RecursionError):
            if digest := digest_in(json.loads(path.read_bytes())):
                yield digest


@contextmanager
def _stage(world: World, path: str, **values: str) -> Iterator[_Stage]:
    """Set it up, and take it away. NotThere where there is no such script, Blocked where it cannot be copied."""
    if not (world.workspace / path).is_file():
        raise NotThere(f"{path} is not there yet.")
    with tempfile.TemporaryDirectory(prefix="lab-jobs-", ignore_cleanup_errors=True) as place:
        try:
            yield _Stage(world, Path(place), path, values)
        except (OSError, shutil.Error) as error:
            raise Blocked(f"The folder of {path} cannot be copied: {error}.", "May you read all of it?") from error


def _empty(world: World, builder: str) -> None:
    status, _, err, _ = docker(world, "buildx", "prune", "--builder", builder, "--all", "--force", limit=60)
    if status and "No such container" not in err:  # one that never ran holds nothing
        raise Blocked(f"The builder {builder} cannot be emptied: {_last(err)}")


def _tag(world: World, of: str) -> Index | None:
    try:
        return registry.index(of)(world)
    except NotThere:
        return None


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return shown(lines[-1])[:_SAID] if lines else ""


def _evidence(path: str, ended: Sequence[Ended]) -> tuple[Evidence, ...]:
    return tuple(Evidence(f"bash {path} {one.name}", f"{one.said}\n(exit status {one.status})") for one in ended)


_known: dict[tuple[str, str], tuple[str, Any]] = {}


def once(path: str, probe: Probe[Any], kind: str) -> Probe[Any]:
    """The same probe, asked once for the same files, registry and learner, and again after another try.

    `kind` keeps probes of one script apart.
    """

    def ask_once(world: World) -> Any:
        mark = _mark(world, path)
        if _known.get((path, kind), ("",))[0] != mark:
            _known[path, kind] = (mark, probe(world))
        return _known[path, kind][1]

    return ask_once


def _mark(world: World, path: str) -> str:
    """Another one for other files, another registry, another learner, another try."""
    tries = sorted((world.home / "transcripts").glob("*.json"))
    files = sorted((world.workspace / path).parent.rglob("*"))
    parts = [f"{one}:{one.lstat().st_mtime_ns}" for one in (*tries, *files) if one.is_symlink() or one.is_file()]
    return hashlib.sha256("\n".join((world.registry, str(world.seed), *parts)).encode()).hexdigest()
