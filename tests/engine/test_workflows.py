"""What the workflow files of lesson 11 run, run: every job on this engine, with what it hands on, and then the merge."""

import shutil
import subprocess

import pytest
from support import workflows

from lab.course import _runner
from lab.course.multi_platform import PAIR
from lab.probes import bake, registry
from lab.probes.here import this_world
from lab.sandbox.engine import adapt_new_builders

# Of GitLab's jobs: a builder is there, and the engine needs no context for it.
ELSEWHERE = ("docker context create", "docker buildx create")


def run(lines, folder, **values):
    """As the place would: each script after the other, the first one that fails is the end."""
    script = "\n".join(line for text in lines for line in text.splitlines() if not line.strip().startswith(ELSEWHERE))
    env = {**this_world().env, **values}
    words = ["bash", "-e", "-c", script]
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.usefixtures("box", "emulators")
@pytest.mark.parametrize("place", workflows.FILES)
def test_the_jobs_and_the_merge_make_one_tag(place, tmp_path):
    """Each job in a folder of its own; only `out` is handed on."""
    if place == "github" and not shutil.which("jq"):
        pytest.skip("GitHub's machines have jq, this one has not.")
    world = this_world()
    _runner.ready(world)
    adapt_new_builders()
    registry.delete(world, "bakery:latest")
    for row in workflows.matrix(place):
        machine = tmp_path / row["arch"]
        shutil.copytree(workflows.FOLDER, machine)
        # A machine of that kind would run it by itself.
        known = {"PLATFORM": row["platform"], "ARCH": row["arch"], "DOCKER_DEFAULT_PLATFORM": row["platform"]}
        said = run(workflows.scripts(place, "build"), machine, **known)
        assert f"Bread, baked for {row['platform']}." in said
        shutil.copytree(machine / "out", tmp_path / "out", dirs_exist_ok=True)
    assert "latest" not in registry.tags("bakery")(world).names
    run(workflows.scripts(place, "merge"), tmp_path)
    assert registry.index("bakery:latest")(world).platforms == PAIR
    registry.delete(world, "bakery:latest")


@pytest.mark.usefixtures("box")
def test_the_bake_file_that_is_shipped_plans_both_platforms():
    """It is the one that both workflow files read; bake says so, and not only its text."""
    world = this_world()
    shipped = world.workspace / "shipped"
    shutil.copytree(workflows.FOLDER, shipped)
    (target,) = bake.plan("shipped")(world).targets
    assert (set(target.platforms), target.tags) == ({str(one) for one in PAIR}, (f"{world.registry}/bakery:latest",))
    shutil.rmtree(shipped)
