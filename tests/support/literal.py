"""Literal facts for checks: no engine, no registry."""

import pytest
from support.texts import wanted

from lab.model.facts import Binary, Call, Containers, Engine, Index, Machine, Manifest, Ran, Transcript
from lab.model.platforms import Platform
from lab.model.steps import Problem
from lab.probes.host import Answers


class Literal:
    """Short ways to write facts down."""

    pc = Machine(name="x86_64", platform=Platform.parse("linux/amd64"))
    mac = Machine(name="arm64", platform=Platform.parse("darwin/arm64"))
    engine = Engine(version="28.5.2", platform=Platform.parse("linux/amd64"), store="containerd")

    @staticmethod
    def printed(output, exit_status=0, *called, command="true"):
        """What was printed, and the calls that were noted: each as one text, `docker version`."""
        calls = tuple(Call(program=one.split()[0], words=tuple(one.split()[1:]), exit_status=0) for one in called)
        return Transcript(step="any", command=command, output=output, exit_status=exit_status, calls=calls)

    @staticmethod
    def ran(*images, exit_status=0):
        """Containers that ran, by their images' names."""
        return Containers(ran=tuple(Ran(image=image, exit_status=exit_status) for image in images))

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
def says(request):
    """A check's problem as its template, or None when it passes.

    What a learner reads of each problem, with found and wanted, and of each proof, has to be as it stands in the folder `said`;
    `LAB_RENEW=yes pytest` writes it anew, to be read before it is committed.
    """
    heard = []

    def ask(step, *facts):
        problem = step.check(*facts)
        assert "…." not in str(problem)  # no sentence ends with a shortened digest
        if not isinstance(problem, Problem):
            heard.append(f"{step.name}: passes: {problem or 'Done.'}")
            return None
        assert problem.values["wanted"]
        lines = (
            f"{step.name}: {problem}",
            f"  found: {problem.values['found']}",
            f" wanted: {problem.values['wanted']}",
        )
        heard.append("\n".join(lines))
        return problem.template

    yield ask
    file = request.path.parent / "said" / f"{request.path.stem.removeprefix('test_')}.txt"
    assert "\n".join(heard) == wanted(file, request.node.name, "\n".join(heard))
