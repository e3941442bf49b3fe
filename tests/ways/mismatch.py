"""Lesson 3."""

from lab.course import mismatch as lesson
from lab.course._text import ANSWER_MISSING
from ways import Ways

A = lesson.ANSWERS
BUILD = "docker build --quiet files/mismatch"
OTHER = "docker pull --quiet --platform $OTHER $REGISTRY/mismatch:other"
MAINFRAME = f"{BUILD} --platform linux/s390x -t $REGISTRY/mismatch:mainframe --push"

WAYS = {
    "foreign_image": Ways(
        other=f"{BUILD} --platform $OTHER -t $REGISTRY/mismatch:other && docker push -q $REGISTRY/mismatch:other",
        wrong=[
            (f"{BUILD} -t $REGISTRY/mismatch:other --push", lesson.NOT_THE_OTHER),
            (f"{BUILD} --platform $HERE,$OTHER -t $REGISTRY/mismatch:other --push", lesson.NOT_THE_OTHER),
        ],
    ),
    "see_warning": Ways(
        other=f"{OTHER}; docker run --rm --entrypoint uname $REGISTRY/mismatch:other -m",
        wrong=[
            (f"{OTHER}; docker run --rm --platform $OTHER $REGISTRY/mismatch:other", lesson.NO_WARNING),
            (f"{OTHER}; docker run --rm $REGISTRY/mismatch:other 2>&1 | grep WARNING", lesson.NOTHING_RAN),
            ("docker run --rm busybox:1.38 uname -m", lesson.NO_WARNING),
        ],
    ),
    "see_exec_format_error": Ways(
        other=f"{MAINFRAME}; docker run --rm $REGISTRY/mismatch:mainframe uname -m || docker image ls",
        wrong=[
            (
                f"{BUILD} -t $REGISTRY/mismatch:mainframe --push; docker run --rm $REGISTRY/mismatch:mainframe",
                lesson.NOT_THE_MAINFRAME,
            ),
            (f"{MAINFRAME}; docker run --rm --platform linux/s390x $REGISTRY/mismatch:mainframe", lesson.NO_WARNING),
            (f"{MAINFRAME}; docker run --rm $REGISTRY/mismatch:mainframe 2>&1 | grep WARN", lesson.NO_FORMAT_ERROR),
        ],
    ),
    "say_platform": Ways(
        other="DOCKER_DEFAULT_PLATFORM=$OTHER docker run --rm $REGISTRY/mismatch:other",
        wrong=[
            ("docker run --rm $REGISTRY/mismatch:other", lesson.WARNED_ALL_THE_SAME),
            ("docker run --rm --platform linux/386 $REGISTRY/mismatch:other", lesson.NO_OUTCOME),
        ],
    ),
    "which_runs": Ways(
        other=f"printf 'runs: BLUE\\nblue %s\\ngreen s390x\\nred %s\\n' $HERE $OTHER > {A}",
        wrong=[
            (f"echo 'red linux/386' >> {A}", ANSWER_MISSING),
            (f"printf 'red x86\\ngreen s390x\\nblue %s\\nruns blue\\n' $HERE > {A}", lesson.ANSWER_UNREADABLE),
            (f"printf 'red %s\\ngreen s390x\\nblue %s\\nruns blue\\n' $HERE $OTHER > {A}", lesson.ANSWER_WRONG),
            (f"printf 'red %s\\ngreen s390x\\nblue %s\\nruns red\\n' $OTHER $HERE > {A}", lesson.RUNS_WRONG),
            (f"printf 'red %s\\ngreen s390x\\nblue %s\\nruns pink\\n' $OTHER $HERE > {A}", lesson.RUNS_UNKNOWN),
        ],
    ),
}
