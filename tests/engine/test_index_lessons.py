"""What lessons 7 and 8 ask before a step and give to mend, on a real engine: for more than one learner."""

import dataclasses

import pytest
from support.nightly import SLOW, nightly

from lab import course
from lab.course import _inside_the_index, _multi_platform
from lab.model.results import Status
from lab.probes import engine, registry

SEEDS = (1, 2, 3) if SLOW else (1,)


def solved(learner, name):
    """The result of a step's solution, where nobody has tried it yet."""
    learner.comes_to(name)
    result = learner.does(name, course.step(name).solution)
    assert result.status is Status.PASSED, f"{result.text}\n{learner.output}"
    return result


@pytest.mark.parametrize(
    ("name", "was", "because"),
    [
        ("multi_push", _multi_platform.A_LIST, "with 2 images: linux/a"),
        ("read_events", "none", "have 4 steps, and 0 of them"),
        ("registry_rows", "4", "lists 2 images and 2 attestations"),
        ("digest_of_bytes", _inside_the_index.SAME_DIGITS, "Only the bytes count."),
        ("release", _inside_the_index.SAME_DIGEST, "inside:v1 stands for."),
        ("stitch", "3", "2 images and 1 attestation:"),
    ],
)
def test_what_was_asked_before_is_so(name, was, because, learner):
    """The truth is found in the same facts that the check reads."""
    learner.untouched("multi_push")
    result = solved(learner, name)
    assert result.predicted["was"] == was
    assert because in result.predicted["because"]


def test_what_the_engine_says_of_itself(learner):
    """Its store and its platform decide two answers."""
    server = engine.info()(learner.world)
    keeps = "yes" if server.store == "containerd" else "no"
    assert solved(learner, "load_both").predicted["was"] == keeps
    assert solved(learner, "which_one").predicted["was"] == str(server.platform)


@nightly
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "tag"), [("mend_team", "team"), ("mend_release", "kiosk:v2")])
def test_what_is_to_be_mended_is_broken_for_each_learner(seed, name, tag, learner):
    """One platform of two is there; the other's pull fails with what the colleague read; the solution mends it."""
    learner.world = dataclasses.replace(learner.world, seed=seed)
    learner.comes_to(name)
    assert learner.does(name, "# Your commands go here.").status is not Status.PASSED
    scene = (_multi_platform if name == "mend_team" else _inside_the_index).scene_of(learner.world)
    left = _multi_platform.PAIR - {scene.lost}
    assert registry.index(tag)(learner.world).platforms == left
    pull = f"docker pull --platform {scene.lost} {learner.world.registry}/{tag}"
    assert learner.does(name, pull).status is Status.FAILED
    assert f"Error response from daemon: no matching manifest for {scene.lost}" in learner.output
    result = solved(learner, name)
    assert str(scene.lost) in result.text


@pytest.mark.parametrize("seed", SEEDS)
def test_one_of_the_two_tags_has_an_attestation(seed, learner):
    """Which one differs; it comes along with its tag, and stays behind where only the image is named."""
    learner.world = dataclasses.replace(learner.world, seed=seed)
    assert solved(learner, "stitch").good["reached"] == "yes"
    parts = [registry.index(tag)(learner.world) for tag, _ in _inside_the_index.PARTS]
    assert sorted(len(part.manifests) - len(part.images) for part in parts) == [0, 1]
    named = " ".join(f"$REGISTRY/stitch@{part.images[0].digest}" for part in parts)
    result = learner.does("stitch", f"docker buildx imagetools create -t $REGISTRY/stitch:all {named}")
    assert (result.status, result.good["reached"]) == (Status.PASSED, "no")


def test_three_learners_have_not_all_the_same_scene(learner):
    """Else nothing would be one's own."""
    worlds = [dataclasses.replace(learner.world, seed=seed) for seed in (1, 2, 3)]
    for lesson in (_multi_platform, _inside_the_index):
        assert len({lesson.scene_of(world).lost for world in worlds}) == 2


def test_a_spoilt_original_is_put_back(learner):
    """Nobody gets stuck with a tested index that is gone."""
    learner.comes_to("mend_release")
    learner.does("mend_release", "docker buildx imagetools create -t $REGISTRY/kiosk:tested $REGISTRY/kiosk:v2")
    assert learner.does("mend_release", course.step("mend_release").solution).status is Status.PASSED


@nightly
@pytest.mark.parametrize("name", ["mend_which", "mend_team", "add_third"])
def test_what_is_right_can_be_good_too(name, learner):
    """The solution is; a script that guesses and an image without its attestation are right, and no more."""
    assert solved(learner, name).good["reached"] == "yes"
    worse = {
        "mend_which": "sed -i '$s,$, 2>/dev/null || echo linux/amd64,' files/machine/which.sh",
        "mend_team": course.step("mend_team").solution.replace("--push", "--provenance=false --push"),
        "add_third": course.step("add_third").solution.replace("--push", "--provenance=false --push"),
    }
    result = learner.does(name, worse[name])
    assert (result.status, result.good["reached"]) == (Status.PASSED, "no"), f"{result.text}\n{learner.output}"
