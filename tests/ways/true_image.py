"""Lesson 10."""

from lab.course import _true_rows
from lab.course import true_image as lesson
from ways import Ways

FOLDER = "files/true-image"
BOTH = "--platform linux/amd64,linux/arm64"
BUILD = "docker buildx build --quiet --push"
EVENTS = f"docker buildx build --progress=rawjson --output type=cacheonly {FOLDER}/solo"
LIAR, SOLO, BAKERY, HORN = (
    f"{BUILD} -t $REGISTRY/{name}:2 {FOLDER}/{name}" for name in ("liar", "solo", "bakery", "horn")
)
A = lesson.ANSWERS
EACH = "for name in a b c d e f; do {}; done"


def events(first, second):
    """Both builds of `single_base`, with the platforms in these orders."""
    return f"{EVENTS} --platform {first} 2> amd64-first.json; {EVENTS} --platform {second} 2> arm64-first.json"


AMD_FIRST, ARM_FIRST = "linux/amd64,linux/arm64", "linux/arm64,linux/amd64"


def head(line):
    """Put a line at the head of the Dockerfile of `solo`."""
    return f"sed -i '1i {line}' {FOLDER}/solo/Dockerfile"


def from_(base, folder="solo"):
    """Name another base."""
    return f"sed -i 's|^FROM .*|FROM {base}|' {FOLDER}/{folder}/Dockerfile"


WAYS = {
    "three_witnesses": Ways(
        other="docker buildx imagetools inspect --raw $REGISTRY/liar:1; "
        "docker buildx imagetools inspect $REGISTRY/liar:1 --format '{{json .Image}}'; lab audit $REGISTRY/liar:1",
        wrong=[
            ("lab show liar:1", lesson.ONE_WITNESS),
            (f"(\n{lesson.three_witnesses.solution}\n) > /dev/null", lesson.NOT_HEARD),
        ],
        seeds=(1, 2, 3),
    ),
    "shadow": Ways(
        other=f"sed -i 's/^ARG .*/ARG TARGETOS TARGETARCH/' {FOLDER}/liar/Dockerfile; {LIAR} --platform linux/arm64 "
        "--platform linux/amd64",
        wrong=[
            (f"{LIAR} {BOTH} --build-arg TARGETARCH=arm64", lesson.SAME_PROGRAM),
            (f"{LIAR} --platform linux/amd64", _true_rows.LOST_ONE),
        ],
        seeds=(1, 2, 3),
        symptom=(f"{LIAR} {BOTH}; lab audit $REGISTRY/liar:2", "exec format error"),
    ),
    "single_base": Ways(
        other=f"{head('# check=error=true')}; {events(AMD_FIRST, ARM_FIRST)}",
        wrong=[
            (events(AMD_FIRST, ARM_FIRST), lesson.ONLY_WARNED),
            (f"{head('# check=error=true')}; {events(ARM_FIRST, ARM_FIRST)}", lesson.SAME_ORDER),
            (f"{head('# check=error=true')}; {events(AMD_FIRST, AMD_FIRST)}", lesson.NOT_CHECKED),
        ],
    ),
    "change_base": Ways(
        other=f"cat > {FOLDER}/solo/Dockerfile <<'END'\n#check=error=1\nFROM busybox:1.38 AS shell\nFROM shell\n"
        f'COPY note.txt /note.txt\nENTRYPOINT ["/bin/cat", "/note.txt"]\nEND\n{SOLO} {BOTH}',
        wrong=[
            (f"{head('# check=skip=all;error=true')}; {SOLO} {BOTH}", lesson.SILENCED),
            (f"{from_('busybox:1.38')}; {SOLO} {BOTH}", lesson.NOT_AN_ERROR),
            (f"{head('# check=error=true')}; {SOLO} {BOTH}", _true_rows.NOT_WHAT_IT_SAYS),
        ],
        symptom=(f"{SOLO} {BOTH}; lab audit $REGISTRY/solo:2", "exec format error"),
    ),
    "pinned_child": Ways(
        other="digest=$(docker buildx imagetools inspect --raw $REGISTRY/base:1 | sha256sum | cut -c-64); "
        f"{from_('$REGISTRY/base@sha256:$digest', 'bakery').replace(chr(39), chr(34))}; {BAKERY} {BOTH}",
        wrong=[
            (f"{BAKERY} {BOTH}", lesson.STILL_ONE_ROW),
            (f"sed -i s/@sha256:.*// {FOLDER}/bakery/Dockerfile; {BAKERY} {BOTH}", lesson.NOT_PINNED),
            (f"{from_('busybox:1.38', 'bakery')}; {BAKERY} {BOTH}", lesson.OTHER_BASE),
        ],
        seeds=(1, 2, 3),
        symptom=(f"{BAKERY} {BOTH}; lab audit $REGISTRY/bakery:2", "exec format error"),
    ),
    "right_but_dead": Ways(
        other=f"cat > {FOLDER}/horn/Dockerfile <<'END'\nFROM scratch\nARG TARGETARCH\n"
        'COPY --chmod=755 horn-static-${TARGETARCH} /usr/bin/horn\nCMD ["/usr/bin/horn"]\nEND\n' + f"{HORN} {BOTH}",
        wrong=[
            (f"{HORN} {BOTH}", lesson.SAME_FAULT),
            (f"sed -i 's/^CMD.*/CMD exec horn/' {FOLDER}/horn/Dockerfile; {HORN} {BOTH}", lesson.SAME_FAULT),
        ],
        symptom=(f"{HORN}; docker run --rm --pull always --quiet $REGISTRY/horn:2", "no such file or directory"),
    ),
    "line_up": Ways(
        other=lesson.line_up.solution.replace("both|dead", "index|config"),
        wrong=[
            (f"{EACH.format('echo $name both')} > {A}", lesson.NO_WITNESS),
            (f"{EACH.format('echo $name both 1234567')} > {A}", lesson.VERDICTS_WRONG),
            (
                EACH.format(
                    "docker buildx imagetools create -t $REGISTRY/lineup:$name --annotation index:a=b "
                    "$REGISTRY/lineup:$name; echo $name both 1234567 >> answers"
                )
                + f"; mv answers {A}",
                lesson.CHANGED_A_GOOD_ONE,
            ),
        ],
        seeds=(1, 2, 3),
    ),
}
