"""What lesson 10 asks of every mended tag: is each image what its row says, and does it come from the right folder?"""

from __future__ import annotations

from lab.audit import rules
from lab.course._true_image import PAIR
from lab.model.facts import Binaries, Images
from lab.model.platforms import listed
from lab.model.steps import Problem

LOST_ONE = "The tag {ref} lacks a platform that it is to have."
NOT_WHAT_IT_SAYS = "The image for {platform} under {ref} starts {path}, which is a program for another machine."
NO_PROGRAM = "The image for {platform} under {ref} has no program to start at {path}."
OTHER_IMAGE = "The image for {platform} under {ref} does not come from files/true-image/{folder}: it has no {path}."


def untrue(found: Images, programs: Binaries) -> Problem | None:
    """A platform that is missing, or an image whose program is not for its row's platform; None where all is well."""
    ref = found.index.reference
    if not found.index.platforms >= PAIR:
        return Problem(LOST_ONE, found=listed(found.index.platforms), wanted=listed(PAIR), ref=ref)
    for platform, program in programs.programs:
        if program is None or program.kind != "elf":
            kind, path = (program.kind, program.path) if program else ("no such file", "the place that it names")
            return Problem(NO_PROGRAM, found=kind, wanted="a program", platform=platform, ref=ref, path=path)
        if rules.foreign(program, platform):
            known = {"platform": platform, "ref": ref, "path": program.path}
            return Problem(NOT_WHAT_IT_SAYS, found=program.platform, wanted=platform, **known)
    return None


def elsewhere(held: Binaries, folder: str, path: str) -> Problem | None:
    """An image without the file that the folder's Dockerfile copies; None where all have it."""
    for platform, file in held.programs:
        if file is None:
            known = {"platform": platform, "ref": held.reference, "folder": folder, "path": path}
            return Problem(OTHER_IMAGE, found="no such file", wanted=path, **known)
    return None
