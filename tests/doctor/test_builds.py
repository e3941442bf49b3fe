"""What `lab doctor` says that can be built here, from literal facts."""

import json
from dataclasses import replace

import pytest
from support.checkups import AMD64, ARM64, ARMV7, BOX, DEFAULT, QEMU, WELL

from lab import doctor
from lab.doctor import bundled, can
from lab.doctor.facts import Trial, Trouble
from lab.model.facts import Builder, Node
from lab.model.platforms import Platform


def way(platform, **changes):
    """(how RUN steps fare, which other builder does better)."""
    able = can.abilities(replace(WELL, **changes))
    found = next(one for one in able if one.platform == Platform.parse(platform))
    return found.way, found.better


@pytest.mark.parametrize(
    ("platform", "changes", "wanted"),
    [
        ("linux/amd64", {}, ("native", "")),
        ("linux/386", {}, ("native", "")),
        ("linux/arm64", {}, ("emulated", "")),
        ("linux/riscv64", {}, ("no", "")),
        ("linux/s390x", {}, ("no", "")),  # not tried, and not listed
        ("linux/arm64", {"trials": ()}, ("unsure", "")),
        ("linux/arm64", {"trials": (Trial("arm64", "refused"),)}, ("no", "")),  # though default lists it
        ("linux/arm64", {"trials": (Trial("arm64", "ran"), Trial("arm64", "broken", "container"))}, ("no", "")),
        ("linux/arm64", {"trials": (Trial("arm64", "ran"), Trial("arm64", "untried", "container"))}, ("emulated", "")),
        ("linux/arm64", {"trials": (Trial("arm64", "ran"),), "local": False}, ("unsure", "")),  # another kernel's
        ("linux/386", {"seen": False}, ("emulated", "")),
    ],
)
def test_what_was_tried_counts_for_more_than_what_is_listed(platform, changes, wanted):
    """A list may be older than the kernel's handlers; a program that ran is no list."""
    assert way(platform, **changes) == wanted


def test_a_node_elsewhere_is_believed():
    """Its first platform is its own; the others are emulated there; what was set by hand is only said."""
    node = Node(name="pi", endpoint="ssh://pi", status="running", platforms=(ARM64, ARMV7, AMD64), pinned=(AMD64,))
    pi = Builder(name="pi", driver="docker-container", nodes=(node,))
    assert way("linux/arm64", builders=(DEFAULT, pi)) == ("emulated", "pi")
    current = (replace(DEFAULT, current=False), replace(pi, current=True))
    assert way("linux/arm64", builders=current) == ("native", "")
    assert way("linux/arm/v7", builders=current) == ("emulated", "")
    assert way("linux/amd64", builders=current) == ("unsure", "default")
    assert way("linux/riscv64", builders=current) == ("unlisted", "")  # its image may hold an emulator for it


@pytest.mark.parametrize(
    ("held", "trial", "wanted", "said"),
    [
        (
            (("multi0", frozenset({"arm64", "riscv64"})),),
            "refused",
            "bundled",
            "by an emulator in the BuildKit image of multi",
        ),
        ((("multi0", frozenset({"riscv64"})),), "refused", "no", "with RUN steps: no, nothing here runs its programs"),
        ((("multi0", frozenset()),), "refused", "no", "with RUN steps: no"),
        ((("other0", frozenset({"arm64"})),), "refused", "unlisted", "only if the BuildKit image of multi holds"),
        ((), "refused", "unlisted", "only if the BuildKit image of multi holds an emulator for it"),
        ((("multi0", frozenset({"arm64"})),), "ran", "emulated", "emulated by multi"),
    ],
)
def test_an_emulator_in_the_builders_own_image_serves_its_run_steps(held, trial, wanted, said):
    """The official image holds some, the lab's none, and buildx lists the platforms of neither."""
    changes = {"builders": (replace(BOX, current=True),), "bundled": held}
    changes["trials"] = (Trial("arm64", trial),)
    changes["emulators"] = (QEMU,) if trial == "ran" else ()
    able = next(one for one in can.abilities(replace(WELL, **changes)) if one.platform == ARM64)
    assert (able.way, said in can.sentence(able)) == (wanted, True), can.sentence(able)


def test_the_engines_own_builder_has_no_image_that_could_hold_one():
    """So its no is a no."""
    assert way("linux/riscv64", bundled=(("default", frozenset({"riscv64"})),)) == ("no", "")


def test_the_emulators_of_a_buildkit_are_known_by_their_names():
    """QEMU's names of processors are not Docker's."""
    listing = "buildctl\nbuildkit-qemu-aarch64\nbuildkit-qemu-i386\nbuildkit-qemu-ppc64le\nbuildkit-runc\nqemu-arm\n"
    assert bundled.architectures(listing) == {"arm64", "386", "ppc64le"}
    assert bundled.architectures("buildctl\nbuildkitd\n") == frozenset()


def test_a_builder_that_was_never_started_can_what_this_kernel_can():
    """It lists nothing yet, but it will run here."""
    sleeping = replace(BOX, current=True, nodes=(Node(name="multi0", endpoint="unix:///d.sock", status="inactive"),))
    assert way("linux/arm64", builders=(sleeping,)) == ("emulated", "")
    assert way("linux/amd64", builders=(sleeping,)) == ("native", "")


def test_without_an_engine_nothing_is_promised():
    """One sentence, and no ability."""
    down = replace(WELL, engine=Trouble("Off."), builders=Trouble("Off."))
    assert can.abilities(down) == ()
    assert "there is no telling what can be built" in doctor.Diagnosis(down).as_text()


@pytest.mark.parametrize(
    ("store", "builder", "wanted"),
    [
        ("containerd", DEFAULT, (True, "kept in the engine")),
        ("classic", DEFAULT, (False, "one platform under a tag")),
        ("containerd", replace(BOX, current=True), (True, "--push or --load")),
        ("classic", replace(BOX, current=True), (True, "with --push")),
    ],
)
def test_several_platforms_in_one_build_depend_on_store_and_driver(store, builder, wanted):
    """The classic store of the engine's own builder is the one that cannot."""
    able = can.several(replace(WELL, engine=replace(WELL.engine, store=store), builders=(builder,)))
    assert (able[0], wanted[1] in able[1]) == (wanted[0], True)
    assert bool(able[2]) is not wanted[0]


def test_platforms_alike_stand_together_with_one_command():
    """The remedy names all of them once."""
    told = {platforms: remedy for platforms, _, remedy in can.sentences(can.abilities(WELL))}
    other = tuple(map(Platform.parse, ("linux/s390x", "linux/ppc64le")))
    assert "--install s390x,ppc64le" in told[other]
    assert "`lab up --emulators`" in next(remedy for names, remedy in told.items() if ARMV7 in names)


def test_json_has_facts_lines_and_abilities():
    """For programs; all of it is JSON, platforms are texts, evidence stays out."""
    data = json.loads(json.dumps(doctor.Diagnosis(WELL).to_json()))
    assert data["facts"]["builders"][0]["nodes"][0]["platforms"] == ["linux/amd64", "linux/arm64"]
    assert "evidence" not in data["facts"]["engine"]
    assert {"platform": "linux/arm64", "run": "emulated"}.items() <= data["can"][1].items()
    assert (data["several"], data["exit_status"]) == (True, 0)
    assert (
        json.loads(json.dumps(doctor.Diagnosis(replace(WELL, engine=Trouble("a", "b"))).to_json()))["exit_status"] == 3
    )
