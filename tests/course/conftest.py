"""Literal facts for the lessons' checks: no engine, no registry."""

import pytest

from lab.facts import Binary, Engine, Index, Machine, Manifest, Transcript
from lab.platforms import Platform
from lab.probes.host import Answers


class Literal:
    """Short ways to write facts down."""

    pc = Machine(name="x86_64", platform=Platform.parse("linux/amd64"))
    mac = Machine(name="arm64", platform=Platform.parse("darwin/arm64"))
    engine = Engine(version="28.5.2", platform=Platform.parse("linux/amd64"), store="containerd")

    @staticmethod
    def printed(output, exit_status=0, command="true"):
        return Transcript(step="any", command=command, output=output, exit_status=exit_status)

    @staticmethod
    def index(*platforms, name="any:latest", attested=0):
        rows = [
            Manifest(digest=f"sha256:{f'{number:x}' * 64}", platform=Platform.parse(platform))
            for number, platform in enumerate(platforms, 1)
        ]
        notes = (("vnd.docker.reference.type", "attestation-manifest"),)
        rows += [
            Manifest(digest=f"sha256:{f'a{number:x}' * 32}", platform=Platform("unknown", "unknown"), annotations=notes)
            for number in range(attested)
        ]
        return Index(
            reference=name,
            digest=f"sha256:{'f' * 64}",
            media_type="application/vnd.oci.image.index.v1+json",
            is_index=True,
            manifests=tuple(rows),
        )

    @staticmethod
    def answers(text):
        return Answers.from_text("answers.txt", text)

    @staticmethod
    def program(platform, path="program"):
        return Binary(path=path, kind="elf", platform=Platform.parse(platform))


@pytest.fixture
def fact():
    """The short ways."""
    return Literal


@pytest.fixture
def says():
    """A check's problem as (template, sentence), or None when it passes."""

    def ask(step, *facts):
        problem = step.check(*facts)
        if problem is None:
            return None
        assert str(problem)
        assert problem.values["wanted"]
        return problem.template

    return ask
