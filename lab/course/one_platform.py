"""What did my build make?"""

from __future__ import annotations

from lab.course._did import asked_the_registry, read_the_configuration
from lab.course._text import failed, first_line, short, unpublished, without_variant
from lab.facts import Images, Index, Machine, Transcript
from lab.made import File, Tag
from lab.platforms import Platform, architectures_in, given, listed
from lab.probes import host, registry
from lab.probes.host import Answers
from lab.probes.published import Published, published
from lab.steps import Problem, Proof, Verdict, step

ANSWERS = "files/one-platform/answers.txt"
PI = Platform.parse("linux/arm/v7")

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


@step(
    host.machine(),
    published("build-test", besides=("buildx-test",)),
    solution="cd files/one-platform\ndocker build -t $REGISTRY/build-test . --push",
    hints=["A build needs a name for the image, a folder with a Dockerfile, and the wish to push."],
    makes=[Tag("build-test")],
)
def build_test(machine: Machine, tag: Published) -> Verdict:
    """Build files/one-platform with no special options and push it as $REGISTRY/build-test."""
    index = tag.index
    if index is None:
        return unpublished(tag)
    if not index.platforms:
        return Problem(NO_PLATFORM, found="none", wanted="one platform", ref=index.reference)
    if len(index.platforms) > 1:
        return Problem(SEVERAL_PLATFORMS, found=listed(index.platforms), wanted="one platform", ref=index.reference)
    if index.platforms != {machine.linux}:
        return Problem(FOREIGN_PLATFORM, found=listed(index.platforms), wanted=machine.linux, ref=index.reference)
    return Proof(ONE_IMAGE, ref=index.reference, platform=machine.linux, digest=short(index.images[0].digest))


@step(
    registry.images("build-test"),
    host.transcript("image_config"),
    solution="docker image inspect $REGISTRY/build-test --format '{{.Os}}/{{.Architecture}}'",
    hints=["Every image has a configuration; the engine shows that of its own copy."],
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


@step(
    registry.index("build-test"),
    host.transcript("registry_list"),
    solution="docker buildx imagetools inspect $REGISTRY/build-test\nlab show build-test",
    hints=["The engine knows only its own copy. `imagetools` asks the registry."],
    after=[build_test],
)
def registry_list(index: Index, printed: Transcript) -> Verdict:
    """Ask the registry which platforms the tag offers."""
    if problem := failed(printed):
        return problem
    found, ref = first_line(printed), index.reference
    if not asked_the_registry(printed, ref):
        return Problem(REGISTRY_NOT_ASKED, found=found, wanted="what the registry says", ref=ref)
    rows = any(row.digest.removeprefix("sha256:")[:12] in printed.output for row in index.images)
    if not rows and not {one.architecture for one in index.platforms} & architectures_in(printed.output):
        return Problem(LIST_NOT_SEEN, found=found, wanted="the rows that the registry has", ref=ref)
    attestations = len(index.manifests) - len(index.images)
    template = IS_AN_INDEX if index.is_index else IS_AN_IMAGE
    platforms, digest = listed(index.platforms), short(index.digest)
    return Proof(template, ref=ref, digest=digest, platforms=platforms, attestations=attestations)


@step(
    published("build-test:pi"),
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
def predict(tag: Published, answers: Answers) -> Verdict:
    """Predict, then build: files/one-platform for a 32-bit Raspberry Pi (ARMv7), pushed as $REGISTRY/build-test:pi."""
    index = tag.index
    if index is None:
        return unpublished(tag)
    if index.platforms != {PI}:
        return Problem(NOT_FOR_THE_PI, found=listed(index.platforms), wanted=PI, ref=index.reference)
    return _compared(answers, index) or Proof(
        AS_PREDICTED, ref=index.reference, platform=PI, digest=short(index.images[0].digest)
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
