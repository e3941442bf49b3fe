"""A learner's script runs with its words, and comes to an end whatever it does."""

import time

import pytest

from lab.errors import NotThere
from lab.probes import rehearsal


def lay(world, text):
    world.workspace.mkdir(parents=True, exist_ok=True)
    (world.workspace / "clean.sh").write_text(text)


def test_a_script_gets_its_words_and_its_end_is_told(world):
    """Standard output and error together, as a person sees them."""
    lay(world, 'echo "$1 and $2"; echo no >&2; exit 3')
    found = rehearsal.run(world, "clean.sh", ["one two", "three"], limit=10)
    assert (found.status, found.said) == (3, "one two and three\nno")


def test_a_script_that_does_not_end_is_ended_with_all_that_it_started(world):
    """Also a child that keeps its output open, and one that the script does not wait for."""
    lay(world, "sleep 60 & sleep 60; echo never")
    began = time.monotonic()
    found = rehearsal.run(world, "clean.sh", [], limit=0.2)
    assert found.status is None
    assert "never" not in found.said
    assert time.monotonic() - began < 10


def test_a_script_that_says_too_much_is_cut(world):
    """The last of it is what a person reads, in whatever bytes it comes."""
    lay(world, "printf '\\377'; yes | head -n 100000; echo last")
    found = rehearsal.run(world, "clean.sh", [], limit=10)
    assert found.said.endswith("last")
    assert len(found.said) < 5000


def test_a_script_that_is_missing_is_not_there(world):
    """Nothing was tried then."""
    with pytest.raises(NotThere, match=r"clean\.sh"):
        rehearsal.run(world, "clean.sh", [], limit=1)
