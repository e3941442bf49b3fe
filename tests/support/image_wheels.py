"""The wheels that the lab's image is made of, in a folder: what the bake file's WHEELS takes instead of the package index."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from filelock import FileLock
from support.image_bases import PLATFORMS

from lab import paths
from lab.kit.pip import pip
from lab.kit.wheels import Target, rows

_TOOLS = ("requirements-uv.lock", "requirements-kit.lock")
ROOT = Path(__file__).parent.parent.parent


def folder(lock, python):
    """The wheels of that lock, of uv and of pip for that Python on both platforms; the cache keeps them."""
    locks = [(ROOT / name).read_text(encoding="utf-8") for name in (*_TOOLS, lock)]
    place = paths.cache() / f"base-wheels-{hashlib.sha256(''.join([python, *locks]).encode()).hexdigest()[:12]}"
    with FileLock(f"{place}.lock"):
        if not place.exists():
            draft = place.with_name(f".unpacking-{place.name}")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            for platform in PLATFORMS:
                _download(draft, Target(platform, python), locks)
            draft.rename(place)
    return place


def _download(place, target, locks):
    wanted = place / "wanted.txt"
    about = next(target.conditions())
    wanted.write_text("".join(f"{row.text}\n" for lock in locks for row in rows(lock, about)))
    known = paths.cache() / "kit" / "wheels"
    options = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--implementation=cp", "--quiet"]
    options += [f"--python-version={target.python}", *(f"--platform={name}" for name in target.platforms)]
    options += [f"--find-links={known}"] if known.is_dir() else []
    subprocess.run([*pip(), "download", *options, "--dest", place, "-r", wanted], check=True, timeout=600)
    wanted.unlink()
