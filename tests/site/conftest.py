"""A run that pages are made from."""

import pytest
from support import site_build

from lab import course
from lab.learning.tour import runs

MACHINE = course.lesson("machine")


@pytest.fixture
def run(tmp_path):
    """A whole run of lesson 1."""
    site_build.executed(MACHINE, tmp_path)
    return runs.read(MACHINE, tmp_path)
