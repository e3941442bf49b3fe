"""What `lab ready` reads and says is what BuildKit and bake read and do."""

import json

import pytest

from lab.model.platforms import Platform
from lab.probes.here import this_world
from lab.ready import ready, recipe
from lab.terminal import shell

# Heredocs, continued lines with comments in them, another escape, arguments in FROM, stages by several names.
HARD = """\
# escape=`
ARG BASE=busybox
ARG BASE_TAG=${BASE}:1.38
from --platform=$BUILDPLATFORM ${BASE_TAG} as one
RUN <<EOF
FROM none:1
EOF
RUN echo a `
# a comment
    && echo b
FROM --platform=linux/arm64 busybox:1.38 AS Two
COPY --from=one <<-A <<-B /files/
	FROM x AS y
	A
	B
FROM ${BASE}:1.38
COPY --from=two /bin/sh /sh
FROM two AS four
"""
ARGUMENTS = """\
ARG TARGETARCH=before
FROM busybox:1.38 AS before
ARG TARGETARCH
RUN echo "before=$TARGETARCH"
FROM before AS child
RUN echo "child=$TARGETARCH"
FROM busybox:1.38
RUN echo "none=[$TARGETARCH]"
COPY --from=child /etc/passwd /x
"""


@pytest.fixture
def run(box, tmp_path):
    """Run a command in a folder of the sandbox's user; what it prints."""

    def run(script):
        done = shell.run("ready-test", f"set -e; cd {tmp_path}\n{script}", this_world(), lambda _text: None)
        assert done.exit_status == 0, done.output
        return done.output

    return run


def test_stages_are_those_that_buildkit_sees(run, tmp_path):
    """Their names, bases, platforms and lines, in a file that is hard to read."""
    (tmp_path / "Dockerfile").write_text(HARD)
    said = run("docker build --call=targets,format=json . 2>/dev/null")
    targets = json.loads(said[said.index("{") :])["targets"]
    theirs = [
        (t.get("name", ""), t["base"], t.get("platform", ""), t["location"]["ranges"][0]["start"]["line"])
        for t in targets
    ]
    read = recipe.read(HARD, "Dockerfile", (Platform("linux", "amd64"),))
    ours = [(stage.name.lower(), stage.base, stage.flag, stage.line) for stage in read.stages]
    assert ours == theirs
    assert [read.base(stage) for stage in read.stages] == ["busybox:1.38", "busybox:1.38", "busybox:1.38", "two"]


def test_arguments_are_empty_and_shadowed_where_the_rules_say(run, tmp_path):
    """A value before the first FROM hides the builder's own, a child has its parent's, and another stage has none."""
    (tmp_path / "Dockerfile").write_text(ARGUMENTS)
    said = run("docker build --no-cache --progress=plain . 2>&1")
    for line in ("before=before", "child=before", "none=[]"):
        assert f" {line}\n" in said
    report = ready(str(tmp_path), world=this_world())
    assert [(one.rule, one.line) for one in report.findings] == [("arg-shadowed", 1), ("arg-undeclared", 8)]


def test_bake_passes_over_the_key_and_the_sandbox_is_asked_for_bases(run, tmp_path):
    """`platform` leaves no trace in what bake would do; the base has no image for 32-bit x86."""
    (tmp_path / "docker-bake.hcl").write_text('target "default" {\n  platform = ["linux/amd64", "linux/arm64"]\n}\n')
    (tmp_path / "Dockerfile").write_text("FROM busybox:1.38\n")
    said = run("docker buildx bake --print 2>/dev/null")
    assert "platform" not in json.dumps(json.loads(said)["target"]["default"])
    report = ready(str(tmp_path), wanted=(Platform("linux", "386"), Platform("linux", "amd64")), world=this_world())
    assert [(one.rule, one.line) for one in report.findings] == [("base-absent", 1), ("bake-key", 2)]
