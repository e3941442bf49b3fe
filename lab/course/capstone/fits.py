"""P8: what starts the images asks for what version 2 has, on all three kinds of machine."""

from __future__ import annotations

from lab.course.capstone import _mended
from lab.course.capstone._faults import IMAGES
from lab.course.capstone._laid import RELEASE, candidate
from lab.course.capstone._parts import COMPOSE, DEPLOY, NODES, Part, Parts, parts
from lab.course.capstone._proof import required
from lab.course.capstone.releases import Releases, releases
from lab.model.steps import Problem, Proof, Verdict, step

PART_MISSING = "{file} does not start the {name} any more."
OTHER_VERSION = "In {file} the {name} is not version 2."
PINNED = "In {file} the {name} is held on one platform, and version 2 has an image for every machine."
HALF_THE_NODES = "In {file} the {name} may not run on every kind of machine that it has an image for."
FITS = (
    "compose.yaml and deploy.yaml start version 2 of all three images, on {nodes}; nothing holds them on one platform."
)


@required(8, "compose.yaml and deploy.yaml fit version 2")
@step(
    candidate(parts),
    releases,
    solution="\n".join(["cd capstone/lighthouse", _mended.script(COMPOSE, DEPLOY)]),
    hints=[
        "For each part: which image, and on which machines? Compare with the rows of version 2.",
        "What held them on one platform was right as long as there was only one.",
    ],
)
def fits(found: Parts, tags: Releases) -> Verdict:
    """Let compose.yaml and deploy.yaml start version 2, on amd64, arm64 and arm nodes alike."""
    for file in (COMPOSE, DEPLOY):
        for image in IMAGES:
            own = [one for one in found.parts if (one.file, one.name) == (file, image)]
            if not own:
                return Problem(PART_MISSING, found="no such part", wanted=image, file=file, name=image)
            if problem := next(filter(None, (_misfit(part, tags) for part in own)), None):
                return problem
    return Proof(FITS, nodes=", ".join(NODES))


def _misfit(part: Part, tags: Releases) -> Problem | None:
    known = {"file": part.file, "name": part.name}
    if not _is_two(part, tags):
        wanted = f"lighthouse/{part.name}:{RELEASE}"
        return Problem(OTHER_VERSION, found=part.image or "no image", wanted=wanted, **known)
    if part.platform:
        return Problem(PINNED, found=part.platform, wanted="no platform", **known)
    if part.nodes != set(NODES):
        nodes = ", ".join(sorted(part.nodes)) or "none"
        return Problem(HALF_THE_NODES, found=nodes, wanted=", ".join(NODES), **known)
    return None


def _is_two(part: Part, tags: Releases) -> bool:
    """By the tag `2`, or by the digest of the candidate's index, which is to be the release."""
    name, _, digest = part.image.partition("@")
    if digest:
        return digest in {tested.digest for tested, _ in tags.pairs if f"lighthouse/{part.name}" in tested.reference}
    return name.endswith(f"lighthouse/{part.name}:{RELEASE}")
