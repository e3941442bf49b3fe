"""Lesson 4."""

from lab.course import emulation as lesson
from lab.course._mismatch import NO_CONTAINER
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from ways import Ways

A = lesson.ANSWERS
BUILD = "docker build --quiet files/emulation -t $REGISTRY/emulated --push"
LOOP = "for i in 1 2 3; do true; done"
RUN = "docker run --rm --platform"
THERE = "$([ $OTHER = linux/arm64 ] && echo aarch64 || echo x86_64)"  # what the other machine answers
FOUND = lesson.spot_emulation.solution
BELL_FILE = "files/emulation/bell/Dockerfile"
BELL = "docker build -q -t $REGISTRY/bell --push files/emulation/bell"
# The same line, run by the builder's own platform.
IN_A_STAGE = f"""cat > {BELL_FILE} <<'END'
FROM --platform=$BUILDPLATFORM busybox:1.38 AS made
ARG TARGETARCH
COPY ring-$TARGETARCH /usr/bin/ring
RUN chmod 755 /usr/bin/ring
FROM busybox:1.38
COPY --from=made /usr/bin/ring /usr/bin/ring
CMD ["ring"]
END
"""

WAYS = {
    "let_emulators_in": Ways(
        other="lab up --emulators --no-emulators; lab up --emulators",
        wrong=[
            ("lab up --no-emulators", lesson.NO_EMULATOR),
            ("lab emulators", lesson.NO_EMULATOR),
            ("lab up --emulators; false", COMMAND_FAILED),
            ("( lab up --emulators ) >/dev/null 2>&1; lab up --no-emulators", lesson.NO_EMULATOR),
        ],
    ),
    "run_emulated": Ways(
        other="docker run --rm --platform=$OTHER --entrypoint /bin/uname busybox:1.38 -a",
        wrong=[
            ("docker run --rm --platform $HERE busybox:1.38 uname -m", lesson.NOT_THE_OTHER),
            ("docker run --rm --platform linux/s390x busybox:1.38 uname -m", lesson.REFUSED),
            (f"echo {THERE}", NO_CONTAINER),
        ],
    ),
    "build_emulated": Ways(
        other="docker buildx build -q --platform=$OTHER -t $REGISTRY/emulated --output type=registry files/emulation",
        wrong=[
            (BUILD, lesson.NOT_BUILT_FOR_OTHER),
            (f"{BUILD} --platform $HERE,$OTHER", lesson.NOT_BUILT_FOR_OTHER),
            (f"{BUILD.replace('emulation', 'mismatch', 1)} --platform $OTHER", lesson.NO_RUN_LINE),
            (
                f"echo 'FROM busybox:1.38' | {BUILD.replace('files/emulation', '-')} --platform $OTHER",
                lesson.NO_RUN_LINE,
            ),
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
            (f"echo 'The image {lesson.WARNING}'; docker run --rm busybox:1.38 echo {THERE}", NO_CONTAINER),
        ],
    ),
    "cost": Ways(
        other=f"for p in $OTHER $HERE; do echo $p:; time {RUN} $p busybox:1.38 sh -c '{LOOP}'; done",
        wrong=[
            (f"time {RUN} $OTHER busybox:1.38 sh -c '{LOOP}'", lesson.ONE_MEASUREMENT),
            ("time docker run --rm busybox:1.38 true; time false", lesson.RUNS_AND_TIMES),
            ("time sleep 0.3; time sleep 0.8", lesson.RUNS_AND_TIMES),
            (
                "time docker run --rm busybox:1.38 true; time docker run --rm --platform linux/s390x busybox:1.38 true",
                lesson.ONE_FAILED,
            ),
            (f"for i in 1 2; do time {RUN} $HERE busybox:1.38 true; done", lesson.NOT_NATIVE_AND_EMULATED),
            (
                f"time {RUN} $HERE busybox:1.38 true; time {RUN} $OTHER busybox:1.38 sh -c '{LOOP}'",
                lesson.NOT_THE_SAME,
            ),
        ],
    ),
    "spot_emulation": Ways(
        other=f"""
            for log in ferry mill shop; do
              n=$(grep -n '\\[linux/arm64 [^]]*\\] RUN' files/emulation/$log.log | tail -n 1 | cut -d: -f1)
              if [ "$n" ]; then printf '%s:\\tYes, line %s\\n' $log $((n + 1)); else printf '%s=NO\\n' $log; fi
            done > {A}
        """,
        wrong=[
            (f"{FOUND}; sed -i /^shop/d {A}", ANSWER_MISSING),
            (f"{FOUND}; sed -i 's/^shop .*/shop perhaps/' {A}", lesson.ANSWER_UNCLEAR),
            (f"{FOUND}; sed -i 's/ line .*//' {A}", lesson.LINE_MISSING),
            (f"{FOUND}; sed -i 's/ line .*/ line 1/' {A}", lesson.LINE_WRONG),
            (f"printf '%s yes line 2000\\n' shop mill ferry > {A}", lesson.LINE_WRONG),
            (f"printf 'shop no\\nmill no\\nferry no\\n' > {A}", lesson.MORE_EMULATED),
        ],
        seeds=(1, 2, 3),
    ),
    "mend_bell": Ways(
        other=f"{IN_A_STAGE}{BELL} --platform linux/s390x",
        wrong=[
            (BELL, lesson.NOT_FOR_THE_MAINFRAME),
            (f"sed -i /^RUN/d {BELL_FILE}; {BELL} --platform linux/s390x", lesson.BELL_SILENT),
            (
                f"sed -i 's/^FROM/FROM --platform=$BUILDPLATFORM/' {BELL_FILE}; {BELL} --platform linux/s390x",
                lesson.LABEL_LIES,
            ),
            (f"sed -i '/^RUN/d; /^COPY/d' {BELL_FILE}; {BELL} --platform linux/s390x", lesson.NO_BELL),
        ],
        symptom=("docker build --platform linux/s390x files/emulation/bell", "exec format error"),
    ),
}
