"""What `lab audit` costs beside reading the same layers once, and how much memory it takes.

`python benchmarks/audit.py [MEGABYTES]`: a three-platform image of real programs and files of this machine, that
many megabytes in all before they are packed, in a registry of its own on loopback (Debian's).
"""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.audit import audit
from lab.images import build
from lab.model.world import World
from lab.probes import registry

PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7")
LAYERS = 4
_PLACES = ("/usr/bin", "/usr/lib", sys.base_prefix, "/usr/local", "/usr/share")


def files(megabytes: int) -> list[tuple[str, Path, int]]:
    """Real files of this machine, great and small: path in the image, where it is, mode."""
    found, left = [], megabytes << 20
    known = {path for place in _PLACES for path in Path(place).rglob("*") if path.is_file() and not path.is_symlink()}
    # Whole folders, in an order of chance that is the same each time: programs as well as data.
    for path in sorted(known, key=lambda path: (zlib.crc32(str(path.parent).encode()), path)):
        size = path.stat().st_size
        if size < left:
            found.append((str(path)[1:], path, path.stat().st_mode & 0o777))
            left -= size
        if left < 1 << 16:
            break
    return found


def image(platform: str, chosen: list[tuple[str, Path, int]], folder: Path) -> build.Manifest:
    """An image of those files in a few layers, with one file of its own in each so that none is shared."""
    layers = []
    for number in range(LAYERS):
        part: dict[str, build.File | build.Folder | build.Link | tuple[bytes, int]] = {
            name: build.File(path, mode) for name, path, mode in chosen[number::LAYERS]
        }
        part["etc/platform"] = (platform.encode(), 0o644)
        layers.append(build.layer(part, folder=folder))
    return build.image(layers, platform=platform, config={"Cmd": ["ls"]})


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A registry on a free port, from Debian's package, unpacked for the occasion."""
    from lab.sandbox.packages import apt

    apt.unpack(apt.fetch(["docker-registry"])["docker-registry"], folder / "tree")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (folder / "config.yml").write_text(
        f"version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '{address}'}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
    )
    program = next((folder / "tree").rglob("bin/docker-registry"))
    with subprocess.Popen(
        [program, "serve", folder / "config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) == 0:
                        break
                time.sleep(0.1)
            yield address
        finally:
            running.terminate()


def read_once(address: str, digests: list[str]) -> int:
    """Every layer fetched, hashed and unpacked, and nothing more: how many bytes came out."""
    count = 0
    connection = http.client.HTTPConnection(address, timeout=30)
    for digest in digests:
        connection.request("GET", f"/v2/big/blobs/{digest}")
        response, hashed, unpack = connection.getresponse(), hashlib.sha256(), zlib.decompressobj(31)
        while part := response.read(1 << 18):
            hashed.update(part)
            count += len(unpack.decompress(part))
        if f"sha256:{hashed.hexdigest()}" != digest:
            raise SystemExit(f"{digest} is damaged")
    connection.close()
    return count


def timed(work: Callable[[], object]) -> float:
    """Seconds for the quicker of two runs."""
    took = []
    for _ in range(2):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took)


def memory(reference: str) -> int:
    """The peak of a process of its own, in KB. (`ru_maxrss` would be this one's, from before the fork.)"""
    script = f"import re; from lab.audit import audit; audit({reference!r}); "
    script += "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    return int(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=600).stdout)


def main() -> None:
    """Build, push, measure, print."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen = files(megabytes // len(PLATFORMS))
        tag = build.index([image(platform, chosen, folder) for platform in PLATFORMS])
        with serving(folder) as address:
            build.push(f"http://{address}", "big", "tag", tag)
            world = World(env=dict(os.environ), registry=address, workspace=folder, home=folder)
            digests = [digest for one in registry.images("big:tag")(world).images for digest in one.layers]
            packed = sum(layer.size for one in tag.manifests for layer in one.blobs)
            once = timed(lambda: read_once(address, digests))
            audited = timed(lambda: audit(f"{address}/big:tag", world=world))
            peak = memory(f"{address}/big:tag")
    print(f"{len(PLATFORMS)} platforms, {len(chosen)} files each, {megabytes} MB, {packed >> 20} MB packed")
    print(f"reading the layers once {once:.2f} s, audit {audited:.2f} s: {audited / once:.2f} times (wanted: 1.5)")
    print(f"peak memory of a process that does only that: {peak >> 10} MB (wanted: 200)")


if __name__ == "__main__":
    main()
