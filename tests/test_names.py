"""No name leads nowhere: what a text calls a lesson, a step, a verb, a file or a page exists, and is called what it is."""

import ast
import functools
import importlib
import json
import re
from pathlib import Path

import pytest
from pages import glossary, reference

import lab
from lab import cli, course
from lab.course import capstone, clinic
from lab.explainer.data import entries
from lab.learning import hints

ROOT = Path(__file__).parent.parent
LESSONS = {one.number: one for one in course.lessons()}
NAMES = {name for one in course.lessons() for name in (one.name, one.stem, str(one.number), f"{one.number:02}")}
VERBS = reference._verbs(cli.parser())
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
TERMS = glossary.terms(ROOT / "docs" / "reference" / "glossary.toml")


def pages():
    """(where, Markdown) of what people read outside the lessons."""
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def cells():
    """(where, Markdown) of the lessons, cell by cell."""
    for one in course.lessons():
        for cell in json.loads(one.notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                yield f"{one.notebook.name}: {cell['id']}", "".join(cell["source"])


def said():
    """(where, text) of goals, hints, solutions and messages, and of what the verbs say of themselves."""
    for step in course.steps().values():
        yield f"{step.name}: goal", step.goal
        yield from ((f"{step.name}: hint", text) for text in step.hints)
    for path in sorted((ROOT / "lab" / "course").glob("*.py")):
        module = importlib.import_module(f"lab.course.{path.stem}")
        yield from ((f"{module.__name__}.{k}", v) for k, v in vars(module).items() if k.isupper() and type(v) is str)
    yield from (("lab/learning/hints.py", sign.says) for sign in hints._SIGNS)
    yield from ((f"lab {name} --help", verb.format_help()) for name, verb in VERBS.items())


def messages():
    """(where, text) of the sentences in the lab's own code: those of more than two words."""
    for path in sorted((ROOT / "lab").rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            told = isinstance(node, ast.Constant) and id(node) not in docstrings
            if told and type(node.value) is str and node.value.count(" ") > 2:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


@functools.cache
def everything():
    """All of it, read once, and only where a test of this file is run."""
    return [*pages(), *cells(), *said(), *messages()]


CODE = re.compile(r"^```(\w*)\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)


def commands(text):
    """The command lines in a text's code: one in backquotes, or the lines of a block that a shell reads."""
    for language, block, inline in CODE.findall(text):
        lines = block.splitlines() if language in ("sh", "console", "text", "yaml") else []
        for line in [inline, *lines]:
            yield line.strip().removeprefix("$ ").removeprefix("- run: ").removeprefix("entry: ")


def wrong(texts, found):
    """`place: name` of each name that `found` says leads nowhere."""
    return sorted({f"{where}: {name}" for where, text in texts for name in found(text)})


# --- lessons and steps ------------------------------------------------------------------------------------------------


def lessons_that_are_not(text):
    """`lesson 12`, `lessons 4 and 7`, `Lessons 1 to 3`: of each the numbers that no lesson has."""
    for numbers in re.findall(r"\b[Ll]essons? (\d+(?:(?:, | and | to | or )\d+)*)", text):
        yield from (number for number in re.findall(r"\d+", numbers) if int(number) not in LESSONS)


def test_the_numbers_are_found():
    """Lists and ranges too; what only looks like one is left alone."""
    assert list(lessons_that_are_not("Lessons 4, 97 and 98, lesson 99; lessons 3 to 96. The lesson takes 95 minutes.")) == [
        "97", "98", "99", "96",
    ]  # fmt: skip


def test_every_lesson_that_is_named_exists():
    """A lesson is promised when it is there, not before."""
    assert wrong(everything(), lessons_that_are_not) == []


def test_an_entry_of_the_error_guide_names_a_lesson_or_none():
    """`lab explain` prints it, and the site links it."""
    assert [f"{one.id}: {one.lesson}" for one in entries() if one.lesson and one.lesson not in NAMES] == []


def test_a_link_to_a_lesson_says_what_it_is_called():
    """The list in the README is the course's own: each lesson in its order, by its question."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(\d+)\. \[(.+)\]\(lessons/(\S+)\.ipynb\)$", readme, re.MULTILINE)
    assert listed == [(str(one.number), one.question, one.name) for one in course.lessons()]


# --- commands ---------------------------------------------------------------------------------------------------------


def options(name):
    """The options of a verb."""
    return {option for action in VERBS[name]._actions for option in action.option_strings}


def commands_that_are_not(text):
    """`lab xyz`, an option that the verb has not, a lesson or a step that is not there, `make xyz`."""
    for command in commands(text):
        words = re.sub(r"^(?:sudo )?(?:\.venv/bin/)?", "", command).split()
        if words[:1] == ["make"] and len(words) > 1 and words[1] not in TARGETS:
            yield command
        if words[:1] == ["lab"] and len(words) > 1 and not (words[1] in VERBS and all(_right(words[1], words[2:]))):
            yield command if words[1] not in ("--help", "--version") else ""


def _right(verb, words):
    """For each word that can be told: is it an option of the verb, or a lesson or a step?"""
    words = words[:1] if verb == "run" else words  # what follows is somebody else's command
    yield from (word.split("=")[0].rstrip(".,") in options(verb) for word in words if re.match(r"-{1,2}[a-z]", word))
    if verb in ("check", "hint", "solution", "reset", "run", "tour"):
        named = [word for word in words if re.fullmatch(r"[a-z][a-z_0-9-]*|\d+", word)]
        known = {*NAMES, *course.steps(), *clinic.steps(), course.WARD, *capstone.steps(), course.CAPSTONE}
        yield from (name in known for name in named[:1])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`lab purple`", ["lab purple"]),
        ("`lab check purple`, `lab check machine`, `lab check uname`, `lab check LESSON`", ["lab check purple"]),
        ("`lab up --purple` and `lab up --emulators`", ["lab up --purple"]),
        ("```sh\nsudo make purple\n.venv/bin/lab down --purge\n```", ["sudo make purple"]),
        ("The lab purple; `the lab`; `lab run STEP 'uname -m'`; `lab`", []),
    ],
)
def test_the_commands_are_found(text, found):
    """In backquotes and in blocks; words of a sentence are none, capital letters stand for a name."""
    assert [name for name in commands_that_are_not(text) if name] == found


def test_every_command_that_is_named_exists():
    """A verb, its options, the lesson or step that it is given, a target of make."""
    assert [one for one in wrong(everything(), commands_that_are_not) if not one.endswith(": ")] == []


def test_what_notebooks_call_exists():
    """`lab.hint()` in a cell's text is a function of the package."""
    assert wrong(cells(), lambda text: (n for n in re.findall(r"`lab\.(\w+)\(", text) if not hasattr(lab, n))) == []


# --- files and pages --------------------------------------------------------------------------------------------------

MADE = {path for step in course.steps().values() for path in re.findall(r">+ *(files/[\w./-]+)", step.solution)}
MADE |= {one.name for step in course.steps().values() for one in step.makes if hasattr(one, "name")}


def files_that_are_not(text):
    """Paths in backquotes below `files/`: in the lessons' folder, or made by a step."""
    for path in re.findall(r"`(files/[\w./-]+)`", text):
        if path not in MADE and not (course.lessons_dir() / path).exists():
            yield path


def links_that_are_not(text):
    """Targets of links between files of the project; the site's build checks those between its pages."""
    for target in re.findall(r"\]\(([^)\s#:]+)[^)]*\)", text):
        if not (ROOT / target).exists():
            yield target


def test_every_file_that_is_named_exists():
    """Those of the lessons, in every text."""
    assert wrong([("x", "`files/purple` `files/machine` `files/machine/purple.txt`")], files_that_are_not) == [
        "x: files/machine/purple.txt",
        "x: files/purple",
    ]
    assert wrong(everything(), files_that_are_not) == []


def test_the_readmes_links_lead_somewhere():
    """They are read on the project's page, where nobody builds them."""
    assert wrong([("x", "[a](docs/purple.md#b)")], links_that_are_not) == ["x: docs/purple.md"]
    assert wrong(list(pages())[:2], links_that_are_not) == []


# --- one term for one thing -------------------------------------------------------------------------------------------

UNWANTED = [(one.name, re.compile(pattern, re.IGNORECASE)) for one in TERMS for pattern in one.unwanted]


def words_that_are_not(text):
    """What stands for a term of the glossary and should not: `image list` for an index. Code is quoted, not said."""
    prose = CODE.sub(" ", text)
    yield from (f"{found[0]!r} for {name}" for name, pattern in UNWANTED for found in pattern.finditer(prose))


def test_one_term_stands_for_one_thing():
    """Lessons, docs and messages use the glossary's terms."""
    assert list(words_that_are_not("An image list; `image list`; two images; lists of images.")) == [
        "'image list' for Index"
    ]
    assert wrong(everything(), words_that_are_not) == []
