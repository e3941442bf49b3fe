"""P5, P6 and P7: what is released is what was tried, the release survives, and the cleaner is safe and not idle."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course import release
from lab.course._cleaning import Cleaned, cleaned_by
from lab.course._promoted import not_the_candidate
from lab.course._rounds import unsafe
from lab.course._seeded import shuffled
from lab.course._text import counted
from lab.course.capstone import _mended, _stock
from lab.course.capstone._faults import IMAGES, THREE, repository
from lab.course.capstone._laid import CANDIDATE, RELEASE, REPOSITORY, TRIAL, candidate, trial
from lab.course.capstone._proof import required
from lab.course.capstone.builds import SCRIPT
from lab.course.every_push import JOBS_FAIL
from lab.model.digests import brief
from lab.model.facts import Containers, Fact, Index, Ran
from lab.model.platforms import listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import engine, jobs, needs, reach, registry
from lab.probes.jobs import Pipeline, Rounds
from lab.probes.published import Published, looked_up

CLEANER = f"{REPOSITORY}/clean.sh"
_CHANGED = "log"  # the image whose file another push changes

NOT_RELEASED = "{ref} is not there: the candidate has not become a release."
UNTRIED = "No container of {ref} ran in this try: nobody has started what is released."
TRIAL_FAILED = "A container of {ref} ended with an error, and that is what is released."
RELEASED = "What was started here is what is released: {digests}."
LEFT_OUT = "The release of {image} does not have the three platforms when that of the log has."
SURVIVES = "{path} survives: both orders of the jobs, and the loss of the one for {platform}. The log: {rows}."
STILL_FULL = "The script is safe, and {repository} still holds what no tag leads to."
CLEAN = "{said} The repository {repository} holds nothing any more that no tag leads to."


@dataclass(frozen=True, kw_only=True)
class Releases(Fact):
    """For each image the candidate's index, and what the release's tag stands for."""

    pairs: tuple[tuple[Index, Published], ...]


def releases(world: World) -> Releases:
    """The candidates and the releases."""
    pairs = []
    for image in IMAGES:
        tested = registry.index(repository(f"{image}:{CANDIDATE}"))(world)
        pairs.append((tested, looked_up(repository(f"{image}:{RELEASE}"))(world)))
    return Releases(pairs=tuple(pairs), evidence=tuple(e for tested, _ in pairs for e in tested.evidence))


@required(5, "what is released is what was tried")
@step(
    candidate(releases),
    engine.containers("released"),
    solution="\n".join(
        [
            "cd capstone/lighthouse",
            _mended.script("release.sh"),
            "for image in lamp horn log; do",
            "  docker run --rm --quiet --pull always $REGISTRY/lighthouse/$image:2-rc || exit 1",
            "done",
            "bash release.sh promote 2-rc 2",
        ]
    ),
    hints=[
        "A trial is a container of the candidate that ended well: one for each image, in the try that releases it.",
        "The engine keeps the image of one platform. What becomes of the others when it pushes?",
    ],
    needs=[needs.engine, needs.reach],
)
def released(found: Releases, ran: Containers) -> Verdict:
    """Start each image of the candidate here, and give just that the tag 2, in one try."""
    for tested, release_ in found.pairs:
        if release_.index is None:
            return Problem(NOT_RELEASED, found="no such tag", wanted=release_.reference, ref=release_.reference)
        if problem := not_the_candidate(tested, release_.index):
            return problem
    for tested, _ in found.pairs:
        own = [one for one in ran.ran if _is_of(one, tested)]
        known = {"ref": tested.reference}
        if not own:
            seen = ", ".join(one.image for one in ran.ran) or "no container"
            return Problem(UNTRIED, found=seen, wanted="a container of it", **known)
        if all(one.exit_status for one in own):
            return Problem(TRIAL_FAILED, found=f"exit status {own[-1].exit_status}", wanted="exit status 0", **known)
    digests = ", ".join(f"{tested.reference} ({brief(tested.digest)})" for tested, _ in found.pairs)
    return Proof(RELEASED, digests=digests)


def _is_of(one: Ran, tested: Index) -> bool:
    """Is that a container of the candidate, by its tag or by a digest of it?"""
    name, _, digest = one.image.partition("@")
    if digest:
        known = {tested.digest, *(row.digest for row in tested.images)}
        return digest in known and name.split(":")[-1] != RELEASE
    return one.image == tested.reference


@dataclass(frozen=True, kw_only=True)
class Survived(Fact):
    """The rounds of the log's release; and the images whose own release lacked a platform then."""

    rounds: Rounds
    left_out: tuple[tuple[str, str], ...] = ()


def survived(world: World) -> Survived:
    """Play the release as CI does, under a version of the check's own, and take away what that has pushed."""
    order = shuffled(world, "races", sorted(THREE))
    play = Pipeline(SCRIPT, repository(_CHANGED), TRIAL, "log/tides.txt", lambda _world: order)
    with trial(world):
        found = play(world)
        tags = {image: looked_up(repository(f"{image}:{TRIAL}"))(world).index for image in IMAGES}
    short = tuple(
        (image, listed(tag.platforms) if tag else "no such tag")
        for image, tag in tags.items()
        if tag is None or not tag.platforms >= THREE
    )
    return Survived(rounds=found, left_out=short, evidence=found.evidence)


@required(6, "the release survives any order, and a job that dies")
@step(
    candidate(jobs.once(SCRIPT, survived, "races")),
    solution="\n".join(["cd capstone/lighthouse", _mended.script("release.sh")]),
    hints=[
        "Which tags does a job move, and what do they stand for when it is the last one to end?",
        "CI calls `merge` when all jobs have ended well. There is a third platform now.",
        "People pull the tag of the release while the jobs run.",
    ],
    needs=[needs.engine, needs.golang, needs.buildkit],
)
def races(found: Survived) -> Verdict:
    """Let release.sh make a whole release of three platforms, in any order of the jobs, and none when a job is lost."""
    rounds = found.rounds
    if failed := next((one for one in rounds.whole.ended if one.status), None):
        about = {"job": f"release.sh {failed.name}", "said": failed.said or "it printed nothing."}
        return Problem(JOBS_FAIL, found=f"exit status {failed.status}", wanted="exit status 0", **about)
    if problem := unsafe(rounds, THREE):
        return problem
    for image, rows in found.left_out:
        return Problem(LEFT_OUT, found=rows, wanted=listed(THREE), image=image)
    tag = rounds.mended.tag if rounds.mended else None
    rows = ", ".join(f"{row.platform} ({brief(row.digest)})" for row in tag.images) if tag else ""
    return Proof(SURVIVES, path=rounds.path, platform=rounds.lost, rows=rows)


@dataclass(frozen=True, kw_only=True)
class Full(Fact):
    """How much of what was left over in the learner's own repository is still there."""

    repository: str
    there: int


def left_over(world: World) -> Full:
    """Ask the registry for it."""
    own = _stock.stock(world).left_over
    name = repository(_stock.LEFT_OVER)
    found = reach.of(world, name, [one.digest for one in own.values()])
    return Full(repository=name, there=len(found.there), evidence=found.evidence)


@required(7, "the cleaner is safe, and not idle")
@step(
    candidate(cleaned_by(CLEANER)),
    left_over,
    solution="\n".join(
        [
            "cd capstone/lighthouse",
            _mended.script("clean.sh"),
            "sh clean.sh lighthouse/log ../versions.txt",
        ]
    ),
    hints=[
        "Read it before you run it: which question does it not ask?",
        "What an index lists has no tag of its own, and is in use.",
    ],
    needs=[needs.own_registry, needs.curl],
)
def cleaner(found: Cleaned, full: Full) -> Verdict:
    """Let clean.sh delete what no tag leads to, and nothing else; then clean lighthouse/log by versions.txt."""
    verdict = release.clean.check(found)
    if isinstance(verdict, Problem):
        return verdict
    if full.there:
        left = counted(full.there, "such version")
        return Problem(STILL_FULL, found=left, wanted="none", repository=full.repository)
    return Proof(CLEAN, said=str(verdict), repository=full.repository)
