"""The history of the lighthouse: fourteen commits by people who are invented."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.course.capstone._texts import early
from lab.errors import Blocked

NO_GIT = "git is not installed here, so the repository has no history: these are its files alone."
_PEOPLE = ("Edda Holm", "Piet Visser", "Maren Tide")


@dataclass(frozen=True)
class Commit:
    """Who did what: the files that are new or changed. `first` has them as they began."""

    author: int
    message: str
    files: Sequence[str]
    first: bool = False


COMMITS = (
    Commit(0, "The lamp", ("README.md", "lamp/Dockerfile", "lamp/main.go", "lamp/go.mod"), first=True),
    Commit(0, "A script for the release, so that I need not remember it", ("release.sh",), first=True),
    Commit(1, "The log, on busybox for now", ("log/Dockerfile", "log/tides.txt"), first=True),
    Commit(1, "Everything starts with one command", ("compose.yaml",)),
    Commit(2, "The horn's programs, as their makers ship them", ("horn/vendor",)),
    Commit(2, "The horn; pick.sh knows what the makers call our machines", ("horn/Dockerfile", "horn/pick.sh")),
    Commit(0, "The lamp for Arm, too, without waiting for an hour", ("lamp/Dockerfile",)),
    Commit(1, "Our own base for the log, pinned as the audit wants it", ("log/Dockerfile",)),
    Commit(2, "One bake file in the place of three commands", ("docker-bake.hcl",)),
    Commit(2, "A job for each platform; they need half the time", ("release.sh",)),
    Commit(1, "The cluster", ("deploy.yaml",)),
    Commit(0, "Asking the registry by hand", ("registry.sh",)),
    Commit(0, "The registry is full: delete what has no tag", ("clean.sh",)),
    Commit(1, "README: how it all works, before I leave", ("README.md",)),
)


def lay(place: Path, files: Mapping[str, bytes]) -> None:
    """Write the files, commit by commit where there is git; all or nothing. Blocked where they cannot be written."""
    part = place.with_name(f".{place.name}.part")
    try:
        if part.exists():
            shutil.rmtree(part)
        part.mkdir(parents=True)
        _make(part, files)
        part.replace(place)
    except OSError as error:
        raise Blocked(f"{place} cannot be written: {error.strerror}.") from error
    except subprocess.TimeoutExpired as error:
        raise Blocked("git does not come to an end here.", "Is the disk slow or full?") from error
    except subprocess.CalledProcessError as error:
        raise Blocked(f"git does not make the repository: {error.stderr.decode(errors='replace').strip()}") from error


def _make(place: Path, files: Mapping[str, bytes]) -> None:
    git = shutil.which("git")
    if git:
        _git(place, 0, "-c", "init.defaultBranch=main", "init", "--quiet")
    for number, commit in enumerate(COMMITS):
        for name, content in files.items():
            if name in commit.files or name.rpartition("/")[0] in commit.files:
                _write(place / name, early(name, content) if commit.first else content)
        if git:
            _git(place, number, "add", "--all")
            _git(place, number, "commit", "--quiet", "--message", commit.message)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755 if content.startswith((b"#!", b"\x7fELF")) else 0o644)


def _git(place: Path, number: int, *words: str) -> None:
    """One command, whatever the settings of whoever runs it are."""
    name = _PEOPLE[COMMITS[number].author]
    address = f"{name.split()[0].lower()}@lighthouse.example"
    when = f"2025-{number // 2 + 3:02}-{number * 2 + 1:02}T09:{number * 3:02}:00+00:00"
    env = {one: value for one, value in os.environ.items() if not one.startswith("GIT_")} | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
           for what, value in (("NAME", name), ("EMAIL", address), ("DATE", when))},
    }  # fmt: skip
    subprocess.run(["git", *words], cwd=place, env=env, check=True, capture_output=True, timeout=30)
