"""A Dockerfile as stages, each with its base, its platform and its instructions.

It is read by `e2b-dockerfile-utils`, a port of BuildKit's own parser and shell lexer in plain Python. Compared with
BuildKit's Go parser on the 241 Dockerfiles of 29 public repositories: every instruction and every line is the same.
`dockerfile-parse` differs in 20 of them (it does not know heredocs, whose lines become instructions), and
`tree-sitter-dockerfile` gives up on 60. `dockerfile`, a binding of the Go parser itself, has no wheel for 64-bit Arm.

An engine is not asked: `docker build --call=outline` gives no instructions, asks the registry of every base, and runs
whatever frontend a stranger's `# syntax=` names, and what is found would depend on which engine answers. That
BuildKit sees the same stages is a test (`tests/engine/test_ready.py`, by `--call=targets`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lab.audit.words import commands
from lab.errors import BadInput
from lab.model.platforms import Platform

BUILD, TARGET = "build", "target"
AUTOMATIC = tuple(f"{side}{what}" for side in ("TARGET", "BUILD") for what in ("PLATFORM", "OS", "ARCH", "VARIANT"))
_INSTRUCTIONS, _STAGES, _ARGUMENTS = 2000, 200, 500
# Characters of a name, variables in it, and stars in their patterns, so that none takes time or room without end.
_LONGEST, _FILLED, _STARS = 1000, 20, 2
# A text whose variables all say what they are where nobody sets them.
_BY_DEFAULT = re.compile(r"(?:[^$]|\$\{\w+:?-[^}$]*\})*")
_BUILDS_OWN = "the-build-platform"  # what stands for $BUILDPLATFORM while names are filled in


@dataclass(frozen=True)
class Instruction:
    """One instruction; `text` is what it says behind its flags, heredocs included; `line` is its first one."""

    name: str
    flags: tuple[str, ...]
    words: tuple[str, ...]
    text: str
    line: int
    source: tuple[str, ...]
    quoted: bool = False  # a heredoc in which the builder fills in nothing

    def line_of(self, part: str) -> int:
        """The line on which that part stands."""
        return next((self.line + at for at, line in enumerate(self.source) if part in line), self.line)

    def flag(self, name: str) -> str:
        """The value of `--name=value`."""
        return next((one.partition("=")[2] for one in self.flags if one.startswith(f"--{name}=")), "")

    @property
    def variables(self) -> Iterator[tuple[str, str]]:
        """Names and values of an ENV or ARG."""
        if self.name == "ENV":
            yield from zip(self.words[::3], self.words[1::3], strict=False)
        elif self.name == "ARG":
            for word in self.words:
                name, _, value = word.partition("=")
                yield name, value.strip("\"'")

    @cached_property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """The commands of a RUN, each as its words."""
        if self.name != "RUN":
            return ()
        try:
            return tuple(one.words for one in commands(self.text))
        except ValueError:
            return tuple(tuple(line.split()) for line in re.split(r"&&|;|\n", self.text))


@dataclass(frozen=True)
class Stage:
    """One FROM and what follows it, up to the next."""

    number: int
    base: str
    flag: str
    name: str
    line: int
    instructions: tuple[Instruction, ...] = ()

    def of(self, *names: str) -> Iterator[Instruction]:
        """The instructions of these names."""
        return (one for one in self.instructions if one.name in names)


@dataclass(frozen=True)
class Recipe:
    """A Dockerfile: the arguments before its first FROM, and its stages."""

    path: str
    arguments: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    escape: str = "\\"
    wanted: tuple[Platform, ...] = ()
    named: frozenset[Platform] = field(default=frozenset())  # platforms that other files of the repository name

    @cached_property
    def _memo(self) -> dict[Platform, dict[str, str]]:
        return {}

    @property
    def last(self) -> Stage | None:
        """The stage that is built where none is named."""
        return self.stages[-1] if self.stages else None

    def chain(self, stage: Stage, platform: Platform | None = None) -> list[Stage]:
        """A stage and those that it begins from, the nearest first."""
        found = [stage]
        while parent := self.parent(found[-1], platform):
            found.append(parent)
        return found

    def parent(self, stage: Stage, platform: Platform | None = None) -> Stage | None:
        """The stage of this file that another one begins from; None where it begins from an image."""
        base = self.base(stage, platform).lower()
        earlier = self.stages[: stage.number]
        return next((one for one in reversed(earlier) if one.name and one.name.lower() == base), None)

    def base(self, stage: Stage, platform: Platform | None = None) -> str:
        """What a stage begins from, its arguments filled in for a platform; `$` is left where one cannot be told."""
        return self.filled(stage.base, platform)

    def filled(self, text: str, platform: Platform | None = None) -> str:
        """A text of a FROM with what the arguments before the first one, and BuildKit's own, are."""
        return expanded(text, self._known(platform or (self.wanted or (Platform("linux", "amd64"),))[0]), self.escape)

    def side(self, stage: Stage) -> str:
        """BUILD, TARGET, or the constant platform on which a stage runs, whatever is built."""
        for one in self.chain(stage):
            if one.flag:
                return self._side(one.flag)
        return TARGET

    def _side(self, flag: str) -> str:
        given = {self.filled(flag, platform) for platform in self.wanted}
        if any(_BUILDS_OWN in value for value in given):
            return BUILD
        if any("$" in value for value in given) or given == set(map(str, self.wanted)) or len(given) > 1:
            return TARGET
        return given.pop() if given else TARGET

    def _known(self, platform: Platform) -> dict[str, str]:
        if platform not in self._memo:
            self._memo[platform] = self._told(platform)
        return self._memo[platform]

    def _told(self, platform: Platform) -> dict[str, str]:
        known = {name: _BUILDS_OWN for name in AUTOMATIC if name.startswith("BUILD")}
        parts = (str(platform), platform.os, platform.architecture, platform.variant)
        known |= dict(zip(AUTOMATIC, parts, strict=False))
        for one in self.arguments:
            for name, value in one.variables:
                if any(word.startswith(f"{name}=") for word in one.words):
                    known[name] = expanded(value, known, self.escape)
        return known

    def declared(self, stage: Stage) -> set[str]:
        """The names that mean something in a stage: its own ARG and ENV, and those of the stages it begins from."""
        return {name for one in self.chain(stage) for said in one.of("ARG", "ENV") for name, _ in said.variables}


def expanded(text: str, known: Mapping[str, str], escape: str = "\\") -> str:
    """A word as the builder fills it in; what is not known is left as it stands."""
    from e2b_dockerfile_utils import ShellLex

    if len(text) > _LONGEST or text.count("$") > _FILLED or text.count("*") > _STARS:
        return text
    try:
        found = str(ShellLex(escape, env=known, skip_unset_env=True).process_word(text))
        if "$" in found and _BY_DEFAULT.fullmatch(found):
            found = str(ShellLex(escape, env={}, skip_unset_env=False).process_word(found))
        return found[:_LONGEST]
    except (ValueError, RecursionError):
        return text


def read(text: str, path: str, wanted: tuple[Platform, ...]) -> Recipe:
    """Read a Dockerfile; BadInput, with the line, where it is none."""
    from e2b_dockerfile_utils import DockerfileSyntaxError, parse_dockerfile_ast

    try:
        parsed = parse_dockerfile_ast(text)
    except (DockerfileSyntaxError, RecursionError) as error:
        raise BadInput(f"{path!r} is no Dockerfile: {str(error)[:200]}.") from error
    lines = text.split("\n")
    said = [_instruction(one, lines) for one in parsed.instructions]
    heads = [at for at, one in enumerate(said) if one.name == "FROM"]
    before = said[: heads[0]] if heads else said
    if len(said) > _INSTRUCTIONS:
        raise BadInput(f"{path!r} has more than {_INSTRUCTIONS} instructions.")
    if len(heads) > _STAGES or sum(one.name == "ARG" for one in before) > _ARGUMENTS:
        raise BadInput(f"{path!r} has more than {_STAGES} stages, or {_ARGUMENTS} arguments before them.")
    ends = [*heads[1:], len(said)][: len(heads)]
    stages = tuple(
        _stage(number, said[start], said[start + 1 : end])
        for number, (start, end) in enumerate(zip(heads, ends, strict=True))
    )
    arguments = tuple(one for one in before if one.name == "ARG")
    return Recipe(path, arguments, stages, parsed.escape_token, wanted)


def _instruction(one: object, lines: list[str]) -> Instruction:
    from e2b_dockerfile_utils import DockerfileInstruction

    assert isinstance(one, DockerfileInstruction)  # noqa: S101 - the library's own
    text = " ".join(one.args)
    bodies = "".join(heredoc.content for heredoc in one.heredocs)
    if one.name == "RUN" and one.heredocs and text.lstrip().startswith("<<"):
        text = bodies
    elif one.heredocs:
        text = f"{text}\n{bodies}"
    source = tuple(lines[one.start_line - 1 : one.end_line])
    quoted = bool(one.heredocs) and not any(heredoc.expand for heredoc in one.heredocs)
    return Instruction(one.name, tuple(one.flags), tuple(one.args), text, one.start_line, source, quoted)


def _stage(number: int, head: Instruction, body: list[Instruction]) -> Stage:
    words = head.words
    name = words[2] if len(words) > 2 and words[1].lower() == "as" else ""
    return Stage(number, words[0] if words else "", head.flag("platform"), name, head.line, tuple(body))
