"""Lesson 5."""

from lab.course import builders as lesson
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from ways import Ways

A = lesson.ANSWERS

RIGHT = "laptop-multi-builder no\\nlaptop-farm unknown\\nserver-multi-builder yes\\nlaptop-multi-builder-copy yes\\n"


def answers(old: str = "", new: str = "") -> str:
    """The right answers, one of them changed."""
    return f"printf '{RIGHT.replace(old, new, 1) if old else RIGHT}' > {A}"


WAYS = {
    "buildx_version": Ways(
        other="docker info --format '{{range .ClientInfo.Plugins}}{{.Name}} {{.Version}} {{end}}'",
        wrong=[
            ("docker --version", lesson.NOT_ASKED),
            ("docker info --format '{{.ServerVersion}}'", lesson.NO_VERSION),
            ("docker buildx version; false", COMMAND_FAILED),
        ],
    ),
    "list_builders": Ways(
        other="docker builder ls --format '{{.Name}} {{.DriverEndpoint}}'",
        wrong=[
            ("docker buildx ls --format '{{.Name}}'", lesson.NOT_ALL_BUILDERS),
            ("lab status; echo docker docker-container", lesson.NOT_LISTED),
            ("docker buildx ls; docker buildx inspect nobody", COMMAND_FAILED),
        ],
    ),
    "inspect_builder": Ways(
        other="docker buildx ls --no-trunc",
        wrong=[
            ("docker buildx ls", lesson.FOLDED),
            ("echo linux/amd64 linux/amd64/v2 linux/amd64/v3 linux/amd64/v4", lesson.NOT_INSPECTED),
            ("docker buildx inspect nobody", COMMAND_FAILED),
        ],
    ),
    "can_it_build": Ways(
        other=f"printf '{RIGHT}' | tac | sed 's/ /: /' | tr a-z A-Z > {A}",
        wrong=[
            (f"echo 'laptop-farm no' >> {A}", ANSWER_MISSING),
            (answers("unknown", "maybe"), lesson.ANSWER_UNCLEAR),
            (answers("copy yes", "copy perhaps"), lesson.ANSWER_UNCLEAR),
            (answers("unknown", "no"), lesson.NO_LIST_YET),
            (answers("laptop-multi-builder no", "laptop-multi-builder unknown"), lesson.NOT_IN_THE_LIST),
            (answers("server-multi-builder yes", "server-multi-builder no"), lesson.IN_THE_LIST),
            (answers("copy yes", "copy no"), lesson.COPY_RUNS_NOTHING),
        ],
    ),
}
