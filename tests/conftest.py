"""What all tests share: folders of their own, never the learner's."""

import dataclasses
import hashlib
import shutil
import signal

import pytest
from support import groups

from lab.model.world import World

# Started in the background of a script, this process and all its children would ignore Ctrl-C, which tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """What touches emulators is marked; where several processes run the tests, each gets whole groups of them."""
    for item in items:
        if groups.group(item) == groups.KERNEL:
            item.add_marker(pytest.mark.kernel)
        if groups.has_registry(item):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun="blob unknown to registry"))
    if hasattr(config, "workerinput"):
        groups.share(items)


_LONGEST_ID = 300


def pytest_make_parametrize_id(val, argname):
    """A hostile text is no name for a test: some are of many MB, and each process tells the others of it."""
    if isinstance(val, str | bytes) and len(val) > _LONGEST_ID:
        digest = hashlib.sha256(val if isinstance(val, bytes) else val.encode(errors="surrogatepass")).hexdigest()[:8]
        return f"{argname} of {len(val)}, {digest}"
    return None


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch, request):
    """No test reads or writes the home, cache or progress of whoever runs it; engine tests bring a shared one.

    Tests without a `tmp_path` of their own have one folder in turn, emptied where something was written: one for each
    would take seconds in all.
    """
    monkeypatch.delenv("LAB_WORKSPACE", raising=False)
    if any(request.node.get_closest_marker(name) for name in ("engine", "browser", "cluster")):
        yield
        return
    own = "tmp_path" in request.fixturenames
    place = request.getfixturevalue("tmp_path") if own else tmp_path_factory.getbasetemp() / "own"
    place.mkdir(exist_ok=True)
    monkeypatch.setenv("LAB_HOME", str(place / "home"))
    monkeypatch.setenv("LAB_CACHE", str(place / "cache"))
    monkeypatch.setenv("LAB_LEARNER", str(place / "learner"))
    yield
    if not own and any(place.iterdir()):
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def stated_site(tmp_path_factory):
    """The whole site, built once from stated runs; its folder."""
    from support import site_build  # which reads the course and its pages

    return site_build.whole(tmp_path_factory.mktemp("site"))


@pytest.fixture
def world(tmp_path):
    """A world with no engine in it: a learner's empty folder and a registry that nobody runs."""
    folder = tmp_path / "work"
    folder.mkdir()
    return World(
        env={"PATH": "/usr/bin:/bin", "REGISTRY": "localhost:1"},
        registry="localhost:1",
        workspace=folder,
        home=tmp_path / "learner",
    )


@pytest.fixture
def world_with(world):
    """The same with some fields changed."""
    return lambda **changes: dataclasses.replace(world, **changes)
