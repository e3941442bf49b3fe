"""How much do the tests notice? Changes one thing at a time in the code that judges a learner, and runs its tests.

`make mutants` runs it whole (minutes); `make mutants ONLY=lab/model/platforms.py` one file. The changes are mutmut's.
Mutmut itself leaves decorated functions alone, and every step is one; so here a change is put into the running
functions by their `__code__`, in a process forked for it after the tests were loaded. A change that no test notices is
printed and has to stand in tests/mutants.toml with the reason why it may stay.

Left alone: what runs when a module is loaded (tables, decorators, defaults of parameters), annotations, docstrings,
strings with a space in them, which are wording, `encoding="utf-8"`, which is the default where the tests run, and the
`strict=True` of a `zip`, which guards against a slip of ours.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators
from rich.console import Console
from rich.progress import track

ROOT = Path(__file__).parent.parent
REASONS = ROOT / "tests" / "mutants.toml"
WANTED = 0.9  # of all changes have to be noticed
_LESSONS = [path.stem for path in sorted((ROOT / "lab/course").glob("[a-z]*.py"))]
# Which tests are about which module of the error guide, the quickest first.
_EXPLAINED = {
    "__init__": ["_causes", "_input", "_views", "", "_hostile"],
    "data": ["_causes", "_views", "", "_hostile"],
    "lines": ["_scan", "_kinds", "_views", "", "_hostile"],
    "scan": ["_scan", "_views", "", "_hostile"],
    "scene": ["_scene", "_kinds", ""],
    "shapes": ["_views", "_hostile"],
    "views": ["_views", "", "_hostile"],
    "ways": ["_causes", "_scene", ""],
    "weigh": ["_causes", "_kinds", "_views", "", "_hostile"],
}
TARGETS: dict[str, list[str]] = {
    **{f"lab/course/{name}.py": [f"tests/course/test_{name}.py", "tests/course/test_scene.py"] for name in _LESSONS},
    "lab/course/_text.py": ["tests/course"],
    "lab/course/_scene.py": ["tests/course/test_scene.py"],
    "lab/course/__init__.py": ["tests/test_course.py", "tests/test_verbs.py"],
    "lab/model/platforms.py": ["tests/test_platforms.py"],
    "lab/model/facts.py": ["tests/test_facts.py"],
    "lab/learning/runner.py": ["tests/test_runner.py"],
    **{f"lab/explainer/{name}.py": [f"tests/test_explain{one}.py" for one in _EXPLAINED[name]] for name in _EXPLAINED},
}
_UNCHANGED_WORDS = ('encoding="utf-8"', "strict=True")
_UNCHANGED_CALLS = {"len", "isinstance", "cast"}


@dataclass(frozen=True)
class Mutant:
    """One change: in which function (dotted, and its place among the file's functions), and the file with it."""

    function: str
    place: int
    change: str  # the line before and after, as "before → after"
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of every function's body in a file."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    module = wrapper.module
    lines = wrapper.resolve(PositionProvider)
    names = [name for name, _ in functions(compile(source, "", "exec"))]
    for function, name in _outer_functions(module.body, ""):
        # Lambdas and comprehensions of the module's own level are functions too, but have no name to count.
        place = names.index(name)
        for node in _inside(function.body):
            for operator_type, operator in mutation_operators:
                if not isinstance(node, operator_type) or _left_alone(node):
                    continue
                for new in operator(node):
                    changed = module.deep_replace(node, new).code
                    if any(source.count(word) != changed.count(word) for word in _UNCHANGED_WORDS):
                        continue
                    yield Mutant(name, place, _difference(source, changed, lines[node].start.line), changed)


def _outer_functions(body: Sequence[cst.CSTNode], prefix: str) -> Iterator[tuple[cst.FunctionDef, str]]:
    for node in body:
        if isinstance(node, cst.FunctionDef):
            yield node, prefix + node.name.value
        elif isinstance(node, cst.ClassDef):
            yield from _outer_functions(node.body.body, f"{prefix}{node.name.value}.")


def _inside(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """All nodes of a function's body, less annotations, docstrings, and decorators and defaults of inner functions."""
    yield node
    for child in node.children:
        if isinstance(child, cst.Annotation | cst.Decorator | cst.Parameters):
            continue
        if isinstance(child, cst.Expr) and isinstance(child.value, cst.SimpleString):
            continue
        yield from _inside(child)


def _left_alone(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.SimpleString):
        return " " in str(node.evaluated_value) or node.evaluated_value == "utf-8"
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in _UNCHANGED_CALLS


def _difference(before: str, after: str, near: int) -> str:
    old, new = before.splitlines(), after.splitlines()
    start = next((i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), near - 1)
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return " → ".join(" ".join(" ".join(lines[start : len(lines) - end]).split()) for lines in (old, new))


def functions(code: CodeType, prefix: str = "") -> list[tuple[str, CodeType]]:
    """The functions of a module and of its classes, not those inside functions, in order."""
    found = []
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            name = prefix + inner.co_name
            if inner.co_flags & 1:  # CO_OPTIMIZED: a function; else a class's body
                found.append((name, inner))
            else:
                found += functions(inner, f"{name}.")
    return found


def put_in(path: Path, original: str, mutant: Mutant) -> bool:
    """Give the loaded function the mutant's code; False where there is no such function or it cannot take it."""
    before = functions(compile(original, str(path), "exec"))[mutant.place][1]
    after = functions(compile(mutant.source, str(path), "exec"))[mutant.place][1]
    done = False
    for found in gc.get_objects():
        if isinstance(found, FunctionType) and _same(found.__code__, before, path):
            try:
                found.__code__ = after
            except ValueError:  # it would need other variables of its surroundings
                continue
            done = True
        elif isinstance(found, functools._lru_cache_wrapper) and str(found.__module__).startswith("lab"):  # noqa: SLF001
            found.cache_clear()
    return done


def _same(code: CodeType, wanted: CodeType, path: Path) -> bool:
    return (code.co_name, code.co_firstlineno) == (wanted.co_name, wanted.co_firstlineno) and Path(
        code.co_filename
    ) == path


def run_tests(tests: Sequence[str], scratch: str) -> int:
    """Run them in this process; pytest's exit code."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "--basetemp", scratch, "-m", "not engine and not browser"]
    return int(pytest.main([*options, *tests]))


@functools.cache
def _silent() -> int:
    return os.open(os.devnull, os.O_WRONLY)


def forked(path: Path, original: str, mutant: Mutant | None, tests: Sequence[str], limit: float) -> int:
    """Start a process in which the mutant lives (None: no change), and return its id.

    Its exit code is 0 where the tests passed, 1 where they did not, 2 where the change cannot be put in.
    """
    if pid := os.fork():
        return pid
    os.setsid()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(limit) + 1)
    for stream in (1, 2):
        os.dup2(_silent(), stream)
    scratch = tempfile.mkdtemp(prefix="mutant-")
    code = 1
    try:
        possible = mutant is None or put_in(path, original, mutant)
        code = int(bool(run_tests(tests, f"{scratch}/t"))) if possible else 2
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(code)


def judge(name: str, tests: Sequence[str], workers: int, console: Console) -> tuple[Counter[str], list[Mutant]]:
    """Run all mutants of a file: how many ended how, and those that nothing noticed."""
    path = ROOT / name
    original = path.read_text()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as scratch, contextlib.redirect_stdout(io.StringIO()):
        status = run_tests(tests, f"{scratch}/t")
    if status or os.waitpid(forked(path, original, None, tests, 600), 0)[1]:
        sys.exit(f"The tests of {name} fail without any change.")
    limit = 5 + 10 * (time.monotonic() - started)
    ended: Counter[str] = Counter()
    survivors: list[Mutant] = []
    running: dict[int, Mutant] = {}

    def take_one() -> None:
        pid, status = os.wait()
        mutant = running.pop(pid)
        with_code = os.waitstatus_to_exitcode(status)
        how = {0: "survived", 2: "not possible"}.get(with_code, "killed")
        ended[how] += 1
        if how == "survived":
            survivors.append(mutant)

    everything = [one for one in mutants(original) if _compiles(one.source)]
    for mutant in track(everything, description=name, console=console):
        while len(running) >= workers:
            take_one()
        running[forked(path, original, mutant, tests, limit)] = mutant
    while running:
        take_one()
    return ended, survivors


def _entry(name: str, one: Mutant) -> str:
    fields = {"file": name, "function": one.function, "change": one.change, "reason": ""}
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items())
    return "\n".join(["[[survivor]]", *lines, ""])


def _compiles(source: str) -> bool:
    try:
        compile(source, "", "exec")
    except SyntaxError:
        return False
    return True


def main() -> None:
    """Judge the files, say what nothing noticed and has no reason; exit status 1 where that is too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="files; all where none is named")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    os.chdir(ROOT)
    console = Console(stderr=True)
    reasons = tomllib.loads(REASONS.read_text()) if REASONS.exists() else {}
    known = {(one["file"], one["function"], one["change"]) for one in reasons.get("survivor", [])}
    total: Counter[str] = Counter()
    unexplained = 0
    for name in options.only or TARGETS:
        ended, survivors = judge(name, TARGETS[name], options.workers, console)
        total += ended
        print(f"{name}: {ended['killed']} of {ended['killed'] + ended['survived']} noticed", flush=True)
        for one in sorted(survivors, key=lambda one: (one.place, one.change)):
            if (name, one.function, one.change) not in known:
                unexplained += 1
                print(_entry(name, one), flush=True)
    judged = total["killed"] + total["survived"]
    share = total["killed"] / judged if judged else 1
    print(f"{total['killed']} of {judged} changes noticed ({share:.1%}), {unexplained} unnoticed without a reason.")
    sys.exit(int(share < WANTED or unexplained > 0))


if __name__ == "__main__":
    main()
