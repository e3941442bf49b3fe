"""Lesson 7."""

from lab.course import _pushed
from lab.course import multi_platform as lesson
from lab.course._text import COMMAND_FAILED
from ways import Ways

BUILD = "docker buildx build --quiet files/multi-platform -t $REGISTRY/buildx-test"
BOTH = "--platform linux/amd64,linux/arm64"
OTHER = "docker buildx build --quiet files/inside"
EVENTS = "docker buildx build --progress=rawjson --output type=cacheonly"
TEAM = "docker buildx build --quiet files/multi-platform -t $REGISTRY/team"
# Which of the two the tag lacks differs from learner to learner.
LOST = "docker buildx imagetools inspect $REGISTRY/team | grep -q linux/arm64 && lost=amd64 || lost=arm64"
LIE = "printf 'FROM --platform=$BUILDPLATFORM busybox:1.38\\n' | docker buildx build --quiet -t $REGISTRY/buildx-test"

WAYS = {
    "multi_push": Ways(
        # richer than the step asks for, as it is after the exercise
        other=f"{BUILD} --platform linux/amd64 --platform linux/arm64,linux/arm/v7 --output type=image,push=true",
        wrong=[
            (
                f"{BUILD} --platform linux/arm64 --push; {BUILD} --platform linux/amd64 --push",
                lesson.REPLACED,
            ),
            (f"{BUILD} --push", lesson.REPLACED),
            (f"{BUILD} --platform linux/amd64,linux/arm64,linux/riscv64 --push", lesson.TOO_MANY),
            (f"{BUILD} --platform linux/amd64,linux/arm64", _pushed.NOT_PUSHED),
            (f"{OTHER} -t $REGISTRY/buildx-tets {BOTH} --push", _pushed.OTHER_NAME),
            (f"{OTHER} -t $REGISTRY/buildx-test {BOTH} --push", lesson.OTHER_IMAGE),
        ],
    ),
    "load_both": Ways(
        other="docker build --platform linux/arm64 --platform=linux/amd64 -t $REGISTRY/both files/multi-platform",
        wrong=[
            ("docker buildx build --platform $HERE --load -t $REGISTRY/both files/inside", lesson.NO_SUCH_BUILD),
            (f"docker buildx build {BOTH} -t $REGISTRY/both --output type=cacheonly files/inside", lesson.NOT_KEPT),
            (f"docker buildx build {BOTH} -t $REGISTRY/both --load no-such-folder", lesson.OTHER_REFUSAL),
        ],
    ),
    "read_events": Ways(
        other=f"cd files/multi-platform && {EVENTS} --no-cache {BOTH} . > ../../build.json 2>&1",
        wrong=[
            (f"{EVENTS} --platform linux/arm64 files/multi-platform 2> build.json", lesson.ONE_LANE),
            (
                f"{EVENTS} {BOTH} files/multi-platform; {EVENTS} {BOTH} files/multi-platform 2> build.json",
                lesson.ALL_CACHED,
            ),
            (f"{EVENTS} --no-cache {BOTH} files/inside 2> build.json", lesson.OTHER_BUILD),
            (
                f"printf 'FROM busybox:1.38\\nCOPY nothing /\\n' | {EVENTS} --platform linux/amd64,linux/arm64 -f - "
                "files/multi-platform 2> build.json",
                lesson.BUILD_FAILED,
            ),
        ],
    ),
    "registry_rows": Ways(
        other="docker buildx imagetools inspect --raw $REGISTRY/buildx-test",
        wrong=[
            ("docker buildx ls", lesson.REGISTRY_NOT_ASKED),
            ("docker image inspect $REGISTRY/buildx-test", lesson.REGISTRY_NOT_ASKED),
            ("docker buildx imagetools inspect $REGISTRY/buildx-test | grep ^Digest", lesson.LIST_NOT_SEEN),
            ("docker buildx imagetools inspect $REGISTRY/no-such-tag", COMMAND_FAILED),
        ],
    ),
    "true_programs": Ways(
        other="lab audit $REGISTRY/buildx-test",
        wrong=[
            (f"{LIE} --platform linux/amd64,linux/arm64 --push -", lesson.NOT_WHAT_IT_SAYS),
            ("echo I trust it", lesson.LABELS_ONLY),
            ("lab show buildx-test", lesson.LABELS_ONLY),
            ("lab show --programs buildx-test | grep amd64", lesson.NOT_READ),
            ("lab show --programs buildx-test; false", COMMAND_FAILED),
        ],
        spoils=("multi_push",),
    ),
    "run_each": Ways(
        other="for p in arm64 amd64; do docker run --rm --pull always -q --platform $p $REGISTRY/buildx-test uname -m; done",
        wrong=[
            ("docker run --rm --pull always --quiet $REGISTRY/buildx-test", lesson.ONE_ANSWER_ONLY),
            ("docker run --rm --quiet --platform linux/s390x busybox:1.38 uname -m", lesson.FORMAT_ERROR_SEEN),
            (
                "for p in amd64 arm64; do docker run --rm --platform linux/$p busybox:1.38 uname -m; done",
                lesson.NOT_RUN,
            ),
            ("echo x86_64 aarch64", lesson.NOT_RUN),
        ],
    ),
    "add_third": Ways(
        other=f"{BUILD}:v7 --platform linux/arm/v7 --push && docker buildx imagetools create "
        "-t $REGISTRY/buildx-test $REGISTRY/buildx-test $REGISTRY/buildx-test:v7",
        wrong=[
            (f"{BUILD} --platform linux/arm/v7 --push", lesson.LOST_ONE),
            (f"{BUILD} --platform linux/amd64,linux/arm64 --push", lesson.NOT_ADDED),
            (f"{BUILD} --platform linux/amd64,linux/arm64,linux/arm/v7,linux/riscv64 --push", lesson.TOO_MANY),
            (f"{OTHER} -t $REGISTRY/buildx-test {BOTH},linux/arm/v7 --push", lesson.OTHER_IMAGE),
        ],
        symptom=(
            "docker pull --quiet --platform linux/arm/v7 $REGISTRY/buildx-test",
            "no matching manifest for linux/arm/v7",
        ),
    ),
    "mend_team": Ways(
        other=f"for p in amd64 arm64; do {TEAM}:$p --platform linux/$p --push; done; "
        "docker buildx imagetools create -t $REGISTRY/team $REGISTRY/team:amd64 $REGISTRY/team:arm64",
        wrong=[
            (f"{LOST}; {TEAM} --platform linux/$lost --push", lesson.SWAPPED),
            (f"{TEAM} {BOTH}", lesson.STILL_LOST),
            (f"{TEAM} {BOTH},linux/riscv64 --push", lesson.TOO_MANY),
            (f"{OTHER} -t $REGISTRY/team {BOTH} --push", lesson.OTHER_IMAGE),
            (f"{LIE.replace('buildx-test', 'team')} {BOTH} --push -", lesson.NOT_WHAT_IT_SAYS),
        ],
        seeds=(1, 2, 3),
        symptom=(
            "for p in amd64 arm64; do docker pull --quiet --platform linux/$p $REGISTRY/team; done",
            "no matching manifest for linux/",
        ),
    ),
}
