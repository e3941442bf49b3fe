"""K14: programs of another platform run on the machine, and not in containers."""

import pytest

from lab.course.clinic import buoy as cases
from lab.course.clinic.buoy import Handled
from lab.errors import Blocked
from lab.verbs import clinic as verb

RISCV = ("linux/riscv64",)
OWN = ("lab-0-riscv64", "/cache/qemu-riscv64", "POF")
BROKEN = ("lab-0-riscv64-package", "/cache/qemu-riscv64", "PO")
BARE = ("lab-0-riscv64-package", "/cache/qemu-riscv64", "")


def handled(*handlers, started=False, teams=False):
    """What the kernel has, and what became of two containers."""
    said = "" if started else "exec /hello: no such file or directory"
    return Handled(handlers=handlers, started=started, teams=teams or started, said=said)


@pytest.mark.parametrize(
    ("platforms", "found", "message"),
    [
        (RISCV, handled(OWN, started=True), None),
        (RISCV, handled(("qemu-riscv64", "/usr/bin/qemu-riscv64", "OCF"), started=True), None),
        (("linux/amd64", *RISCV), handled(OWN, started=True), None),
        (RISCV, handled(OWN, BROKEN), cases.SAME_FAULT),
        (RISCV, handled(BARE), cases.SAME_FAULT),
        (RISCV, handled(OWN, BROKEN, teams=True), cases.IMAGE_CARRIES_IT),
        (RISCV, handled(), cases.NOTHING_RUNS_IT),
        (RISCV, handled(OWN), cases.STILL_FAILS),
        (("linux/amd64",), handled(OWN, started=True), cases.IMAGE_CHANGED),
        (("linux/amd64",), handled(OWN, BROKEN, teams=True), cases.IMAGE_CHANGED),
    ],
)
def test_containers_of_every_image_start(tagged, says, platforms, found, message):
    """The handlers and two containers decide: one of the team's image, one of an image with nothing but a program."""
    assert says(cases.buoy.step, tagged.images("buoy", *platforms), found) == message


def test_the_pass_names_the_handlers(tagged):
    """With their flags."""
    proof = cases.buoy.step.check(tagged.images("buoy", *RISCV), handled(OWN, started=True))
    assert proof.template == cases.MENDED
    assert proof.values["handlers"] == "lab-0-riscv64, flags POF"


def test_no_scene_without_consent(world, monkeypatch):
    """Neither where nobody agreed nor in a run that may not ask; nothing is laid then."""
    with pytest.raises(Blocked, match="nobody agreed") as found:
        cases.scene(world)
    assert "lab up --emulators" in found.value.remedy
    monkeypatch.setenv("LAB_EMULATORS", "no")
    with pytest.raises(Blocked, match="may not register"):
        cases.scene(world)
    assert not list(world.workspace.iterdir())


@pytest.mark.parametrize(("agrees", "registered"), [(True, [True]), (False, [])])
def test_a_start_in_a_terminal_asks_first(world, monkeypatch, agrees, registered):
    """And says that it is the whole machine's; a no registers nothing."""
    asked, ups = [], []
    monkeypatch.setattr(verb, "agrees", lambda text, _question: asked.append(text) or agrees)
    monkeypatch.setattr(verb.sandbox, "up", lambda *, emulators, **_more: ups.append(emulators))
    verb._ask_for_emulators(cases.buoy, world)
    assert "for the whole machine" in asked[0]
    assert ups == registered


def test_no_other_case_asks(world, monkeypatch):
    """And in a run that may not ask, none does."""
    monkeypatch.setattr(verb, "agrees", lambda *_words: pytest.fail("It asked."))
    for one in verb.cases.cases():
        if one is not cases.buoy:
            verb._ask_for_emulators(one, world)
    monkeypatch.setenv("LAB_EMULATORS", "no")
    with pytest.raises(Blocked, match="may not register"):
        verb._ask_for_emulators(cases.buoy, world)
