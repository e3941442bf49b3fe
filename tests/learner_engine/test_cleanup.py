"""What was on a learner's engine before stays; what the lab brought there goes."""

from __future__ import annotations

import pytest
from support.docker_stub import Stub, put_up

from lab import paths
from lab.errors import Blocked
from lab.sandbox import state
from lab.sandbox.engine import cleanup, snapshot

ROW = "{}\t{}\t{}\t{}\n"
IMAGES = (
    ROW.format("busybox", "1.38", "<none>", "sha256:old")
    + ROW.format("localhost:5003/theirs", "1", "<none>", "sha256:t")
    + ROW.format("<none>", "<none>", "<none>", "sha256:dangling")
)


def test_what_was_there_is_noted_once(docker: Stub) -> None:
    """Images, names and ports of before; a second look, when the lab's are there too, changes nothing."""
    engine = put_up(docker)
    docker.says("image ls", IMAGES)
    snapshot.note(engine)
    found = snapshot.read()
    assert found
    assert found.engine == engine
    assert found.images == {"sha256:old", "sha256:t", "sha256:dangling"}
    assert (found.names, found.ports) == ({"busybox:1.38": "sha256:old"}, {5003})
    docker.says("image ls", IMAGES + ROW.format("localhost:5001/ours", "1", "<none>", "sha256:o"))
    snapshot.note(engine)
    assert snapshot.read() == found


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"engine": {}, "images": 7}'])
def test_a_damaged_note_is_none(docker: Stub, text: str) -> None:
    """Then nothing counts as come since: what may be theirs stays."""
    put_up(docker)
    (paths.sandbox() / "theirs.json").write_text(text)
    assert snapshot.read() is None
    docker.says("image ls", IMAGES)
    docker.says("ps", "")
    docker.says("volume ls", "")
    assert [one.line for one in cleanup.on(state.load().engine, 5001)] == []


def test_what_is_removed_is_the_labs_and_nothing_else(docker: Stub) -> None:
    """Marks, names in the lab's registry, pulled names; an image that a container of theirs uses stays."""
    engine = put_up(docker)
    docker.says("image ls", ROW.format("mine", "1", "<none>", "sha256:m"))
    docker.says("ps", "")
    snapshot.note(engine)
    docker.says(
        "image ls",
        ROW.format("mine", "1", "<none>", "sha256:m")
        + ROW.format("localhost:5001/hello", "latest", "sha256:d", "sha256:h")
        + ROW.format("localhost:5001/hello", "<none>", "sha256:e", "sha256:i")
        + ROW.format("localhost:50010/hello", "latest", "<none>", "sha256:other")
        + ROW.format("busybox", "1.38", "<none>", "sha256:b")
        + ROW.format("moby/buildkit", "buildx-stable-1", "<none>", "sha256:k")
        + ROW.format("moby/buildkit", "v0.1", "<none>", "sha256:theirs"),
    )
    key = state.key()
    docker.says(
        "ps",
        f"theirs\tbusybox:1.38\t\nlab-registry\tregistry:3\t{key}\nother\tx\t{'0' * 8}\nmade\tlocalhost:5001/hello\t\n"
        f"buildx_buildkit_lab-{key}-one0\tmoby/buildkit:buildx-stable-1\t\nbuildx_buildkit_multi-builder0\tx\t\n",
    )
    docker.says("volume ls --quiet --filter label", f"lab-registry-{key}\n")
    docker.says("volume ls --quiet --filter name", f"buildx_buildkit_lab-{key}-one0_state\n")
    assert [one.line for one in cleanup.on(engine, 5001)] == [
        "container lab-registry",
        "container made",
        f"container buildx_buildkit_lab-{key}-one0",
        f"volume buildx_buildkit_lab-{key}-one0_state",
        f"volume lab-registry-{key}",
        "image localhost:5001/hello:latest",
        "image localhost:5001/hello@sha256:e",
        "image moby/buildkit:buildx-stable-1",
    ]


def test_a_name_that_means_another_image_now_is_given_back(docker: Stub) -> None:
    """A pull moved it: it is moved back, and what was pulled goes; not where the old image is gone."""
    engine = put_up(docker)
    docker.says("image ls", IMAGES)
    docker.says("ps", "")
    docker.says("volume ls", "")
    snapshot.note(engine)
    now = ROW.format("busybox", "1.38", "<none>", "sha256:new")
    docker.says("image ls", now + ROW.format("busybox", "<none>", "sha256:index", "sha256:old"))
    (removal,) = cleanup.on(engine, 5001)
    assert removal.line == "image busybox:1.38: back to yours"
    docker.says("image tag")
    docker.says("image rm")
    docker.says("image ls", IMAGES + ROW.format("<none>", "<none>", "<none>", "sha256:new"))
    removal.remove()
    assert "image tag sha256:old busybox:1.38" in docker.asked
    assert [command for command in docker.asked if command.startswith("image rm")] == ["image rm sha256:new"]
    docker.says("image ls", now)
    assert list(cleanup.on(engine, 5001)) == []


def test_a_list_of_another_form_is_blocked(docker: Stub) -> None:
    """A newer Docker's other form is not read as if nothing were there."""
    engine = put_up(docker)
    docker.says("image ls", IMAGES)
    docker.says("ps", "one two three\n")
    with pytest.raises(Blocked, match="in a form that the lab does not know"):
        list(cleanup.on(engine, 5001))


def test_what_resists_is_said_and_what_is_gone_is_not(docker: Stub) -> None:
    """`down` does not claim to have removed what the engine would not remove."""
    engine = put_up(docker)
    docker.says("image ls", "")
    docker.says("volume ls", "")
    docker.says("ps", f"one\tx\t{state.key()}\n")
    (removal,) = cleanup.on(engine, 5001)
    docker.says("container rm", err="Error response from daemon: No such container: one", status=1)
    removal.remove()
    docker.says("container rm", err="Error response from daemon: device or resource busy", status=1)
    with pytest.raises(Blocked, match="'one' cannot be removed from your engine: device or resource busy"):
        removal.remove()
