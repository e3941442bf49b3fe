"""What a shell's text starts: the commands that run whatever happens, and the last `exec "$@"`."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from lab.audit.words import ASSIGNMENT, Command, commands, expanded, functions
from lab.layers import Script

if TYPE_CHECKING:
    from lab.audit.start import Following, Scene

_TESTS = frozenset(
    "[ [[ test command which type hash grep pgrep true false : id getent cmp diff mountpoint nc curl wget".split()
)
_BUILTINS = frozenset(
    ". : [ [[ alias bg bind break builtin caller cd command compgen complete continue declare dirs disown echo enable"
    " eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd"
    " pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit umask"
    " unalias unset wait".split()
)
_ENDS = frozenset(("exit", "return"))
_SOURCE = frozenset((".", "source"))
_NAMING = frozenset(("export", "readonly", "declare", "local", "typeset"))
# What a busybox does itself when it is the shell, whether or not there is a link of that name.
_APPLETS = frozenset(
    "awk basename cat chmod chown clear cp cut date dd df dirname du env expr find free grep gunzip gzip head hostname"
    " httpd id install kill ln ls mkdir mktemp mv nc netstat nice nohup nproc od ping ps readlink realpath rm rmdir sed"
    " seq setsid sh sleep sort stat stty su sync tail tar tee timeout top touch tr tty uname uniq vi watch wc wget"
    " which who whoami xargs yes".split()
)


class Shell:
    """A shell that reads a text. `name` is what it is called by; `boxed` is whether it is a busybox."""

    def __init__(self, following: Following, name: str, *, boxed: bool = False) -> None:
        self._following = following
        self._name = name
        self._boxed = boxed
        self._stop_at_errors = False
        self._sourced = False
        self._given = ""
        self._functions: frozenset[str] = frozenset()
        self._me = ""

    def run(self, words: tuple[str, ...], scene: Scene) -> None:
        """A shell's own command line: its options, then a text after -c, or a file."""
        rest, text = self._options(words[1:])
        if text and rest:
            self.text(rest[0], rest[2:], scene)
        elif rest and rest[0]:
            self._file(rest[0], rest[1:], scene)

    def text(self, text: str, arguments: tuple[str, ...], scene: Scene) -> None:
        """The commands of a text."""
        if not self._following.readable(text):
            return
        try:
            found = commands(text)
        except ValueError:
            # Where the whole cannot be read, its last line mostly can.
            last = text.rstrip().rpartition("\n")[2]
            found = _or_none(last) if last.lstrip().startswith("exec ") else []
        self._functions = functions(text)
        if not self._commands(found, arguments, scene):
            self._last(found, arguments, scene)

    def _options(self, words: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
        rest, text = list(words), False
        while rest and rest[0][:1] in ("-", "+") and len(rest[0]) > 1:
            word = rest.pop(0)
            if word == "--":
                break
            if word.startswith("--"):
                rest = rest[1:] if word in ("--rcfile", "--init-file") else rest
                continue
            text = text or "c" in word
            self._stop_at_errors = self._stop_at_errors or (word[0] == "-" and "e" in word)
            rest = rest[1:] if word[-1] in "oO" else rest
        return tuple(rest), text

    def _file(self, word: str, arguments: tuple[str, ...], scene: Scene) -> None:
        from lab.audit.start import PROGRAM, Lacking

        try:
            file = self._following.file(word, scene)
        except LookupError:
            return
        if file is None:
            self._following.lack(Lacking(word, PROGRAM, self._name))
        elif isinstance(file, Script) and self._following.first(file.path, arguments):
            self._me = file.path
            self.text(file.text, arguments, scene)

    def _commands(self, found: list[Command], arguments: tuple[str, ...], scene: Scene) -> bool:
        """Go through them; true where one took the shell's place, or ended it."""
        doubtful = False
        for number, command in enumerate(found):
            if command.inner or doubtful:
                scene = _unknown(command, scene)
                if command.words[:2] == ("set", "--") and arguments:
                    # Where CMD holds options, or a file, a script puts the program before it.
                    self._given = arguments[0]
            else:
                words, scene = self._words(command, arguments, scene)
                if words and words[0] == "set" and "--" in words:
                    arguments = words[words.index("--") + 1 :]
                elif words and words[0] == "shift":
                    arguments = arguments[int(words[1]) if words[1:] and words[1].isdigit() else 1 :]
                elif words:
                    scene, ended = self._one(command, words, scene, last=number == len(found) - 1)
                    if ended:
                        return True
            doubtful = self._doubtful(command, doubtful=doubtful)
        return False

    @staticmethod
    def _doubtful(command: Command, *, doubtful: bool) -> bool:
        """Does the next command run in some cases only?"""
        if command.inner:
            return False
        name = next((word for word in command.words if not ASSIGNMENT.match(word)), "")
        return command.after == "||" or (command.after == "&&" and (doubtful or name in _TESTS or "$" in name))

    def _words(self, command: Command, arguments: tuple[str, ...], scene: Scene) -> tuple[tuple[str, ...], Scene]:
        """A command's words with its variables filled in; none where its name cannot be told."""
        known = dict(scene.env)
        words: list[str] = []
        for number, word in enumerate(command.words):
            filled = self._filled(word, known, arguments)
            given = ASSIGNMENT.match(word)
            if given and not words:
                value = filled[0][len(given[1]) + 1 :] if filled else None
                known[given[1]] = value
            elif filled is None and not [one for one in words if one != "exec"]:
                return (), replace(scene, env=known) if number == 0 else scene
            else:
                words += filled if filled is not None else [word]
        return tuple(words), scene if words else replace(scene, env=known)

    def _filled(self, word: str, known: dict[str, str | None], arguments: tuple[str, ...]) -> list[str] | None:
        if self._me:
            for written in ("$(dirname $0)", "$(dirname -- $0)", "${0%/*}"):
                word = word.replace(written, posixpath.dirname(self._me))
        return expanded(word, known, arguments)

    def _one(self, command: Command, words: tuple[str, ...], scene: Scene, *, last: bool) -> tuple[Scene, bool]:
        """One command that is reached for sure; the scene after it, and whether it was the last."""
        name = words[0]
        if name in _ENDS:
            return scene, True
        if name == "exec" and len(words) > 1 and not words[1].isdigit():
            self._start(_behind(words), scene)
            return scene, True
        if name == "cd":
            return _moved(words, scene), False
        if name == "set":
            self._stop_at_errors = self._stop_at_errors or any(w.startswith("-") and "e" in w for w in words[1:])
        elif name in _SOURCE:
            self._sourced = True
        elif name in _NAMING:
            return replace(scene, env={**scene.env, **_named(words)}), False
        elif name not in _BUILTINS and name not in self._functions and self._counts(command, name, last=last):
            self._start(words, scene)
        return scene, False

    def _counts(self, command: Command, name: str, *, last: bool) -> bool:
        """Does the container fail where this command cannot be started?"""
        if command.after == "||" or name in _TESTS:
            return False
        return last or self._stop_at_errors or command.after in ("&&", "|") or (command.after == "&" and "/" in name)

    def _start(self, words: tuple[str, ...], scene: Scene) -> None:
        from lab.audit.start import Asked

        if not words or any(sign in words[0] for sign in "*?${}`"):
            return
        own = words[0] in _BUILTINS or words[0] in self._functions or (self._boxed and words[0] in _APPLETS)
        asked = Asked(self._name, bare=not (self._sourced or own), sure=words[0] != self._given)
        self._following.command(words, scene, asked)

    def _last(self, found: list[Command], arguments: tuple[str, ...], scene: Scene) -> None:
        """A script's last `exec "$@"`, also within a function or a case: it is what an image's CMD comes to."""
        last = next((one for one in reversed(found) if one.words[0] == "exec" and len(one.words) > 1), None)
        if last is None or not last.inner or not {"$@", "${@}", "$*"} & set(last.words) or not arguments:
            return
        words, scene = self._words(last, arguments, scene)
        if words:
            self._start(_behind(words), scene)


def _or_none(text: str) -> list[Command]:
    try:
        return commands(text)
    except ValueError:
        return []


def _behind(words: tuple[str, ...]) -> tuple[str, ...]:
    """What `exec` and `command` are told to start."""
    rest = list(words[1:])
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] == "-a" else rest[1:]
    return tuple(rest)


def _moved(words: tuple[str, ...], scene: Scene) -> Scene:
    place = words[-1] if len(words) > 1 else ""
    if not place or "$" in place or place.startswith(("-", "~")) or (scene.folder is None and place[0] != "/"):
        return replace(scene, folder=None)
    return replace(scene, folder=posixpath.join(scene.folder or "/", place))


def _named(words: tuple[str, ...]) -> dict[str, str | None]:
    pairs = [found.groups() for word in words[1:] if (found := ASSIGNMENT.match(word))]
    return {name: None if "$" in value or "`" in value else value for name, value in pairs}


def _unknown(command: Command, scene: Scene) -> Scene:
    """The scene after a command that runs in some cases only: what it may have changed cannot be told."""
    words = command.words
    names = [found[1] for word in words if (found := ASSIGNMENT.match(word))]
    folder = None if words[0] in ("cd", "pushd") else scene.folder
    return replace(scene, env={**scene.env, **dict.fromkeys(names)}, folder=folder) if names or not folder else scene
