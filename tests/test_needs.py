"""What a step cannot do without says so in one line: a newer buildx, a registry of the lab's own, a program."""

import pytest

from lab.errors import Blocked
from lab.probes import needs


def program(world_with, folder, name, text):
    """A world in which that is the only program besides the system's."""
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return world_with(env={"PATH": f"{folder}:/usr/bin:/bin"})


def test_an_old_buildx_picks_no_platforms(world_with, tmp_path):
    """As 0.13 says it, and as 0.29 does."""
    need = needs.imagetools("--platform")
    need(program(world_with, tmp_path, "docker", "echo '  -p, --platform stringArray   Filter'"))
    with pytest.raises(Blocked, match="no option --platform"):
        need(program(world_with, tmp_path, "docker", "echo '  -t, --tag stringArray   Set reference'"))


def test_an_old_buildx_has_no_history(world_with, tmp_path):
    """0.13 prints the help of all of it, with status 0."""
    needs.history(program(world_with, tmp_path, "docker", "echo '      --format string     Format the output'"))
    with pytest.raises(Blocked, match=r"older than 0\.20"):
        needs.history(program(world_with, tmp_path, "docker", "echo '      --builder string   Override the builder'"))


def test_an_account_is_not_the_labs_to_clean(world_with):
    """Nothing is deleted at somebody's registry."""
    for own in ("localhost:5000", "10.213.4.1:5003"):
        needs.own_registry(world_with(registry=own))
    with pytest.raises(Blocked, match="account of yours"):
        needs.own_registry(world_with(registry="docker.io/ana"))


def test_a_missing_program_is_named(world_with, tmp_path):
    """With the way to get it left to the system."""
    needs.curl(program(world_with, tmp_path, "curl", "exit 0"))
    with pytest.raises(Blocked, match="curl"):
        needs.curl(world_with(env={"PATH": str(tmp_path / "nowhere")}))
