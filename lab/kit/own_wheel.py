"""The lab's own wheel: built from a checkout, or packed again from the files of an installed lab."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

from lab import __version__
from lab.errors import Blocked
from lab.kit import plan

_NAME = f"multiplatform_lab-{__version__}-py3-none-any.whl"
_LEFT_OUT = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
_TIME = (1980, 1, 1, 0, 0, 0)


def make(folder: Path) -> Path:
    """The wheel, in `folder`; the same source gives the same bytes. Raises Blocked where it cannot be made."""
    source = plan.checkout()
    if source is None:
        return pack_installed(folder / _NAME)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode or not (folder / _NAME).is_file():
        said = ([line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"])[-1]
        raise Blocked(f"The lab's own wheel cannot be built: {said}", "Run `make setup`, then try again.")
    return folder / _NAME


def pack_installed(wheel: Path) -> Path:
    """A wheel of the lab that is installed here."""
    here = importlib.metadata.distribution("multiplatform-lab")
    kept = {
        str(file): Path(str(file.locate()))
        for file in here.files or ()
        if ".." not in file.parts and file.suffix != ".pyc" and file.name not in _LEFT_OUT
    }
    record = ""
    with zipfile.ZipFile(wheel, "w") as packed:
        for name, path in sorted(kept.items()):
            content = path.read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(content)}\n"
            _put(packed, name, content)
        at = next(name for name in kept if name.endswith(".dist-info/METADATA")).replace("METADATA", "RECORD")
        _put(packed, at, f"{record}{at},,\n".encode())
    return wheel


def _put(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _TIME)
    info.external_attr, info.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
    packed.writestr(info, content)
