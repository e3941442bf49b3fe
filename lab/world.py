"""Where a step happens: the environment of its commands, and the folders that its checks look into."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import paths
from lab.errors import BadInput, NotThere
from lab.facts import Transcript
from lab.storage import read_json, write_json

_SKEW = 2.0  # seconds between this machine's clock and that of an engine in a virtual machine, or elsewhere


@dataclass(frozen=True)
class World:
    """The sandbox as a step sees it.

    `env` is the whole environment of a learner's command; `registry` is what `$REGISTRY` stands for;
    `workspace` is the folder of the learner's copy of the lessons. `mirror` is the same registry's address on loopback,
    where the lab's own questions go: plain and quick.
    `skew` is by how many seconds the engine's clock may differ from this machine's.
    """

    env: Mapping[str, str]
    registry: str
    workspace: Path
    home: Path
    mirror: str | None = None
    skew: float = 0.0

    def transcript(self, step: str) -> Transcript:
        """The latest try of that step; NotThere where it was never run."""
        data = read_json(self._transcript_path(step))
        if data is None:
            raise NotThere("Nothing was run here yet.")
        try:
            return Transcript.from_json(data)
        except (TypeError, KeyError, AttributeError) as error:
            raise BadInput(f"The transcript of {step!r} is damaged.", "Run the step again.") from error

    def latest(self) -> Transcript:
        """The latest try of any step; NotThere where nothing was ever run."""
        kept = list((self.home / "transcripts").glob("*.json"))
        if not kept:
            raise NotThere("Nothing was run here yet.")
        return self.transcript(max(kept, key=lambda path: path.stat().st_mtime).stem)

    def keep(self, transcript: Transcript) -> None:
        """Remember a try, for checks that read what was printed and for hints."""
        write_json(self._transcript_path(transcript.step), transcript.to_json())

    def forget(self, step: str) -> None:
        """Drop the transcript of a step."""
        self._transcript_path(step).unlink(missing_ok=True)

    def _transcript_path(self, step: str) -> Path:
        return self.home / "transcripts" / f"{step}.json"


def here() -> World:
    """The world of this process: the sandbox that is up (raises Blocked where none is) and this folder."""
    from lab import sandbox

    box = sandbox.load()
    return World(
        env=_environment(box.environment()),
        registry=box.registry,
        workspace=workspace(),
        home=paths.learner(),
        mirror=box.own_mirror,
        skew=_SKEW if box.engine.remote else 0.0,
    )


@contextmanager
def environment_of(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while; what runs inside (kernels too) sees them."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """What a step's command may count on besides Docker: `lab` itself, `$HERE` and `$OTHER`.

    `$HERE` is this machine's platform, `$OTHER` the common one that it is not.
    """
    from lab.probes.host import this_machine

    here = this_machine().platform.architecture
    other = "amd64" if here == "arm64" else "arm64"
    folders = given.get("PATH", os.defpath).split(os.pathsep)
    own = str(Path(sys.executable).parent)
    path = os.pathsep.join(folders if own in folders else (*folders, own))
    return {**given, "PATH": path, "HERE": f"linux/{here}", "OTHER": f"linux/{other}"}


def workspace() -> Path:
    """The learner's copy of the lessons: `LAB_WORKSPACE`, or this folder, or the one that was used last."""
    if chosen := os.environ.get("LAB_WORKSPACE"):
        return Path(chosen).absolute()
    if is_workspace(Path.cwd()):
        return Path.cwd()
    try:
        data = read_json(paths.learner() / "workspace.json")
        return Path(data["path"])
    except (BadInput, TypeError, KeyError):
        return default_workspace()


def remember_workspace(folder: Path) -> None:
    """Let a terminal in any folder find the learner's copy again."""
    write_json(paths.learner() / "workspace.json", {"path": str(folder)})


def default_workspace() -> Path:
    """Where `lab learn` copies the lessons to when it is not told."""
    return Path.home() / "multiplatform-lab"


def is_workspace(folder: Path) -> bool:
    """Does this folder hold a copy of the lessons?"""
    return (folder / "files").is_dir() and any(folder.glob("[0-9][0-9]-*.ipynb"))
