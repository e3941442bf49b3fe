"""Lesson 4."""

from lab.course import emulation as lesson
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from ways import Ways

A = lesson.ANSWERS
BUILD = "docker build --quiet files/emulation -t $REGISTRY/emulated --push"
LOOP = "for i in 1 2 3; do true; done"

WAYS = {
    "let_emulators_in": Ways(
        other="lab up --emulators --no-emulators; lab up --emulators",
        wrong=[
            ("lab up --no-emulators", lesson.NO_EMULATOR),
            ("lab emulators", lesson.NO_EMULATOR),
            ("lab up --emulators; false", COMMAND_FAILED),
        ],
    ),
    "run_emulated": Ways(
        other="docker run --rm --platform=$OTHER --entrypoint /bin/uname busybox:1.38 -a",
        wrong=[
            ("docker run --rm busybox:1.38 uname -m", lesson.NOT_THE_OTHER),
            ("docker run --rm --platform linux/s390x busybox:1.38 uname -m", lesson.REFUSED),
        ],
    ),
    "build_emulated": Ways(
        other="docker buildx build -q --platform=$OTHER -t $REGISTRY/emulated --output type=registry files/emulation",
        wrong=[
            (BUILD, lesson.NOT_BUILT_FOR_OTHER),
            (f"{BUILD} --platform $HERE,$OTHER", lesson.NOT_BUILT_FOR_OTHER),
        ],
    ),
    "warning_stays": Ways(
        other="docker pull -q --platform $OTHER $REGISTRY/emulated; docker run --rm $REGISTRY/emulated uname -a",
        wrong=[
            ("docker run --rm --platform $OTHER $REGISTRY/emulated", lesson.NO_WARNING),
            (
                "docker pull -q --platform $OTHER $REGISTRY/emulated; docker run --rm $REGISTRY/emulated true",
                lesson.WARNED_BUT_SILENT,
            ),
        ],
    ),
    "cost": Ways(
        other=f"for p in $HERE $OTHER; do echo $p:; time docker run --rm --platform $p busybox:1.38 sh -c '{LOOP}'; done",
        wrong=[
            (f"time docker run --rm --platform $OTHER busybox:1.38 sh -c '{LOOP}'", lesson.ONE_MEASUREMENT),
            (
                "time docker run --rm busybox:1.38 true; time docker run --rm --platform linux/s390x busybox:1.38 true",
                lesson.ONE_FAILED,
            ),
        ],
    ),
    "spot_emulation": Ways(
        other=f"printf 'ferry: NO\\nshop: no\\nmill: Yes\\n' > {A}",
        wrong=[
            (f"echo 'mill yes' >> {A}", ANSWER_MISSING),
            (f"printf 'shop perhaps\\nmill yes\\nferry no\\n' > {A}", lesson.ANSWER_UNCLEAR),
            (f"printf 'shop no\\nmill yes\\nferry yes\\n' > {A}", lesson.ANSWER_WRONG),
            (f"printf 'shop yes\\nmill yes\\nferry no\\n' > {A}", lesson.ANSWER_WRONG),
        ],
    ),
}
