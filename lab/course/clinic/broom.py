"""K12: a tag lists its images, and nobody can fetch them."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.course import _scene
from lab.course._text import last_line
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import DOCKERFILE, Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.errors import Blocked, LabError, NotThere
from lab.model.digests import brief
from lab.model.facts import Evidence, Fact, Images, Transcript
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry
from lab.probes.command import ask

BROOM, NAME = "broom", "broom:1"
STARTS = ("/hello",)
_TRIAL = "clinic-trial/broom"
_NOTES = "pushed.txt"

SCRIPT_FAILS = "The script ends with an error when it is run again."
TAG_GONE = "The script, run again, deletes what the tag stands for."
ROWS_DELETED = "The script, run again, deletes images that a tagged index lists: no tag names them, and the index does."
STILL_THERE = "The script, run again, leaves what nothing needs any more: the list of an older build."
ROW_GONE = "The tag {ref} still lists images that the registry does not have."
MENDED = "{ref} is one index, {digest}, with {rows}, all there; the script keeps them, and deletes what is old."

_CLEAN = """\
#!/bin/sh
# Frees space, every night: of all that CI has pushed (pushed.txt, a digest a line), what is not in use is deleted.
# NAME is another repository where the script is tried.
NAME=${NAME:-broom}
cd "$(dirname "$0")" || exit 1
api=https://$REGISTRY/v2
curl -sk -o /dev/null "$api/" || api=http://$REGISTRY/v2
used=$(docker buildx imagetools inspect "$REGISTRY/$NAME:1" | sed -n 's/^Digest: *//p')
for digest in $(cat pushed.txt); do
  case " $(echo $used) " in
  *" $digest "*) echo "kept    $digest" ;;
  *)
    curl -sk -o /dev/null -X DELETE "$api/$NAME/manifests/$digest"
    echo "deleted $digest" ;;
  esac
done
"""
_BENCH = Bench(
    BROOM,
    texts=lambda _world: {"Dockerfile": DOCKERFILE, "clean.sh": _CLEAN},
    programs=(("hello-amd64", "amd64"), ("hello-arm64", "arm64")),
    noted=(_NOTES,),
)


@dataclass(frozen=True, kw_only=True)
class Cleaned(Fact):
    """What a run of the learner's script has left: the tag, all that the tag lists, and an older build's list."""

    tag: bool = False
    rows: bool = False
    old: bool = True
    failed: str = ""


def _push_two(world: World, tag: str) -> tuple[list[str], str]:
    """Push an older build and then the present one under one tag: all of their digests, and the older list's."""
    digests: list[str] = []
    for version in ("0", "1"):
        _scenes.rebuild(world, tag, sorted(_rows.PAIR), _BENCH.place(world), text=_labelled(version))
        index = registry.index(tag)(world)
        digests += [index.digest, *(row.digest for row in index.manifests)]
    return digests, digests[0]


def _labelled(version: str) -> str:
    return f"{DOCKERFILE}LABEL version={version}\n"


def _has(world: World, repository: str, digest: str) -> bool:
    try:
        registry.index(f"{repository}@{digest}")(world)
    except NotThere:
        return False
    except LabError:  # it is there, and no image: an attestation
        return True
    return True


def cleaned(world: World) -> Cleaned:
    """Run the learner's script on a repository of the check's own, which has an older build and a present one."""
    tag = f"{_TRIAL}:1"
    try:
        digests, old = _push_two(world, tag)
        rows = [row.digest for row in registry.index(tag)(world).images]
        failed, evidence = _run(world, digests)
        try:
            registry.index(tag)(world)
            there = True
        except NotThere:
            there = False
        whole = all(_has(world, _TRIAL, digest) for digest in rows)
        return Cleaned(tag=there, rows=whole, old=_has(world, _TRIAL, old), failed=failed, evidence=evidence)
    finally:
        for name in registry.tags(_TRIAL)(world).names:
            registry.delete(world, f"{_TRIAL}:{name}")


def _run(world: World, digests: list[str]) -> tuple[str, tuple[Evidence, ...]]:
    with tempfile.TemporaryDirectory(prefix="lab-clinic-") as folder:
        place = Path(folder) / BROOM
        shutil.copytree(_BENCH.place(world), place)
        (place / _NOTES).write_text("\n".join(digests) + "\n", encoding="utf-8")
        env = {**world.env, "NAME": _TRIAL}
        status, out, err, _ = ask(["sh", str(place / "clean.sh")], env, limit=60, folder=place)
    printed = Transcript(step="", command="", output=f"{out}\n{err}", exit_status=status)
    evidence = (Evidence("clean.sh, run on a repository of the check's own", out.strip()),)
    return (last_line(printed) if status else ""), evidence


def has_curl(world: World) -> None:
    """The team's script needs it."""
    if shutil.which("curl", path=world.env.get("PATH", "")) is None:
        raise Blocked("This case's script needs curl, and there is none here.")


def scene(world: World) -> None:
    """Two builds were pushed, and last night the script has cleaned. Blocked where it cannot be."""
    has_curl(world)
    _BENCH.lay(world)
    if not _scene.missing(world, NAME):
        return
    digests, _ = _push_two(world, NAME)
    notes = _BENCH.place(world) / _NOTES
    notes.write_text("\n".join(digests) + "\n", encoding="utf-8")
    status, _, err, _ = ask(["sh", str(_BENCH.place(world) / "clean.sh")], world.env, limit=60)
    if status:
        raise Blocked(_scenes.NOT_MADE.format(reason=err.strip()[-300:]))


def listed_images(world: World) -> Images | None:
    """The tag and its images; the tag alone, with no images, where the registry has lost one."""
    index = registry.index(NAME)(world)
    if not all(_has(world, BROOM, row.digest) for row in index.images):
        return Images(index=index, images=())
    return registry.images(NAME)(world)


@case(
    number=12,
    hurts="The tag is there and lists both platforms. Since last night, nobody can fetch an image of it.",
    minutes=12,
    entry="digest-not-found",
    lessons=("inside-the-index",),
    symptom=Symptom(
        story="“The nightly script deletes what has no tag, and that only. It has freed a lot of space.”",
        script="docker buildx imagetools inspect $REGISTRY/broom:1 | grep Platform:\n"
        "lab audit --need linux/amd64,linux/arm64 $REGISTRY/broom:1",
        sign="cannot be read: There is no broom@sha256",
    ),
    causes="The digests that the index lists have no tags of their own: for the script they were not in use, and it "
    "deleted them.",
    points=(
        "You asked the registry for one of the digests in the list, and not for the tag.",
        "What an index lists is in use, though no tag names it.",
        "The rows had to be pushed again, and the script had to learn what a list is.",
    ),
)
@step(
    cleaned,
    listed_images,
    solution=r"""
        cd files/clinic/broom
        sed -i "s/sed -n 's.^Digest: \*..p'/grep -o 'sha256:[0-9a-f]*'/" clean.sh
        docker buildx build --platform linux/amd64,linux/arm64 -t $REGISTRY/broom:1 --push .
    """,
    hints=[
        "The tag's own document is there. Is what it points at?",
        "Read the script: for which digests does it ask whether they are in use?",
        "Two things are to be mended: what was deleted, and what deletes. Old builds have to go all the same.",
    ],
    needs=[has_curl, needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag(NAME), _BENCH],
)
def broom(found: Cleaned, images: Images) -> Verdict:
    """Mend clean.sh in files/clinic/broom, so that only what is old is deleted, and push $REGISTRY/broom:1 again."""
    index = images.index
    problem = _cleans_wrongly(found) or _rows.absent(index, _rows.PAIR, had=_rows.PAIR)
    if problem:
        return problem
    if not images.images:
        return Problem(ROW_GONE, found="rows that are not there", wanted=_rows.rows(index), ref=index.reference)
    proof = Proof(MENDED, ref=index.reference, digest=brief(index.digest), rows=_rows.rows(index))
    return _rows.other_image(images, STARTS) or proof


def _cleans_wrongly(found: Cleaned) -> Problem | None:
    if found.failed:
        return Problem(SCRIPT_FAILS, found=found.failed, wanted="a script that ends with 0")
    if not found.tag:
        return Problem(TAG_GONE, found="no such tag", wanted="the tag")
    if not found.rows:
        return Problem(ROWS_DELETED, found="rows that are not there", wanted="every row of the tagged index")
    if found.old:
        return Problem(STILL_THERE, found="the older list", wanted="its deletion")
    return None
