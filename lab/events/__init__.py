"""BuildKit's own account of a build: what `docker buildx build --progress=rawjson` prints, as a fact.

Each line is one JSON table of vertices (steps), statuses (transfers) and logs. Our own, because BuildKit's client is
a Go library and no specification; the form is that of `SolveStatus`
(https://github.com/moby/buildkit/blob/v0.25.1/client/graph.go), and the tests read recordings. buildx prints them on
standard error, between other lines, which are left out here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.errors import BadInput, Blocked, NotThere
from lab.events import read as reading
from lab.model.facts import Evidence, Fact
from lab.model.platforms import Platform
from lab.model.steps import Probe

BYTES = 32 << 20
_VERTICES = 5000
_WARNINGS = 500
_REFUSED = "exec format error"
_RECORD = "Record one: docker buildx build --progress=rawjson … 2> FILE"


@dataclass(frozen=True, kw_only=True)
class Vertex:
    """One step of a build.

    `platform` is where it runs, `target` what it makes something for: they differ in a cross-compiling stage. Both are
    None where the step's name has no platform: in steps for all of them, and in every build for a single one. `kind`
    is `from`, `run`, `copy`, `add`, another instruction in small letters, `internal`, `export` or `other`. `started`
    and `completed` are seconds from the build's first event (None: it has not); `seconds` is the time in which it was
    at work. `error` is what BuildKit says of a step that failed or was stopped.
    """

    digest: str
    name: str
    platform: Platform | None = None
    target: Platform | None = None
    stage: str = ""
    step: str = ""
    kind: str = "other"
    text: str = ""
    started: float | None = None
    completed: float | None = None
    seconds: float = 0.0
    cached: bool = False
    error: str = ""
    log: tuple[str, ...] = ()

    @property
    def stopped(self) -> bool:
        """It did not fail itself: another step did, and BuildKit cancelled this one."""
        return "context canceled" in self.error

    @property
    def failed(self) -> bool:
        """It is the step, or one of those, that broke the build."""
        return bool(self.error) and not self.stopped

    @property
    def crosses(self) -> bool:
        """It runs on one platform and makes something for another."""
        return self.target is not None and self.target != self.platform


@dataclass(frozen=True, kw_only=True)
class Warned:
    """What BuildKit warned of: a build check's rule, what it says, and the Dockerfile's line.

    `rule` is "" where it is no build check, `line` 0 where no line is named.
    """

    rule: str
    text: str
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class BuildEvents(Fact):
    """A build's steps in the order in which BuildKit began to speak of them; `seconds` is how long it took.

    `native` is the platform of the machine that is taken to have built; None where that is not known. `warnings` come
    from Dockerfile 1.8 on (BuildKit 0.14). `error` is the last word of a build that failed, "" where there is none: a
    build check that is an error breaks no step.
    """

    path: str
    vertices: tuple[Vertex, ...]
    seconds: float
    native: Platform | None = None
    warnings: tuple[Warned, ...] = ()
    error: str = ""

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that steps are for, sorted."""
        return tuple(sorted({v.target for v in self.vertices if v.target}))

    @property
    def failed(self) -> tuple[Vertex, ...]:
        """The steps that broke the build; none where it went well."""
        return tuple(v for v in self.vertices if v.failed)

    @classmethod
    def from_text(cls, text: str, path: str = "", native: Platform | None = None) -> BuildEvents:
        """Read rawjson output. Lines that are no events are left out, so is half a line at the end.

        Raises BadInput where there is no event at all, and for an event that is not of BuildKit's form.
        """
        drafts: dict[str, reading.Draft] = {}
        warnings: dict[Warned, None] = {}
        for number, event in reading.events(text):
            try:
                reading.take(drafts, event)
                warnings |= {Warned(**parts): None for parts in reading.warned(event)}
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise BadInput(f"Line {number} of {path!r} is not an event of BuildKit.", _RECORD) from error
            if len(drafts) > _VERTICES:
                raise BadInput(f"{path!r} holds more than {_VERTICES} steps of a build.")
        if not drafts:
            raise BadInput(f"{path!r} holds no events of a build.", _RECORD)
        times = [moment for draft in drafts.values() for moment in draft.times] or [datetime.now(UTC)]
        first = min(times)
        return cls(
            path=path,
            vertices=tuple(Vertex(**draft.parts(first)) for draft in drafts.values()),
            seconds=(max(times) - first).total_seconds(),
            native=native,
            warnings=tuple(warnings)[:_WARNINGS],
            error=reading.last_error(text),
        )

    def to_json(self) -> dict[str, Any]:
        """A plain table; platforms as they are written (`linux/arm64`)."""
        steps = [
            {**asdict(v), "platform": _name(v.platform), "target": _name(v.target), "log": list(v.log)}
            for v in self.vertices
        ]
        return {
            "path": self.path,
            "seconds": self.seconds,
            "native": _name(self.native),
            "vertices": steps,
            "warnings": [asdict(one) for one in self.warnings],
            "error": self.error,
        }


def emulated(vertex: Vertex, native: Platform) -> bool:
    """Did a RUN of this step need an emulator on a `native` machine?

    False where nothing ran (never begun, from the cache, refused by the kernel), and where it cannot be told: the
    step's name has no platform, or it is for 32-bit Arm on a 64-bit one, which some run themselves.
    """
    if vertex.kind != "run" or vertex.platform is None or vertex.cached or vertex.started is None:
        return False
    if any(_REFUSED in line for line in vertex.log):
        return False
    own = {native.architecture, *{"amd64": ("386",), "arm64": ("arm",)}.get(native.architecture, ())}
    return vertex.platform.architecture not in own


def file(path: str) -> Probe[BuildEvents]:
    """A probe of recorded events in the learner's folder; NotThere while there is no such file."""
    return lambda world: load(world.workspace / path, path)


def load(place: Path, path: str, *, most: int = BYTES) -> BuildEvents:
    """The events in a file of at most `most` bytes.

    Raises NotThere, Blocked where it cannot be read, BadInput for what is no recording.
    """
    from lab.probes.host import this_machine

    try:
        if place.exists() and not place.is_file():
            raise BadInput(f"{path!r} is not a file.", _RECORD)
        with place.open("rb") as stream:
            data = stream.read(most + 1)
    except FileNotFoundError:
        raise NotThere(f"There is no file {path!r} yet.", _RECORD) from None
    except (OSError, ValueError) as error:
        raise Blocked(f"{path!r} cannot be read: {getattr(error, 'strerror', error)}.") from error
    if len(data) > most:
        raise BadInput(f"{path!r} is larger than {most >> 20} MB.", "One build's events are far smaller.")
    native = Platform.of("linux", this_machine().platform.architecture)
    found = BuildEvents.from_text(data.decode("utf-8", "replace"), path, native)
    seen = "\n".join(v.name for v in found.vertices[:200])
    return BuildEvents(**{**vars(found), "evidence": (Evidence(f"cat {path}", seen),)})


def _name(platform: Platform | None) -> str | None:
    return None if platform is None else str(platform)
