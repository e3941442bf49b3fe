"""Somebody who does the capstone: mends the repository (all of it, or all but one fault), and does what is asked."""

from lab.course.capstone import _held, _texts
from lab.course.capstone._faults import THREE
from lab.course.capstone._laid import FOLDER, REPOSITORY

BUILD = "cd capstone/lighthouse\nVERSION=2-rc docker buildx bake -f docker-bake.hcl --builder lighthouse --push {more}"
TRY = """\
cd capstone/lighthouse
for image in lamp horn log; do
  docker run --rm --quiet --pull always $REGISTRY/lighthouse/$image:2-rc || exit 1
done
bash release.sh promote 2-rc 2
"""
CLEAN = "cd capstone && sh lighthouse/clean.sh lighthouse/log versions.txt"
_PLATFORMS = '["linux/amd64", "linux/arm64", "linux/arm/v6"]'


def cached(image):
    """The options that keep an image's work, with another name for each platform."""
    own = "{}.cache-{}=type=registry,{}ref=$REGISTRY/lighthouse/cache-{}:${{2##*/}}"
    return " ".join(
        f'--set "{own.format(image, way, mode, image)}"' for way, mode in (("from", ""), ("to", "mode=max,"))
    )


def mended(world, left=()):
    """The repository's texts, mended but for the faults that are left in: what was asked for is done in any case."""
    files = _texts.repository(world, frozenset(left))
    bake = files["docker-bake.hcl"].decode().replace('["linux/amd64", "linux/arm64"]', _PLATFORMS)
    release = files["release.sh"].decode().replace('"$tag-arm64"', '"$tag-arm64" "$tag-v6"')
    caches = " \\\n    ".join(map(cached, ("lamp", "horn", "log")))
    release = release.replace('--set "*.platform=$2"', f'--set "*.platform=$2" \\\n    {caches}')
    compose = files["compose.yaml"].decode().replace(":1\n", ":2\n").replace("    platform: linux/amd64\n", "")
    deploy = files["deploy.yaml"].decode().replace(":1\n", ":2\n")
    deploy = deploy.replace("      nodeSelector:\n        kubernetes.io/arch: amd64\n", "")
    texts = {"docker-bake.hcl": bake, "release.sh": release, "compose.yaml": compose, "deploy.yaml": deploy}
    return {**files, **{name: text.encode() for name, text in texts.items()}}


def write(world, files):
    """Put them into the learner's repository."""
    for name, content in files.items():
        (world.workspace / REPOSITORY / name).write_bytes(content)


def surveyed(fleet):
    """The survey, filled in from what the registry has."""
    lines = [
        f"| {held.name}:1 | {platform} | {held.verdict(platform)} | {held.witness(platform)[7:19] or '-'} |"
        for held in fleet.images
        for platform in sorted(THREE)
    ]
    decoys = ["| lamp:1 | unknown/unknown | harmless | |", "| horn/Dockerfile | HORN_KEY | harmless | |"]
    return "\n".join([*lines, *decoys]) + "\n"


def survey(world):
    """Write it."""
    found = _held.fleet("1")(world)
    (world.workspace / FOLDER / "survey.md").write_text(surveyed(found), encoding="utf-8")
