"""Is the image what its label says?"""

from __future__ import annotations

from lab import events
from lab.audit import rules
from lab.course import _true_image as scene
from lab.course._audited import Audited, audited
from lab.course._did import asked_the_registry, read_the_configuration, read_the_programs
from lab.course._lineup import BOTH, DEAD, NAMES, SOUND, Lineup, Suspect, digest, line_them_up, lineup, said
from lab.course._multi_platform import named_rows
from lab.course._text import counted, unanswered
from lab.course._true_image import AMD, ARM, PAIR, RULE
from lab.course._true_rows import elsewhere, untrue
from lab.course.leftovers import File, Tag
from lab.events import BuildEvents
from lab.model.digests import brief, digits
from lab.model.facts import Binaries, Fact, Images, Transcript
from lab.model.platforms import listed
from lab.model.steps import Prediction, Problem, Proof, Truth, Verdict, step
from lab.probes import host, needs, registry
from lab.probes.host import Answers, Text

LIAR, SOLO, BAKERY, HORN = "liar:2", "solo:2", "bakery:2", "horn:2"
LAMP, BLOWN = "/usr/bin/lamp", "/usr/bin/horn"
FIRST_AMD, FIRST_ARM, STRICT = "amd64-first.json", "arm64-first.json", "strict.Dockerfile"
ANSWERS = "files/true-image/answers.txt"
NOTE, BREAD = "/note.txt", "/bread.txt"

ONE_WITNESS = "Not all three witnesses of {ref} were heard. Missing: {missing}."
NOT_HEARD = "What was printed does not show what the witnesses say of each image of {ref}."
WITNESSES = "Of {ref}, index and configurations say {platforms}. The program in the image for {liar} is for {found}."
SAME_PROGRAM = "All images under {ref} hold the same program, that for {found}, whatever platform they are for."
LIAR_MENDED = "The images of {ref}, the index {digest}, hold programs for the platforms that it says: {rows}."
OTHER_BASE_BUILT = "The build whose events stand in {path} does not begin with the image {base}."
NOT_CHECKED = "In {path}, no build check speaks of the base's platform."
ONLY_WARNED = "In {path}, the check found the fault, and the build went on all the same."
OTHER_FAILURE = "The build whose events stand in {path} failed for another reason than a build check."
# moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go: with BUILDKIT_DOCKERFILE_CHECK, newRuleLinter shares one
# configuration between the platforms of a build, so any of them may be checked.
SAME_ORDER = (
    "In the build whose events stand in {path}, the check looked at linux/arm64. Either linux/amd64 was not named "
    "first, or the checks were asked for by a build argument, which does not hold to the order."
)
LANE_MISSING = "The build whose events stand in {path} was not for both platforms."
FIRST_ONLY = (
    "With {arm} first, {rule} stopped the build in {path}. With {amd} first, the same build went through: "
    "the checks looked at the first platform only."
)
NOT_AN_ERROR = "The head of the Dockerfile does not say that what the build checks find is an error."
SILENCED = "The head of the Dockerfile tells the build checks to leave out {rule}."
BASE_CHANGED = (
    "{ref} is one index, {digest}, true for {rows}. A base that is not for the first platform of a build now stops it."
)
OTHER_BASE = "The Dockerfile's last stage does not begin with the team's base image."
NOT_PINNED = "The base in the Dockerfile is named by its tag alone, so it can change from one build to the next."
PIN_UNKNOWN = "The registry has nothing under the digest that the Dockerfile names."
STILL_ONE_ROW = "The digest in the Dockerfile is not that of an index for both platforms."
PIN_MENDED = "{ref} is true for {rows}, and its base is pinned by {pin}: an index of {count} images."
SAME_FAULT = "The image for {platform} under {ref} still has {path}, and not the loader that it asks for."
NO_HORN = "The image for {platform} under {ref} has no program of its own at {path}."
UNSOUND = "In the image for {platform} under {ref} there is still a fault that stops it."
HORN_BLOWS = "The horn in each image of {ref}, the index {digest}, finds all that it needs to start: {rows}."
VERDICT_UNCLEAR = "The answer for {name} is none of the five verdicts."
NO_WITNESS = "The answer for {name} names no digest. Without one it is only a guess."
CHANGED_A_GOOD_ONE = "The tag {ref} was sound, and now it stands for something else."
VERDICTS_WRONG = "Some of the verdicts are not what index, configuration and program say."
WITNESS_WRONG = "The verdict for {name} is right, but the digest is not that of the image at fault."
TOO_FEW_MENDED = "Of the tags that were wrong, fewer than two are sound by now."
LINED_UP = "The six verdicts are right, each with its witness: {verdicts}. Mended: {mended}."

NONE, ONE, ALL_OF_THEM = "none", "one", "both"
TRUE_PROGRAMS = "Of the images under {ref}, {count} of {all} holds a program for the platform that its row says."
ARG_SAYS = "what the ARG line says"
BUILD_SAYS = "the platform that is built for"
SHADOWED = "Both images of {ref} hold the program for {found}, whatever platform they are for: the default won."
INJECTED = "Each image of {ref} holds the program for its own platform: the builder's value won."
ARM_FAILS, AMD_FAILS = "only the one that names linux/arm64 first", "only the one that names linux/amd64 first"
BOTH_FAIL, NONE_FAILS = "both", "neither"
ENDED = "With linux/amd64 first, {first}; with linux/arm64 first, {second}."
BY_DIGEST = "the image behind the digest"
BY_PLATFORM = "the image for the platform that is built for"
REFUSES = "none: the build fails"
THE_ROW = "{ref} says {platform}, and its program is for {found}: where there is a digest, nothing else is looked at."


def _true_programs(_found: Images, programs: Binaries, _printed: Transcript) -> Truth:
    """How many of the programs are what their rows say."""
    true = [one for label, one in programs.programs if one and not rules.foreign(one, label)]
    count = len(true)
    answer = NONE if not count else ALL_OF_THEM if count == len(programs.programs) else ONE
    return Truth(answer, TRUE_PROGRAMS, ref=programs.reference, count=count, all=len(programs.programs))


@step(
    registry.images(scene.LIAR),
    registry.binaries(scene.LIAR),
    host.transcript("three_witnesses"),
    predict=Prediction(
        question="The index of $REGISTRY/liar:1 lists linux/amd64 and linux/arm64. How many of its images hold a "
        "program for the platform that their row says?",
        options=(NONE, ONE, ALL_OF_THEM),
        truth=_true_programs,
    ),
    gap="""
        docker buildx imagetools ____ $REGISTRY/liar:1
        docker buildx imagetools inspect $REGISTRY/liar:1 \\
          --format '{{range $row, $image := .Image}}{{$row}}: {{$image.____}}{{"\\n"}}{{end}}'
        lab show ____ liar:1
    """,
    solution="""
        docker buildx imagetools inspect $REGISTRY/liar:1
        docker buildx imagetools inspect $REGISTRY/liar:1 \\
          --format '{{range $row, $image := .Image}}{{$row}}: {{$image.Architecture}}{{"\\n"}}{{end}}'
        lab show --programs liar:1
    """,
    hints=[
        "The index is what the registry has under the tag. You looked at one in lessons 7 and 8.",
        "The field of a configuration that names the processor begins with a capital letter in a template.",
        "The lab reads the headers of the programs in each image if it is told to.",
    ],
    needs=[needs.engine],
    prepare=scene.liar,
    makes=[Tag(scene.LIAR), *(Tag(tag) for tag, _ in scene.HALVES)],
)
def three_witnesses(found: Images, programs: Binaries, printed: Transcript) -> Verdict:
    """Ask all three witnesses of $REGISTRY/liar:1: its index, the configuration of each image, the programs inside."""
    ref = found.index.reference
    heard = {
        "the index": asked_the_registry(printed, ref),
        "the configurations": read_the_configuration(printed, ref, *(one.digest for one in found.index.images)),
        "the programs": read_the_programs(printed, ref),
    }
    if missing := [name for name, asked in heard.items() if not asked]:
        known = {"ref": ref, "missing": ", ".join(missing)}
        return Problem(ONE_WITNESS, found=f"{len(heard) - len(missing)} of 3", wanted="all three", **known)
    signs = [digits(row.digest) for row in found.index.images] + [LAMP.rpartition("/")[2]]
    if unseen := [sign for sign in signs if sign not in printed.output]:
        return Problem(NOT_HEARD, found=f"no {unseen[0]}", wanted="two digests and the programs", ref=ref)
    lies = [(row, one) for row, one in programs.programs if one and rules.foreign(one, row)]
    liar, inside = (lies[0][0], lies[0][1].platform) if lies else ("none", "each its own")
    return Proof(WITNESSES, ref=ref, platforms=listed(found.index.platforms), liar=liar, found=inside)


def _what_won(_mended: Images, _programs: Binaries, before: Binaries) -> Truth:
    """Which value the variable had in the builds of the tag that lies."""
    inside = {one.platform for _, one in before.programs if one}
    if len(inside) == 1:
        return Truth(ARG_SAYS, SHADOWED, ref=before.reference, found=listed(inside))
    return Truth(BUILD_SAYS, INJECTED, ref=before.reference)


@step(
    registry.images(LIAR),
    registry.binaries(LIAR, LAMP),
    registry.binaries(scene.LIAR, LAMP),
    predict=Prediction(
        question="In a build for another platform than the ARG line names, what does ${TARGETARCH} stand for?",
        options=(ARG_SAYS, BUILD_SAYS, "nothing"),
        truth=_what_won,
    ),
    solution="""
        sed -i 's/^ARG TARGETARCH=.*/ARG TARGETARCH/' files/true-image/liar/Dockerfile
        docker buildx build -t $REGISTRY/liar:2 --platform linux/amd64,linux/arm64 --push files/true-image/liar
        lab audit $REGISTRY/liar:2
    """,
    hints=[
        "Read the Dockerfile line by line and ask for each: what would this line do in a build for the other platform?",
        "BuildKit sets TARGETARCH for each platform. In a stage, a default for it wins over what BuildKit sets.",
        "What is given on the command line for a variable is given to the builds for all platforms.",
    ],
    repair=True,
    needs=[needs.engine, needs.buildkit, needs.reach],
    prepare=scene.liar,
    makes=[Tag(LIAR), scene.LIAR_FILE],
)
def shadow(mended: Images, programs: Binaries, _before: Binaries) -> Verdict:
    """Mend files/true-image/liar/Dockerfile, and push what it builds for both platforms as $REGISTRY/liar:2."""
    index, inside = mended.index, {one and one.platform for _, one in programs.programs}
    if index.platforms >= PAIR and len(inside) == 1 and (same := inside.pop()):
        wanted = "the program of each platform"
        return Problem(SAME_PROGRAM, found=same, wanted=wanted, ref=index.reference)
    if problem := untrue(mended, programs):
        return problem
    return Proof(LIAR_MENDED, ref=index.reference, digest=brief(index.digest), rows=named_rows(index))


def _stopped(found: BuildEvents) -> bool:
    """Did the check of the base's platform break that build?"""
    return RULE in found.error and any(one.rule == RULE for one in found.warnings)


def _other_build(found: BuildEvents) -> Problem | None:
    """A build that is not the step's, or that failed for a reason of its own."""
    if not any(f"/{scene.SOLO}" in one.name for one in found.vertices):
        return Problem(OTHER_BASE_BUILT, found="another base", wanted=scene.SOLO, path=found.path, base=scene.SOLO)
    if found.error and RULE not in found.error:
        return Problem(OTHER_FAILURE, found=found.error, wanted=RULE, path=found.path)
    return None


def _which_failed(first: BuildEvents, second: BuildEvents) -> Truth:
    """Which of the two orders the checks stopped."""
    answers = {(True, True): BOTH_FAIL, (True, False): AMD_FAILS, (False, True): ARM_FAILS}
    answer = answers.get((_stopped(first), _stopped(second)), NONE_FAILS)
    ends = [f"the build failed ({RULE})" if _stopped(one) else "the build worked" for one in (first, second)]
    return Truth(answer, ENDED, first=ends[0], second=ends[1])


@step(
    events.file(FIRST_AMD),
    events.file(FIRST_ARM),
    predict=Prediction(
        question="$REGISTRY/solo:1 is for linux/amd64 only, and what the checks find is an error. Two builds for both "
        "platforms: which of them fails?",
        options=(BOTH_FAIL, AMD_FAILS, ARM_FAILS, NONE_FAILS),
        truth=_which_failed,
    ),
    gap=f"""
        (echo "# check=____"; cat files/true-image/solo/Dockerfile) > {STRICT}
        docker buildx build --file {STRICT} --platform ____,____ \\
          --progress=rawjson --output type=cacheonly files/true-image/solo 2> {FIRST_AMD}
        docker buildx build --file {STRICT} --platform ____,____ \\
          --progress=rawjson --output type=cacheonly files/true-image/solo 2> {FIRST_ARM}
        lab timeline {FIRST_ARM}
    """,
    solution=f"""
        (echo "# check=error=true"; cat files/true-image/solo/Dockerfile) > {STRICT}
        docker buildx build --file {STRICT} --platform linux/amd64,linux/arm64 \\
          --progress=rawjson --output type=cacheonly files/true-image/solo 2> {FIRST_AMD}
        docker buildx build --file {STRICT} --platform linux/arm64,linux/amd64 \\
          --progress=rawjson --output type=cacheonly files/true-image/solo 2> {FIRST_ARM}
        lab timeline {FIRST_ARM}
    """,
    hints=[
        "The first line of the Dockerfile says what becomes of what the checks find: here, an error.",
        "Both builds are for the same two platforms. Only the order differs, and the files are named after it.",
    ],
    needs=[needs.engine, needs.buildkit, needs.reach, scene.has_the_check],
    prepare=scene.solo,
    makes=[Tag(scene.SOLO), File(STRICT), File(FIRST_AMD), File(FIRST_ARM), scene.SOLO_FILE],
)
def single_base(first: BuildEvents, second: BuildEvents) -> Verdict:
    """Make the build of files/true-image/solo fail where its base lies, and see in which order of platforms it does."""
    if problem := _other_build(first) or _other_build(second):
        return problem
    warned = [one for one in second.warnings if one.rule == RULE]
    if not warned:
        heard = next((one.rule for one in second.warnings), "no warning")
        return Problem(NOT_CHECKED, found=heard, wanted=RULE, path=second.path)
    if not _stopped(second):
        return Problem(ONLY_WARNED, found=warned[0].text, wanted="a build that fails", path=second.path)
    if _stopped(first):
        return Problem(SAME_ORDER, found=f"{ARM} first", wanted=f"{AMD} first", path=first.path)
    if not set(first.platforms) >= PAIR:
        return Problem(LANE_MISSING, found=listed(first.platforms), wanted=listed(PAIR), path=first.path)
    return Proof(FIRST_ONLY, rule=RULE, path=second.path, arm=ARM, amd=AMD)


@step(
    registry.images(SOLO),
    registry.binaries(SOLO),
    registry.binaries(SOLO, NOTE),
    host.text(scene.SOLO_FILE.name),
    solution="""
        sed -i -e 's/^FROM .*/FROM busybox:1.38/' -e '1i # check=error=true' files/true-image/solo/Dockerfile
        docker buildx build -t $REGISTRY/solo:2 --platform linux/amd64,linux/arm64 --push files/true-image/solo
        lab audit $REGISTRY/solo:2
    """,
    hints=[
        "The check is an error for everybody if the first line of the Dockerfile says so: `# check=error=true`.",
        "An error that is silenced mends nothing. The image needs a base that exists for both platforms.",
        "The base needs nothing but a shell's usual commands. You know one that many platforms have.",
    ],
    repair=True,
    needs=[needs.engine, needs.buildkit, needs.reach],
    prepare=scene.solo,
    makes=[Tag(SOLO), scene.SOLO_FILE],
)
def change_base(found: Images, programs: Binaries, notes: Binaries, dockerfile: Text) -> Verdict:
    """Mend files/true-image/solo/Dockerfile, keep its check an error, and push both platforms as $REGISTRY/solo:2."""
    options, ref = scene.check_options(dockerfile.content), found.index.reference
    if scene.silenced(options):
        return Problem(SILENCED, found=f"skip={options['skip']}", wanted="a check that looks", rule=RULE)
    if not scene.fails_on_checks(options):
        head = next(iter(dockerfile.content.splitlines()), "nothing")
        return Problem(NOT_AN_ERROR, found=head, wanted="a build that fails on what the checks find")
    if problem := untrue(found, programs):
        return problem
    if problem := elsewhere(notes, "solo", NOTE):
        return problem
    return Proof(BASE_CHANGED, ref=ref, digest=brief(found.index.digest), rows=named_rows(found.index))


def _base_taken(before: Images, inside: Binaries, *_mended: Fact) -> Truth:
    """What became the base of version 1, by its program."""
    platform, program = inside.programs[0]
    found = program.platform if program else None
    return Truth(
        BY_PLATFORM if found == platform else BY_DIGEST,
        THE_ROW,
        ref=before.index.reference,
        platform=platform,
        found=found,
    )


@step(
    registry.images(scene.BAKERY),
    registry.binaries(scene.BAKERY),
    registry.images(BAKERY),
    registry.binaries(BAKERY),
    registry.binaries(BAKERY, BREAD),
    scene.pin,
    predict=Prediction(
        question="FROM names a digest: that of the base's image for one platform. You build for the other one. What is "
        "the base?",
        options=(BY_DIGEST, BY_PLATFORM, REFUSES),
        truth=_base_taken,
    ),
    solution="""
        digest=$(docker buildx imagetools inspect $REGISTRY/base:1 | awk '/^Digest:/ { print $2 }')
        sed -i "s/@sha256:[0-9a-f]*/@$digest/" files/true-image/bakery/Dockerfile
        docker buildx build -t $REGISTRY/bakery:2 --platform linux/amd64,linux/arm64 --push files/true-image/bakery
        lab audit $REGISTRY/bakery:2
    """,
    hints=[
        "Ask the registry for the digest that FROM names. Is it an index, or one image?",
        "The tag base:1 stands for an index, and that has a digest of its own.",
        "A pin is there so that everybody builds on the same bytes. Taking it away gives that up.",
    ],
    repair=True,
    needs=[needs.engine, needs.buildkit, needs.reach],
    prepare=scene.bakery,
    makes=[Tag(scene.BAKERY), Tag(BAKERY), scene.BAKERY_FILE, Tag(scene.BASE)],
)
def pinned_child(
    _before: Images, _inside: Binaries, found: Images, programs: Binaries, bread: Binaries, pin: scene.Pin
) -> Verdict:
    """Pin the base of files/true-image/bakery without pinning a platform, and push both as $REGISTRY/bakery:2."""
    if not pin.own:
        return Problem(OTHER_BASE, found=pin.name or "no FROM", wanted=f"$REGISTRY/{scene.BASE}")
    if not pin.digest:
        return Problem(NOT_PINNED, found=pin.name, wanted="a base with its digest")
    if pin.index is None:
        return Problem(PIN_UNKNOWN, found=f"{brief(pin.digest)}", wanted="a digest that the registry has")
    if not (pin.index.is_index and pin.index.platforms >= PAIR):
        one = f"{brief(pin.digest)}, {listed(pin.index.platforms)}"
        return Problem(STILL_ONE_ROW, found=one, wanted=f"an index for {listed(PAIR)}")
    if problem := untrue(found, programs) or elsewhere(bread, "bakery", BREAD):
        return problem
    known = {"pin": f"{brief(pin.digest)}", "count": len(pin.index.images)}
    return Proof(PIN_MENDED, ref=found.index.reference, rows=named_rows(found.index), **known)


@step(
    audited(HORN),
    registry.images(HORN),
    registry.binaries(HORN, BLOWN),
    solution="""
        sed -i 's/horn-gnu/horn-static/' files/true-image/horn/Dockerfile
        docker buildx build -t $REGISTRY/horn:2 --platform linux/amd64,linux/arm64 --push files/true-image/horn
        lab audit $REGISTRY/horn:2
    """,
    hints=[
        "Is the program in the image? Is it for the right machine? Both can be seen without running it.",
        "A dynamic program names a loader that has to be there before it. `lab audit` looks for that file.",
        "The folder has a second build of the horn for each platform, one that needs no loader.",
    ],
    repair=True,
    needs=[needs.engine, needs.buildkit, needs.reach],
    makes=[Tag(HORN), File("files/true-image/horn/Dockerfile")],
)
def right_but_dead(judged: Audited, found: Images, programs: Binaries) -> Verdict:
    """Mend files/true-image/horn/Dockerfile, so that the horn starts, and push both platforms as $REGISTRY/horn:2."""
    index = found.index
    for platform, horn in programs.programs:
        if horn is None or horn.kind != "elf":
            kind, known = horn.kind if horn else "no such file", {"platform": platform, "ref": index.reference}
            return Problem(NO_HORN, found=kind, wanted="a program", path=BLOWN, **known)
    if problem := untrue(found, programs):
        return problem
    for one in judged.errors:
        known = {"platform": one.platform, "ref": index.reference}
        if one.rule == "no-loader":
            loader = one.problem.values["found"]
            return Problem(SAME_FAULT, found=f"no {loader}", wanted=loader, path=one.paths[0], **known)
        return Problem(UNSOUND, found=one.text, wanted="an image that starts", **known)
    return Proof(HORN_BLOWS, ref=index.reference, digest=brief(index.digest), rows=named_rows(index))


@step(
    host.answers(ANSWERS),
    lineup,
    *(audited(f"lineup:{name}") for name in NAMES),
    solution="""
        findings=$(lab audit --json $REGISTRY/lineup:{a,b,c,d,e,f})
        for name in a b c d e f; do
          own=$(echo "$findings" | awk -F'"' -v tag="$REGISTRY/lineup:$name" '
            $2 == "reference" { own = $4 == tag }
            own && ($2 == "rule" || $2 == "platform") { print $4 }')
          row=$(echo "$own" | grep -m 1 ^linux/)
          digest=$(docker buildx imagetools inspect $REGISTRY/lineup:$name | awk -v row="$row" '
            $1 == "Name:" { split($2, part, "@") }
            $1 == "Platform:" && $2 == row { print part[2] }')
          case "$own" in
            *labels-differ*entrypoint-foreign*) verdict=index ;;
            *labels-differ*) verdict=config ;;
            *entrypoint-foreign*) verdict=both ;;
            *no-loader*) verdict=dead ;;
            *) verdict=sound ;;
          esac
          echo "$name $verdict $digest"
        done > files/true-image/answers.txt
        grep -E ' (both|dead) ' files/true-image/answers.txt | while read -r name _; do
          docker buildx build --quiet -t $REGISTRY/lineup:$name \\
            --platform linux/amd64,linux/arm64 --push files/true-image/lineup < /dev/null
        done
    """,
    hints=[
        "Ask the same three witnesses of each tag, and write down which of them disagree.",
        "`NAME@DIGEST` names one image of an index, so that you can ask for its configuration alone.",
        "If the two labels differ, the program says which of them is right.",
        "If both labels and the program agree, does the program find what it asks the kernel for?",
        "`unknown/unknown` is no fault. What was it in lesson 8?",
    ],
    exercise=True,
    needs=[needs.engine, needs.buildkit, needs.reach],
    prepare=line_them_up,
    makes=[File(ANSWERS), *(Tag(f"lineup:{name}") for name in NAMES)],
)
def line_up(answers: Answers, truth: Lineup, *judged: Audited) -> Verdict:
    """Judge the tags lineup:a to lineup:f in answers.txt, with witnesses, and mend two of those that are wrong."""
    if problem := unanswered(answers, NAMES):
        return problem
    now = dict(zip(NAMES, judged, strict=True))
    wrong = [one for one in truth.suspects if one.verdict != SOUND]
    for one in truth.suspects:
        if problem := _unproven(one.name, answers[one.name]) or _spoilt(one, now[one.name]):
            return problem
    right = [one for one in truth.suspects if said(answers[one.name]) == one.verdict]
    if len(right) < len(truth.suspects):
        return Problem(VERDICTS_WRONG, found=f"{len(right)} of {len(truth.suspects)} right", wanted="all of them right")
    for one in wrong:
        if not one.guilty.removeprefix("sha256:").startswith(digest(answers[one.name])):
            return Problem(
                WITNESS_WRONG, found=answers[one.name], wanted="the image that is not as it should be", name=one.name
            )
    mended = [one.name for one in wrong if not now[one.name].errors and now[one.name].platforms >= PAIR]
    if len(mended) < 2:
        return Problem(TOO_FEW_MENDED, found=counted(len(mended), "mended tag"), wanted="2 mended tags")
    verdicts = ", ".join(f"{one.name} {one.verdict}" for one in truth.suspects)
    return Proof(LINED_UP, verdicts=verdicts, mended=", ".join(mended))


def _spoilt(one: Suspect, now: Audited) -> Problem | None:
    """A problem where a tag that was sound stands for something else now."""
    if one.verdict != SOUND or now.digest == one.digest:
        return None
    found, wanted = (f"{brief(whole)}" for whole in (now.digest, one.digest))
    return Problem(CHANGED_A_GOOD_ONE, found=found, wanted=wanted, ref=now.reference)


def _unproven(name: str, answer: str) -> Problem | None:
    """A problem where an answer is no verdict, or names no witness."""
    if not said(answer):
        return Problem(VERDICT_UNCLEAR, found=answer, wanted=f"{SOUND}, index, config, {BOTH} or {DEAD}", name=name)
    if said(answer) != SOUND and not digest(answer):
        return Problem(NO_WITNESS, found=answer, wanted="a verdict and a digest", name=name)
    return None
