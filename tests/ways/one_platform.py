"""Lesson 2."""

from lab.course import one_platform as lesson
from lab.course._pushed import NOT_PUSHED, OTHER_NAME
from lab.course._text import COMMAND_FAILED
from ways import Ways

A = lesson.ANSWERS
BUILD = "docker build --quiet files/one-platform"
PI = f"{BUILD} --platform linux/arm/v7 -t $REGISTRY/build-test:pi --push"
S, E = lesson.SCRIPT, lesson.SETTINGS
MENDED = lesson.mend_nightly.solution.splitlines()[0]
UNSET = "sed -i.bak '/^docker build/i unset DOCKER_DEFAULT_PLATFORM'"
TOLD = lesson.NIGHTLY_STILL_TOLD

WAYS = {
    "build_test": Ways(
        other="docker build -q -t $REGISTRY/build-test files/one-platform && docker push -q $REGISTRY/build-test",
        wrong=[
            (f"{BUILD} -t $REGISTRY/build-test", NOT_PUSHED),
            (f"{BUILD} -t $REGISTRY/bulid-test --push", OTHER_NAME),
            (f"{BUILD} -t build-test", OTHER_NAME),
            (f"{BUILD} --platform $OTHER -t $REGISTRY/build-test --push", lesson.FOREIGN_PLATFORM),
            (f"DOCKER_DEFAULT_PLATFORM=$OTHER {BUILD} -t $REGISTRY/build-test --push", lesson.FOREIGN_PLATFORM),
            (f"{BUILD} --platform $HERE,$OTHER -t $REGISTRY/build-test --push", lesson.SEVERAL_PLATFORMS),
        ],
    ),
    "image_config": Ways(
        other="docker buildx imagetools inspect $REGISTRY/build-test --format '{{json .Image}}'",
        wrong=[
            ("uname -sm", lesson.CONFIG_NOT_READ),
            ("docker version", lesson.CONFIG_NOT_READ),
            ("docker pull -q busybox:1.38; docker image inspect busybox:1.38", lesson.CONFIG_NOT_READ),
            ("docker image inspect $REGISTRY/build-test --format '{{.Os}}'", lesson.CONFIG_NOT_SEEN),
            ("docker image inspect $REGISTRY/no-such-image", COMMAND_FAILED),
        ],
    ),
    "registry_list": Ways(
        other="docker buildx imagetools inspect --raw $REGISTRY/build-test",
        wrong=[
            ("docker image inspect $REGISTRY/build-test", lesson.REGISTRY_NOT_ASKED),
            ("docker image ls --no-trunc", lesson.REGISTRY_NOT_ASKED),
            ("docker buildx imagetools inspect $REGISTRY/build-test | grep Digest:", lesson.LIST_NOT_SEEN),
            ("docker buildx imagetools inspect $REGISTRY/no-such-image", COMMAND_FAILED),
        ],
    ),
    "predict": Ways(
        other=f"printf 'platform:\\tarmhf\\nrows:\\t1\\n' > {A}\n"
        "cd files/one-platform && docker buildx build --platform=linux/arm --push --tag=$REGISTRY/build-test:pi .",
        wrong=[
            (f"{BUILD} -t $REGISTRY/build-test:pi --push; echo rows 1 > {A}", lesson.NOT_FOR_THE_PI),
            (
                f"{BUILD} --platform $HERE,linux/arm/v7 -t $REGISTRY/build-test:pi --push; echo rows 2 > {A}",
                lesson.NOT_FOR_THE_PI,
            ),
            (f"{PI.replace('--push', '')}; echo rows 1 > {A}", NOT_PUSHED),
            (f"{PI.replace(':pi', ':pie')}; echo rows 1 > {A}", OTHER_NAME),
            (f"{PI}; echo 'rows 1' > {A}", lesson.PREDICTION_MISSING),
            (f"{PI}; printf 'rows 1\\nplatform arm\\n' > {A}", lesson.PREDICTED_NO_VARIANT),
            (f"{PI}; printf 'rows 2\\nplatform arm\\n' > {A}", lesson.PREDICTED_ROWS),
            (f"{PI}; printf 'rows 1\\nplatform linux/arm64\\n' > {A}", lesson.PREDICTED_PLATFORM),
        ],
    ),
    "mend_nightly": Ways(
        other=f'{UNSET} {S}\nsed -i.bak "s/--platform [^ \']*/--platform ${{HERE/\\//\\\\/}}/" {E}\nsh {S}',
        wrong=[
            ("docker build --platform $HERE -t $REGISTRY/build-test:nightly --push files/one-platform", TOLD),
            (f"sed -i 's/^DOCKER_DEFAULT.*//' {S}; bash {S}", TOLD),
            (f"{MENDED}; true", lesson.NIGHTLY_NOT_RUN),
            (f"sed -i 's/:nightly/:nightyl/' {S}; {MENDED}; bash {S}", lesson.NIGHTLY_BUILDS_NOTHING),
            (f"{MENDED}; rm files/one-platform/nightly.env; bash {S}; true", lesson.NIGHTLY_ENDS),
        ],
        seeds=(1, 2, 3),
        symptom=(
            'docker buildx imagetools inspect $REGISTRY/build-test:nightly | grep -q "$OTHER" && echo "for another"',
            "for another",
        ),
    ),
}
