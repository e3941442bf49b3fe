"""What a learner's Dockerfile makes, built anew by the check: the programs in it, and the steps that were emulated."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.course._text import last_line
from lab.course.clinic._rows import PAIR
from lab.events import BuildEvents
from lab.images import program
from lab.model.facts import Binaries, Binary, Evidence, Fact, Transcript
from lab.model.platforms import Platform
from lab.model.steps import Probe, Problem
from lab.model.world import World
from lab.probes import engine, host

BUILD_FAILS = "The Dockerfile in {folder} cannot be built for both platforms."
STILL_IN_FILE = (
    "The tag {ref} is mended, but the Dockerfile still makes an image for {platform} with a foreign program."
)
RIGHT_BUT_EMULATED = "The image is right, but its build runs programs of the other platform: an emulator does the work."


@dataclass(frozen=True, kw_only=True)
class Rebuilt(Fact):
    """Programs in what the folder makes for each platform, and the RUN lines that another platform's programs ran."""

    folder: str
    binaries: tuple[Binaries, ...]
    emulated: tuple[str, ...] = ()
    failed: str = ""


def rebuilt(folder: str, *paths: str) -> Probe[Rebuilt]:
    """Build the learner's folder with the current builder for amd64 and arm64, and keep nothing of it."""

    def probe(world: World) -> Rebuilt:
        with tempfile.TemporaryDirectory(prefix="lab-clinic-") as place:
            wanted = ",".join(map(str, sorted(PAIR)))
            known = ("--platform", wanted, "--progress=rawjson", "--output", f"type=local,dest={place}")
            words = ("buildx", "build", *known, str(world.workspace / folder))
            status, _, err, _ = engine.docker(world, *words, limit=120)
            made = tuple(_made(Path(place), folder, path) for path in paths)
        emulated = () if status else tuple(_emulated(err, folder))
        seen = Evidence(f"docker buildx build --platform {wanted} {folder}", "\n".join(emulated) or "no emulated step")
        return Rebuilt(
            folder=folder,
            binaries=made,
            emulated=emulated,
            failed=last_line(Transcript(step="", command="", output=err, exit_status=1)) if status else "",
            evidence=(seen,),
        )

    return probe


def _made(place: Path, folder: str, path: str) -> Binaries:
    programs = tuple((platform, _program(place, platform, path)) for platform in sorted(PAIR))
    return Binaries(reference=folder, programs=programs)


def _program(place: Path, platform: Platform, path: str) -> Binary | None:
    file = place / str(platform).replace("/", "_") / path.lstrip("/")
    if not file.is_file():
        return None
    with file.open("rb") as stream:
        return program.read(stream, path)


def _emulated(events: str, folder: str) -> Iterator[str]:
    """RUN lines for a platform that is not this machine's, from the cache or not."""
    own = host.this_machine().linux
    for one in BuildEvents.from_text(events, folder, own).vertices:
        if one.kind == "run" and one.platform is not None and one.platform != own:
            yield f"{one.platform}: {one.text}"


def fault(found: Rebuilt, ref: str) -> Problem | None:
    """A problem where the folder does not make what the tag holds, or makes it with an emulator."""
    if found.failed:
        return Problem(BUILD_FAILS, found=found.failed, wanted="a build for both platforms", folder=found.folder)
    for platform, one in (pair for binaries in found.binaries for pair in binaries.programs):
        if one is None or one.platform is None or one.platform.architecture != platform.architecture:
            is_for = one.platform if one and one.platform else "no program"
            return Problem(STILL_IN_FILE, found=is_for, wanted=platform, ref=ref, platform=platform)
    if found.emulated:
        return Problem(RIGHT_BUT_EMULATED, found=found.emulated[0], wanted=f"RUN on {host.this_machine().linux} only")
    return None
