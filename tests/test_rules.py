"""The course's own rules: what every lesson keeps, so that a newcomer finds everything where it is expected."""

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import markdown
import pytest
from markdown_it import MarkdownIt
from support.texts import Said

from lab import course
from lab.model.steps import BLANK, Step

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted(course.lessons_dir().glob("[0-9][0-9]-*.ipynb"))
STEPS = list(course.steps().values())


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source(cell):
    return "".join(cell["source"])


def step_cells(path):
    """(id, name, body) of each `%%step` cell."""
    found = []
    for cell in cells(path):
        first, _, body = source(cell).partition("\n")
        if cell["cell_type"] == "code" and first.startswith("%%step"):
            found.append((cell["id"], first.split()[1], body))
    return found


def by_name(path):
    return {name: body for _, name, body in step_cells(path)}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_one_stem_names_a_lesson_everywhere(path):
    """Notebook, module and test file carry the same stem."""
    stem = path.stem.partition("-")[2].replace("-", "_")
    assert (ROOT / "lab" / "course" / f"{stem}.py").is_file()
    assert (ROOT / "tests" / "course" / f"test_{stem}.py").is_file()


def test_numbers_are_in_order_and_every_module_has_a_notebook():
    """Order lives only in the number, and there are no holes."""
    assert [lesson.number for lesson in course.lessons()] == list(range(1, len(NOTEBOOKS) + 1))
    sources = (ROOT / "lab" / "course").glob("[a-z]*.py")
    modules = {path.stem for path in sources if "@step(" in path.read_text(encoding="utf-8")}
    assert modules == {lesson.stem.replace("-", "_") for lesson in course.lessons()}


@pytest.mark.parametrize("lesson", course.lessons(), ids=lambda lesson: lesson.name)
def test_the_notebook_shows_each_step_once_in_the_modules_order(lesson):
    """Text and checks do not drift apart; a cell's id is its step's name."""
    found = step_cells(lesson.notebook)
    assert [name for _, name, _ in found] == [step.name for step in lesson.steps]
    assert all(cell_id == name for cell_id, name, _ in found)


@pytest.mark.parametrize("lesson", course.lessons(), ids=lambda lesson: lesson.name)
def test_a_cell_holds_what_its_step_says(lesson):
    """Word for word: the solution, the command with its gaps, or only a place for the learner's own."""
    bodies = by_name(lesson.notebook)
    for step in lesson.steps:
        assert bodies[step.name].strip() == step.cell, step.name


def test_a_gap_has_a_blank_and_is_not_the_solution():
    """Something is left to fill in, the cell as it stands is no try, and the solution is one."""
    for step in STEPS:
        if step.gap:
            assert step.untouched(step.gap), step.name
            assert BLANK in step.gap != step.solution, step.name
        assert not step.untouched(step.solution), step.name


@pytest.mark.parametrize("lesson", course.lessons(), ids=lambda lesson: lesson.name)
def test_a_lesson_has_its_parts(lesson):
    """Four to nine steps, one of them at least without a command, the question as title, what is known now at the end."""
    assert 4 <= len(lesson.steps) <= 9
    assert any(step.exercise for step in lesson.steps)
    texts = [source(cell) for cell in cells(lesson.notebook) if cell["cell_type"] == "markdown"]
    assert texts[0].startswith(f"# {lesson.number} · {lesson.question}\n")
    assert texts[-1].startswith("## What you now know")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_have_readable_ids_and_no_outputs(path):
    """Ids are words (they become anchors), each once; outputs are made by a run, not kept in git."""
    ids = [cell["id"] for cell in cells(path)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9_-]*", one) for one in ids)
    assert not any(cell.get("outputs") or cell.get("attachments") for cell in cells(path))


def test_step_names_are_unique_across_the_course():
    """One name, one step: progress and `%%step` rely on it."""
    names = [step.name for lesson in course.lessons() for step in lesson.steps]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("file", sorted(ROOT.glob("tests/*/said/*.txt")), ids=lambda file: file.stem)
def test_what_was_written_down_is_still_said(file):
    """`LAB_RENEW=yes` adds and changes; what a test that is gone had said, somebody has to take out."""
    tests = (file.parent.parent / f"test_{file.stem}.py").read_text(encoding="utf-8")
    names = {name.partition("[")[0] for name in Said(file).texts}
    assert names
    assert [name for name in names if f"def {name}(" not in tests] == []


@pytest.mark.parametrize("step", STEPS, ids=lambda s: s.name)
def test_a_step_is_whole(step):
    """A goal that ends in a full stop or a question mark, hints, a solution, and earlier steps that are earlier."""
    assert step.goal[-1] in ".?)"
    assert step.hints
    assert step.solution
    names = list(course.steps())
    assert all(names.index(earlier) < names.index(step.name) for earlier in step.after)


def commands(script):
    """The command lines of a script that would give it away."""
    lines = [line.strip() for line in script.splitlines()]
    return [line for line in lines if re.match(r"(docker|lab|od|uname|printf)\b", line)]


@pytest.mark.parametrize("step", STEPS, ids=lambda s: s.name)
def test_hints_and_messages_do_not_give_the_command_away(step):
    """The solution is shown when it is asked for, not before."""
    told = [pair for module in modules(step.lesson) for pair in vars(module).items()]
    messages = [value for name, value in told if name.isupper() and isinstance(value, str)]
    for line in commands(step.solution):
        if len(line.split()) > 1:
            assert not any(line in text for text in (*step.hints, *messages)), line


def modules(stem):
    """A lesson's module, and the one beside it where there is one."""
    names = [one for one in (stem, f"_{stem}") if (ROOT / "lab" / "course" / f"{one}.py").exists()]
    return [importlib.import_module(f"lab.course.{name}") for name in names]


def constants(module):
    """The message constants of a lesson: names in capitals whose value is a sentence."""
    found = {k: v for k, v in vars(module).items() if k.isupper() and isinstance(v, str)}
    return {k: v for k, v in found.items() if " " in v and v.endswith(".")}


@pytest.mark.parametrize("lesson", course.lessons(), ids=lambda lesson: lesson.name)
def test_every_message_is_a_constant_that_a_test_brings_about(lesson):
    """A message that no test has seen may be wrong, or never come."""
    stem = lesson.stem.replace("-", "_")
    files = (ROOT / "tests" / "course").glob(f"test_{stem}*.py")
    tested = "".join(file.read_text(encoding="utf-8") for file in files)
    said = [name for module in modules(stem) for name in constants(module)]
    assert said
    assert not [name for name in said if not re.search(rf"\b{name}\b", tested)]


@pytest.mark.parametrize("step", STEPS, ids=lambda s: s.name)
def test_a_step_has_at_least_two_wrong_ends(step):
    """A check with one way to fail explains too little."""
    tree = ast.parse(Path(importlib.import_module(f"lab.course.{step.lesson}").__file__).read_text(encoding="utf-8"))
    function = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == step.name)
    problems = [n for n in ast.walk(function) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "Problem"]
    assert problems
    assert len(problems) + len(step.probes) >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_step_bodies_are_sound_shell(path, tmp_path):
    """`bash -n` and shellcheck read each body and each solution."""
    scripts = {name: body for _, name, body in step_cells(path)}
    scripts |= {f"{s.name}.solution": s.solution for s in STEPS if s.name in scripts and s.kind != "whole"}
    for name, body in scripts.items():
        script = tmp_path / f"{name}.sh"
        script.write_text(f"#!/usr/bin/env bash\n{body}\n", encoding="utf-8")
        subprocess.run(["bash", "-n", script], check=True, timeout=20)
        shellcheck = Path(sys.executable).parent / "shellcheck"
        # a word that should be split, a folder that is there, a variable of the sandbox: as people type them
        quiet = "SC2086,SC2164,SC2154,SC2016"
        done = subprocess.run(
            [shellcheck, "-e", quiet, script], check=False, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stdout


MKDOCS = ["extra", "tables", "fenced_code", "sane_lists"]


def counted(rendered):
    rendered = re.sub(r'<a id="[^"]*"></a>', "", rendered)
    return {tag: len(re.findall(rf"<{tag}[ >]", rendered)) for tag in ("li", "strong", "pre", "table", "a")}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_both_markdown_dialects_read_a_cell_alike(path):
    """Jupyter and the site must show the same lists, tables, links and code."""
    for cell in cells(path):
        if cell["cell_type"] == "markdown":
            text = source(cell)
            jupyter = MarkdownIt("gfm-like", {"linkify": False}).render(text)
            assert counted(jupyter) == counted(markdown.markdown(text, extensions=MKDOCS)), cell["id"]
            assert "~~" not in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_links_between_lessons_lead_somewhere(path):
    """A relative link is a file of the lessons; the next lesson is linked at the end."""
    texts = [source(cell) for cell in cells(path) if cell["cell_type"] == "markdown"]
    for target in re.findall(r"\]\(([^)#:]+)\)", "\n".join(texts)):
        assert (path.parent / target).exists(), target
    following = NOTEBOOKS[NOTEBOOKS.index(path) + 1 :]
    if following:
        assert f"]({following[0].name})" in texts[-1]


@pytest.mark.parametrize(
    ("library", "homes"),
    [("python_on_whales", {"sandbox"}), ("ipywidgets", {"notebook"}), ("elftools", {"images", "sandbox"})],
)
def test_heavy_libraries_have_few_homes(library, homes):
    """One place to change when a library changes."""
    users = [
        p
        for p in (ROOT / "lab").rglob("*.py")
        if re.search(rf"^\s*(from|import) {library}", p.read_text(), re.MULTILINE)
    ]
    assert {p.relative_to(ROOT / "lab").parts[0].removesuffix(".py") for p in users} <= homes


def test_the_wheel_holds_the_lessons(tmp_path):
    """Installed from a wheel, the lab has all its modules and data, and finds its notebooks and files as a checkout does."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    there = (path for path in (ROOT / "lab").rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert [path for path in there if not (tmp_path / "site" / path.relative_to(ROOT)).is_file()] == []
    (scripts,) = (tmp_path / "site").glob("*.dist-info/entry_points.txt")
    assert {"lab = lab.cli:main", "multiplatform-lab = lab.cli:main"} <= set(scripts.read_text().splitlines())
    script = "from lab import course; print(course.lessons_dir(), len(course.steps()))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == [str(tmp_path / "site" / "lab" / "_lessons"), str(len(STEPS))]


def test_every_step_is_made_by_the_decorator():
    """No step hides in a list where `steps_of` cannot see it."""
    for lesson in course.lessons():
        module = importlib.import_module(f"lab.course.{lesson.stem.replace('-', '_')}")
        text = Path(module.__file__).read_text(encoding="utf-8")
        assert text.count("@step(") == len(lesson.steps)
        assert all(isinstance(step, Step) for step in lesson.steps)


TEXTS = {".py", ".md", ".ipynb", ".toml", ".sh", ".yml", ".lock"}
SKIPPED = {".venv", ".git", "build", ".bootstrap", "node_modules", ".hypothesis"}


def texts():
    """The files of the tree that people write, and the locks."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED and Path(folder, name) != ROOT / "site"]
        yield from (path for name in names if (path := Path(folder, name)).suffix in TEXTS)


def test_no_registry_of_packages_is_named():
    """Where packages come from is the machine's to say: no address of a registry or mirror stands in the tree."""
    # put together here, so that this file does not name them either
    hosts = ["pypi" + ".org", "files.python" + "hosted.org", "deb.debian" + ".org", "proxy.golang" + ".org"]
    hosts += ["registry.npm" + "js.org", "static.crates" + ".io"]
    read = 0
    for path in texts():
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [host for host in hosts if host in text], path
        read += 1
    assert read > 500
