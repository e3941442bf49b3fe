"""The rooms of the lab, from the ground floor up: each may import those below it, and no other one."""

import ast
import functools
from pathlib import Path

import pytest

LAB = Path(__file__).parent.parent / "lab"
ROOMS = [
    "errors", "paths", "storage", "log",
    "model", "images", "sandbox", "probes",
    "events", "draw", "explainer", "audit", "ready", "doctor",
    "course", "learning", "board", "kit", "classroom", "terminal", "notebook", "hub",
    "verbs", "cli",
]  # fmt: skip
# The inner rooms of the sandbox, in the same way.
SANDBOX = [
    "host", "report", "model", "state", "cache", "background",
    "packages", "certificates", "registry", "provision", "images", "emulators", "buildkit", "golang",
    "engine", "nodes", "consent", "overview", "teardown", "bringup",
]  # fmt: skip


@functools.cache
def imported(path):
    """(module, names) of each import of the lab's own in a file, at its top or inside a function."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lab":
            found.append((node.module, [alias.name for alias in node.names]))
        elif isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names if alias.name.startswith("lab.")]
    return found


def rooms_of(path, depth=1):
    """The rooms that a file imports from: `lab.x` at depth 1, `lab.x.y` at depth 2 within the same x."""
    place = path.relative_to(LAB).with_suffix("").parts
    found = set()
    for module, names in imported(path):
        parts = module.split(".")
        if parts[1:depth] == list(place[: depth - 1]):
            found |= {parts[depth]} if len(parts) > depth else set(names)
    return found


FILES = sorted(path for path in LAB.rglob("*.py") if path.parent != LAB or not path.name.startswith("__"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LAB)))
def test_a_room_imports_only_from_below(path):
    """Views know the runner, the runner knows steps, steps know facts; never the other way, and never a neighbour."""
    own = path.relative_to(LAB).parts[0].removesuffix(".py")
    below = ROOMS[: ROOMS.index(own)]
    above = rooms_of(path) - {own, "__version__"} - set(below)
    assert not above, f"{own} must not import {', '.join(sorted(above))}"


def test_the_list_of_rooms_is_that_of_the_folder():
    """No name that does not exist, and no room without its place."""
    there = {path.stem for path in LAB.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert set(ROOMS) == there - {"__init__", "__main__", "_lessons"}


OF_SANDBOX = [path for path in FILES if path.is_relative_to(LAB / "sandbox") and path != LAB / "sandbox/__init__.py"]


@pytest.mark.parametrize("path", OF_SANDBOX, ids=lambda path: str(path.relative_to(LAB)))
def test_an_inner_room_of_the_sandbox_imports_only_from_below(path):
    """Also inside functions: a late import must not hide a loop."""
    own = path.relative_to(LAB / "sandbox").parts[0].removesuffix(".py")
    above = rooms_of(path, 2) - {own} - set(SANDBOX[: SANDBOX.index(own)])
    assert not above, f"{own} must not import {', '.join(sorted(above))}"


def test_the_list_of_inner_rooms_is_that_of_the_folder():
    """No name that does not exist, and no room without its place."""
    there = {
        path.stem for path in (LAB / "sandbox").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert set(SANDBOX) == there - {"__init__"}


def test_whose_the_engine_is_is_asked_in_one_place():
    """`engine.of` makes a home of what is written down; everybody else asks the home."""
    places = [*LAB.glob("sandbox/**/*.py"), LAB / "verbs/screen.py", LAB / "doctor/place.py"]
    asked = [
        str(path.relative_to(LAB))
        for path in places
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "kind"
    ]
    assert asked == ["sandbox/engine/__init__.py"]


def test_docker_is_run_for_its_text_in_one_place():
    """`host.run` does; the others start apt, Go, the kernel's, the lab's daemons, tiny ones, or a learner's script."""
    starting = {
        str(path.relative_to(LAB))
        for room in ("sandbox", "probes", "doctor")
        for path in (LAB / room).rglob("*.py")
        if "subprocess.run(" in (text := path.read_text(encoding="utf-8")) or "subprocess.Popen(" in text
    }
    clients = {"sandbox/host/limited.py"}  # python-on-whales is held to its limits by that
    others = {
        "sandbox/packages/mirror.py", "sandbox/packages/aptget.py",
        "sandbox/buildkit/gobuild.py", "sandbox/emulators/kernel.py", "sandbox/host/process.py", "doctor/programs.py",
        "probes/rehearsal.py",
    }  # fmt: skip
    assert starting == {"sandbox/host/run.py"} | clients | others


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LAB)))
def test_no_room_reaches_into_anothers_private_modules(path):
    """A module with an underscore is its own room's affair, as is a name with one."""
    own = path.relative_to(LAB).parts[0].removesuffix(".py")
    for module, names in imported(path):
        words = [*module.split(".")[1:], *names]
        assert module.split(".")[1:2] == [own] or not [
            word for word in words if word.startswith("_") and not word.startswith("__")
        ]
