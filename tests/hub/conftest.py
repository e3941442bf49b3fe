"""A hub for a class, with everything real: JupyterHub, its proxy, rooms of the kernel's, an engine in each."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from support.hub_class import Hub

from lab import paths


def pytest_itemcollected(item):
    """What starts a hub starts engines."""
    if "a_hub" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="module")
def a_hub():
    """Starts hubs, each in a home of its own, with the machine's own cache; all are gone afterwards."""
    if sys.platform != "linux" or os.geteuid():
        pytest.skip("A hub needs Linux and root.")
    cache, made = paths.cache(), []

    def start(*words):
        home = Path(tempfile.mkdtemp(prefix="lab-hub-")) / "home"
        made.append(home)
        return again(home, *words)

    def again(home, *words):
        hub = Hub(home, cache, *words)
        hubs.append(hub)
        return hub

    hubs = []
    start.again = again
    yield start
    for hub in hubs:
        hub.close()
    for home in made:
        shutil.rmtree(home.parent)
