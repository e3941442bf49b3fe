"""Lesson 5."""

from lab.course import builders as lesson
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from ways import Ways

A = lesson.ANSWERS

WAYS = {
    "buildx_version": Ways(
        other="docker info --format '{{range .ClientInfo.Plugins}}{{.Name}} {{.Version}} {{end}}'",
        wrong=[
            ("docker --version", lesson.NO_VERSION),
            ("docker buildx version; false", COMMAND_FAILED),
        ],
    ),
    "list_builders": Ways(
        other="docker buildx ls --format '{{.Name}} {{.DriverEndpoint}}'",
        wrong=[
            ("docker buildx ls --format '{{.Name}}'", lesson.NOT_ALL_BUILDERS),
            ("docker buildx ls; docker buildx inspect nobody", COMMAND_FAILED),
        ],
    ),
    "inspect_builder": Ways(
        other="docker buildx ls --no-trunc",
        wrong=[
            ("docker buildx ls", lesson.FOLDED),
            ("docker buildx inspect nobody", COMMAND_FAILED),
        ],
    ),
    "can_it_build": Ways(
        other=f"printf 'server-multi-builder: YES\\nlaptop-farm: Unknown\\nlaptop-multi-builder: no\\n' > {A}",
        wrong=[
            (f"echo 'laptop-farm no' >> {A}", ANSWER_MISSING),
            (
                f"printf 'laptop-multi-builder no\\nlaptop-farm maybe\\nserver-multi-builder yes\\n' > {A}",
                lesson.ANSWER_UNCLEAR,
            ),
            (
                f"printf 'laptop-multi-builder no\\nlaptop-farm no\\nserver-multi-builder yes\\n' > {A}",
                lesson.ANSWER_WRONG,
            ),
            (
                f"printf 'laptop-multi-builder unknown\\nlaptop-farm unknown\\nserver-multi-builder yes\\n' > {A}",
                lesson.ANSWER_WRONG,
            ),
        ],
    ),
}
