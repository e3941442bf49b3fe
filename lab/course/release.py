"""How do I release and tidy up?"""

from __future__ import annotations

from lab.course import _depot
from lab.course._alive import VERSIONS, Kept, badly_marked, dead, depot_found, fill_depot
from lab.course._attested import lost, orphans
from lab.course._cleaning import CLEANER, Cleaned, careful, cleaned, overdone
from lab.course._multi_platform import PAIR, named_rows
from lab.course._promoted import (
    ALL_DIGESTS,
    INDEX_ONLY,
    NO_DIGEST,
    changed,
    images_behind,
    not_the_candidate,
    notes_kept,
    other_image,
)
from lab.course._text import counted, unanswered
from lab.course._volumes import Attic, Volumes, volumes
from lab.course._withdrawn import REPORT, Recall, open_cafe, recall, wrongly_joined
from lab.course.leftovers import File, Tag
from lab.model.digests import brief
from lab.model.facts import Images, Index
from lab.model.platforms import Platform, listed
from lab.model.steps import Prediction, Problem, Proof, Verdict, step
from lab.probes import host, needs, registry
from lab.probes.host import Answers
from lab.probes.published import Published, looked_up

CANDIDATE = "bakery:rc"
RELEASE = "bakery:2.0"
RELEASES = (RELEASE, "bakery:2", "bakery:latest")
NOTED = "bakery:noted"
CLOUD = "bakery:cloud"
FUNCTION = "bakery:function"
COPY = "mirror/bakery:2.0"
FOUR = frozenset(map(Platform.parse, ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/riscv64")))
ARM = Platform.parse("linux/arm64")
COMMAND = ("sh", "-c", "cat /bread.txt; uname -m")  # of files/release/bakery/Dockerfile
NOTE = ("org.opencontainers.image.source", "https://example.com/bakery")
ANSWERS = "files/release/answers.txt"
OLD, NEW, MENDED_TAG = (f"{_depot.CAFE}:{tag}" for tag in ("1.9", "2.0", "2.0.1"))

CANDIDATE_LACKS = "The candidate {ref} does not have all four platforms, so no release of it can."
OTHER_IMAGE = "The candidate {ref} was not built from files/release/bakery."
TAG_MISSING = "The candidate is there, but the release does not have all its names: {ref} is missing."
PROMOTED = "{names} and {ref} are one index, {digest}: what was tested is what is released, with {rows}."
NOT_ANNOTATED = "The index of {ref} has no annotation of that name."
OTHER_NOTE = "The annotation is there, but it says something else."
ON_THE_ROWS = "The annotation stands on the rows of {ref}, and not on the index itself."
CHILDREN_CHANGED = "The images of {ref} are not those of the release: a note must not change what was tested."
ANNOTATED = "The index of {ref} says {name}={value}. It is a new index, {digest}, of the same {count} images."
TOO_WIDE = "The tag {ref} still has platforms that nobody there can use."
TOO_NARROW = "The tag {ref} lacks a platform."
REBUILT = "The tag {ref} holds an image for {platform} that is not the one that was released."
ORPHANED = "The tag {ref} lists attestations of images that are not in it."
NARROWED = "{ref} is a smaller index of the same images: {rows}."
COPIED = "{ref} has the digest of {release}, {digest}: every image came along, and every attestation."
STILL_A_LIST = "The tag {ref} is still an index, and the service reads none."
OTHER_PLATFORM = "The tag {ref} is a plain manifest, but for another platform."
RELEASE_MOVED = "The release {ref} is no longer what was promoted: other people use it, with its attestations."
SERVED = "{ref} is a plain manifest, {digest}: the very image that {release} has for {platform}."
ANSWER_UNCLEAR = "The answer for {name} is neither `go` nor `keep` and a tag of the depot."
OTHER_TAG = "The versions to keep are right, but not every tag that stands beside them leads to its version."
SORTED = "Of {count} versions without a tag, {dead} may go: {names}. Tags lead to the others through their indexes."
NOT_ENDED = "The script did not come to its end."
SCRIPT_FAILED = "The script ended with an error."
STILL_THERE = "The script left versions in the registry that no tag leads to."
NOT_TWICE = "The script worked once. A second run, with nothing left to delete, ended otherwise."
CLEANED = "On a depot of its own the script deleted {dead} versions, kept the {kept} that tags lead to, and ran twice."
VOLUMES_LEFT = "Volumes are still there whose builders are gone."
STATE_GONE = "The builder {name} is still there, and its volume is gone: its cache with it."
DATA_GONE = "A volume is gone that is no builder's: {name}."
TIDY = "The volumes of the builders that are gone are removed, {names}. {state} and {data} are still there."
NO_WITHDRAWAL = "The tag {ref} does not have just one image for each of the two platforms."
MOVED_A_RELEASE = "{ref} was published, and now the tag stands for something else."
ATTESTATION_LOST = "The tag {ref} does not list the attestations of its images."
WITHDRAWN = "{ref} gives {bad} the image of 1.9 and everybody else that of 2.0, each with its attestation: {rows}."


@step(
    registry.images(CANDIDATE),
    *map(looked_up, RELEASES),
    predict=Prediction(
        question="Four tags, and an index with four platforms: to how many different images do the tags lead together?",
        options=("1", "4", "16"),
        truth=images_behind,
    ),
    gap="""
        docker buildx build --quiet -t $REGISTRY/bakery:rc --push files/release/bakery \\
          --platform linux/amd64,linux/arm64,linux/arm/v7,linux/riscv64
        docker buildx imagetools create -t $REGISTRY/bakery:2.0 \\
          ____ ____ $REGISTRY/bakery:rc
    """,
    solution="""
        docker buildx build --quiet -t $REGISTRY/bakery:rc --push files/release/bakery \\
          --platform linux/amd64,linux/arm64,linux/arm/v7,linux/riscv64
        docker buildx imagetools create -t $REGISTRY/bakery:2.0 \\
          -t $REGISTRY/bakery:2 -t $REGISTRY/bakery:latest $REGISTRY/bakery:rc
    """,
    hints=[
        "One command can give several names at once, each with an option of its own.",
        "The last word is the source: what has been tested.",
    ],
    needs=[needs.engine, needs.buildkit, needs.reach],
    makes=[Tag(CANDIDATE), *map(Tag, RELEASES)],
)
def promote(candidate: Images, *names: Published) -> Verdict:
    """Build the candidate $REGISTRY/bakery:rc, and release just that as bakery:2.0, bakery:2 and bakery:latest."""
    tested = candidate.index
    if not tested.platforms >= FOUR:
        return Problem(CANDIDATE_LACKS, found=listed(tested.platforms), wanted=listed(FOUR), ref=tested.reference)
    if other := next((one for one in candidate.images if one.cmd != COMMAND), None):
        found, wanted = (" ".join(words) or "no command" for words in (other.cmd, COMMAND))
        return Problem(OTHER_IMAGE, found=found, wanted=wanted, ref=tested.reference)
    for name in names:
        if name.index is None:
            return Problem(TAG_MISSING, found="no such tag", wanted=name.reference, ref=name.reference)
        if problem := not_the_candidate(tested, name.index):
            return problem
    shown = ", ".join(name.reference for name in names)
    rows = named_rows(tested)
    return Proof(PROMOTED, names=shown, ref=tested.reference, digest=brief(tested.digest), rows=rows)


@step(
    registry.index(NOTED),
    registry.index(RELEASE),
    predict=Prediction(
        question="You add a note to an index. Which digests change?",
        options=(INDEX_ONLY, ALL_DIGESTS, NO_DIGEST),
        truth=changed,
    ),
    gap="""
        docker buildx imagetools create -t $REGISTRY/bakery:noted $REGISTRY/bakery:2.0 \\
          --annotation ____:org.opencontainers.image.source=____
    """,
    solution="""
        docker buildx imagetools create -t $REGISTRY/bakery:noted $REGISTRY/bakery:2.0 \\
          --annotation index:org.opencontainers.image.source=https://example.com/bakery
    """,
    hints=[
        "What stands before the first colon says what gets the note: the list itself, or its rows.",
        "The source is https://example.com/bakery.",
    ],
    needs=[needs.engine],
    after=[promote],
    makes=[Tag(NOTED)],
)
def annotate(noted: Index, released: Index) -> Verdict:
    """Note on an index where its source is, without touching the images: make bakery:noted of bakery:2.0."""
    ref, (name, value) = noted.reference, NOTE
    if noted.platforms != released.platforms or other_image(noted, released):
        return Problem(CHILDREN_CHANGED, found=named_rows(noted), wanted=named_rows(released), ref=ref)
    said = dict(noted.annotations)
    if name not in said:
        if any(name in dict(row.annotations) for row in noted.manifests):
            return Problem(ON_THE_ROWS, found="notes on rows", wanted="a note on the index", ref=ref)
        return Problem(NOT_ANNOTATED, found=", ".join(said) or "no annotation", wanted=name, ref=ref)
    if said[name] != value:
        return Problem(OTHER_NOTE, found=said[name], wanted=value)
    return Proof(ANNOTATED, ref=ref, name=name, value=value, digest=brief(noted.digest), count=len(noted.images))


@step(
    registry.index(CLOUD),
    registry.index(RELEASE),
    gap="""
        docker buildx imagetools create -t $REGISTRY/bakery:cloud \\
          ____ $REGISTRY/bakery:2.0
    """,
    solution="""
        docker buildx imagetools create -t $REGISTRY/bakery:cloud \\
          --platform linux/amd64,linux/arm64 $REGISTRY/bakery:2.0
    """,
    hints=["The option is called as in a build. Here it picks some of the platforms that are there."],
    good=notes_kept,
    needs=[needs.engine, needs.imagetools("--platform")],
    after=[promote],
    makes=[Tag(CLOUD)],
)
def narrow(cloud: Index, released: Index) -> Verdict:
    """Make bakery:cloud of bakery:2.0, with the images for linux/amd64 and linux/arm64 and no others."""
    ref = cloud.reference
    if not cloud.platforms >= PAIR:
        return Problem(TOO_NARROW, found=listed(cloud.platforms), wanted=listed(PAIR), ref=ref)
    if cloud.platforms != PAIR:
        return Problem(TOO_WIDE, found=listed(cloud.platforms), wanted=listed(PAIR), ref=ref)
    if other := other_image(cloud, released):
        return Problem(REBUILT, ref=ref, **other)
    if strays := orphans(cloud):
        return Problem(ORPHANED, found=counted(len(strays), "such attestation"), wanted="none", ref=ref)
    return Proof(NARROWED, ref=ref, rows=named_rows(cloud))


@step(
    registry.index(COPY),
    registry.index(RELEASE),
    solution="docker buildx imagetools create -t $REGISTRY/mirror/bakery:2.0 $REGISTRY/bakery:2.0",
    hints=[
        "The command that gives a release one more name does not care in which repository the name is.",
        "Any other program that copies lists will do. Most of them have to be told to take all of it.",
    ],
    exercise=True,
    needs=[needs.engine],
    after=[promote],
    makes=[Tag(COPY)],
)
def copy_across(copy: Index, released: Index) -> Verdict:
    """Copy bakery:2.0 into another repository, as mirror/bakery:2.0, with all that belongs to it."""
    if missing := lost(copy, released):
        found = f"{counted(len(missing), 'attestation')} missing"
        return Problem(ATTESTATION_LOST, found=found, wanted="none", ref=copy.reference)
    if problem := not_the_candidate(released, copy):
        return problem
    return Proof(COPIED, ref=copy.reference, release=released.reference, digest=brief(copy.digest))


@step(
    registry.index(FUNCTION),
    registry.index(RELEASE),
    registry.index(CANDIDATE),
    solution="""
        digest=$(docker buildx imagetools inspect $REGISTRY/bakery:2.0 --format \\
          '{{range .Manifest.Manifests}}{{if eq .Platform.Architecture "arm64"}}{{.Digest}}{{end}}{{end}}')
        docker buildx imagetools create -t $REGISTRY/bakery:function --prefer-index=false $REGISTRY/bakery@$digest
        sh files/release/gate.sh bakery function
    """,
    hints=[
        "The index of the release lists a plain manifest for linux/arm64 already. It only needs a name.",
        "A source can be named by its digest: `NAME@DIGEST`.",
        "A single image is wrapped into an index of its own, unless an option says otherwise.",
    ],
    exercise=True,
    needs=[needs.engine, needs.imagetools("--prefer-index")],
    after=[promote],
    makes=[Tag(FUNCTION)],
)
def plain_consumer(found: Index, released: Index, candidate: Index) -> Verdict:
    """Serve a consumer that reads no index: give the arm64 image of bakery:2.0 a name of its own, bakery:function."""
    ref = found.reference
    if released.digest != candidate.digest:
        known = {"found": brief(released.digest), "wanted": brief(candidate.digest)}
        return Problem(RELEASE_MOVED, ref=released.reference, **known)
    if found.is_index:
        return Problem(STILL_A_LIST, found=found.media_type, wanted="a plain manifest", ref=ref)
    platforms = found.platforms
    if platforms != {ARM}:
        return Problem(OTHER_PLATFORM, found=listed(platforms), wanted=ARM, ref=ref)
    if other := other_image(found, released):
        return Problem(REBUILT, ref=ref, **other)
    return Proof(SERVED, ref=ref, digest=brief(found.digest), release=released.reference, platform=ARM)


@step(
    depot_found,
    host.answers(ANSWERS),
    predict=Prediction(
        question="The depot has eight versions without a tag. How many of them may be deleted?", truth=dead
    ),
    solution=f"""
        cd files/release
        for tag in $(sh registry.sh tags depot); do
          sh registry.sh manifest depot $tag | grep -o 'sha256:[0-9a-f]*' | sed "s/$/ $tag/"
        done > reached.txt
        while read -r name digest; do
          tag=$(grep $digest reached.txt | head -n 1 | cut -d ' ' -f 2)
          if [ -n "$tag" ]; then echo "$name keep $tag"; else echo "$name go"; fi
        done < versions.txt > {ANSWERS.rpartition("/")[2]}
    """,
    hints=[
        "A version without a tag is in use when an index that has a tag lists it.",
        "`files/release/registry.sh` says which tags the depot has, and shows what each stands for.",
        "`grep` finds a digest in what was printed.",
    ],
    exercise=True,
    needs=[needs.own_registry, needs.curl],
    prepare=fill_depot,
    makes=[File(ANSWERS), VERSIONS, _depot.Depot()],
)
def who_is_alive(kept: Kept, answers: Answers) -> Verdict:
    """Say for each version in files/release/versions.txt whether it may go, or which tag leads to it."""
    names = [name for name, _ in kept.versions]
    if problem := unanswered(answers, names):
        return problem
    said = {name: (*answers[name].lower().split(), "", "")[:2] for name in names}
    for name, (word, tag) in said.items():
        if word not in ("go", "keep") or (word == "keep" and tag not in kept.tags):
            wanted = f"go, or keep and one of {', '.join(kept.tags)}"
            return Problem(ANSWER_UNCLEAR, found=answers[name], wanted=wanted, name=name)
    led = dict(kept.versions)
    if problem := badly_marked(led, {name: word for name, (word, _) in said.items()}, kept.attestation):
        return problem
    if wrong := [name for name in names if led[name] and said[name][1] not in led[name]]:
        return Problem(OTHER_TAG, found=f"{counted(len(wrong), 'tag')} beside the wrong version", wanted="none")
    left_over = [name for name in names if not led[name]]
    return Proof(SORTED, count=len(names), dead=len(left_over), names=", ".join(left_over))


@step(
    cleaned,
    solution=f"""
        cat > {CLEANER} <<'END'
        #!/bin/sh
        # Deletes what no tag of a repository leads to: clean.sh REPOSITORY LIST
        set -eu
        here=$(dirname "$0")
        tags=$(sh "$here/registry.sh" tags "$1")
        alive=$(for tag in $tags; do sh "$here/registry.sh" manifest "$1" "$tag"; done)
        while read -r _ digest; do
          case $alive in
            *"$digest"*) ;;
            *) sh "$here/registry.sh" delete "$1" "$digest" ;;
          esac
        done < "$2"
        END
        sh {CLEANER} depot files/release/versions.txt
    """,
    hints=[
        "You know from the step before which question the script does not ask.",
        "It can collect what all tags list first, and then delete only what is not in there.",
        "The names of repository and list are given to the script: it will be run on other ones, too.",
    ],
    repair=True,
    good=careful,
    needs=[needs.own_registry, needs.curl],
    prepare=fill_depot,
    makes=[File(CLEANER), VERSIONS, _depot.Depot()],
)
def clean(found: Cleaned) -> Verdict:
    """Mend files/release/clean.sh: it has to delete what no tag leads to, and nothing else."""
    first, second = found.first, found.second
    if first.ended.status is None:
        return Problem(NOT_ENDED, found="still running after 20 seconds", wanted="an end")
    if problem := overdone(found):
        return problem
    if first.ended.status:
        return Problem(SCRIPT_FAILED, found=_last(first.ended.said), wanted="exit status 0")
    if left := first.there & found.dead:
        return Problem(STILL_THERE, found=counted(len(left), "such version"), wanted="none")
    if second.ended.status != 0 or (second.there, second.tags) != (first.there, first.tags):
        return Problem(NOT_TWICE, found=_last(second.ended.said), wanted="exit status 0, and nothing deleted")
    return Proof(CLEANED, dead=len(found.dead), kept=len(found.kept))


def _last(said: str) -> str:
    return next(iter(reversed(said.splitlines())), "no word")


@step(
    volumes,
    solution="""
        for volume in $(docker volume ls --quiet --filter label=lab.lesson=release --filter name=_state); do
          node=${volume#buildx_buildkit_}
          docker buildx ls | grep -qw "${node%_state}" || docker volume rm "$volume"
        done
    """,
    hints=[
        "`docker volume ls` takes a filter for the label lab.lesson=release.",
        "Between `buildx_buildkit_` and `_state` stands the name of a node, and the list of builders has all nodes.",
        "Remove volumes by their names.",
    ],
    exercise=True,
    needs=[needs.engine],
    prepare=Attic().make,
    makes=[Attic()],
)
def local_rest(found: Volumes) -> Verdict:
    """Remove the volumes with the label lab.lesson=release that builders have left behind, and no others."""
    if found.data not in found.there:
        return Problem(DATA_GONE, found="no such volume", wanted=found.data, name=found.data)
    if found.state not in found.there:
        return Problem(STATE_GONE, found="no such volume", wanted=found.state, name=Attic().name)
    if left := [name for name in found.left_over if name in found.there]:
        return Problem(VOLUMES_LEFT, found=counted(len(left), "such volume"), wanted="none")
    return Proof(TIDY, names=", ".join(found.left_over), state=found.state, data=found.data)


@step(
    registry.index(MENDED_TAG),
    registry.index(OLD),
    registry.index(NEW),
    recall,
    solution="""
        bad=$(grep -o 'linux/[a-z0-9]*' files/release/report.txt)
        good=linux/amd64
        if [ "$bad" = "$good" ]; then good=linux/arm64; fi
        docker buildx imagetools create --platform "$good" -t $REGISTRY/cafe:stay $REGISTRY/cafe:2.0
        docker buildx imagetools create --platform "$bad" -t $REGISTRY/cafe:back $REGISTRY/cafe:1.9
        docker buildx imagetools create -t $REGISTRY/cafe:2.0.1 $REGISTRY/cafe:stay $REGISTRY/cafe:back
    """,
    hints=[
        "Nothing has to be built: every image that is wanted is in the registry.",
        "Make a tag of what stays and a tag of what goes back, then join them.",
        "An image that is picked by its platform brings its attestation; one that is named by its digest does not.",
    ],
    exercise=True,
    needs=[needs.engine, needs.own_registry, needs.imagetools("--platform")],
    prepare=open_cafe,
    makes=[*map(Tag, (MENDED_TAG, "cafe:stay", "cafe:back", OLD, NEW)), REPORT],
)
def withdraw(mended: Index, old: Index, new: Index, scene: Recall) -> Verdict:
    """Publish cafe:2.0.1: what files/release/report.txt calls bad goes back to 1.9, everything else stays 2.0's."""
    for index, digest in zip((old, new), scene.published, strict=True):
        if index.digest != digest:
            return Problem(MOVED_A_RELEASE, found=brief(index.digest), wanted=brief(digest), ref=index.reference)
    ref = mended.reference
    if len(mended.images) != len(PAIR) or mended.platforms != PAIR:
        found = ", ".join(str(row.platform) for row in mended.images) or "no image"
        return Problem(NO_WITHDRAWAL, found=found, wanted=listed(PAIR), ref=ref)
    if problem := wrongly_joined(mended, old, new, scene.bad):
        return problem
    if missing := (*lost(mended, old), *lost(mended, new)):
        return Problem(
            ATTESTATION_LOST, found=f"{counted(len(missing), 'attestation')} missing", wanted="none", ref=ref
        )
    if strays := orphans(mended):
        return Problem(ORPHANED, found=counted(len(strays), "such attestation"), wanted="none", ref=ref)
    return Proof(WITHDRAWN, ref=ref, bad=scene.bad, rows=named_rows(mended))
