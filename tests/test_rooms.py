"""The rooms of the lab, from the ground floor up: each may import those below it, and no other one."""

import ast
from pathlib import Path

import pytest

LAB = Path(__file__).parent.parent / "lab"
ROOMS = [
    "errors", "paths", "storage", "log",
    "model", "images", "sandbox", "probes",
    "events", "draw", "explainer", "audit", "doctor",
    "course", "learning", "terminal", "notebook",
    "verbs", "cli",
]  # fmt: skip
# The inner rooms of the sandbox, in the same way.
SANDBOX = [
    "model", "report", "state", "cache", "consent",
    "host", "packages", "certificates", "registry", "config", "images", "emulators", "buildkit",
    "engine", "status", "bringup", "teardown",
]  # fmt: skip


def imported(path):
    """(module, names) of each import of the lab's own in a file, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lab":
            yield node.module, [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names if alias.name.startswith("lab."))


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


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LAB)))
def test_no_room_reaches_into_anothers_private_modules(path):
    """A module with an underscore is its own room's affair, as is a name with one."""
    own = path.relative_to(LAB).parts[0].removesuffix(".py")
    for module, names in imported(path):
        words = [*module.split(".")[1:], *names]
        assert module.split(".")[1:2] == [own] or not [
            word for word in words if word.startswith("_") and not word.startswith("__")
        ]
