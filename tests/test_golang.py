"""The base image `golang`: made of Go's own release, in the background, and told of while it is not there."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import paths
from lab.errors import Blocked
from lab.images import build
from lab.probes import needs
from lab.sandbox import background, golang, images, overview, state
from lab.sandbox.buildkit import toolchain
from lab.sandbox.golang import maker
from lab.sandbox.host import process
from lab.sandbox.host.run import Done
from lab.storage import write_json

GO = toolchain.Go(program=Path("/usr/bin/go"), version=(1, 26, 8))


def record(**told):
    """What the maker has written down."""
    write_json(paths.sandbox() / "golang.json", told)


def test_without_a_mirror_nothing_is_made(monkeypatch):
    """On a learner's own engine, Docker Hub's image serves, and no step is blocked."""
    monkeypatch.setattr(background, "spawn", lambda *_words, **_more: pytest.fail("made all the same"))
    assert golang.start(None, {}).state == "none"
    needs.golang(None)


def test_where_the_image_is_nothing_is_made(monkeypatch):
    """An image in the mirror is enough."""
    monkeypatch.setattr(background, "spawn", lambda *_words, **_more: pytest.fail("made all the same"))
    monkeypatch.setattr(build, "exists", lambda *_words: "sha256:1")
    assert golang.start("localhost:1", {}).state == "ready"
    needs.golang(None)


def test_what_the_cache_has_needs_no_maker(monkeypatch):
    """It is put into the mirror at once, under each of its tags."""
    put = []
    monkeypatch.setattr(background, "spawn", lambda *_words, **_more: pytest.fail("made all the same"))
    monkeypatch.setattr(build, "exists", lambda *_words: None)
    monkeypatch.setattr(build, "push", lambda mirror, repository, tag, _image: put.append((mirror, repository, tag)))
    build.write_layout(maker.layout(), build.image([build.layer({"x": (b"x", 0o644)})], platform="linux/amd64"))
    assert golang.start("localhost:1", {}).state == "ready"
    assert put == [("localhost:1", "library/golang", tag) for tag in maker.TAGS]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is made on Linux only")
def test_where_it_is_missing_a_maker_is_started(monkeypatch):
    """It is told where the mirror is; a second `up` does not start another one."""
    started = []
    monkeypatch.setattr(background, "spawn", lambda module, words, **_more: started.append((module, words)))
    monkeypatch.setattr(build, "exists", lambda *_words: None)
    assert golang.start("localhost:1", {}).state == "building"
    assert golang.start("localhost:1", {}).state == "building"
    assert started == [("lab.sandbox.golang", ["localhost:1"])]
    with pytest.raises(Blocked, match="still being made"):
        needs.golang(None)


def test_a_mirror_that_is_down_is_a_failure_with_a_remedy():
    """`start` never raises for what the world lacks, and the step says why it is blocked."""
    found = golang.start("localhost:1", {})
    assert found.state == "failed"
    assert "does not answer" in found.error
    with pytest.raises(Blocked, match="does not answer"):
        needs.golang(None)


@pytest.mark.parametrize("told", [{"state": 3}, {"state": "building", "pid": "x"}, {}])
def test_a_damaged_record_is_no_error(told):
    """It reads as none, or as a maker that was stopped."""
    record(**told)
    assert golang.progress().state in ("none", "failed")


def test_a_maker_at_work_is_listed_and_stopped():
    """`down` ends it; what a killed one leaves is a failure, not a maker at work."""
    environment = {**os.environ, process.MARK: f"{state.key()}:golang"}
    with subprocess.Popen(["sleep", "60"], env=environment, start_new_session=True) as running:
        deadline = time.monotonic() + 5
        while not process.find(state.key(), "golang") and time.monotonic() < deadline:
            time.sleep(0.01)
        record(state="building", pid=running.pid, at=1)
        (removal,) = golang.build_removals()
        assert "Go's image" in removal.line
        running.kill()
        running.wait()
    assert golang.progress().state == "failed"
    assert golang.wait(0).remedy
    record(state="building", pid=0, at=time.time())
    golang.stop()
    assert golang.progress().state == "none"


def test_the_maker_says_how_it_ended(monkeypatch):
    """A cause in one line and its exit status; a fault of its own is one of ours."""

    def breaks(error):
        def make():
            raise error

        monkeypatch.setattr(maker, "make", make)

    breaks(Blocked("No network.", "Look for one."))
    assert golang.main(["localhost:1"]) == Blocked.exit_status
    assert (golang.progress().error, golang.progress().remedy) == ("No network.", "Look for one.")
    breaks(KeyError("x"))
    assert golang.main(["localhost:1"]) == 70
    assert "maker itself broke" in golang.progress().error


@pytest.mark.parametrize(
    ("status", "printed", "said"),
    [
        (1, '{"Error": "dial tcp: lookup proxy: no such host"}', "no such host"),
        (1, "half a {", "cannot be downloaded"),
        (0, '{"Dir": "/x", "Sum": "h1:other="}', "something else"),
    ],
)
def test_what_is_not_gos_release_is_refused(monkeypatch, tmp_path, status, printed, said):
    """One line for no network, and for a download with another checksum."""
    monkeypatch.setattr(maker, "run", lambda *_words, **_more: Done(status, printed, ""))
    with pytest.raises(Blocked, match=said):
        maker._download(GO, "linux/amd64", tmp_path)


def test_the_image_is_laid_out_as_upstreams(monkeypatch, tmp_path):
    """`/usr/local/go`, `/go`, the same PATH; one layer of sources and one of the library for all platforms."""
    trees = {}
    for platform in maker.SUMS:
        tree = trees[platform] = tmp_path / platform.replace("/", "-")
        for name in ("bin/go", "pkg/tool/x/compile", "src/fmt/print.go", "src/fmt/fmt_test.go", "src/cmd/go/main.go"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(platform if name.startswith(("bin", "pkg")) else name)
    (tmp_path / "library/00").mkdir(parents=True)
    (tmp_path / "library/00/a").write_text("compiled")
    rows = [build.image([build.layer({"bin/sh": (b"x", 0o755)})], platform=name) for name in (*trees, "linux/arm/v7")]
    monkeypatch.setattr(images, "busybox", lambda _report: images.Base(build.index(rows), ("1",)))
    index = maker._assemble(trees, tmp_path / "library", tmp_path)
    first, second = ([blob.digest for blob in row.blobs[1:]] for row in index.manifests)
    assert first[:3] == second[:3]  # busybox (the same here), sources, library
    assert first[3] != second[3]
    assert [row.platform["architecture"] for row in index.manifests] == ["amd64", "arm64"]
    names = dict(maker._files(trees["linux/amd64"], runs=True)) | dict(maker._files(trees["linux/amd64"], runs=False))
    assert set(names) == {"usr/local/go/bin/go", "usr/local/go/pkg/tool/x/compile", "usr/local/go/src/fmt/print.go"}
    environment = dict(line.split("=", 1) for line in maker._config()["Env"])
    assert environment["PATH"].startswith("/go/bin:/usr/local/go/bin:/usr/local/sbin:")
    assert (environment["GOTOOLCHAIN"], environment["GOPATH"]) == ("local", "/go")


def test_the_lessons_tag_is_one_of_the_images():
    """What a Dockerfile of the lessons says is what is pushed."""
    name, _, tag = images.GOLANG.partition(":")
    assert name == "golang"
    assert tag in maker.TAGS
    assert maker.TAGS[0].startswith(f"{tag}.")
    assert tuple(map(int, maker.VERSION.split("."))) >= maker._OLDEST


def test_a_machine_that_go_has_no_image_for_is_told(monkeypatch):
    """Before anything is downloaded."""
    monkeypatch.setattr(maker, "_here", lambda: "linux/riscv64")
    paths.cache().mkdir(parents=True, exist_ok=True)
    with pytest.raises(Blocked, match="linux/riscv64"):
        maker.make()


def test_a_kept_image_is_not_made_again(monkeypatch, tmp_path):
    """Off line, a second sandbox has it from the cache."""
    monkeypatch.setattr(maker, "_make", lambda: pytest.fail("made again"))
    kept = build.index([build.image([build.layer({"a": (b"x", 0o644)})], platform="linux/amd64")])
    build.write_layout(maker.layout(), kept)
    assert maker.make().digest == kept.digest


def test_the_status_tells_of_it():
    """Where it is made by the lab, in a row of its own; where Docker Hub has it, nowhere."""
    told = overview.Overview(engine="private", golang=golang.Progress("failed", error="No network.", remedy="Look."))
    assert "Go         No network. Look.\n" in told.as_text()
    assert told.to_json()["golang"]["state"] == "failed"
    assert "\nGo " in overview.Overview(engine="private", golang=golang.Progress("building")).as_text()
    assert "\nGo " not in overview.Overview(engine="private").as_text()
