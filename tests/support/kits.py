"""Small kits for tests: real ones in all but what they hold."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab.kit import gather, pack
from lab.kit.boot import setup
from lab.kit.plan import Plan
from lab.model.platforms import Platform
from lab.probes.here import environment_of
from lab.sandbox.report import quiet

HERE = str(Platform.of("linux", platform.machine()))
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
DEB = b"a package of the distribution"
LAYER = random.Random(17).randbytes(3_000_000)  # noqa: S311 - bytes that nothing makes smaller
EMULATOR = b"an emulator " * 50_000


def record(architecture: str) -> dict[str, Any]:
    """The record of the one package in it."""
    package = {
        "name": "engine", "version": "1.0", "filename": "pool/e/engine_1.0_all.deb",
        "size": len(DEB), "sha256": hashlib.sha256(DEB).hexdigest(),
    }  # fmt: skip
    return {architecture: {"forky": {architecture: {"engine": package}}}}


def small(
    place: Path, *, platforms: tuple[str, ...] = (HERE,), pythons: tuple[str, ...] = (PYTHON,), release: str = ""
) -> Path:
    """A kit in `place`, for this machine unless something else is said."""
    files, release = place / "files", release or setup.release()
    contents = {
        "cache/debs/engine_1.0_all.deb": (DEB, ""),
        "cache/base-x/blobs/sha256/abc": (LAYER, ""),
        "cache/base-x/index.json": (b'{"manifests": []}', ""),
        "cache/emulators-x/qemu-other": (EMULATOR, platforms[0]),
        "site/index.html": (b"<title>the course</title>" * 40, ""),
        "wheels/requirements.lock": (b"", ""),
    }
    found = gather.Gathered(packages={release: record(platforms[0].partition("/")[2])})
    for name, (content, which) in contents.items():
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        (files / name).write_bytes(content)
        found.put(name, files / name, which)
    (files / "cache/emulators-x/qemu-other").chmod(0o755)
    with environment_of({"LAB_CACHE": str(place / "made")}):
        draft = pack.draft(Plan(platforms, (release,), pythons), found, quiet)
    pack.write(draft, place / "kit.run", quiet)
    return place / "kit.run"


def run(kit: Path, home: Path, *, by: tuple[str, ...] = ("sh",), words: tuple[str, ...] = ("--no-learn",)) -> Any:
    """What its program says and how it ends, in a home that is empty; `by` is what runs the file."""
    home.mkdir(exist_ok=True)
    tools = home.parent / "tools"
    if not tools.is_dir():
        tools.mkdir()
        (tools / "python3").symlink_to(sys.executable)
    env = {"HOME": str(home), "PATH": f"{tools}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    return subprocess.run(
        [*by, str(kit), *words], env=env, cwd=home, capture_output=True, text=True, timeout=120, check=False
    )


def everything(folder: Path) -> list[str]:
    """All that is in a folder."""
    return sorted(os.path.relpath(path, folder) for path in folder.rglob("*"))


def changed(kit: Path, at: int) -> None:
    """Change one byte; from the end where it is negative."""
    data = bytearray(kit.read_bytes())
    data[at] ^= 0x55
    kit.write_bytes(data)


def contents(kit: Path) -> dict[str, Any]:
    """Its list of contents, as it stands there."""
    import zipfile

    with zipfile.ZipFile(kit) as inner:
        found: dict[str, Any] = json.loads(inner.read("contents.json"))
    return found


def with_contents(kit: Path, text: bytes) -> None:
    """Another list of contents in the same kit, as somebody hostile would put it there."""
    import io
    import zipfile

    data = kit.read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(kit) as inner, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as fresh:
        begin = min(one.header_offset for one in inner.infolist())
        for one in inner.infolist():
            fresh.writestr(one.filename, text if one.filename == "contents.json" else inner.read(one.filename))
    kit.write_bytes(data[:begin] + out.getvalue())
