"""Base images and BuildKit's image on the real engine, pulled through the lab's mirror as from Docker Hub."""

import os
import subprocess
import time

import pytest
from support.nightly import nightly

from lab import paths, sandbox
from lab.images import build
from lab.sandbox import buildkit, golang, images, registry, state
from lab.sandbox.buildkit import journal
from lab.sandbox.golang import maker
from lab.sandbox.host import process
from lab.sandbox.model import Sandbox
from lab.sandbox.packages import apt
from lab.sandbox.packages.deb import upstream

PLATFORMS = ["linux/amd64", "linux/arm/v7", "linux/arm64", "linux/ppc64le", "linux/riscv64", "linux/s390x"]


def docker(box, *words, timeout=120):
    """Run docker in the sandbox; what it printed."""
    done = subprocess.run(
        ["docker", *words],
        env=sandbox.environment(box), capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="session")
def ready(box):
    """A sandbox whose BuildKit image is there, made now where it must be."""
    found = buildkit.wait(900)
    assert found.state in ("ready", "hub"), found
    return box


def test_the_lessons_name_the_true_version(box):
    """The tag that lessons write is one of those of the distribution's present package."""
    (file,) = apt.fetch(["busybox-static"]).values()
    assert images.BUSYBOX.partition(":")[2] in images.tags(upstream(apt.version(file)))


def run_here(box, *words):
    """What a program prints in the base image for this machine; another test may have pulled one for another."""
    return docker(box, "run", "--rm", "--pull", "always", "--quiet", images.BUSYBOX, *words)


def test_plain_busybox_runs(box):
    """`busybox:1.38` comes out of the mirror, and it is the version that it says."""
    told = run_here(box, "sh", "-c", "uname -m; busybox | head -1")
    assert told.splitlines()[0] == os.uname().machine
    assert f"v{images.BUSYBOX.partition(':')[2]}." in told


def test_go_is_laid_out_as_upstreams(box):
    """`golang:1.26` comes out of the mirror, under each of its tags, with Go where everybody looks for it."""
    assert golang.wait(900).state == "ready"
    run = ("run", "--rm", "--pull", "always", "--quiet", images.GOLANG)
    told = docker(box, *run, "go", "env", "GOVERSION", "GOROOT", "GOPATH", "CGO_ENABLED")
    assert told.split() == [f"go{maker.VERSION}", "/usr/local/go", "/go", "0"]
    held = docker(box, *run, "sh", "-c", "pwd; which go gofmt; echo $GOTOOLCHAIN $GOLANG_VERSION")
    assert held.split() == ["/go", "/usr/local/go/bin/go", "/usr/local/go/bin/gofmt", "local", maker.VERSION]
    assert len({build.exists(box.mirror, "library/golang", tag) for tag in maker.TAGS}) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform_is_the_one_that_is_asked_for(box, platform, tmp_path):
    """`--platform` pulls an image with that label, and the program in it is of that machine."""
    docker(box, "pull", "--quiet", "--platform", platform, images.BUSYBOX)
    name = docker(box, "create", "--platform", platform, images.BUSYBOX)
    try:
        docker(box, "cp", f"{name}:/bin/uname", str(tmp_path / "uname"))
    finally:
        docker(box, "rm", name)
    from elftools.elf.elffile import ELFFile

    with (tmp_path / "uname").open("rb") as stream:
        machine = ELFFile(stream)["e_machine"]
    assert (
        machine
        == {
            "linux/amd64": "EM_X86_64",
            "linux/arm/v7": "EM_ARM",
            "linux/arm64": "EM_AARCH64",
            "linux/ppc64le": "EM_PPC64",
            "linux/riscv64": "EM_RISCV",
            "linux/s390x": "EM_S390",
        }[platform]
    )


def test_all_applets_are_this_busyboxs(box):
    """The table that is read out of the program is what the program itself lists."""
    (file,) = apt.fetch(["busybox-static"]).values()
    told = run_here(box, "busybox", "--list").split()
    assert images.applets(images.busybox_binary(file).content) == told


def test_a_second_time_makes_nothing(box, monkeypatch):
    """Base images that are there are not made again."""
    monkeypatch.setattr(images, "BASES", {name: lambda _report: pytest.fail("made again") for name in images.BASES})
    images.provide(box)


def test_what_the_cache_has_is_linked_and_never_written_to(ready):
    """The registry serves the cache's own files; a push of what it has leaves their bytes, as they were."""
    kept = registry.images(paths.sandbox()) / "docker/registry/v2/blobs/sha256"
    digests = {blob.digest for image in build.read_layout(maker.layout()).manifests for blob in image.blobs}
    names = {digest: digest.removeprefix("sha256:") for digest in digests}
    files = {kept / name[:2] / name / "data": digest for digest, name in names.items()}
    before = {file: file.stat().st_mtime_ns for file in files}
    assert all(file.stat().st_nlink > 1 for file in files)
    docker(ready, "pull", "--quiet", images.GOLANG)
    docker(ready, "tag", images.GOLANG, f"{ready.registry}/linked")
    docker(ready, "push", "--quiet", f"{ready.registry}/linked")
    assert {file: file.stat().st_mtime_ns for file in files} == before
    assert {file: build.blob(file, "").digest for file in files} == files


def test_bootstrap_is_real(ready):
    """`create` makes an empty builder; `--bootstrap` pulls BuildKit, boots it and finds its platforms."""
    docker(ready, "buildx", "create", "--name", "images-test")
    try:
        before = docker(ready, "buildx", "inspect", "images-test")
        after = docker(ready, "buildx", "inspect", "images-test", "--bootstrap")
    finally:
        docker(ready, "buildx", "rm", "images-test")
    assert "inactive" in before
    assert "Platforms:" not in before
    assert "running" in after
    assert f"linux/{'amd64' if os.uname().machine == 'x86_64' else 'arm64'}" in after


def test_a_builder_builds_on_the_base_and_pushes(ready, tmp_path):
    """A booted builder finds its base in the mirror, runs a step and pushes to `$REGISTRY`, with no option."""
    (tmp_path / "Dockerfile").write_text(f"FROM {images.BUSYBOX}\nRUN uname -m > /machine\n")
    docker(ready, "buildx", "create", "--name", "images-test")
    try:
        docker(
            ready,
            "buildx", "build", "--builder", "images-test", "--push",
            "--tag", f"{ready.registry}/images-test", str(tmp_path),
        )  # fmt: skip
    finally:
        docker(ready, "buildx", "rm", "images-test")
    assert build.exists(ready.mirror, "images-test", "latest")


def test_a_pushed_image_of_ours_is_an_image(box):
    """What `lab.images.build` pushes, the engine pulls and runs; a strange label is kept as it is."""
    busybox = images.busybox().index.manifests[0]
    layer = build.layer({"hello": (b"hi\n", 0o644)})
    ours = build.image([*busybox.blobs[1:], layer], platform="linux/x86", config={"Cmd": ["cat", "/hello"]})
    build.push(box.mirror, "ours", "1", ours)
    name = f"{box.mirror}/ours:1"
    assert docker(box, "run", "--rm", name) == "hi"
    assert docker(box, "image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", name) == "linux/x86"


def test_an_engine_without_a_mirror_is_given_the_image(ready):
    """Off line and without a mirror the image is loaded, once, and taken out again if it is still ours."""
    alone = Sandbox(ready.home, ready.engine, ready.registry, None, key=ready.key)
    before = journal.sandbox_file().read_bytes()
    name = "moby/buildkit:buildx-stable-1"
    for used in docker(ready, "ps", "--all", "--quiet", "--filter", f"ancestor={name}").split():
        docker(ready, "rm", "--force", "--volumes", used)
    subprocess.run(["docker", "image", "rm", name], env=sandbox.environment(ready), capture_output=True, check=False)
    try:
        assert buildkit.start(target(alone)).state == "ready"
        ours = buildkit.loaded()
        assert ours
        assert docker(ready, "run", "--rm", name, "--version").startswith("buildkitd")
        assert buildkit.start(target(alone)).state == "ready"
        assert buildkit.loaded() == ours
        (removal,) = buildkit.image_removals(target(alone))
        assert removal.line == f"image {name}"
        removal.remove()
        assert list(buildkit.image_removals(target(alone))) == []
        assert docker(ready, "image", "ls", "--quiet", name) == ""
    finally:
        journal.sandbox_file().write_bytes(before)


def target(box):
    """Where BuildKit's image has to go in that sandbox."""
    return buildkit.Target(box.mirror, box.engine.docker, sandbox.environment(box))


@pytest.mark.slow
@nightly
def test_a_killed_build_goes_on(ready, tmp_path, monkeypatch):
    """Everything of a killed builder is gone, it is recognised, and the next one need not compile that again."""
    debs = paths.cache() / "debs"
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "debs").symlink_to(debs)
    monkeypatch.setattr(build, "exists", lambda *_words: None)
    try:
        assert buildkit.start(target(ready)).state == "building"
        whole = _when(lambda now: now.phase == "compiling BuildKit" and now.done > 200)
        process.stop(state.key(), "buildkit", grace=0)
        assert process.find(state.key()) == []
        assert "was stopped" in buildkit.progress().error
        assert buildkit.start(target(ready)).state == "building"
        rest = _when(lambda now: now.phase == "compiling BuildKit" and now.total > 0)
        assert rest.total <= whole.total - 150
    finally:
        buildkit.stop()
    assert process.find(state.key()) == []
    assert buildkit.progress().state == "none"


def _when(wanted, timeout=180):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        now = buildkit.progress()
        if wanted(now):
            return now
        assert now.state == "building", now
        time.sleep(0.1)
    raise AssertionError(now)
