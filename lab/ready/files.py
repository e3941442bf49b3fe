"""Which files of a repository say how it is built, and their text, within limits that hostile ones cannot pass."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.errors import BadInput, Blocked, NotThere
from lab.ready.rule import BAKE, COMPOSE, DOCKERFILE, PIPELINE

MOST = 512 << 10  # bytes of one file
_FILES, _ENTRIES = 400, 200_000
_LINE = 65_535  # BuildKit takes no longer line of a Dockerfile either
# What others wrote, and what tests are given to read.
_NOT_THEIRS = frozenset(
    (".git", ".hg", ".svn", "node_modules", "vendor", ".venv", "venv", ".tox", "__pycache__", "testdata", "fixtures")
)
_YAML = r"\.ya?ml\Z"
_NAMES = (
    (DOCKERFILE, re.compile(r"(?:dockerfile|containerfile)(?:[.-][\w.-]+)?\Z|[\w.-]+\.(?:dockerfile|containerfile)\Z")),
    (BAKE, re.compile(r"[\w.-]*bake[\w.-]*\.(?:hcl|json)\Z")),
    (COMPOSE, re.compile(rf"(?:docker-)?compose(?:[.-][\w.-]+)?{_YAML}")),
    (PIPELINE, re.compile(rf"[\w.-]*\.gitlab-ci(?:[.-][\w.-]+)?{_YAML}")),
)
_FOLDERS = re.compile(rf"(?:\A|/)(?:\.github/workflows/[^/]+{_YAML}|\.gitlab/.+{_YAML}|\.github/.*/?action{_YAML})")
# What is named like a Dockerfile and is none: notes, templates and copies of one, code that reads them.
_NONE = re.compile(
    r"\.(?:dockerignore|md|rst|txt|html|json|hcl|toml|ya?ml|j2|jinja2?|tmpl|tpl|template|in|erb|orig|bak|lock"
    r"|sh|ps1|py|go|rs|rb|js|mjs|ts|tsx|java|kt|php|c|h|cc|cpp|cs|lua|vim|png|svg)\Z"
)


def kind(path: str) -> str:
    """What a file is, by its path in the repository; "" where it is none of ours."""
    if _FOLDERS.search(path):
        return PIPELINE
    name = path.rpartition("/")[2].lower()
    found = next((one for one, pattern in _NAMES if pattern.match(name)), "")
    return "" if found == DOCKERFILE and _NONE.search(name) else found


def found(root: Path) -> list[tuple[str, str]]:
    """(path, kind) of what is to be read, sorted; of a file its own. Links to folders are not followed."""
    try:
        mode = root.stat().st_mode
    except FileNotFoundError:
        raise NotThere(f"There is no file or folder {str(root)!r}.") from None
    except (OSError, ValueError) as error:
        raise Blocked(f"{str(root)!r} cannot be read: {_why(error)}.") from error
    if stat.S_ISDIR(mode):
        return sorted(_walk(root))
    whole = root.absolute().as_posix()
    if named := kind(whole):
        return [(root.name, named)]
    raise BadInput(
        f"{str(root)!r} is none of the files that are read, by its name.",
        "They are Dockerfiles, bake files, compose files, and workflows of GitHub and GitLab.",
    )


def _walk(root: Path) -> Iterator[tuple[str, str]]:
    seen = taken = 0
    for place, folders, names in os.walk(root, onerror=_refuse(root)):
        folders[:] = sorted(folder for folder in folders if folder not in _NOT_THEIRS)
        seen += len(names) + len(folders)
        for name in names:
            path = Path(place, name).relative_to(root).as_posix()
            if named := kind(path):
                taken += 1
                yield path, named
        if seen > _ENTRIES or taken > _FILES:
            limit = f"{_FILES} such files" if taken > _FILES else f"{_ENTRIES} files"
            raise BadInput(f"{str(root)!r} has more than {limit}.", "Name a folder in it.")


def _refuse(root: Path) -> Callable[[OSError], None]:
    def refuse(error: OSError) -> None:
        if error.filename and Path(error.filename) == root:
            raise Blocked(f"{str(root)!r} cannot be read: {error.strerror}.") from error

    return refuse


def text(place: Path, name: str) -> str:
    """The text of a file. LabError, in one line, for what is no file, unreadable, too large or no text."""
    try:
        mode = place.stat().st_mode
        if not stat.S_ISREG(mode):
            raise BadInput(f"{name!r} is not a regular file.")
        with place.open("rb") as stream:
            content = stream.read(MOST + 1)
    except (OSError, ValueError) as error:
        raise Blocked(f"{name!r} cannot be read: {_why(error)}.") from error
    return _checked(content, name)


def _checked(content: bytes, name: str) -> str:
    problem = ""
    if len(content) > MOST:
        problem = f"{name!r} is larger than {MOST >> 10} KiB."
    elif b"\0" in content:
        problem = f"{name!r} is no text."
    elif any(len(line) > _LINE for line in content.split(b"\n")):
        problem = f"{name!r} has a line of more than {_LINE} characters."
    if problem:
        raise BadInput(problem)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise BadInput(f"{name!r} is not UTF-8.") from None


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
