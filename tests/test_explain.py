"""The error guide: every sample is explained as what it is, every look-alike is not, and no log can make it slow."""

import json
import re
import time
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path
from re import _constants, _parser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import explain as module
from lab.errors import BadInput, UsageError
from lab.explain import EngineFacts, Explanation, explain, run
from lab.explain_data import Entry, entries, fill
from lab.explain_scan import bare, clean

DATA = Path(__file__).parent / "data" / "explain"
LESSONS = {
    "01-machine", "02-one-platform", "03-mismatch", "04-emulation", "05-builders", "06-new-builder",
    "07-multi-platform", "08-inside-the-index", "09-cross-compile", "10-true-binary", "11-ci", "12-native-nodes",
    "13-ship-and-clean", "",
}  # fmt: skip


def each(field):
    return [
        pytest.param(entry, text, id=f"{entry.id}-{number}")
        for entry in entries()
        for number, text in enumerate(getattr(entry, field))
    ]


@pytest.mark.parametrize(("entry", "text"), each("samples"))
def test_a_sample_is_explained_by_its_entry_first(entry: Entry, text):
    """Differently worded texts of one cause lead to that cause."""
    found = explain(text)
    assert [cause.id for cause in found.causes][:1] == [entry.id]
    assert found.exit_status == 0
    assert found.root


@pytest.mark.parametrize(("entry", "text"), each("among"))
def test_what_one_line_cannot_tell_is_told_as_several_causes(entry: Entry, text):
    """Without a second clue the guide is not certain, and each cause names the command that decides."""
    found = explain(text)
    assert not found.certain
    assert entry.id in [cause.id for cause in found.causes]
    assert all(cause.decide for cause in found.causes)


@pytest.mark.parametrize(("entry", "text"), each("not_samples"))
def test_a_look_alike_is_not_called_by_the_entrys_name(entry: Entry, text):
    """A wrong diagnosis is worse than none."""
    assert entry.id not in [cause.id for cause in explain(text).causes][:1]
