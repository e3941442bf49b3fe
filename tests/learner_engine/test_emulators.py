"""Emulators by a container, on a learner's engine."""

from __future__ import annotations

import json

import pytest
from support.docker_stub import Stub, put_up
from support.stand_ins import Heard

from lab.errors import BadInput, Blocked
from lab.sandbox.emulators import container
from lab.sandbox.engine import commands
from lab.sandbox.model import EngineRef
from lab.sandbox.report import PlainListener


def told(supported: list[str], emulators: list[str]) -> str:
    return json.dumps({"supported": supported, "emulators": emulators})


RUN = "container run --privileged --rm tonistiigi/binfmt:latest"


@pytest.fixture
def engine(docker: Stub) -> EngineRef:
    """An engine that has the image already."""
    docker.says("image inspect", "[{}]")
    return put_up(docker)


def test_missing_emulators_are_asked_for_by_name_and_taken_away_again(docker: Stub, engine: EngineRef) -> None:
    """Only what lacks is installed, only what was installed is uninstalled."""
    docker.says(RUN, told(["linux/amd64", "linux/386", "linux/riscv64"], ["qemu-riscv64"]))
    after = told(
        ["linux/amd64", "linux/arm64", "linux/riscv64", "linux/arm/v7"], ["qemu-riscv64", "qemu-aarch64", "qemu-arm"]
    )
    docker.says(f"{RUN} --install", after)
    container.install(lambda: commands.client(engine), PlainListener())
    assert f"{RUN} --install arm64,arm" in docker.asked
    assert container.installed() == ["qemu-aarch64", "qemu-arm"]
    container.uninstall(lambda: commands.client(engine))
    assert docker.asked[-1] == f"{RUN} --uninstall qemu-aarch64,qemu-arm"
    assert container.installed() == []


def test_a_kernel_that_has_them_is_left_alone(docker: Stub, engine: EngineRef) -> None:
    """As with Docker Desktop; what was there is not the lab's to take away."""
    docker.says(RUN, told(["linux/amd64", "linux/arm64", "linux/riscv64", "linux/arm/v7"], ["qemu-aarch64"]))
    heard = Heard()
    container.install(lambda: commands.client(engine), heard)
    assert heard.notes
    assert not any("--install" in command for command in docker.asked)
    assert container.installed() == []


def test_a_kernel_that_takes_none_is_blocked(docker: Stub, engine: EngineRef) -> None:
    """The image ends with status 0 though nothing was registered: its answer is read, not its status."""
    docker.says(RUN, told(["linux/amd64"], []), err="installing: arm64 EPERM opening register")
    with pytest.raises(Blocked, match="takes no emulator for linux/arm64"):
        container.install(lambda: commands.client(engine), PlainListener())
    docker.says(RUN, "", err="error: operation not permitted\ncannot mount binfmt_misc")
    with pytest.raises(Blocked, match="cannot mount binfmt_misc"):
        container.install(lambda: commands.client(engine), PlainListener())


def test_an_image_that_cannot_be_had_is_blocked(docker: Stub, engine: EngineRef) -> None:
    """With the engine's reason, and what to look at."""
    docker.says("image inspect", err="Error: No such image: tonistiigi/binfmt:latest", status=1)
    docker.says("image pull", err="Error response from daemon: dial tcp: lookup registry: no such host", status=1)
    with pytest.raises(Blocked, match="no such host") as caught:
        container.install(lambda: commands.client(engine), PlainListener())
    assert "Docker Hub" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "{", "[]", '{"supported": 7}'])
def test_an_answer_of_another_form_is_refused(text: str) -> None:
    """Never taken for a kernel with no emulators."""
    with pytest.raises(BadInput, match="cannot be read"):
        container.parse(text)
