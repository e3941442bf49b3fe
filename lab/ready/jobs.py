"""What the jobs of GitHub's and GitLab's pipelines build and push, as far as the files say it.

A workflow is read, never run: expressions are filled in from `env` and the matrix where these are written down; what
comes from elsewhere (inputs, outputs, secrets) counts as unknown, and nothing is found in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from lab.audit.words import Command, commands
from lab.model.platforms import Platform, given
from lab.ready.lined import Value, read
from lab.ready.matrix import EXPRESSION, Job, machine, matrix_of, texts, variables

_BUILD_ACTION, _META_ACTION = "docker/build-push-action", "docker/metadata-action"
_STEPS = 200  # of one job


@dataclass(frozen=True)
class Build:
    """One build of an image in a job.

    `platforms` are those that can be told (`told` says whether these are all); `stated` is whether any are written
    down. `spread` is whether a matrix makes several jobs of it, each for its own platform; `tags` and `caches` (text,
    line, whether the matrix makes a difference) are where it writes to.
    """

    job: str
    line: int
    platforms: frozenset[Platform] = frozenset()
    told: bool = True
    stated: bool = True
    stated_line: int = 1
    spread: bool = False
    pushes: bool = False
    by_digest: bool = False
    tags: tuple[str, ...] = ()
    tags_differ: bool = False
    caches: tuple[tuple[str, int, bool], ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """A pipeline's file and the platforms that are wanted."""

    path: str
    builds: tuple[Build, ...]
    wanted: tuple[Platform, ...] = ()


def pipeline(text: str, path: str, wanted: tuple[Platform, ...]) -> Pipeline:
    """Read a workflow, an action, or a pipeline of GitLab's."""
    whole = read(text, path)
    jobs = _github(whole) if whole.get("jobs") or whole.get("runs") else _gitlab(whole)
    return Pipeline(path, tuple(build for job in jobs for build in _builds(job)), wanted)


def _github(whole: Value) -> Iterator[Job]:
    env = variables(whole)
    if whole.get("runs", "steps"):
        yield Job("action", whole.get("runs"), env)
    for name, node in whole.get("jobs").pairs:
        yield Job(name.text, node, {**env, **variables(node)}, matrix_of(node.get("strategy", "matrix")))


def _gitlab(whole: Value) -> Iterator[Job]:
    env = variables(whole, "variables")
    for name, node in whole.pairs:
        if node.get("script"):
            matrix: dict[str, tuple[str, ...]] = {}
            for row in node.get("parallel", "matrix").rows:
                matrix |= {key.text: (*matrix.get(key.text, ()), *texts(value)) for key, value in row.pairs}
            yield Job(name.text, node, {**env, **variables(node, "variables")}, matrix, shell_matrix=True)


def _builds(job: Job) -> Iterator[Build]:
    if job.node.get("script"):
        lines = [one for key in ("before_script", "script") for one in job.node.get(key).texts()]
        yield from _shell(job, lines)
        return
    steps = job.node.get("steps").rows[:_STEPS]
    for step in steps:
        own = Job(job.name, job.node, {**job.env, **variables(step)}, job.matrix)
        if step.get("uses").text.partition("@")[0] == _BUILD_ACTION:
            yield _action(own, step, steps)
    yield from _shell(job, [step.get("run") for step in steps if step.get("run")])


def _action(job: Job, step: Value, steps: list[Value]) -> Build:
    said = step.get("with")
    outputs = said.get("outputs").text
    pushed = said.get("push").text
    tags = said.get("tags").text
    metas = [_text_of(one.get("with")) for one in steps if one.get("uses").text.startswith(_META_ACTION)]
    by_meta = [text for text in metas if "steps." in tags]
    return _build(
        job,
        step.get("uses").line,
        said.get("platforms"),
        pushes=(bool(pushed) and pushed != "false") or "push=true" in outputs or "type=registry" in outputs,
        by_digest="push-by-digest=true" in outputs,
        tags=tuple(tags.split("\n")) if tags else (),
        more=(*by_meta, outputs),
        caches=((said.get("cache-to").text, said.get("cache-to").line),) if said.get("cache-to") else (),
    )


def _text_of(value: Value) -> str:
    return "\n".join(texts(value))


def _build(  # noqa: PLR0913 - each is another option of a build
    job: Job, line: int, platforms: Value, *, pushes: bool, by_digest: bool, tags: tuple[str, ...],
    more: tuple[str, ...], caches: tuple[tuple[str, int], ...],
) -> Build:  # fmt: skip
    texts = [part for text in job.filled(platforms.text) for part in re.split(r"[,\s]+", text) if part]
    if not texts:
        runners = job.filled(job.node.get("runs-on").text)
        texts = [machine(runner) or "?" for runner in runners]
    known = [given(text) for text in texts]
    whole = [job.full(tag.strip()) for tag in tags if tag.strip()]
    return Build(
        job=job.name,
        line=line,
        platforms=frozenset(one for one in known if one),
        told=all(known) and bool(known),
        stated=bool(platforms.text),
        stated_line=platforms.line if platforms else line,
        spread=job.spread,
        pushes=pushes,
        by_digest=by_digest,
        tags=tuple(whole),
        tags_differ=any(job.differs(job.full(text)) for text in (*tags, *more)),
        caches=tuple((text, at, job.differs(job.full(text))) for text, at in caches),
    )


def _shell(job: Job, lines: list[Value]) -> Iterator[Build]:
    said = [(line, command.words) for line in lines for command in _commands(line.text)]
    pushed = any(words[:2] == ("docker", "push") for _, words in said)
    for line, words in said:
        if words[:1] == ("docker",) and "build" in words[1:3] and "imagetools" not in words:
            yield _typed(job, line, words, pushed=pushed)


def _commands(text: str) -> list[Command]:
    try:
        return commands(EXPRESSION.sub(lambda mark: mark[0].replace(" ", ""), text))
    except ValueError:
        return []


def _typed(job: Job, line: Value, words: tuple[str, ...], *, pushed: bool) -> Build:
    def said(*options: str) -> list[str]:
        found = [word.partition("=")[2] for word in words if word.partition("=")[0] in options and "=" in word]
        return found + [after for word, after in pairwise(words) if word in options]

    outputs = " ".join(said("--output", "-o"))
    at = _line_of(line, "build")
    platforms = Value(_Text(",".join(said("--platform")), _line_of(line, "--platform")) if said("--platform") else None)
    return _build(
        job,
        at,
        platforms,
        pushes="--push" in words or "push=true" in outputs or "type=registry" in outputs or pushed,
        by_digest="push-by-digest=true" in outputs,
        tags=tuple(said("-t", "--tag")),
        more=(outputs,),
        caches=tuple((text, _line_of(line, "--cache-to")) for text in said("--cache-to")),
    )


def _line_of(value: Value, part: str) -> int:
    """The line of a script on which a part stands; a block's text begins below its key."""
    before = value.text.partition(part)[0] if part in value.text else ""
    block = getattr(value.node, "style", None) in ("|", ">")
    return value.line + before.count("\n") + (1 if block else 0)


class _Text:
    """A text made of a command's words, with its line, as a node of a document."""

    id = "scalar"

    def __init__(self, value: str, line: int) -> None:
        self.value = value
        self.start_mark = self
        self.line = line - 1
