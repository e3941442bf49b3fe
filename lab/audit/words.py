"""The commands in a shell's text, as far as they can be told without running it.

`shlex` splits the words. What is built on it here is small on purpose: only commands that run whatever happens are of
use to an audit, so that all within `if`, `case`, loops, functions and subshells is only marked as `inner`. A whole
parser would say no more, and `bashlex`, the one there is in Python, has had no release since 2023. Source: POSIX,
Shell Command Language, 2.3 (tokens), 2.9 (commands) and 2.10 (grammar)
(https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html).
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OPERATORS = re.compile(r"&&|\|\||;;&?|;&|<<-|<<<|<<|>>|<&|>&|&>|<>|>\||[;&|()<>\n]")
_PUNCTUATION = "();<>|&\n"
_HEREDOC = re.compile(r"<<-?\s*\\?(['\"]?)([A-Za-z_][A-Za-z0-9_]*)\1")
_OPENS = frozenset(("if", "case", "for", "while", "until", "select", "{"))
_CLOSES = frozenset(("fi", "esac", "done", "}"))
_GOES_ON = frozenset(("then", "else", "elif", "do", "in", "!", "time"))
_REDIRECTS = frozenset(("<", ">", ">>", "<&", ">&", "&>", "<>", ">|", "<<", "<<-", "<<<"))
_REMARK = re.compile(r"\s#(?=\s|\Z)")
_LINE, _LONGEST = 2000, 64 << 10
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*|[0-9@*#])(?:(:?[-])([^{}$`]*))?\}|([A-Za-z_]\w*|[0-9@*#]))")
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One simple command. `inner` is one that runs only in some cases; `after` is the operator behind it."""

    words: tuple[str, ...]
    after: str = ""
    inner: bool = False


def commands(text: str) -> list[Command]:
    """The simple commands of a text in their order; ValueError where it is not a shell's, or is too long."""
    if len(text) > _LONGEST:
        raise ValueError(text[:20])
    return list(_Reading(_tokens(_plain(text))).commands())


def functions(text: str) -> frozenset[str]:
    """The names that the text gives to functions of its own."""
    named = re.findall(r"^[ \t]*(?:function[ \t]+([\w-]+)|([\w-]+)[ \t]*\([ \t]*\))", text, re.MULTILINE)
    return frozenset(one or other for one, other in named)


def expanded(word: str, known: Mapping[str, str | None], arguments: tuple[str, ...]) -> list[str] | None:
    """A word with its variables filled in (none, one or several words); None where they cannot be told."""
    if word in ("$@", "$*", "${@}", "${*}"):
        return list(arguments)
    if word in ("${@:1}", "${@:2}", "${@:3}"):
        return list(arguments[int(word[4]) - 1 :])
    if "`" in word or "$(" in word or word.startswith("~"):
        return None
    try:
        whole = _VARIABLE.sub(lambda found: _value(found, known, arguments), word)
    except LookupError:
        return None
    if "$" in whole:
        return None
    alone = _VARIABLE.fullmatch(word)
    return whole.split() if alone else [whole]


def _value(found: re.Match[str], known: Mapping[str, str | None], arguments: tuple[str, ...]) -> str:
    name = found[1] or found[4]
    if name == "@":
        raise LookupError(name)
    if name.isdigit():
        place = int(name)
        if place == 0:
            raise LookupError(name)
        value: str | None = arguments[place - 1] if place <= len(arguments) else ""
    else:
        value = known.get(name, "" if found[2] else None)
    if not value and found[2]:
        return found[3]
    if value is None:
        raise LookupError(name)
    return value


def _plain(text: str) -> str:
    """The text without lines of comment, continued lines joined, and without what is fed to commands."""
    lines: list[str] = []
    ends = ""
    for line in text.replace("\\\n", " ").split("\n"):
        if ends:
            ends = "" if line.strip() == ends else ends
        elif not line.lstrip().startswith("#"):
            lines.append(_without_remark(line) if len(line) < _LINE else line)
            fed = _HEREDOC.search(line)
            ends = fed[2] if fed and "<<<" not in line else ""
    return "\n".join(lines)


def _without_remark(line: str) -> str:
    """A line up to a comment at its end: one that does not stand within quotes."""
    starts = (found.start() for found in _REMARK.finditer(line))
    before = (line[:start] for start in starts)
    return next((part for part in before if not part.count("'") % 2 and not part.count('"') % 2), line)


def _tokens(text: str) -> Iterator[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_PUNCTUATION)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    for token in lexer:
        if token and not token.strip(_PUNCTUATION):
            yield from _OPERATORS.findall(token)
        else:
            yield token


class _Reading:
    """The words as they come, gathered into commands."""

    def __init__(self, tokens: Iterator[str]) -> None:
        self._tokens = tokens
        self._open: list[str] = []
        self._words: list[str] = []
        self._skip = False

    def commands(self) -> Iterator[Command]:
        """Each command, as soon as its end is seen."""
        for part in self._tokens:
            if self._skip:
                self._skip = False
            elif part in _REDIRECTS:
                self._skip = True
            elif part == "(":
                self._paren()
            elif _OPERATORS.fullmatch(part):
                yield from self._end(part)
                if part == ")":
                    self._close()
            else:
                self._word(part)
        yield from self._end("")

    def _paren(self) -> None:
        printed = bool(self._words) and self._words[-1].endswith("$")
        if printed:
            self._words[-1] += "("
        else:
            self._words = []  # the name of a function
        self._open.append("$(" if printed else "(")

    def _close(self) -> None:
        if self._open[-1:] == ["$("]:
            # What that command prints stands for words of this one, which therefore cannot be told.
            self._words = ["$"]
        if self._open[-1:] in (["("], ["$("]):
            self._open.pop()

    def _word(self, token: str) -> None:
        if self._words:
            self._words.append(token)
        elif token in _OPENS:
            self._open.append(token)
            if token in ("for", "case", "select"):
                self._words = ["for"]
        elif token in _CLOSES:
            while self._open and self._open.pop() in ("(", "$("):
                pass
            self._words = [":"]
        elif token not in _GOES_ON:
            self._words.append(token)

    def _end(self, operator: str) -> Iterator[Command]:
        words, self._words = tuple(self._words), []
        if words and words[0] not in (":", "for"):
            yield Command(words, operator, inner=bool(self._open))
