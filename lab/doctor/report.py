"""`lab report`: what a bug report needs, in one text, without secrets.

Versions, `lab doctor`, `lab status`, progress, the ends of the logs, the last tries. Of the environment only what is
on a list. Nothing is sent anywhere.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lab import __version__, paths
from lab.doctor.mask import MARK, Mask, known_secrets
from lab.errors import BadInput, LabError, UsageError
from lab.storage import read_json, write_text

HEADER = "multiplatform-lab report"
_LOG_LINES, _TRY_LINES, _LINE = 80, 40, 1000
_TAIL = 256 << 10  # bytes from a log's end that are read
_LOGS, _TRIES = 10, 5
_VARIABLES = (
    "BUILDKIT_HOST", "BUILDKIT_PROGRESS", "BUILDX_BUILDER", "BUILDX_CONFIG", "CI", "DOCKER_API_VERSION",
    "DOCKER_BUILDKIT", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_DEFAULT_PLATFORM", "DOCKER_HOST", "DOCKER_TLS_VERIFY",
    "FORCE_COLOR", "HTTPS_PROXY", "HTTP_PROXY", "LAB_CACHE", "LAB_EMULATORS", "LAB_HOME", "LAB_LEARNER", "LAB_SANDBOX",
    "LAB_SHELL", "LAB_WORKSPACE", "LANG", "LC_ALL", "NO_COLOR", "NO_PROXY", "PATH", "REGISTRY", "SHELL", "TERM",
    "VIRTUAL_ENV", "WSL_DISTRO_NAME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip


@dataclass(frozen=True)
class Section:
    """A part of the report: its title and its lines."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """All parts, masked."""

    sections: tuple[Section, ...]

    def as_text(self) -> str:
        """The whole report."""
        parts = [f"{HEADER}\n"]
        parts += [f"== {one.title}\n" + "\n".join([*one.lines, ""]) for one in self.sections]
        return "\n".join(parts)

    def contents(self) -> str:
        """What it holds, a line a part."""
        rows = [f"  {one.title}: {len(one.lines)} lines" for one in self.sections]
        masked = self.as_text().count(MARK)
        return "\n".join([*rows, f"  masked (logins, tokens, keys): {masked} passages"])


def collect(env: Mapping[str, str] | None = None) -> Report:
    """Gather all. A part that cannot be had says why in its place; it never keeps the others from being told."""
    given = os.environ if env is None else env
    homes = {str(Path.home()), str(Path.home().resolve()), given.get("HOME") or ""}
    mask = Mask(known_secrets(given), homes)
    titles: dict[str, Callable[[], Iterable[str]]] = {
        "versions": _versions,
        "environment": lambda: environment(given),
        "doctor": _doctor,
        "status": _status,
        "progress": _progress,
        "tries": lambda: _tries(mask),
        "logs": lambda: _logs(mask),
    }
    # As one text each: a key may go over several lines.
    return Report(
        tuple(Section(name, tuple(mask("\n".join(_told(work))).splitlines())) for name, work in titles.items())
    )


def save(report: Report, path: Path) -> None:
    """Write it, mode 0600. UsageError where something else stands there, which stays as it is."""
    if path.is_dir() or (path.exists() and not _is_report(path)):
        raise UsageError(f"{str(path)!r} exists already and is not a report.", "Choose another name.")
    write_text(path, report.as_text())


def _is_report(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(HEADER)) == HEADER.encode()
    except OSError:
        return False


def _told(work: Callable[[], Iterable[str]]) -> list[str]:
    try:
        return list(work())
    except LabError as error:
        return [str(error)]
    except Exception:  # noqa: BLE001 - the report of a mistake of ours must come through that very mistake
        return ["This part could not be collected:", *traceback.format_exc().splitlines()]


def _versions() -> Iterator[str]:
    yield f"multiplatform-lab {__version__}"
    yield f"Python {platform.python_version()} ({platform.python_implementation()}), {sys.executable}"
    yield f"{platform.system()} {platform.release()} {platform.machine()}"
    try:
        yield platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        yield platform.platform()
    try:
        needed = metadata.requires("multiplatform-lab") or []
    except metadata.PackageNotFoundError:
        needed = []
    for name in (re.split(r"[^A-Za-z0-9._-]", one, maxsplit=1)[0] for one in needed if "extra ==" not in one):
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            yield f"{name} is not installed"


def environment(env: Mapping[str, str]) -> Iterator[str]:
    """The variables that matter here, and no others."""
    yield from (f"{name}={env[name]}" for name in _VARIABLES if name in env)


def _doctor() -> Iterator[str]:
    from lab.doctor import diagnose

    found = diagnose()
    yield from found.as_text().splitlines()
    yield json.dumps(found.to_json()["facts"], ensure_ascii=False)


def _status() -> list[str]:
    from lab import sandbox

    return sandbox.status().as_text().splitlines()


def _progress() -> Iterator[str]:
    data = read_json(paths.learner() / "progress.json")
    steps = data.get("steps") if isinstance(data, dict) else None
    for name, entry in steps.items() if isinstance(steps, dict) else ():
        if isinstance(entry, dict):
            passed = "passed" if entry.get("passed") else "open"
            yield f"{name}: {passed}, last {entry.get('last')}, {entry.get('tries')} tries"


def _tries(mask: Mask) -> Iterator[str]:
    for path in _latest((paths.learner() / "transcripts").glob("*.json"), _TRIES):
        try:
            data = read_json(path)
        except BadInput as error:
            yield error.message
            continue
        if isinstance(data, dict):
            yield f"-- {data.get('step')}: exit status {data.get('exit_status')}, {data.get('seconds')} s"
            yield from _end(mask(f"$ {data.get('command')}"), _TRY_LINES)
            yield from _end(mask(str(data.get("output") or "")), _TRY_LINES)


def _logs(mask: Mask) -> Iterator[str]:
    folders = (paths.home() / "log", paths.sandbox() / "logs", paths.cache() / "buildkit")
    files = [path for folder in folders for path in (*folder.glob("*.log"), *folder.glob("*.txt"))]
    for path in _latest(files, _LOGS):
        yield f"-- {path}"
        try:
            yield from _end(mask(_tail(path)), _LOG_LINES)
        except OSError as error:
            yield f"it cannot be read: {error.strerror}"


def _tail(path: Path) -> str:
    """Whole lines from a log's end."""
    with path.open("rb") as stream:
        start = max(0, path.stat().st_size - _TAIL)
        stream.seek(start)
        text = stream.read(_TAIL).decode("utf-8", "replace")
    return text.partition("\n")[2] if start else text


def _latest(files: Iterable[Path], count: int) -> list[Path]:
    """The youngest, the youngest last."""
    dated = []
    for path in files:
        try:
            dated.append((path.stat().st_mtime, path))
        except OSError:
            continue
    return [path for _, path in sorted(dated)[-count:]]


def _end(text: str, count: int) -> list[str]:
    return [line if len(line) <= _LINE else f"{line[:_LINE]} …" for line in text.splitlines()[-count:]]
