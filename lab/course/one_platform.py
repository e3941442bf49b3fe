"""What did my build make?"""

from __future__ import annotations

from lab.course._did import asked_the_registry, given_platform, read_the_configuration
from lab.course._given import GivenFile
from lab.course._pushed import Unpushed, pushed
from lab.course._seeded import chosen
from lab.course._text import counted, failed, first_line, without_variant
from lab.course.leftovers import File, Tag
from lab.errors import Blocked, NotThere
from lab.model.digests import brief, digits
from lab.model.facts import Call, Images, Index, Machine, Transcript, same_image
from lab.model.platforms import Platform, architectures_in, given, listed
from lab.model.steps import Prediction, Problem, Proof, Truth, Verdict, step
from lab.model.world import World
from lab.probes import host, needs, registry, rehearsal
from lab.probes.command import ask
from lab.probes.host import Answers
from lab.probes.rehearsal import Rehearsed

ANSWERS = "files/one-platform/answers.txt"
PI = Platform.parse("linux/arm/v7")
NIGHTLY = "build-test:nightly"
SCRIPT, SETTINGS = "files/one-platform/nightly.sh", "files/one-platform/nightly.env"

NO_PLATFORM = "The tag {ref} offers no platform that a machine can run."
SEVERAL_PLATFORMS = "The tag {ref} offers more than one platform; a plain build makes one."
FOREIGN_PLATFORM = "The tag {ref} is for another platform than this machine's engine."
ONE_IMAGE = "In the registry, {ref} is for one platform, {platform} (digest {digest})."
CONFIG_NOT_READ = "None of the commands that ran reads the configuration of {ref}."
CONFIG_NOT_SEEN = "What was printed does not name the image's platform."
CONFIG_SAYS = "The configuration of the image {ref} says {platform}."
REGISTRY_NOT_ASKED = "None of the commands that ran asks the registry which platforms {ref} offers."
LIST_NOT_SEEN = "What was printed does not show which images the registry has under {ref}."
IS_AN_INDEX = (
    "In the registry, {ref} is an index (digest {digest}). Platforms: {platforms}. Attestations: {attestations}."
)
IS_AN_IMAGE = "In the registry, {ref} is one image and no index (digest {digest}). Platform: {platforms}."
PREDICTION_MISSING = "There is no prediction yet for {name}."
PREDICTED_ROWS = "You predicted another number of rows: `--platform` chooses the image's platform and adds no image."
PREDICTED_PLATFORM = "You predicted another platform: the build was told one, so this machine's own does not count."
PREDICTED_NO_VARIANT = "Your prediction names 32-bit Arm, but not which variant of it."
NOT_FOR_THE_PI = "The tag {ref} is not for the Raspberry Pi's platform."
AS_PREDICTED = "As you predicted, {ref} has one row that a machine can run: {platform} (digest {digest})."
MACHINES_OWN = "The tag is for {platforms}, the platform of the machine that built it: {machine}."
NOT_MACHINES_OWN = "The tag is for {platforms}, and the machine that built it is {machine}."
ROWS_OF_AN_INDEX = "The tag is an index, with this many images: {images}. Attestations beside them: {attestations}."
ROWS_OF_AN_IMAGE = "The tag is one image, and there is no index."
NIGHTLY_ENDS = "{path} ends with an error."
NIGHTLY_BUILDS_NOTHING = "{path} does not build {ref}."
NIGHTLY_STILL_TOLD = "{path} would still build {ref} for another platform than this machine's."
NIGHTLY_NOT_RUN = "{path} is mended, but {ref} has not been built and pushed with it."
NIGHTLY_MENDED = "{path} builds for {platform} again, and {ref} is for it (digest {digest})."
NAMES_NO_PLATFORM = "{path} names no platform, so it builds for whichever machine runs it."
NAMES_A_PLATFORM = "{path} names {platform}: on a machine of another kind it would be wrong again."


_OWN, _AMD64, _ALL = "This machine's", "linux/amd64, on every machine", "All that the base image has"


def _chosen_by(machine: Machine, index: Index | Unpushed) -> Truth:
    assert isinstance(index, Index)  # noqa: S101 - a build that passed has pushed its tag
    own = index.platforms == {machine.linux}
    answer = _OWN if own else _ALL if len(index.platforms) > 1 else _AMD64
    template = MACHINES_OWN if own else NOT_MACHINES_OWN
    return Truth(answer, template, platforms=listed(index.platforms), machine=machine.linux)


@step(
    host.machine(),
    pushed(registry.index("build-test"), "build-test", "build_test", besides=("buildx-test",)),
    solution="cd files/one-platform\ndocker build -t $REGISTRY/build-test . --push",
    hints=["A build needs a name for the image, a folder with a Dockerfile, and the wish to push."],
    makes=[Tag("build-test")],
    predict=Prediction(
        question="Neither the Dockerfile nor the command names a platform. Which one will the image be for?",
        options=(_OWN, _AMD64, _ALL),
        truth=_chosen_by,
    ),
)
def build_test(machine: Machine, index: Index | Unpushed) -> Verdict:
    """Build files/one-platform with no special options and push it as $REGISTRY/build-test."""
    if isinstance(index, Unpushed):
        return index.problem
    if not index.platforms:
        return Problem(NO_PLATFORM, found="none", wanted="one platform", ref=index.reference)
    if len(index.platforms) > 1:
        return Problem(SEVERAL_PLATFORMS, found=listed(index.platforms), wanted="one platform", ref=index.reference)
    if index.platforms != {machine.linux}:
        return Problem(FOREIGN_PLATFORM, found=listed(index.platforms), wanted=machine.linux, ref=index.reference)
    return Proof(ONE_IMAGE, ref=index.reference, platform=machine.linux, digest=brief(index.images[0].digest))


@step(
    registry.images("build-test"),
    host.transcript("image_config"),
    solution="docker image inspect $REGISTRY/build-test --format '{{.Os}}/{{.Architecture}}'",
    gap="docker image ____ $REGISTRY/build-test --format '{{.Os}}/{{.____}}'",
    hints=[
        "Every image has a configuration; the engine shows that of its own copy.",
        "`docker image --help` lists what can be done with an image. Without `--format` all fields are printed.",
    ],
    after=[build_test],
)
def image_config(tag: Images, printed: Transcript) -> Verdict:
    """Read in the image's configuration which platform it is for."""
    if problem := failed(printed):
        return problem
    ref, digests = tag.index.reference, [row.digest for row in tag.index.images]
    if not read_the_configuration(printed, ref, tag.index.digest, *digests):
        wanted = "the configuration, from the engine or from the registry"
        return Problem(CONFIG_NOT_READ, found=first_line(printed), wanted=wanted, ref=ref)
    platforms = {image.platform for image in tag.images}
    if not {one.architecture for one in platforms} & architectures_in(printed.output):
        wanted = "the architecture in the image's configuration"
        return Problem(CONFIG_NOT_SEEN, found=first_line(printed), wanted=wanted)
    return Proof(CONFIG_SAYS, ref=ref, platform=listed(platforms))


_ONE_IMAGE, _ONE_ROW, _NOTED = (
    "One image, and no index",
    "An index of one image",
    "An index: one image and a note on it",
)


def _rows(index: Index, _printed: Transcript) -> Truth:
    if not index.is_index:
        return Truth(_ONE_IMAGE, ROWS_OF_AN_IMAGE)
    images, attestations = len(index.images), len(index.manifests) - len(index.images)
    answer = _NOTED if attestations else _ONE_ROW
    return Truth(answer, ROWS_OF_AN_INDEX, images=images, attestations=attestations)


@step(
    registry.index("build-test"),
    host.transcript("registry_list"),
    solution="docker buildx imagetools inspect $REGISTRY/build-test\nlab show build-test",
    hints=["The engine knows only its own copy. `imagetools` asks the registry."],
    after=[build_test],
    predict=Prediction(
        question="You built one image. What will the registry have under its tag?",
        options=(_ONE_IMAGE, _ONE_ROW, _NOTED),
        truth=_rows,
    ),
)
def registry_list(index: Index, printed: Transcript) -> Verdict:
    """Ask the registry which platforms the tag offers."""
    if problem := failed(printed):
        return problem
    found, ref = first_line(printed), index.reference
    if not asked_the_registry(printed, ref):
        return Problem(REGISTRY_NOT_ASKED, found=found, wanted="what the registry says", ref=ref)
    rows = any(digits(row.digest) in printed.output for row in index.images)
    if not rows and not {one.architecture for one in index.platforms} & architectures_in(printed.output):
        return Problem(LIST_NOT_SEEN, found=found, wanted="the rows that the registry has", ref=ref)
    attestations = len(index.manifests) - len(index.images)
    template = IS_AN_INDEX if index.is_index else IS_AN_IMAGE
    platforms, digest = listed(index.platforms), brief(index.digest)
    return Proof(template, ref=ref, digest=digest, platforms=platforms, attestations=attestations)


@step(
    pushed(registry.index("build-test:pi"), "build-test:pi", "predict"),
    host.answers(ANSWERS),
    solution=f"""
        printf 'rows 1\\nplatform linux/arm/v7\\n' > {ANSWERS}
        docker build --platform linux/arm/v7 -t $REGISTRY/build-test:pi --push files/one-platform
    """,
    hints=[
        "Does naming a platform add one, or choose one?",
        "A Raspberry Pi with a 32-bit system is 32-bit Arm; its variant is v7.",
        "The option of `docker build` has the name of the thing that it chooses.",
    ],
    exercise=True,
    makes=[Tag("build-test:pi"), File(ANSWERS)],
)
def predict(index: Index | Unpushed, answers: Answers) -> Verdict:
    """Predict, then build: files/one-platform for a 32-bit Raspberry Pi (ARMv7), pushed as $REGISTRY/build-test:pi."""
    if isinstance(index, Unpushed):
        return index.problem
    if index.platforms != {PI}:
        return Problem(NOT_FOR_THE_PI, found=listed(index.platforms), wanted=PI, ref=index.reference)
    return _compared(answers, index) or Proof(
        AS_PREDICTED, ref=index.reference, platform=PI, digest=brief(index.images[0].digest)
    )


def _compared(answers: Answers, index: Index) -> Problem | None:
    """What a prediction lacks, or where it is not what the registry has."""
    for name in ("rows", "platform"):
        if not answers[name]:
            return Problem(PREDICTION_MISSING, found="nothing", wanted=f"a line `{name} …`", name=name)
    if answers["rows"] != str(len(index.images)):
        return Problem(PREDICTED_ROWS, found=answers["rows"], wanted="the number of rows that a machine can run")
    if given(answers["platform"]) not in index.platforms:
        return Problem(PREDICTED_PLATFORM, found=answers["platform"], wanted="the platform that the registry lists")
    if without_variant(answers["platform"]):
        return Problem(PREDICTED_NO_VARIANT, found=answers["platform"], wanted="OS/ARCH/VARIANT")
    return None


def _settings(world: World) -> str:
    """The settings of the nightly build, with something in them that chooses `$OTHER`: this learner's fault."""
    other = world.env["OTHER"]
    faults = (("", f"DOCKER_DEFAULT_PLATFORM={other}\n"), (f" --platform {other}", ""))
    option, variable = chosen(world, "last_night", faults)
    return (
        f"# Settings of the nightly build.\n{variable}OPTIONS='--label nightly=yes{option}'\nBUILDKIT_PROGRESS=plain\n"
    )


_PLANTED = GivenFile(SETTINGS, _settings)


def _last_night(world: World) -> None:
    """The settings have their fault, and the script has run with them. Blocked where it cannot."""
    _PLANTED.lay(world)
    try:
        registry.index(NIGHTLY)(world)
    except NotThere:
        if not any(file.changed(world) for file in (_PLANTED, File(SCRIPT))):
            status, _, err, _ = ask(["bash", SCRIPT], world.env, limit=120, folder=world.workspace)
            if status:
                needs.engine(world)
                raise Blocked(f"The nightly build did not run: {err.strip()[-300:]}", "Is the folder whole?") from None


def _platform_of(call: Call, default: str, machine: Machine) -> Platform | None:
    """What a build would be for: its own `--platform` first, then the variable, then the machine."""
    said = given_platform(call) or default
    return given(said) if said else machine.linux


def _named_platform(_machine: Machine, script: Rehearsed, _index: Index) -> Verdict:
    named = [said for call, default in script.builds if (said := given_platform(call) or default)]
    if not named:
        return Proof(NAMES_NO_PLATFORM, path=SCRIPT)
    return Problem(NAMES_A_PLATFORM, found=named[0], wanted="no platform", path=SCRIPT, platform=named[0])


@step(
    host.machine(),
    rehearsal.builds(SCRIPT),
    registry.index(NIGHTLY),
    solution=f"""
        sed -i.bak "/DOCKER_DEFAULT_PLATFORM/d; s| --platform [^ ']*||" {SETTINGS}
        bash {SCRIPT}
    """,
    hints=[
        "The Dockerfile is the one that you built before, so the build was told something that yours was not.",
        "Two of the three things that can choose a platform are outside the Dockerfile. Which one is there?",
        "The script reads its settings from another file.",
    ],
    needs=[needs.engine],
    repair=True,
    prepare=_last_night,
    makes=[Tag(NIGHTLY), _PLANTED, File(SCRIPT)],
    good=_named_platform,
)
def mend_nightly(machine: Machine, script: Rehearsed, index: Index) -> Verdict:
    """Mend the nightly build, so that it builds for this machine again, and run it."""
    ref, about = index.reference, {"path": script.path, "ref": index.reference}
    if script.status:
        return Problem(NIGHTLY_ENDS, found=f"exit status {script.status}", wanted="exit status 0", path=script.path)
    own = [(call, default) for call, default in script.builds if any(same_image(word, ref) for word in call.words)]
    if not own:
        return Problem(
            NIGHTLY_BUILDS_NOTHING, found=counted(len(script.builds), "build"), wanted=f"a build of {ref}", **about
        )
    platform = _platform_of(*own[-1], machine)
    if platform != machine.linux:
        told = platform or given_platform(own[-1][0])
        return Problem(NIGHTLY_STILL_TOLD, found=told, wanted=machine.linux, **about)
    if index.platforms != {machine.linux}:
        return Problem(NIGHTLY_NOT_RUN, found=listed(index.platforms), wanted=machine.linux, **about)
    return Proof(NIGHTLY_MENDED, platform=machine.linux, digest=brief(index.images[0].digest), **about)
