"""The world of this process: the sandbox that is up, and the learner's copy of the lessons."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab import paths, sandbox
from lab.errors import BadInput
from lab.model.world import World
from lab.probes.host import this_machine
from lab.storage import read_json, write_json

_SKEW = 2.0  # seconds between this machine's clock and that of an engine in a virtual machine, or elsewhere


def this_world() -> World:
    """The world of this process: the sandbox that is up (raises Blocked where none is) and this folder."""
    box = sandbox.load()
    return World(
        env=_environment(sandbox.environment(box)),
        registry=box.registry,
        workspace=learners_folder(),
        home=paths.learner(),
        mirror=box.own_mirror,
        skew=_SKEW if box.engine.remote else 0.0,
        seed=seed(),
    )


def seed() -> int:
    """The learner's own number, drawn once and kept with the progress; `LAB_SEED` says another one."""
    if (chosen := os.environ.get("LAB_SEED", "")).isdigit():
        return int(chosen)
    path = paths.learner() / "seed.json"
    try:
        kept = read_json(path)
    except BadInput:
        kept = None
    if isinstance(kept, dict) and isinstance(kept.get("seed"), int):
        return int(kept["seed"])
    import secrets

    return set_seed(secrets.randbelow(1_000_000))


def set_seed(number: int) -> int:
    """Keep another number: exercises that were set before stay as they are until they are reset."""
    write_json(paths.learner() / "seed.json", {"seed": number})
    return number


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
    here = this_machine().platform.architecture
    other = "amd64" if here == "arm64" else "arm64"
    folders = given.get("PATH", os.defpath).split(os.pathsep)
    own = str(Path(sys.executable).parent)
    path = os.pathsep.join(folders if own in folders else (*folders, own))
    return {**given, "PATH": path, "HERE": f"linux/{here}", "OTHER": f"linux/{other}"}


def learners_folder() -> Path:
    """The learner's copy of the lessons: `LAB_WORKSPACE`, or this folder, or the one that was used last."""
    if chosen := os.environ.get("LAB_WORKSPACE"):
        return Path(chosen).absolute()
    for folder in (Path.cwd(), Path.cwd().parent):  # a notebook of the clinic works in a folder of its own
        if holds_lessons(folder):
            return folder
    try:
        data = read_json(paths.learner() / "workspace.json")
        return Path(data["path"])
    except (BadInput, TypeError, KeyError):
        return default_folder()


def remember_folder(folder: Path) -> None:
    """Let a terminal in any folder find the learner's copy again."""
    write_json(paths.learner() / "workspace.json", {"path": str(folder)})


def default_folder() -> Path:
    """Where `lab learn` copies the lessons to when it is not told."""
    return Path.home() / "multiplatform-lab"


def holds_lessons(folder: Path) -> bool:
    """Does this folder hold a copy of the lessons?"""
    return (folder / "files").is_dir() and any(folder.glob("[0-9][0-9]-*.ipynb"))
