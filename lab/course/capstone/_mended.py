"""The repository as one might leave it on Friday: what the proofs' solutions write."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lab.course.capstone import _texts
from lab.course.capstone._faults import AMD, IMAGES
from lab.model.platforms import Platform

_TWO, _THREE = '["linux/amd64", "linux/arm64"]', '["linux/amd64", "linux/arm64", "linux/arm/v6"]'
_CACHE = "{image}.cache-{way}=type=registry,{mode}ref=$REGISTRY/lighthouse/cache-{image}:${{2##*/}}"


def texts(left: Collection[str] = (), here: Platform = AMD) -> Mapping[str, str]:
    """Each text file that has to change, by its place in the repository; these faults are left in."""
    files = {**_texts.dockerfiles(here, left), **_texts.scripts(left), **_texts.started()}
    return {name: _done(name, text) for name, text in files.items()}


def _done(name: str, text: str) -> str:
    """What has to be done in any case, whatever the faults are."""
    if name == "docker-bake.hcl":
        return text.replace(_TWO, _THREE)
    if name == "release.sh":
        kept = " \\\n    ".join(["", *(f'--set "{one}"' for one in _caches())])
        return text.replace('"$tag-arm64"', '"$tag-arm64" "$tag-v6"').replace(
            '"*.platform=$2"', f'"*.platform=$2"{kept}'
        )
    if name == "compose.yaml":
        return text.replace(":1\n", ":2\n").replace("    platform: linux/amd64\n", "")
    if name == "deploy.yaml":
        return text.replace(":1\n", ":2\n").replace("      nodeSelector:\n        kubernetes.io/arch: amd64\n", "")
    return text


def _caches() -> list[str]:
    """A place for each image's work, with another name for each platform."""
    ways = (("from", ""), ("to", "mode=max,"))
    return [_CACHE.format(image=image, way=way, mode=mode) for image in IMAGES for way, mode in ways]


def script(*names: str) -> str:
    """The lines of a shell script that write these files."""
    known = texts()
    return "\n".join(f"cat > {name} <<'END'\n{known[name]}END" for name in names)
