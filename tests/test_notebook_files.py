"""Notebooks on the disk: HTML that says it is a copy; in the browser of a living kernel the widget again."""

import json

import pytest

from lab.notebook.files import VIEW, bring_back, put_away
from lab.notebook.panel import page


def notebook(mark, **metadata):
    data = {VIEW: {"model_id": "m"}, "text/html": f"{page.SAVED}<b>x</b>", "text/plain": "x"}
    output = {"output_type": "display_data", "data": data, "metadata": {"lab_kernel": mark, **metadata}}
    return {"cells": [{"cell_type": "code", "outputs": [output]}, {"cell_type": "markdown"}]}


def data_of(one):
    return one["cells"][0]["outputs"][0]["data"]


def test_on_the_disk_there_is_no_widget():
    """GitHub, nbconvert and the next kernel show HTML, and it says that it is a copy."""
    saved = data_of(put_away(notebook(page.kernel_mark())))
    assert VIEW not in saved
    assert "Run the cell again" in saved["text/html"]


def test_a_browser_that_comes_back_gets_the_widget_again():
    """While the kernel lives, a reload loses nothing."""
    before = notebook(page.kernel_mark())
    there = bring_back(put_away(json.loads(json.dumps(before))))
    assert data_of(there) == data_of(before)


@pytest.mark.parametrize("mark", ["", "0-", "999999999-1", "1-0", "abc", None, "-1-2", f"{2**70}-1"])
def test_a_dead_kernels_widget_stays_away(mark):
    """A restart, a reboot, another machine, or nonsense in the file: HTML, never `model not found`."""
    there = data_of(bring_back(put_away(notebook(mark))))
    assert VIEW not in there
    assert "Run the cell again" in there["text/html"]


def test_a_clock_is_not_saved():
    """It belongs to the moment."""
    assert put_away(notebook("", lab="live"))["cells"][0]["outputs"] == []


def test_widgets_of_others_are_left_alone():
    """A learner's own slider in a notebook is theirs."""
    own = notebook("")
    data_of(own)["text/html"] = "<b>x</b>"
    assert VIEW in data_of(put_away(own))


@pytest.mark.parametrize("broken", [{}, {"cells": None}, {"cells": [{}]}, {"cells": [{"outputs": None}]}, [], "x"])
def test_what_is_no_notebook_is_handed_on(broken):
    """Jupyter itself says what is wrong with it."""
    assert bring_back(put_away(broken)) == broken
