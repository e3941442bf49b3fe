"""P1, P2 and P4: what version 1 is, what the candidate is, and that version 1 is still what it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lab.course._true_image import base_of
from lab.course.capstone import _mended, _stock
from lab.course.capstone._faults import IMAGES, OLD, THREE, repository
from lab.course.capstone._held import ABSENT, FALSE, TRUE, Fleet, Held, fleet
from lab.course.capstone._laid import CANDIDATE, FOLDER, REPOSITORY, laid, whole
from lab.course.capstone._proof import required
from lab.course.clinic import _rows
from lab.course.cross_compile import NO_LEVEL, TOO_NEW
from lab.errors import NotThere
from lab.model.digests import brief
from lab.model.facts import Fact
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import host, needs, reach
from lab.probes.published import looked_up

SURVEY = f"{FOLDER}/survey.md"
FAULT, HARMLESS = "fault", "harmless"
ATTESTATIONS, HORN_KEY = ("lamp:1", "unknown/unknown"), ("horn/Dockerfile", "HORN_KEY")
_WORDS = {TRUE, FALSE, ABSENT, FAULT, HARMLESS}
_SHORT = 12  # digits of a digest that are enough for a witness

SURVEY_OPEN = "The survey has no verdict yet on {what}, {platform}."
WORD_UNKNOWN = "The survey's verdict on {what}, {platform}, is none of its words."
WRONG_VERDICT = "The survey's verdict on {what}, {platform}, is not what the registry holds."
WRONG_WITNESS = "The survey's witness for {what}, {platform}, is not the digest of that image."
DECOY_BLAMED = "The survey calls {what}, {platform}, a fault. Nothing that it stands for breaks on any machine."
SURVEYED = (
    "Of the nine images that version 1 ought to have, {true} are true, {false} false and {absent} absent: {rows}."
)
NOT_PINNED = "{file} does not say any more which base exactly it is built on."
NOTES_GONE = "{ref} has lost its attestations. The rows `unknown/unknown` were those, and no fault."
KEY_GONE = "{ref} has lost HORN_KEY. It is a note of music, no secret: the warning was no fault, and others read it."
THREE_TRUE = "All three images have three true rows: {digests}."
MOVED = "{ref} was to stay as it is, and it stands for something else."
GONE = "{ref} was to stay as it is, and there is no such tag any more."
BROKEN = "{ref} stands for the same index as before, but what that lists is not all there any more."
UNTOUCHED = "Version 1 is what it was, with all that it lists: {digests}."


@dataclass(frozen=True, kw_only=True)
class Survey(Fact):
    """What the learner has written: (what, platform) in small letters → (verdict, witness)."""

    rows: Mapping[tuple[str, str], tuple[str, str]]

    def of(self, what: str, platform: object) -> tuple[str, str]:
        """The verdict and the witness; empty where there are none."""
        return self.rows.get((what.lower(), str(platform).lower()), ("", ""))


def survey_from(text: str) -> Survey:
    """Read the table: four columns, a `?` is nothing."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip().strip("`").lower() for cell in line.strip().strip("|").split("|")]
        if len(cells) >= 3:
            verdict, witness = cells[2], cells[3] if len(cells) > 3 else ""
            rows[cells[0], cells[1]] = ("" if verdict == "?" else verdict, "" if witness in ("?", "-") else witness)
    return Survey(rows=rows)


def surveyed(world: World) -> Survey:
    """The survey. NotThere while nothing is filled in."""
    laid(world)
    text = host.text(SURVEY)(world)
    found = survey_from(text.content)
    if not any(verdict in _WORDS for verdict, _ in found.rows.values()):
        raise NotThere(f"{SURVEY} is not filled in yet.")
    return Survey(rows=found.rows, evidence=text.evidence)


@required(1, "a survey: what version 1 really is, for each image and platform")
@step(
    surveyed,
    fleet("1"),
    solution="""
        for image in lamp horn log; do
          lab show --programs $REGISTRY/lighthouse/$image:1
          lab audit --need linux/amd64,linux/arm64,linux/arm/v6 $REGISTRY/lighthouse/$image:1
        done
        # Then fill in capstone/survey.md: `false` where a program is for another machine than its row says.
    """,
    hints=[
        "`lab show` and `lab audit` ask the registry. With `--programs`, `lab show` looks inside, too.",
        "An image may hold more than one program. Which of them does the base bring?",
        "What is a row `unknown/unknown` about? Its annotations say so. And what does the horn do with HORN_KEY?",
    ],
    needs=[needs.engine, needs.own_registry],
)
def survey(written: Survey, found: Fleet) -> Verdict:
    """Fill in capstone/survey.md: for each image of version 1 and each platform a verdict, and its witness."""
    for held in found.images:
        for platform in sorted(THREE):
            if problem := _misjudged(written, held, platform):
                return problem
    for what, where in (ATTESTATIONS, HORN_KEY):
        verdict, _ = written.of(what, where)
        known = {"what": what, "platform": where, "wanted": f"{FAULT} or {HARMLESS}"}
        if verdict != HARMLESS:
            asked = DECOY_BLAMED if verdict in (FAULT, FALSE) else WORD_UNKNOWN if verdict else SURVEY_OPEN
            return Problem(asked, found=verdict or "?", **known)
    rows = ", ".join(f"{held.name} ({brief(held.images.index.digest)})" for held in found.images)
    counts = {word: found.count(word) for word in (TRUE, FALSE, ABSENT)}
    return Proof(SURVEYED, rows=rows, **counts)


def _misjudged(written: Survey, held: Held, platform: Platform) -> Problem | None:
    what = f"{held.name}:1"
    verdict, witness = written.of(what, platform)
    known = {"what": what, "platform": platform}
    if not verdict:
        return Problem(SURVEY_OPEN, found="?", wanted=f"{TRUE}, {FALSE} or {ABSENT}", **known)
    if verdict not in (TRUE, FALSE, ABSENT):
        return Problem(WORD_UNKNOWN, found=verdict, wanted=f"{TRUE}, {FALSE} or {ABSENT}", **known)
    if verdict != held.verdict(platform):
        return Problem(WRONG_VERDICT, found=verdict, wanted="what a look into the image shows", **known)
    digest, said = held.witness(platform).removeprefix("sha256:"), witness.removeprefix("sha256:")
    if digest and not (len(said) >= _SHORT and digest.startswith(said)):
        return Problem(WRONG_WITNESS, found=witness or "none", wanted=f"at least {_SHORT} digits of it", **known)
    return None


@dataclass(frozen=True, kw_only=True)
class Bases(Fact):
    """The bases that Dockerfiles name for their last stage, as they are written: (file, base)."""

    named: tuple[tuple[str, str], ...]


def bases(world: World) -> Bases:
    """What horn and log are based on."""
    files = [f"{image}/Dockerfile" for image in ("horn", "log")]
    texts = [host.text(f"{REPOSITORY}/{name}")(world) for name in files]
    named = tuple((name, base_of(text.content)) for name, text in zip(files, texts, strict=True))
    return Bases(named=named, evidence=tuple(e for text in texts for e in text.evidence))


@required(2, "the candidate 2-rc: three images, each with three true rows")
@step(
    fleet(CANDIDATE),
    bases,
    solution="\n".join(
        [
            "cd capstone/lighthouse",
            _mended.script("lamp/Dockerfile", "horn/Dockerfile", "horn/pick.sh", "log/Dockerfile", "docker-bake.hcl"),
            "VERSION=2-rc docker buildx bake -f docker-bake.hcl --builder lighthouse --push",
        ]
    ),
    hints=[
        "Build one image at a time, and look at each before the next: `lab show --programs` says what is in it.",
        "Which line of each Dockerfile chooses the program, and for which machine does it run?",
        "For the Pi, ask two things: does the base have such a row, and is the program old enough?",
    ],
    needs=[needs.engine, needs.golang, needs.buildkit, needs.own_registry],
)
def three_rows(found: Fleet, named: Bases) -> Verdict:
    """Push lamp, horn and log as 2-rc, each for amd64, arm64 and arm/v6, and each row what it says."""
    for held in found.images:
        if problem := _untrue(held):
            return problem
    for file, base in named.named:
        if base != "scratch" and not re.search(r"@sha256:[0-9a-f]{64}\Z", base):
            return Problem(NOT_PINNED, found=base or "no base", wanted="a base with a digest", file=file)
    return _undone(found) or Proof(
        THREE_TRUE, digests=", ".join(f"{one.reference} ({brief(one.images.index.digest)})" for one in found.images)
    )


def _untrue(held: Held) -> Problem | None:
    index, ref = held.images.index, held.reference
    if problem := _rows.absent(index, THREE, had=OLD) or _rows.foreign(*held.programs, of=THREE):
        return problem
    for program in (one.of(platform) for one in held.programs for platform in THREE if platform.variant):
        platform = next(one for one in THREE if one.variant)
        if program and program.platform and program.platform.variant != platform.variant:
            template = TOO_NEW if program.platform.variant else NO_LEVEL
            found = program.platform if program.platform.variant else "no variant that Go knows"
            return Problem(template, found=found, wanted=platform, platform=platform, ref=ref)
    return None


def _undone(found: Fleet) -> Problem | None:
    """What was no fault and was taken away."""
    for held in found.images:
        rows = held.images.index.manifests
        about = {row.about for row in rows if row.is_attestation}
        if missing := [row for row in held.images.index.images if row.digest not in about]:
            known = {"found": f"none for {listed(row.platform for row in missing if row.platform)}"}
            return Problem(NOTES_GONE, wanted="an attestation of each image", ref=held.reference, **known)
        if held.name == "horn" and any(_stock.NOTE not in image.env for image in held.images.images):
            return Problem(KEY_GONE, found="no such variable", wanted=_stock.NOTE, ref=held.reference)
    return None


@dataclass(frozen=True, kw_only=True)
class Kept(Fact):
    """Version 1: for each image its name, the digest that was noted, the one now, and what is missing behind it."""

    images: tuple[tuple[str, str, str, int], ...]


def version_one(world: World) -> Kept:
    """What has become of version 1. Where nothing has, that proves something only once there is a candidate."""
    laid(world)
    found = Kept(images=tuple(_one(world, image) for image in IMAGES))
    if all(noted == now and not missing for _, noted, now, missing in found.images):
        whole(world)
    return found


def _one(world: World, image: str) -> tuple[str, str, str, int]:
    noted = _stock.version_one(world, image)
    digests = [row.digest for row in noted.manifests]
    found = reach.of(world, repository(image), [noted.digest, *digests])
    now = looked_up(repository(f"{image}:1"))(world).index
    return (
        f"{world.registry}/{repository(image)}:1",
        noted.digest,
        now.digest if now else "",
        len({noted.digest, *digests} - found.there),
    )


@required(4, "version 1 is what it was")
@step(
    version_one,
    solution="for image in lamp horn log; do docker buildx imagetools inspect $REGISTRY/lighthouse/$image:1; done",
    hints=[
        "Which command of yours has named a tag `1`?",
        "A digest that is still there can get its tag again.",
        "What was deleted comes back with `lab reset capstone` only. That keeps your files, and begins anew.",
    ],
    needs=[needs.own_registry],
)
def version_kept(found: Kept) -> Verdict:
    """Leave lamp:1, horn:1 and log:1 exactly as they are."""
    for ref, noted, now, missing in found.images:
        if not now:
            return Problem(GONE, found="no such tag", wanted=brief(noted), ref=ref)
        if now != noted:
            return Problem(MOVED, found=brief(now), wanted=brief(noted), ref=ref)
        if missing:
            return Problem(BROKEN, found=f"{missing} missing", wanted="all of them", ref=ref)
    return Proof(UNTOUCHED, digests=", ".join(f"{ref} ({brief(noted)})" for ref, noted, _, _ in found.images))
