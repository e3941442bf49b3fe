"""`lab doctor` on a real engine: it tells what is so, and leaves it as it is."""

import os
import subprocess

from lab import doctor, sandbox
from lab.doctor import reach
from lab.model.platforms import Platform
from lab.probes.needs import BASE
from lab.sandbox import state
from lab.sandbox.engine import daemon
from lab.sandbox.host import process

GHOST = "buildx_buildkit_ghost0"


def docker(box, *words):
    """What a `docker` command of the sandbox prints."""
    command = ["docker", *words]
    done = subprocess.run(
        command, env=sandbox.environment(box), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def holdings(box):
    lists = (
        ("ps", "--all", "--quiet"),
        ("images", "--all", "--quiet"),
        ("volume", "ls", "--quiet"),
        ("network", "ls", "-q"),
    )
    return [sorted(docker(box, *words).split()) for words in lists]


def line(found, name):
    return next(one for one in found.lines if one.name == name)


def run_on(found, platform):
    return next(one["run"] for one in found.to_json()["can"] if one["platform"] == platform)


def test_a_sandbox_that_is_up_is_told_as_it_is(box):
    """Engine, store, builder, registry, disk; what this machine is can be built natively; status 0."""
    found = doctor.diagnose()
    assert found.exit_status == 0, found.as_text()
    assert {line(found, name).state for name in ("Engine", "Image store", "buildx", "Builders", "Registry")} == {"fine"}
    assert box.registry in line(found, "Registry").text
    assert run_on(found, f"linux/{Platform.of('linux', os.uname().machine).architecture}") == "native"
    assert found.found.local


def test_looking_changes_nothing(box):
    """Containers, images, volumes and networks before and after are the same, though programs were run."""
    docker(box, "pull", "--quiet", BASE)
    before = holdings(box)
    doctor.diagnose()
    assert holdings(box) == before


def test_an_emulator_is_believed_when_a_container_ran_its_program(box, emulators):
    """With one registered RUN steps are slow; the near miss, without, is no, though the builder may still list it."""
    docker(box, "pull", "--quiet", BASE)
    found = doctor.diagnose()
    trial = found.found.trial("riscv64")
    assert (trial.result, trial.how) == ("ran", "container"), found.as_text()
    assert run_on(found, "linux/riscv64") == "emulated"
    sandbox.up(private=True, emulators=False)
    try:
        assert run_on(doctor.diagnose(), "linux/riscv64") == "no"
    finally:
        sandbox.up(private=True, emulators=True)


def test_a_buildkit_is_looked_into_for_emulators_of_its_own(box, tmp_path):
    """The lab's image holds none; the near miss is the same image with a program of such a name."""
    image = f"{box.registry}/buildkit-with-a-program"
    (tmp_path / "program").write_text("#!/bin/sh\n")
    (tmp_path / "Dockerfile").write_text(
        "FROM moby/buildkit:buildx-stable-1\nCOPY program /usr/bin/buildkit-qemu-s390x\n"
    )
    docker(box, "build", "--quiet", "--tag", image, "--push", str(tmp_path))
    try:
        docker(box, "buildx", "create", "--name", "plain", "--node", "plain0", "--bootstrap")
        option = f"image={image}"
        docker(box, "buildx", "create", "--name", "more", "--node", "more0", "--bootstrap", "--driver-opt", option)
        found = doctor.diagnose().found
        assert (found.inside("plain0"), found.inside("more0")) == (frozenset(), frozenset({"s390x"}))
        assert "s390x" not in str(next(one for one in found.builders if one.name == "more").nodes)
    finally:
        for name in ("plain", "more"):
            command = ["docker", "buildx", "rm", name]
            subprocess.run(command, env=sandbox.environment(box), capture_output=True, timeout=60, check=False)


def test_leftovers_of_old_builders_are_found_with_their_size(box):
    """A container and a volume that no builder names; those of a builder that is known are not told."""
    docker(box, "pull", "--quiet", BASE)
    docker(box, "create", "--name", GHOST, "--volume", f"{GHOST}_state:/var/lib/buildkit", BASE)
    try:
        found = {one.kind: one for one in doctor.diagnose().found.leftovers}
        assert (found["container"].name, found["container"].running) == (GHOST, False)
        assert found["volume"].size is not None
        docker(box, "buildx", "create", "--name", "ghost", "--node", "ghost0")
        assert doctor.diagnose().found.leftovers == ()
    finally:
        for words in (
            ["buildx", "rm", "ghost"],
            ["rm", "--force", "--volumes", GHOST],
            ["volume", "rm", "--force", f"{GHOST}_state"],
        ):
            command = ["docker", *words]
            subprocess.run(command, env=sandbox.environment(box), capture_output=True, timeout=60, check=False)


def test_a_registry_that_answers_is_reached(box):
    """Also under its own address, as any other registry is asked."""
    assert reach.ask(box.mirror).trouble is None


def test_an_engine_that_died_is_blocked_and_the_rest_is_told(tmp_path, monkeypatch, box):
    """Exit status 3 with what to do; emulators and disk are told all the same."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    own = sandbox.up(private=True, emulators=False)
    try:
        assert own.key != box.key
        process.stop(state.key(), daemon.ROLE, grace=0)
        found = doctor.diagnose()
        assert (found.exit_status, line(found, "Engine").state) == (3, "blocked")
        assert "`lab up` starts it again." in line(found, "Engine").remedy
        assert line(found, "Registry").state == "fine"
        assert line(found, "Disk").text
    finally:
        sandbox.down()
