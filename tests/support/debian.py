"""The distribution's packages and what they need, unpacked into a tree and not installed: the base of an image."""

import shutil

from lab.images import build
from lab.sandbox import images
from lab.sandbox.packages import apt, deb, mirror

# what has a name that is no package's own
_CALLED = {"awk": "mawk", "python3.11-distutils": "python3-distutils"}
_LEFT_OUT = ("doc", "man", "locale", "info", "lintian", "zoneinfo", "bash-completion")
_MERGED = ("bin", "sbin", "lib", "lib64")


def closure(names, arch):
    """The packages of those names and all that they need, for that architecture."""
    foreign = "" if arch == mirror.host_architecture() else f":{arch}"
    due, seen = list(names), {}
    while due:
        found = apt.fetch([name + foreign for name in due], suite=mirror.HOST)
        seen |= {asked.partition(":")[0]: file for asked, file in found.items()}
        due = sorted({_CALLED.get(name, name) for file in found.values() for name in _needs(file)} - seen.keys())
    return list(seen.values())


def _needs(file):
    """Also what has to be there before a package is unpacked: the libraries of the shell and its like."""
    before = deb.names(mirror.run(["dpkg-deb", "-f", str(file), "Pre-Depends"]))
    return [*before, *deb.depends(file)]


def unpacked(debs, tree):
    """What is in them, merged as an installed system has it, without what only people read; `tree` is where it lies."""
    for package in debs:
        apt.unpack(package, tree)
    for name in _MERGED:
        if (tree / name).is_dir() and not (tree / name).is_symlink():
            shutil.copytree(tree / name, tree / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(tree / name)
        if (tree / "usr" / name).is_dir() and not (tree / name).is_symlink():
            (tree / name).symlink_to(f"usr/{name}")
    for name in _LEFT_OUT:
        shutil.rmtree(tree / "usr/share" / name, ignore_errors=True)
    return (
        build.files_of(tree)
        | images.certificates()
        | {
            "usr/bin/awk": build.Link("mawk"),
            "usr/bin/sh": build.Link("bash"),
            "tmp": build.Folder(0o1777),
        }
    )
