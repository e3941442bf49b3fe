"""K02: what a tag runs on changes from one day to the next."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.course._text import counted, last_line
from lab.course.clinic import _rows
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.errors import NotThere
from lab.model.facts import Evidence, Fact, Transcript
from lab.model.platforms import listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry
from lab.probes.command import ask
from lab.probes.published import Published, looked_up

TIDE = "tide"
ORDERS = (("amd64", "arm64"), ("arm64", "amd64"))

NOT_RUN = "{ref} lacks a platform: the jobs have not run since they were changed, or their result is not whole."
SCRIPT_FAILS = "A script of the pipeline ends with an error when the jobs end in the order {order}."
NOTHING_PUSHED = "When the jobs end in the order {order}, the tag `tide` is not there afterwards."
ONLY_IN_ORDER = "The tag is whole when the jobs end in one order, and lacks a platform in the order {order}."
ROW_LOST = "The tag lacks a platform, whichever job ends first."
ROW_TWICE = "After a second run, of the next commit, the tag has a platform twice."
MENDED = "{ref} has {rows}, and so it has in both orders of the jobs, and after a second run."

_DOCKERFILE = """\
FROM scratch
ARG TARGETARCH
COPY hello-${TARGETARCH} /hello
COPY commit.txt /
ENTRYPOINT ["/hello"]
"""
_JOB = """\
#!/bin/sh
# A job for each platform: job.sh amd64, job.sh arm64. CI starts both at once, each on a machine of its own.
# What a job writes into the folder $ARTIFACTS is there for merge.sh.
set -e
cd "$(dirname "$0")/.."
docker buildx build --platform "linux/$1" -t "$REGISTRY/tide" --push .
"""
_MERGE = """\
#!/bin/sh
# CI starts this on a third machine when both jobs have ended. So far, there was nothing to do.
set -e
"""
_BENCH = Bench(
    TIDE,
    texts=lambda _world: {
        "Dockerfile": _DOCKERFILE,
        "commit.txt": "first\n",
        "ci/job.sh": _JOB,
        "ci/merge.sh": _MERGE,
    },
    programs=(("hello-amd64", "amd64"), ("hello-arm64", "arm64")),
)
_TRIAL = "clinic-trial"


@dataclass(frozen=True, kw_only=True)
class Rehearsal(Fact):
    """One run of the pipeline: the order in which its jobs ended, and what the tag held afterwards (None: nothing)."""

    order: str
    rows: tuple[str, ...] | None
    failed: str = ""


@dataclass(frozen=True, kw_only=True)
class Rehearsals(Fact):
    """Both orders, each from nothing; and a second run, of the next commit."""

    runs: tuple[Rehearsal, ...]
    again: Rehearsal


def rehearsed(world: World) -> Rehearsals:
    """Run the learner's pipeline as CI would, against a part of the registry that is the check's own."""
    runs = []
    try:
        for order in ORDERS:
            _clear(world)
            runs.append(_run(world, order, "second"))
        whole = all(one.rows and len(one.rows) == len(_rows.PAIR) for one in runs)
        again = _run(world, ORDERS[1], "third") if whole else runs[-1]
    finally:
        _clear(world)
    said = "\n".join(f"{one.order}: {', '.join(one.rows or ()) or one.failed}" for one in (*runs, again))
    return Rehearsals(
        runs=tuple(runs), again=again, evidence=(Evidence("both jobs and merge.sh, as CI runs them", said),)
    )


def _run(world: World, order: tuple[str, str], commit: str) -> Rehearsal:
    """Each job and the merge on a machine of its own: a copy of the folder."""
    name = ", ".join(order)
    with tempfile.TemporaryDirectory(prefix="lab-clinic-") as place:
        (Path(place) / "artifacts").mkdir()
        own = {"REGISTRY": f"{world.registry}/{_TRIAL}", "ARTIFACTS": f"{place}/artifacts"}
        for words in (*(("job.sh", job) for job in order), ("merge.sh",)):
            machine = Path(place) / "-".join(words)
            shutil.copytree(_BENCH.place(world), machine)
            (machine / "commit.txt").write_text(f"{commit}\n", encoding="utf-8")
            command = ["sh", f"ci/{words[0]}", *words[1:]]
            status, out, err, _ = ask(command, {**world.env, **own}, limit=120, folder=machine)
            if status:
                printed = Transcript(step="", command="", output=f"{out}\n{err}", exit_status=status)
                return Rehearsal(order=name, rows=None, failed=last_line(printed))
    return Rehearsal(order=name, rows=_held(world))


def _held(world: World) -> tuple[str, ...] | None:
    try:
        found = registry.index(f"{_TRIAL}/{TIDE}")(world)
    except NotThere:
        return None
    return tuple(sorted(str(row.platform) for row in found.images))


def _clear(world: World) -> None:
    for tag in registry.tags(f"{_TRIAL}/{TIDE}")(world).names:
        registry.delete(world, f"{_TRIAL}/{TIDE}:{tag}")


def scene(world: World) -> None:
    """The team's pipeline, as it is. Blocked where it cannot be laid."""
    _BENCH.lay(world)


@case(
    number=2,
    hurts="What the tag runs on changes: amd64 today, arm64 tomorrow. Nobody changed anything.",
    minutes=12,
    entry="tag-overwritten-by-matrix",
    lessons=("multi-platform", "inside-the-index"),
    symptom=Symptom(
        story="“Both jobs are green, every day. Sometimes the servers cannot pull it, sometimes the laptops cannot.”",
        script="cd files/clinic/tide/ci\n"
        'for order in "amd64 arm64" "arm64 amd64"; do\n'
        '  echo "== $order"\n'
        "  for job in $order; do sh job.sh $job; done >/dev/null 2>&1 && sh merge.sh\n"
        "  docker buildx imagetools inspect $REGISTRY/tide | grep 'Platform:.*linux'\n"
        "done",
        sign=r"== amd64 arm64\s+Platform:\s+linux/arm64\s*\n== arm64 amd64\s+Platform:\s+linux/amd64\s*$",
    ),
    causes="Both jobs push the same tag, and a push replaces the whole tag: it holds what the slower job has built.",
    points=(
        "Two jobs write to one name.",
        "A push replaces; it does not add.",
        "The order in which jobs end is nobody's to choose.",
    ),
)
@step(
    looked_up(TIDE),
    rehearsed,
    solution="""
        cd files/clinic/tide/ci
        sed -i 's|-t "$REGISTRY/tide"|-t "$REGISTRY/tide:$1"|' job.sh
        echo 'tag=$REGISTRY/tide' >> merge.sh
        echo 'docker buildx imagetools create -t "$tag" "$tag:amd64" "$tag:arm64"' >> merge.sh
        sh job.sh arm64 && sh job.sh amd64 && sh merge.sh
    """,
    hints=[
        "What is the tag after the first job, and what after the second?",
        "Each job needs a name of its own for what it pushes. Something has to join the two afterwards.",
        "CI calls merge.sh when both jobs have ended; there the tag can be written once.",
    ],
    needs=[needs.engine, needs.reach],
    prepare=scene,
    makes=[Tag(TIDE), Tag("tide:amd64"), Tag("tide:arm64"), _BENCH],
)
def tide(tag: Published, found: Rehearsals) -> Verdict:
    """Mend the pipeline in files/clinic/tide/ci, whichever job ends first, and run it: $REGISTRY/tide has both rows."""
    wanted = listed(_rows.PAIR)
    if problem := next(filter(None, map(_broken, (*found.runs, found.again))), None):
        return problem
    names = sorted(map(str, _rows.PAIR))
    short_of = [one for one in found.runs if not set(names) <= set(one.rows or ())]
    if short_of:
        template = ROW_LOST if len(short_of) == len(found.runs) else ONLY_IN_ORDER
        return Problem(template, found=", ".join(short_of[0].rows or ()), wanted=wanted, order=short_of[0].order)
    if len(set(found.again.rows or ())) < len(found.again.rows or ()):
        held = counted(len(found.again.rows or ()), "image")
        return Problem(ROW_TWICE, found=f"{held}: {', '.join(found.again.rows or ())}", wanted=wanted)
    if tag.index is None or not tag.index.platforms >= _rows.PAIR:
        held = listed(tag.index.platforms) if tag.index else "no such tag"
        return Problem(NOT_RUN, found=held, wanted=wanted, ref=tag.reference)
    return Proof(MENDED, ref=tag.reference, rows=_rows.rows(tag.index))


def _broken(one: Rehearsal) -> Problem | None:
    if one.failed:
        return Problem(SCRIPT_FAILS, found=one.failed, wanted="scripts that end with 0", order=one.order)
    if one.rows is None:
        return Problem(NOTHING_PUSHED, found="no such tag", wanted="$REGISTRY/tide", order=one.order)
    return None
