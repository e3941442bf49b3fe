"""Somebody who does the capstone: mends the repository (all of it, or all but some faults), and does what is asked."""

from lab.course.capstone import _faults, _held, _mended
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


def mended(world, left=()):
    """The files that change, mended but for the faults that are left in: what was asked for is done in any case."""
    return {name: text.encode() for name, text in _mended.texts(left, _faults.here(world)).items()}


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
