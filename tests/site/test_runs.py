"""The site shows whole runs of the notebooks as they are, and no other."""

import pytest
from support import site_build

from lab import course
from lab.errors import BadInput
from lab.learning.tour import runs
from lab.model.results import Status

MACHINE = course.lesson("machine")


def test_a_whole_run_is_read(run):
    """A run with the notebook's own fingerprint and only passed steps is shown."""
    assert run.stamp["engine"] == "28.5.2"
    assert run.printed["uname"].startswith("x86_64\n")


def test_a_lesson_without_a_run_says_how_to_make_one(tmp_path):
    """The refusal names the lesson and the command."""
    with pytest.raises(BadInput, match=r"'01-machine' has no run.*lab tour --yes --output"):
        runs.read(MACHINE, tmp_path)


def test_a_run_of_another_notebook_is_stale(tmp_path):
    """One changed word in a cell is enough."""
    site_build.executed(MACHINE, tmp_path, source="0123456789abcdef")
    with pytest.raises(BadInput, match=r"has changed since its run.*lab tour"):
        runs.read(MACHINE, tmp_path)


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.PASSED])
def test_a_step_that_did_not_pass_is_not_published(tmp_path, status):
    """Failed, blocked, not attempted or our bug: a page with it would show a wrong output as right."""
    result = site_build.passed("own_header", status=status, values={"found": "a", "wanted": "b"})
    site_build.executed(MACHINE, tmp_path, results={"own_header": result})
    with pytest.raises(BadInput, match=f"'own_header' is {status.label}: Done. found 'a', wanted 'b'"):
        runs.read(MACHINE, tmp_path)


def test_a_step_without_a_result_is_not_published(tmp_path):
    """A cell that printed something and left no result is no proof."""
    site_build.executed(MACHINE, tmp_path, results={"uname": None})
    with pytest.raises(BadInput, match="'uname' left no result"):
        runs.read(MACHINE, tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"metadata": {"lab": 3}, "cells": []}', '{"metadata": {}, "cells": 1}']
)
def test_a_damaged_notebook_is_one_clear_line(tmp_path, text):
    """No traceback, whatever the file holds."""
    (tmp_path / MACHINE.notebook.name).write_text(text, encoding="utf-8")
    with pytest.raises(BadInput):
        runs.read(MACHINE, tmp_path)
