"""What `lab doctor` says of a machine, from literal facts."""

from dataclasses import replace

import pytest
from support.checkups import BOX, DEFAULT, QEMU, WELL

from lab import doctor
from lab.doctor import words
from lab.doctor.facts import Disk, Leftover, Reach, Trial, Trouble


def line(name, **changes):
    return next(one for one in words.lines(replace(WELL, **changes)) if one.name == name)


def test_a_machine_that_is_well_is_told_in_about_ten_lines():
    """Every line is fine, none has a remedy, the exit status is 0."""
    found = doctor.Diagnosis(WELL)
    assert {one.state for one in found.lines} == {"fine"}
    assert not [one.remedy for one in found.lines if one.remedy]
    assert 8 <= len(found.lines) <= 11
    assert found.exit_status == 0


@pytest.mark.parametrize(
    ("name", "changes", "state", "said"),
    [
        ("Engine", {"engine": Trouble("It sleeps.", "Wake it.")}, "blocked", "It sleeps."),
        ("Engine", {"engine": replace(WELL.engine, version="20.10.5")}, "mend", "too old"),
        ("Engine", {"engine": replace(WELL.engine, version="24.0.0")}, "fine", "24.0.0"),
        ("Engine", {"engine": replace(WELL.engine, version="dev")}, "fine", "dev"),
        ("Image store", {"engine": replace(WELL.engine, store="classic")}, "note", "one platform under a tag"),
        ("buildx", {"buildx": ""}, "mend", "not installed"),
        ("buildx", {"buildx": "v0.12.1"}, "mend", "too old"),
        ("buildx", {"buildx": "0.13.0+ds"}, "fine", "0.13.0"),
        ("BuildKit", {"builders": (DEFAULT, BOX)}, "fine", "v0.25.2 in default, v0.34.2 in multi"),
        ("Builders", {"builders": Trouble("No plugin.", "Install it.")}, "blocked", "No plugin."),
        ("Builders", {"builders": ()}, "mend", "none"),
        ("Builders", {"builders": (BOX,)}, "mend", "none is the current one"),
        ("Emulators", {"emulators": ()}, "note", "only programs for linux/amd64 run here"),
        ("Emulators", {"trials": (Trial("arm64", "broken", "container", "gone"),)}, "mend", "registered, but gone"),
        ("Emulators", {"trials": (Trial("arm64", "refused", "direct", "no"),)}, "mend", "qemu-aarch64 is registered"),
        ("Emulators", {"emulators": (replace(QEMU, flags="PO"),)}, "mend", "no flag F"),
        ("Emulators", {"trials": ()}, "fine", "not tried"),
        ("Emulators", {"seen": False, "emulators": ()}, "note", "programs for 386, arm64 ran"),
        ("Emulators", {"local": False, "emulators": ()}, "note", "programs for arm64 ran"),
        ("Registry", {"reaches": (Reach("x", lab=True, trouble=Trouble("Down.", "Up.")),)}, "blocked", "Down."),
        ("Registry", {"reaches": (), "registry": "docker.io/ann"}, "note", "was not asked"),
        ("Online", {"reaches": (Reach("hub", lab=False, trouble=Trouble("No way.")),)}, "blocked", "No way."),
        ("Disk", {"disks": (*WELL.disks, Disk("/home", 10**9, 10**11))}, "mend", "1.0 GB of 100.0 GB free at /home"),
        ("Leftovers", {"leftovers": Trouble("?")}, "note", "not known"),
        ("Sandbox", {"sandbox": Trouble("No sandbox is up.", "Run `lab up`.")}, "note", "No sandbox is up."),
    ],
)
def test_what_is_off_is_said_with_what_helps(name, changes, state, said):
    """Blocked is what does not answer; to mend is what hinders builds; a note hinders nobody."""
    found = line(name, **changes)
    assert (found.state, said in found.text) == (state, True), found.text
    assert found.remedy or state in ("fine", "note", "blocked")


@pytest.mark.parametrize(("state", "status"), [("fine", 0), ("note", 0), ("mend", 1), ("blocked", 3)])
def test_the_exit_status_is_that_of_the_worst_line(state, status):
    """0 fine, 1 something to mend, 3 blocked."""
    changes = {
        "fine": {},
        "note": {"emulators": ()},
        "mend": {"buildx": "0.1.0"},
        "blocked": {"buildx": "0.1.0", "reaches": (Reach("x", lab=True, trouble=Trouble("Down.")),)},
    }
    assert doctor.Diagnosis(replace(WELL, **changes[state])).exit_status == status


def test_a_builder_that_does_not_answer_is_named_with_its_words():
    """Only the current one is to be mended: a build goes there."""
    broken = replace(DEFAULT, nodes=(replace(DEFAULT.nodes[0], error="dial unix: refused\nagain"),))
    found = line("Builders", builders=(broken,))
    assert (found.state, "dial unix: refused again" in found.text) == ("mend", True)
    assert line("Builders", builders=(DEFAULT, replace(broken, name="other", current=False))).state == "fine"


def test_a_builder_with_a_localhost_of_its_own_cannot_push_there():
    """The trap of a registry on localhost; not where the registry has an address that all reach."""
    changes = {"builders": (replace(BOX, current=True),), "apart": frozenset({"multi"})}
    found = line("Builders", **changes)
    assert (found.state, "network=host" in found.remedy) == ("mend", True)
    assert line("Builders", registry="10.213.1.1:5000", **changes).state == "fine"
    assert line("Builders", **changes | {"apart": frozenset()}).state == "fine"


def test_leftovers_are_told_with_size_and_command_but_not_what_may_be_somebody_elses():
    """Nobody is told to remove a container that runs."""
    spare = (
        Leftover("container", "buildx_buildkit_a0"),
        Leftover("volume", "buildx_buildkit_a0_state", size=2 * 10**9),
    )
    found = line("Leftovers", leftovers=spare)
    assert "2.0 GB" in found.text
    assert "docker rm buildx_buildkit_a0 && docker volume rm buildx_buildkit_a0_state" in found.remedy
    running = line("Leftovers", leftovers=(replace(spare[0], running=True), spare[1]))
    assert "docker rm" not in running.remedy


def test_a_dead_emulator_of_the_labs_is_mended_by_the_lab_another_by_its_owner():
    """The lab never tells anybody to remove what `lab up --no-emulators` removes itself."""
    dead = (Trial("arm64", "broken", "direct", "gone"),)
    assert "lab up --no-emulators" in line("Emulators", trials=dead, emulators=(replace(QEMU, ours=True),)).remedy
    assert "/proc/sys/fs/binfmt_misc/qemu-aarch64" in line("Emulators", trials=dead).remedy
