"""BuildKit's image: made in the background, dead builders, clear failures, and what is in it."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lab.errors import Blocked
from lab.images import build
from lab.sandbox import buildkit, state
from lab.sandbox.buildkit import image as buildkit_image
from lab.sandbox.buildkit import journal as buildkit_state
from lab.sandbox.buildkit import maker, target
from lab.sandbox.host import process
from lab.storage import write_json


@pytest.fixture
def place(tmp_path):
    """A mirror that nobody runs, as the place for the image."""
    return buildkit.Target("localhost:1", tmp_path / "docker", dict(os.environ))


def test_nobody_asked():
    """Without a record there is nothing to tell."""
    assert buildkit.progress().state == "none"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"state": 3}', '{"state": "building", "pid": "x"}'])
def test_a_damaged_record_is_no_error(text):
    """A record cut in half reads as none, or as a build that was stopped."""
    buildkit_state.sandbox_file().parent.mkdir(parents=True)
    buildkit_state.sandbox_file().write_text(text)
    assert buildkit.progress().state in ("none", "failed")


@pytest.fixture
def builder():
    """A process that carries the builder's mark and does nothing."""
    environment = {**os.environ, process.MARK: f"{state.key()}:buildkit"}
    with subprocess.Popen(["sleep", "60"], env=environment, start_new_session=True) as running:
        deadline = time.monotonic() + 5
        while not process.find(state.key(), "buildkit") and time.monotonic() < deadline:
            time.sleep(0.01)
        yield running
        running.kill()


def test_a_builder_at_work_is_told_of(builder):
    """Phase, share and seconds left come from the files that the builder writes."""
    now = time.time()
    write_json(buildkit_state.sandbox_file(), {"state": "building", "pid": builder.pid, "started": now - 30, "at": now})
    write_json(
        buildkit_state.cache_folder() / "progress.json",
        {"phase": "compile", "done": 3, "total": 9, "left": 40.0, "at": now},
    )
    found = buildkit.progress()
    assert (found.state, found.phase, found.done, found.total) == ("building", "compiling BuildKit", 3, 9)
    assert 30 <= found.seconds_elapsed < 40
    assert 30 < found.seconds_left <= 40


def test_what_an_earlier_build_left_is_not_this_ones(builder):
    """A fresh builder says that it is starting, whatever the last one wrote."""
    now = time.time()
    write_json(buildkit_state.sandbox_file(), {"state": "building", "pid": builder.pid, "started": now, "at": now})
    write_json(buildkit_state.cache_folder() / "progress.json", {"phase": "image", "left": 1, "at": now - 60})
    found = buildkit.progress()
    assert (found.phase, found.seconds_left) == ("starting", None)


def test_a_killed_builder_is_recognised(builder):
    """A builder that died without a word has failed, and the next start goes on from there."""
    write_json(buildkit_state.sandbox_file(), {"state": "building", "pid": builder.pid, "started": 1, "at": 1})
    assert buildkit.progress().state == "building"
    builder.kill()
    builder.wait()
    found = buildkit.progress()
    assert (found.state, found.remedy) == ("failed", "Run `lab up`: it continues from there.")


def test_somebody_elses_process_is_not_the_builder():
    """A number that now belongs to another process does not keep a dead build alive; nor is it stopped."""
    with subprocess.Popen(["sleep", "60"]) as other:
        write_json(buildkit_state.sandbox_file(), {"state": "building", "pid": other.pid, "started": 1, "at": 1})
        assert buildkit.progress().state == "failed"
        assert buildkit.stop() is False
        assert other.poll() is None
        other.kill()


def test_stop_ends_the_builder(builder):
    """After `stop` nothing runs and nothing is said to be building."""
    write_json(buildkit_state.sandbox_file(), {"state": "building", "pid": builder.pid, "started": 1, "at": 1})
    import threading

    reaper = threading.Thread(target=builder.wait)
    reaper.start()
    assert buildkit.stop() is True
    reaper.join(5)
    assert builder.returncode == -15
    assert buildkit.progress().state == "none"


def test_a_builder_that_never_came_up():
    """A record that no builder signed is believed for a short while only."""
    write_json(buildkit_state.sandbox_file(), {"state": "building", "pid": 0, "started": 1, "at": time.time()})
    assert buildkit.progress().state == "building"
    write_json(buildkit_state.sandbox_file(), {"state": "building", "pid": 0, "started": 1, "at": 1})
    assert buildkit.progress().state == "failed"


def test_a_mirror_that_is_down_is_a_failure_with_a_remedy(place):
    """`start` never raises for what the world lacks."""
    found = buildkit.start(place)
    assert found.state == "failed"
    assert "does not answer" in found.error
    assert found.remedy


def test_where_the_image_is_nothing_is_built(place, monkeypatch):
    """An image in the mirror is enough."""
    monkeypatch.setattr(buildkit, "_spawn", lambda _target: pytest.fail("built all the same"))
    monkeypatch.setattr(build, "exists", lambda *_words: "sha256:1")
    assert buildkit.start(place).state == "ready"


def test_where_docker_hub_answers_nothing_is_built(place, monkeypatch):
    """The engine pulls it as it does everywhere."""
    monkeypatch.setattr(buildkit, "_spawn", lambda _target: pytest.fail("built all the same"))
    monkeypatch.setattr(buildkit, "hub_answers", lambda: True)
    monkeypatch.setattr(build, "exists", lambda *_words: None)
    assert buildkit.start(place).state == "hub"


def test_the_look_at_docker_hub_is_bounded():
    """A name server that does not answer costs the time that was allowed, and no more."""
    answer = threading.Event()
    try:
        assert target.hub_answers(0.05, lambda _seconds: answer.wait(60) or True) is False
    finally:
        answer.set()


def test_the_builder_tells_its_failure(place, monkeypatch, capsys):
    """What stops the builder in the background is in the record and in the log, in one line."""

    def fail():
        raise Blocked("There is no Go here.", "Install one.")

    monkeypatch.setattr(maker, "make", fail)
    monkeypatch.setattr(os, "nice", lambda _by: 0)
    assert buildkit.main(["--mirror", "localhost:1"]) == 3
    found = buildkit.progress()
    assert (found.state, found.error, found.remedy) == ("failed", "There is no Go here.", "Install one.")
    assert "There is no Go here." in capsys.readouterr().err


def test_a_mistake_of_ours_is_told_too(place, monkeypatch, capsys):
    """A builder that breaks leaves its traceback in the log and a calm line in the record."""
    monkeypatch.setattr(maker, "make", lambda: 1 / 0)
    monkeypatch.setattr(os, "nice", lambda _by: 0)
    assert buildkit.main(["--mirror", "localhost:1"]) == 70
    assert buildkit.progress().error.startswith("The builder itself broke: ZeroDivisionError")
    assert "Traceback" in capsys.readouterr().err


def test_a_program_brings_its_libraries():
    """The header of a dynamic program names its loader and libraries; nothing is run for that."""
    found = buildkit_image.dynamic_links(Path(sys.executable).resolve())
    assert found.loader.startswith("/lib")
    assert any(name.startswith("libc.so") for name in found.libraries)


def test_a_missing_library_is_named(tmp_path):
    """An image whose runc could not start is not made."""
    with pytest.raises(Blocked, match="no package that python"):
        buildkit_image.libraries(Path(sys.executable).resolve(), tmp_path)


def test_the_image_is_upstreams_in_what_matters(tmp_path):
    """Entry point, volume and programs stand where buildx expects them; a whole layout is kept."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "buildkitd").write_bytes(b"one")
    (programs / "buildctl").write_bytes(b"two")
    kept = tmp_path / "cache/image"
    image = buildkit_image.assemble(
        programs, {"tmp": build.Folder(0o1777)}, version="v1", platform="linux/arm64", layout=kept
    )
    assert build.read_layout(kept).digest == image.digest
    with image.blobs[0].open() as stream:
        config = json.load(stream)
    assert config["architecture"] == "arm64"
    assert config["config"]["Entrypoint"] == ["buildkitd"]
    assert config["config"]["Volumes"] == {"/var/lib/buildkit": {}}
    assert [path.name for path in kept.parent.iterdir()] == ["image"]
