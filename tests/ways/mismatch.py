"""Lesson 3."""

from lab.course import _mismatch
from lab.course import mismatch as lesson
from lab.course._text import ANSWER_MISSING
from ways import Ways

A = lesson.ANSWERS
BUILD = "docker build --quiet files/mismatch"
OTHER = "docker pull --quiet --platform $OTHER $REGISTRY/mismatch:other"
PLAIN = f"{BUILD} --platform $OTHER --provenance=false -t $REGISTRY/mismatch:plain --push"
PLAIN_OTHER = PLAIN.replace(":plain", ":other")
MAINFRAME = f"{BUILD} --platform linux/s390x -t $REGISTRY/mismatch:mainframe --push"
PULLED = "docker pull -q --platform linux/s390x $REGISTRY/mismatch:mainframe"
# Words that these steps look for, from nowhere.
PRETENCE = f"echo 'The image {lesson.WARNING}'; echo 'exec /bin/uname: exec format error'"

KIOSK = "files/mismatch/kiosk"
FOUND = lesson.which_runs.solution

WAYS = {
    "foreign_image": Ways(
        other=f"{BUILD} --platform $OTHER -t $REGISTRY/mismatch:other && docker push -q $REGISTRY/mismatch:other",
        wrong=[
            (f"{BUILD} -t $REGISTRY/mismatch:other --push", lesson.NOT_THE_OTHER),
            (f"{BUILD} --platform $HERE,$OTHER -t $REGISTRY/mismatch:other --push", lesson.NOT_THE_OTHER),
        ],
    ),
    "plain_pull": Ways(
        other="docker create --pull always $REGISTRY/mismatch:other",
        wrong=[
            (OTHER, lesson.PLATFORM_NAMED),
            ("docker pull -q busybox:1.38; docker image ls", lesson.NOT_PULLED),
            ("echo 'no matching manifest for linux/amd64 in the manifest list entries'", lesson.NOT_PULLED),
            ("docker pull $REGISTRY/mismatch:other >/dev/null 2>&1", lesson.NO_MATCH_UNSEEN),
            (f"docker pull $REGISTRY/mismatch:other; {PLAIN_OTHER}", lesson.PULL_FAILED),
        ],
        spoils=("foreign_image",),
    ),
    "see_warning": Ways(
        other=f"{PLAIN}; docker run --rm --pull always --entrypoint uname $REGISTRY/mismatch:plain -m",
        wrong=[
            (f"{PLAIN}; docker run --rm --platform $OTHER $REGISTRY/mismatch:plain", lesson.NO_WARNING),
            (f"{PLAIN}; docker run --rm $REGISTRY/mismatch:plain 2>&1 | grep WARNING", lesson.NOTHING_RAN),
            (f"{PLAIN}; docker run --rm busybox:1.38 uname -m", lesson.NO_WARNING),
            (
                f"{PLAIN}; {BUILD} --platform $OTHER -t $REGISTRY/mismatch:other --push; {OTHER}; docker run --rm $REGISTRY/mismatch:other",
                _mismatch.NO_CONTAINER,
            ),
            (f"{PLAIN}; {PRETENCE}", _mismatch.NO_CONTAINER),
            (f"{BUILD} --platform $OTHER -t $REGISTRY/mismatch:plain --push", lesson.STILL_A_LIST),
            (f"{PLAIN} --platform $HERE", lesson.NOT_THE_OTHER),
        ],
    ),
    "see_exec_format_error": Ways(
        other=f"{MAINFRAME}; {PULLED}; docker run --rm $REGISTRY/mismatch:mainframe uname -m || docker image ls",
        wrong=[
            (
                f"{BUILD} -t $REGISTRY/mismatch:mainframe --push; docker run --rm $REGISTRY/mismatch:mainframe",
                lesson.NOT_THE_MAINFRAME,
            ),
            (f"{MAINFRAME}; docker run --rm --platform linux/s390x $REGISTRY/mismatch:mainframe", lesson.NO_WARNING),
            (f"{MAINFRAME}; docker run --rm $REGISTRY/mismatch:mainframe 2>&1 | grep WARN", lesson.NO_FORMAT_ERROR),
            (f"{MAINFRAME}; {PRETENCE}", _mismatch.NO_CONTAINER),
        ],
    ),
    "say_platform": Ways(
        other="DOCKER_DEFAULT_PLATFORM=$OTHER docker run --rm $REGISTRY/mismatch:other",
        wrong=[
            (f"{OTHER}; docker run --rm $REGISTRY/mismatch:other", lesson.WARNED_ALL_THE_SAME),
            ("docker run --rm --platform linux/386 $REGISTRY/mismatch:other", lesson.NO_OUTCOME),
            ("docker run --rm --platform $OTHER busybox:1.38 uname -m", _mismatch.NO_CONTAINER),
            ("echo 'exec /bin/uname: exec format error'", _mismatch.NO_CONTAINER),
        ],
    ),
    "which_runs": Ways(
        other=f"""
            for c in blue green red; do
              docker buildx imagetools inspect $REGISTRY/puzzle:$c | awk -v c=$c '
                /Name:.*@/ {{ sub(/.*@/, "", $2); d = $2 }}
                /Platform:/ && !/unknown/ {{ print toupper(c) ":\t" d ", " $2; if ($2 == ENVIRON["HERE"]) print "runs = " c }}'
            done > {A}
        """,
        wrong=[
            (f"{FOUND}; sed -i /^red/d {A}", ANSWER_MISSING),
            (f"{FOUND}; sed -i 's/^red [^ ]*/red x86/' {A}", lesson.ANSWER_UNREADABLE),
            (f"{FOUND}; sed -i 's/ [0-9a-f]*$//; s/^runs.*/runs red/' {A}", lesson.DIGEST_MISSING),
            (f"{FOUND}; sed -i -E 's/^(red [^ ]+).*/\\1 deadbeefcafe/' {A}", lesson.DIGEST_WRONG),
            (f"{FOUND}; sed -i 's/^red [^ ]*/red linux\\/386/' {A}", lesson.ANSWER_WRONG),
            (f"{FOUND}; c=$(awk '/s390x/ {{print $1}}' {A}); sed -i \"s/^runs.*/runs $c/\" {A}", lesson.RUNS_WRONG),
            (f"{FOUND}; sed -i 's/^runs.*/runs pink/' {A}", lesson.RUNS_UNKNOWN),
        ],
        seeds=(1, 2, 3),
    ),
    "mend_kiosk": Ways(
        other=f"docker build -q --platform $HERE,$OTHER -t $REGISTRY/kiosk --push {KIOSK}",
        wrong=[
            (
                f"docker build -q --platform $OTHER --label again=yes -t $REGISTRY/kiosk --push {KIOSK}",
                lesson.STILL_REFUSED,
            ),
            (
                f"docker build -q --platform $OTHER --provenance=false -t $REGISTRY/kiosk --push {KIOSK}",
                lesson.ONLY_PULLED,
            ),
            (f"docker build -q --platform $HERE -t $REGISTRY/kiosk --push {KIOSK}", lesson.OTHER_LOST),
            (f"{BUILD} --platform $HERE,$OTHER -t $REGISTRY/kiosk --push", lesson.NOT_THE_KIOSK),
        ],
        symptom=("docker run --rm --pull always $REGISTRY/kiosk", lesson.NO_MATCH),
    ),
}
