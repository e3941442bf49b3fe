"""How BuildKit is compiled: the pinned module, Go's real output, honest estimates of how long it takes."""

import io
import os
import re
import sys
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import Blocked
from lab.sandbox.buildkit import gobuild, maker, toolchain
from lab.sandbox.buildkit import journal as buildkit_state
from lab.sandbox.buildkit.journal import TYPICAL, Journal, seconds_left

RECORDING = Path(__file__).parent / "data/go-1.26.8/buildkit-0.34.2.txt"
MODULE = resources.files("lab.sandbox") / "buildkit_go"
FAKE_GO = """#!/bin/sh
case "$1" in
env) echo go1.26.8 ;;
list) cat DATA/downloads >&2; cat DATA/stale; ;;
build) cat DATA/packages >&2; exit 0 ;;
esac
"""


class Told:
    """Remembers what a build says of itself."""

    def __init__(self):
        self.phases = {}

    def phase(self, name):
        """A phase begins."""
        self.phases[name] = []

    def step(self, done, total):
        """So much is done."""
        list(self.phases.values())[-1].append((done, total))


@pytest.fixture
def recording():
    """What Go really wrote, with the seconds at which it did."""
    rows = [line.split("\t") for line in RECORDING.read_text().splitlines()]
    return [(float(seconds), text) for seconds, text in rows]


@pytest.fixture
def go(tmp_path, recording):
    """A Go that says what a real one said, without the work."""
    lines = [text for _, text in recording]
    data = tmp_path / "data"
    data.mkdir()
    (data / "downloads").write_text("".join(f"{line}\n" for line in lines if line.startswith("go: ")))
    packages = [line for line in lines if not line.startswith("go: ")]
    (data / "packages").write_text("# some/package\n" + "".join(f"{line}\n" for line in packages))
    kept = "true not installed but available in build cache\nfalse \n"
    (data / "stale").write_text("true stale dependency: cmp\n" * len(packages) + kept)
    program = tmp_path / "bin/go"
    program.parent.mkdir()
    program.write_text(FAKE_GO.replace("DATA", str(data)))
    program.chmod(0o755)
    return toolchain.Go(program, (1, 26, 8))


@pytest.fixture
def recipe(tmp_path):
    """The recipe of BuildKit's programs, in a folder of the test's."""
    return maker._recipe(tmp_path / "module", maker.here())


def test_the_pinned_module_is_the_version_that_is_named():
    """The version that the image claims is the one in `go.mod`, and it has a checksum."""
    assert f"\tgithub.com/moby/buildkit {maker.VERSION}" in (MODULE / "go.mod").read_text()
    assert f"github.com/moby/buildkit {maker.VERSION} h1:" in (MODULE / "go.sum").read_text()


def test_the_module_names_its_programs():
    """Both programs are tools of the module, so that `go.sum` covers all that they need."""
    tools = re.findall(r"^\t(github.com/moby/buildkit/cmd/\w+)$", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert sorted(tools) == ["github.com/moby/buildkit/cmd/buildctl", "github.com/moby/buildkit/cmd/buildkitd"]


def test_the_recipe_reads_its_module(recipe):
    """The Go that is needed and the number of downloads come from the lock, not from a second list."""
    assert recipe.go == (1, 26, 8)
    assert 200 <= recipe.modules <= 220


def test_go_is_counted_as_it_talks(go, recipe, tmp_path):
    """Downloads and packages of a real cold build are counted to the last one; other lines are not."""
    told = Told()
    assert gobuild.build(go, recipe, tmp_path / "out", told) == 1390
    assert {name: (steps[0], steps[-1]) for name, steps in told.phases.items()} == {
        "modules": ((0, recipe.modules), (205, recipe.modules)),
        "compile": ((0, 1390), (1390, 1390)),
    }


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("write /c/x.a: no space left on device", "the disk is full"),
        ('go: m@v1: Get "https://x/@v/list": dial tcp: lookup x: no such host', "cannot be downloaded"),
        ("go: m@v1: reading https://x/m.zip: 404 Not Found", "cannot be downloaded"),
        ("go: m@v1: module lookup disabled by GOPROXY=off", "cannot be downloaded"),
        ("verifying m@v1: checksum mismatch", "not the one that the lab has pinned"),
        ("compile: signal: killed", "too little memory"),
        ("x.go:3:1: syntax error", "x.go:3:1: syntax error"),
    ],
)
def test_what_stops_go_is_one_line(go, tmp_path, monkeypatch, said, message):
    """A failed build names its cause, and what Go said stays in the log."""
    log = io.StringIO()
    recipe = maker._recipe(tmp_path / "module", maker.here())
    monkeypatch.setattr(sys, "stderr", log)
    go.program.write_text(go.program.read_text().replace("exit 0", "exit 1"))
    (tmp_path / "data/packages").write_text(f"cmp\n{said}\n")
    with pytest.raises(Blocked, match=re.escape(message)) as error:
        gobuild.build(go, recipe, tmp_path / "out", Told())
    assert error.value.remedy
    assert said in log.getvalue()


def test_downloads_are_not_mistaken_for_their_failure():
    """A module whose name speaks of a connection is no broken connection; silence is said to be one."""
    assert "Go said nothing" in gobuild.cause([]).message
    assert "too little memory" not in gobuild.cause(["go: cannot find main module"]).message


def test_no_room_is_said_before_anything_is_downloaded(go, recipe, tmp_path, monkeypatch):
    """A disk that is too small for the build is not filled up first."""
    usage = type("Usage", (), {"free": 10**9})
    monkeypatch.setattr(gobuild.shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(Blocked, match="2 GB of room"):
        gobuild.build(go, recipe, tmp_path / "out", Told())


def test_gos_environment_is_the_labs(go, recipe, tmp_path, monkeypatch):
    """Caches are the lab's, flags and toolchain ours; where modules come from stays the learner's choice."""
    for name, value in {"GOFLAGS": "-mod=mod", "GOROOT": "/x", "GOPROXY": "p", "GOPRIVATE": "q"}.items():
        monkeypatch.setenv(name, value)
    found = gobuild.own_environment(go, recipe.architecture, tmp_path)
    assert found["GOMODCACHE"] == str(tmp_path / "modules")
    assert "-mod=readonly" in found["GOFLAGS"]
    assert "GOROOT" not in found
    assert (found["GOPROXY"], found["GOPRIVATE"]) == ("p", "q")


@pytest.mark.parametrize(("answer", "found"), [("go1.26.8", True), ("go1.27rc1", True), ("go1.26.7", False)])
def test_a_go_that_is_new_enough_is_used(go, monkeypatch, answer, found):
    """An older one on the PATH is passed over for the distribution's."""
    go.program.write_text(f"#!/bin/sh\necho {answer}\n")
    monkeypatch.setenv("PATH", f"{go.program.parent}:{os.environ['PATH']}")
    other = toolchain.Go(Path("/unpacked"), (1, 27, 0))
    monkeypatch.setattr(toolchain, "_unpacked", lambda _report: other)
    assert (toolchain.find((1, 26, 8), None) != other) is found


@pytest.mark.parametrize("script", ["exit 1", "echo devel", "exec /nowhere"])
def test_a_go_that_is_broken_is_passed_over(go, script):
    """Whatever stands on the PATH under that name, there is an answer."""
    go.program.write_text(f"#!/bin/sh\n{script}\n")
    assert toolchain._ask(go.program) is None


def test_estimates_were_honest_on_the_recorded_build(recording):
    """Through a real build the seconds left were right within a third, or 12 seconds near its ends."""
    packages = [seconds for seconds, text in recording if not text.startswith("go: ")]
    begin, end = packages[0], packages[-1]
    for done in range(50, len(packages), 50):
        now = packages[done - 1]
        told = seconds_left("compile", done, len(packages), now - begin, TYPICAL) - TYPICAL["image"]
        assert abs(told - (end - now)) < max(12.0, (end - now) / 3), (done, told, end - now)


@given(
    st.sampled_from([*TYPICAL, ""]),
    st.integers(0, 2000),
    st.integers(0, 2000),
    st.floats(0, 10_000, allow_nan=False),
)
def test_estimates_are_never_negative(phase, done, total, elapsed):
    """No state of a build gives nonsense."""
    assert 0 <= seconds_left(phase, min(done, total), total, elapsed, TYPICAL) < 1e8


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_curve_goes_up(one, other):
    """More packages never mean less time passed, and the whole is the whole but for linking."""
    low, high = sorted((one, other))
    assert 0 <= buildkit_state.along(low) <= buildkit_state.along(high) < 1


def test_a_machine_twice_as_slow_is_believed(recording):
    """From a quarter on, a build's own pace counts and not what it took elsewhere."""
    packages = [seconds * 2 for seconds, text in recording if not text.startswith("go: ")]
    begin, end = packages[0], packages[-1]
    done = len(packages) // 2
    now = packages[done - 1]
    told = seconds_left("compile", done, len(packages), now - begin, TYPICAL) - TYPICAL["image"]
    assert abs(told - (end - now)) < (end - now) / 3


def test_times_are_remembered_after_a_whole_build_only():
    """What a resumed build took says nothing of the next one."""
    clock = iter(range(0, 1000, 7)).__next__
    for remember in (False, True):
        journal = Journal(clock)
        journal.phase("compile")
        journal.phase("image")
        journal.finish(remember=remember)
        assert bool(buildkit_state.read(buildkit_state.cache_folder() / "durations.json")) is remember
