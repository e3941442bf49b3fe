"""Lesson 5."""

from lab.course import builders as lesson
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from ways import Ways

A = lesson.ANSWERS
READ = lesson.can_it_build.solution
SCRIPT = lesson.SCRIPT.name
PLAIN = (
    """printf '#!/bin/sh\\ncd "$(dirname "$0")"\\n{line}\\n' > files/builders/build.sh; sh files/builders/build.sh"""
)


def answers(change):
    """The right answers, changed by a sed command: the lines come in the order of the builders' names."""
    return f"{READ}\nsed -i '{change}' {A}"


def script(line):
    """A script with that line in place of the build, and its run."""
    return PLAIN.format(line=line)


# Of the builder with a platform and without, the other node.
OTHER_NODES = f"""{READ}
builder=$(sed -n 's/ yes .*//p' {A}) node=$(sed -n 's/.* yes //p' {A})
other=$(grep -A2 "^$builder " files/builders/team.txt | tail -n 2 | grep -v "_ $node " | awk '{{ print $2 }}')
sed -i "s/ yes .*/ yes $other/" {A}"""

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
            ("docker buildx create --name multi-builder --use; docker buildx ls", lesson.NO_PLATFORMS),
        ],
        spoils=("create_builder",),
    ),
    "can_it_build": Ways(
        other=f"{READ}\ntac {A} | sed 's/\\([a-z-]*\\) \\([a-z]*\\) /\\1:\\t\\2, /' | tr a-z A-Z > {A}.new; mv {A}.new {A}",
        wrong=[
            (f"echo 'anvil no' >> {A}", ANSWER_MISSING),
            (answers("s/unknown/maybe/"), lesson.ANSWER_UNCLEAR),
            (answers("s/only all/only perhaps/"), lesson.ANSWER_UNCLEAR),
            (answers("1s/ [a-z]*$//"), lesson.NO_SUCH_NODE),
            (answers("1s/ [a-z]*$/ default/"), lesson.NO_SUCH_NODE),
            (OTHER_NODES, lesson.WRONG_NODES),
            (answers("s/ yes / no /"), lesson.IN_THE_LIST),
            (answers("s/ no / unknown /"), lesson.NOT_IN_THE_LIST),
            (answers("s/only all/only some/"), lesson.COPY_RUNS_NOTHING),
        ],
        seeds=(1, 2, 3),
    ),
    "mend_script": Ways(
        other=script('docker builder build -t "$REGISTRY/memo" --push ./memo'),
        wrong=[
            (f"sh {SCRIPT}", lesson.STILL_NAMED),
            (script('docker buildx build --builder default -t "$REGISTRY/memo" --push memo'), lesson.STILL_NAMED),
            (
                script('docker buildx use default\\ndocker buildx build -t "$REGISTRY/memo" --push memo'),
                lesson.STAR_MOVED,
            ),
            (script('docker build -t "$REGISTRY/memo" --push memo'), lesson.BUILDS_NOTHING),
            (script('docker buildx build -t "$REGISTRY/memo" --push nowhere'), lesson.SCRIPT_NOT_RUN),
            (script('docker buildx build -t "$REGISTRY/note" --push memo'), lesson.NOT_THE_MEMO),
        ],
        seeds=(1, 2, 6),
        symptom=(f"sh {SCRIPT}", "ERROR: "),  # in the words of buildx; which ones depends on the seed
    ),
}
