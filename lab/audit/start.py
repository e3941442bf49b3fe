"""What a container starts, followed to its end: inits, shells, `env`, the first lines and last commands of scripts.

Only what is sure is said: a command that runs in some cases only, or whose words cannot be told from the image, is
passed over.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lab.audit import script
from lab.audit.wrappers import EMULATOR, SHELLS, told, wrapper
from lab.layers import DEFAULT_PATH, FOLDER, Script

if TYPE_CHECKING:
    from lab.facts import Binary, Image
    from lab.layers import Root

PROGRAM, WRAPPER, SHELL, INTERPRETER = "program", "wrapper", "shell", "interpreter"
_DEEP, _MOST = 40, 2000  # commands that are followed: one within another, and in all; no sound image comes near
_LETTERS = 1 << 20  # of all shell texts that are read
_LANGUAGE = re.compile(r"(python|pypy|node|ruby|php|perl|java)(js)?(-fpm)?[\d.]*t?\Z")
_BOXES = ("busybox", "toybox")


@dataclass(frozen=True)
class Lacking:
    """A word that names nothing in the image, or a folder.

    `role` is what it would have been; `by` is who asks for it ("" for the engine); `of` is the script whose first
    line asks for it, or what the wrapper was to start.
    """

    word: str
    role: str
    by: str = ""
    of: str = ""
    folder: bool = False


@dataclass
class Started:
    """All that starts. `languages` are the interpreters among them, by name; `emulated` are paths that one runs."""

    programs: list[Binary] = field(default_factory=list)
    lacking: list[Lacking] = field(default_factory=list)
    languages: dict[str, Binary] = field(default_factory=dict)
    emulated: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Scene:
    """Where a command runs. A variable is None, and `folder` too, where it cannot be told."""

    env: Mapping[str, str | None]
    folder: str | None


@dataclass(frozen=True)
class Asked:
    """Who asks for a command, and for which script's first line.

    `bare` is whether a name without a slash must be a program (and no function); `sure` is whether it is the name of
    one at all.
    """

    by: str = ""
    of: str = ""
    bare: bool = True
    sure: bool = True


def started(root: Root, image: Image) -> Started:
    """What a container of that image starts when no other command is given."""
    following = Following(root)
    env: dict[str, str | None] = {"PATH": DEFAULT_PATH}
    env.update(line.partition("=")[::2] for line in image.env)
    words = (*image.entrypoint, *image.cmd)
    if words:
        following.command(words, Scene(env, image.workdir or "/"), Asked())
    return following.found


class Following:
    """One image as it is followed."""

    def __init__(self, root: Root) -> None:
        self.found = Started()
        self._root = root
        self._left = _MOST
        self._deep = 0
        self._letters = _LETTERS
        self._read: set[tuple[str, ...]] = set()

    def command(self, words: tuple[str, ...], scene: Scene, asked: Asked) -> None:
        """A command that is started for sure."""
        self._left -= 1
        if self._left < 0 or self._deep >= _DEEP or not words[0]:
            return
        self._deep += 1
        self._follow(words, scene, asked)
        self._deep -= 1

    def _follow(self, words: tuple[str, ...], scene: Scene, asked: Asked) -> None:
        try:
            program = self.lookup(words[0], scene)
        except LookupError:
            return
        if not asked.sure and (program is None or not program.runnable or program.kind not in ("elf", "script")):
            return
        if program is None:
            self._lacks(words, scene, asked)
            self._inside(words, scene, Asked(asked.by, asked.of), None)
        elif self._add(program) or program.kind != "script":
            if program.kind == "script":
                self._script(program, words, scene)
            else:
                self._inside(words, scene, asked, program)

    def lookup(self, word: str, scene: Scene) -> Binary | None:
        """The file that a word names; LookupError where that cannot be told."""
        if "/" in word:
            if not word.startswith("/") and scene.folder is None:
                raise LookupError(word)
            return self._root.find(posixpath.join(scene.folder or "/", word))
        path = scene.env.get("PATH")
        found = self._root.through(word, path or DEFAULT_PATH)
        if found is None and path is None:
            raise LookupError(word)
        return found

    def file(self, word: str, scene: Scene) -> Binary | None:
        """The file that a shell reads, which is not looked for in PATH; LookupError where that cannot be told."""
        return self.lookup(word if "/" in word else f"./{word}", scene)

    def first(self, path: str, arguments: tuple[str, ...]) -> bool:
        """Is it the first time that a shell reads this file with these words?"""
        known = (path, *arguments) in self._read
        self._read.add((path, *arguments))
        return not known

    def readable(self, text: str) -> bool:
        """Is there room for one more text?"""
        self._letters -= len(text)
        return self._letters >= 0

    def lack(self, one: Lacking) -> None:
        """Write down what is not there, once."""
        if all((one.word, one.role) != (other.word, other.role) for other in self.found.lacking):
            self.found.lacking.append(one)

    def _add(self, program: Binary) -> bool:
        new = all(program.path != other.path for other in self.found.programs)
        if new:
            self.found.programs.append(program)
        return new

    def _lacks(self, words: tuple[str, ...], scene: Scene, asked: Asked) -> None:
        word, name = words[0], posixpath.basename(words[0])
        if not asked.bare and "/" not in word:
            return
        folder = "/" in word and self._root.kind(posixpath.join(scene.folder or "/", word)) == FOLDER
        role, of = PROGRAM, asked.of
        if asked.of:
            role = INTERPRETER
        elif name in SHELLS and len(words) > 1:
            role = SHELL
        elif (kind := wrapper(name)) and (inner := told(name, kind, words[1:])) and (inner.words or inner.text):
            role, of = WRAPPER, (inner.words or (inner.text,))[0]
        self.lack(Lacking(word, role, asked.by, of, folder))

    def _script(self, program: Binary, words: tuple[str, ...], scene: Scene) -> None:
        """What the kernel starts in place of a script: its first line's words, the script, the script's own words."""
        interpreter = self._root.find(program.interpreter) if program.interpreter else None
        if interpreter is None:
            return  # said of the script itself
        if not isinstance(program, Script) or not program.text:
            self._add(interpreter)
            return
        line = program.text[2:256].split("\n", 1)[0].strip(" \t")
        first, _, option = line.partition(" ") if "\t" not in line else line.replace("\t", " ", 1).partition(" ")
        option = option.strip(" \t")
        self.command(
            (first, *((option,) if option else ()), program.path, *words[1:]), scene, Asked(words[0], program.path)
        )
        if posixpath.basename(first) == "execlineb" or words[0] == "/init":
            # s6-overlay starts its services, and then the command that it was given.
            self._rest(words[1:], scene, words[0])

    def _rest(self, words: tuple[str, ...], scene: Scene, by: str) -> None:
        if words:
            self.command(words, scene, Asked(by))

    def _inside(self, words: tuple[str, ...], scene: Scene, asked: Asked, program: Binary | None) -> None:
        """What a program starts in its turn, `program` being None where it is not even there."""
        name = posixpath.basename(words[0])
        if name in _BOXES or (program and posixpath.basename(program.path) in _BOXES and name not in SHELLS):
            words = words[1:] if name in _BOXES else words
            name = posixpath.basename(words[0]) if words else ""
        if name.startswith(EMULATOR):
            self.found.emulated |= {found.path for word in words[1:] if (found := self._root.find(word))}
        elif name in SHELLS:
            boxed = program is not None and posixpath.basename(program.path) in _BOXES
            script.Shell(self, words[0], boxed=boxed).run(words, scene)
        elif kind := wrapper(name):
            inner = told(name, kind, words[1:])
            scene = replace(scene, env={**scene.env, **dict(inner.env)}, folder=inner.folder or scene.folder)
            if inner.text:
                script.Shell(self, name).text(inner.text, (), scene)
            elif inner.words:
                self.command(inner.words, scene, Asked(name, asked.of if name == "env" else ""))
        elif program is not None:
            self._unknown(name, program, words, scene)

    def _unknown(self, name: str, program: Binary, words: tuple[str, ...], scene: Scene) -> None:
        """A program that is no wrapper as far as is known: programs among its words count, where they are there."""
        language = _LANGUAGE.match(name) or _LANGUAGE.match(posixpath.basename(program.path))
        if language:
            self.found.languages.setdefault(language[1], program)
            return
        behind = words[words.index("--") + 1 :] if "--" in words else ()
        for word in (*behind[:1], *(word for word in words[1:] if word.startswith("/"))):
            try:
                other = self.lookup(word, scene)
            except LookupError:
                continue
            if other is not None and other.kind == "elf" and other.runnable and not other.path.endswith(".so"):
                self._add(other)
