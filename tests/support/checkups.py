"""Checkups of a machine that is well, to be changed by a test."""

from dataclasses import replace

from lab.doctor.facts import Checkup, Disk, Emulator, Reach, Trial
from lab.model.facts import Builder, Engine, Node
from lab.model.platforms import Platform

AMD64, ARM64, ARMV7 = (Platform.parse(name) for name in ("linux/amd64", "linux/arm64", "linux/arm/v7"))
DEFAULT = Builder(
    name="default",
    driver="docker",
    current=True,
    nodes=(Node(name="default", endpoint="default", status="running", buildkit="v0.25.2", platforms=(AMD64, ARM64)),),
)


BOX = replace(
    DEFAULT,
    name="multi",
    driver="docker-container",
    current=False,
    nodes=(Node(name="multi0", endpoint="unix:///d.sock", status="running", buildkit="v0.34.2", platforms=(AMD64,)),),
)


QEMU = Emulator("arm64", "qemu-aarch64", "/usr/bin/qemu-aarch64", "POF")
WELL = Checkup(
    whose="learner",
    sandbox=None,
    host="unix:///d.sock",
    local=True,
    engine=Engine(version="28.5.2", platform=AMD64, store="containerd"),
    buildx="0.29.1",
    builders=(DEFAULT,),
    here=frozenset({"default", "unix:///d.sock"}),
    own=AMD64,
    seen=True,
    emulators=(QEMU,),
    trials=(Trial("arm64", "ran", "container"), Trial("386", "ran"), Trial("riscv64", "refused")),
    registry="localhost:5000",
    reaches=(Reach("localhost:5000", lab=True),),
    disks=(Disk("/var/lib/docker", 80 * 10**9, 200 * 10**9),),
    leftovers=(),
)
