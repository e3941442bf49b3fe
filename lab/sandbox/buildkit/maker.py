"""Makes BuildKit's image, once for all sandboxes that share a cache."""

from __future__ import annotations

import importlib.resources
import platform
import tempfile
from pathlib import Path

from lab.errors import Blocked
from lab.images import build
from lab.model.platforms import Platform
from lab.sandbox.buildkit import gobuild, toolchain
from lab.sandbox.buildkit.journal import Journal, cache_folder
from lab.sandbox.report import quiet

VERSION = "v0.34.2"  # of github.com/moby/buildkit, as in buildkit_go/go.mod (a test compares)
_RECIPE = 2  # counted up when the image is made otherwise, so that an older one in a cache is not taken for it
_COMMANDS = "github.com/moby/buildkit/cmd/"
_WHOLE = 1000  # packages to compile from which on a build's times are those of a cold one


def layout(platform: Platform | None = None) -> Path:
    """The folder in the cache that keeps the image for that platform; this machine's where none is named."""
    return cache_folder() / f"image-{VERSION}-{_RECIPE}-{(platform or here()).architecture}"


def cached(platform: Platform | None = None) -> build.Manifest | None:
    """The image, where the cache has it whole; a damaged one is dropped."""
    return build.kept(layout(platform))


def make(platform: Platform | None = None) -> build.Manifest:
    """The image out of the cache, or made now: minutes. Raises Blocked where it cannot be made.

    One for another platform is cross-compiled; nothing foreign is run. A second caller waits for the first.
    """
    from filelock import FileLock

    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with FileLock(cache_folder() / "lock"):
            return cached(platform) or _make(Journal(), platform or here())
    except OSError as error:
        raise Blocked(f"BuildKit's image cannot be kept: {error}.", "Make room, or set LAB_CACHE.") from error


def _make(journal: Journal, platform: Platform) -> build.Manifest:
    from lab.sandbox.buildkit.image import assemble, runtime

    journal.phase("packages")
    files = runtime(quiet, "" if platform == here() else platform.architecture)
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix=".work-") as folder:
        recipe = _recipe(Path(folder) / "module", platform)
        go = toolchain.find(recipe.go, quiet)
        due = gobuild.build(go, recipe, Path(folder) / "programs", journal)
        journal.phase("image")
        image = assemble(
            Path(folder) / "programs", files, version=VERSION, platform=str(platform), layout=layout(platform)
        )
    journal.finish(remember=due >= _WHOLE)
    gobuild.clean()
    return image


def _recipe(module: Path, platform: Platform) -> gobuild.Recipe:
    module.mkdir()
    for name in ("go.mod", "go.sum"):
        (module / name).write_bytes((importlib.resources.files("lab.sandbox") / "buildkit_go" / name).read_bytes())
    return gobuild.Recipe(
        module=module,
        programs=(f"{_COMMANDS}buildkitd", f"{_COMMANDS}buildctl"),
        # The tags that upstream's own images are built with.
        tags="osusergo,netgo,static_build,seccomp",
        ldflags=f"-s -w -X github.com/moby/buildkit/version.Version={VERSION}",
        architecture=platform.architecture,
    )


def here() -> Platform:
    """This machine's platform."""
    return Platform.of("linux", platform.machine())
