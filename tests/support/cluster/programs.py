"""Programs that a cluster needs beside Kubernetes: the distribution's, unpacked, and Python's packages from the hashed lock."""

import hashlib
import os
import shutil
import subprocess

from filelock import FileLock
from support.cluster.schemas import ROOT

from lab import paths
from lab.sandbox.packages import apt, mirror
from lab.sandbox.packages import programs as packages

_PROXY = "configurable-http-proxy@5.2.0"  # the one of the chart
_LOCK = ROOT / "requirements-cluster.lock"
PYTHON = "/usr/bin/python3"


def node_tree(into):
    """A containerd with `ctr`, the network's plugins, a runc that fits this machine: in the folder `into`."""
    newer = apt.fetch(["containerd"])
    fitting = apt.fetch(["containernetworking-plugins", "runc", "libseccomp2"], suite=mirror.HOST)
    for package in (*newer.values(), *fitting.values()):
        apt.unpack(package, into)
    return into


def engine_tree():
    """The lab's own engine, as `lab up` unpacks it."""
    return packages.engine("forky", packages.fetch())


def environment():
    """A virtual environment with the lab's packages, JupyterHub and KubeSpawner; the cache keeps it. It can be moved."""
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]
    place = paths.cache() / f"kubernetes/python-{digest}"
    with FileLock(f"{place}.lock"):
        if not place.exists():
            draft = place.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            uv = subprocess.run([ROOT / "tools/uv.sh"], capture_output=True, text=True, check=True).stdout.strip()
            subprocess.run([uv, "venv", "-q", "--relocatable", "--python", PYTHON, draft], check=True)
            options = ["-q", "--require-hashes", "--no-deps", "--link-mode=copy", "--compile-bytecode"]
            install = [uv, "pip", "install", *options, "--python", draft / "bin/python", "-r", _LOCK]
            subprocess.run(install, check=True, env=os.environ)
            draft.replace(place)
    return place


def proxy():
    """The folder with JupyterHub's own proxy, from npm; the cache keeps it."""
    place = paths.cache() / f"kubernetes/{_PROXY}"
    with FileLock(f"{place}.lock"):
        if not place.exists():
            draft = place.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            quiet = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts")
            subprocess.run(["npm", "install", *quiet, "--prefix", draft, _PROXY], check=True)
            draft.replace(place)
    return place / "node_modules/.bin"
