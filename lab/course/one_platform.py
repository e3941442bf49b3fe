"""What did my build make?"""

from __future__ import annotations

from lab.course._text import failed, first_line
from lab.facts import Index, Machine, Transcript
from lab.made import File, Tag
from lab.platforms import Platform, architectures_in, given, listed
from lab.probes import host, registry
from lab.probes.host import Answers
from lab.steps import Problem, step

ANSWERS = "files/one-platform/answers.txt"
PI = Platform.parse("linux/arm/v7")

NO_PLATFORM = "The tag {ref} offers no platform that a machine can run."
SEVERAL_PLATFORMS = "The tag {ref} offers more than one platform; a plain build makes one."
FOREIGN_PLATFORM = "The tag {ref} is for another platform than this machine's engine."
CONFIG_NOT_SEEN = "What was printed does not name the image's platform."
LIST_NOT_SEEN = "What was printed is not the registry's list for {ref}."
PREDICTION_MISSING = "There is no prediction yet for {name}."
PREDICTED_ROWS = "Your prediction of the number of runnable rows is not what the registry has."
PREDICTED_PLATFORM = "Your prediction of the platform is not what the registry has."
NOT_FOR_THE_PI = "The tag {ref} is not for the Raspberry Pi's platform."


@step(
    host.machine(),
    registry.index("build-test"),
    solution="cd files/one-platform\ndocker build -t $REGISTRY/build-test . --push",
    hints=["A build needs a name for the image, a folder with a Dockerfile, and the wish to push."],
    makes=[Tag("build-test")],
)
def build_test(machine: Machine, index: Index) -> Problem | None:
    """Build files/one-platform with no special options and push it as $REGISTRY/build-test."""
    if not index.platforms:
        return Problem(NO_PLATFORM, found="none", wanted="one platform", ref=index.reference)
    if len(index.platforms) > 1:
        return Problem(SEVERAL_PLATFORMS, found=listed(index.platforms), wanted="one platform", ref=index.reference)
    if index.platforms != {machine.linux}:
        return Problem(FOREIGN_PLATFORM, found=listed(index.platforms), wanted=machine.linux, ref=index.reference)
    return None


@step(
    registry.index("build-test"),
    host.transcript("image_config"),
    solution="docker image inspect $REGISTRY/build-test --format '{{.Os}}/{{.Architecture}}'",
    hints=["Every image has a configuration; the engine shows it."],
    after=[build_test],
)
def image_config(index: Index, printed: Transcript) -> Problem | None:
    """Read in the image's configuration for which platform it is."""
    if problem := failed(printed):
        return problem
    wanted = {platform.architecture for platform in index.platforms}
    if not wanted & architectures_in(printed.output):
        found = first_line(printed)
        return Problem(CONFIG_NOT_SEEN, found=found, wanted="the architecture in the image's configuration")
    return None


@step(
    registry.index("build-test"),
    host.transcript("registry_list"),
    solution="docker buildx imagetools inspect $REGISTRY/build-test\nlab show build-test",
    hints=["The engine knows only its own copy. `imagetools` asks the registry."],
    after=[build_test],
)
def registry_list(index: Index, printed: Transcript) -> Problem | None:
    """Ask the registry which platforms the tag offers."""
    if problem := failed(printed):
        return problem
    digests = {index.digest, *(manifest.digest for manifest in index.manifests)}
    if not any(digest.removeprefix("sha256:")[:12] in printed.output for digest in digests):
        found = first_line(printed)
        return Problem(LIST_NOT_SEEN, found=found, wanted="the digests that the registry has", ref=index.reference)
    return None


@step(
    registry.index("build-test:pi"),
    host.answers(ANSWERS),
    solution=f"""
        printf 'rows 1\\nplatform linux/arm/v7\\n' > {ANSWERS}
        docker build --platform linux/arm/v7 -t $REGISTRY/build-test:pi --push files/one-platform
    """,
    hints=[
        "Does naming a platform add one, or choose one?",
        "A Raspberry Pi with a 32-bit system is 32-bit Arm; its variant is v7.",
        "The option of `docker build` is called like the thing that it chooses.",
    ],
    exercise=True,
    makes=[Tag("build-test:pi"), File(ANSWERS)],
)
def predict(index: Index, answers: Answers) -> Problem | None:
    """Predict, then build: files/one-platform for a 32-bit Raspberry Pi (ARMv7), pushed as $REGISTRY/build-test:pi."""
    if index.platforms != {PI}:
        return Problem(NOT_FOR_THE_PI, found=listed(index.platforms), wanted=PI, ref=index.reference)
    for name in ("rows", "platform"):
        if not answers[name]:
            return Problem(PREDICTION_MISSING, found="nothing", wanted=f"a line `{name} …`", name=name)
    if answers["rows"] != str(len(index.images)):
        return Problem(PREDICTED_ROWS, found=answers["rows"], wanted="the number of rows that a machine can run")
    if given(answers["platform"]) not in index.platforms:
        return Problem(PREDICTED_PLATFORM, found=answers["platform"], wanted="the platform that the registry lists")
    return None
