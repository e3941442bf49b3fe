"""How the capstone stands: its proofs, when hints are allowed, what the report says, its notebook."""

import importlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab import cli, course
from lab.course import capstone, clinic
from lab.course.capstone import _faults
from lab.errors import BadInput, NotThere, UsageError
from lab.learning import capstone as stands
from lab.learning import progress, record
from lab.model.results import Result, Status
from lab.model.steps import PLACE
from lab.notebook.panel import cards, page
from lab.terminal import typed
from lab.terminal.recorder import Typed

ROOT = Path(__file__).parent.parent.parent
PROOFS = capstone.proofs()


def passes(home, *numbers):
    """These proofs pass."""
    for one in PROOFS:
        if one.number in numbers:
            result = Result(
                step=one.name, lesson=course.CAPSTONE, status=Status.PASSED, goal="g", message="It is sha256:" + "a" * 64,
                when="2026-01-01T00:00:00+00:00",
            )  # fmt: skip
            progress.record(home, one.step, result)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A learner's own folder."""
    monkeypatch.setenv("LAB_LEARNER", str(tmp_path / "learner"))
    return tmp_path / "learner"


def test_nine_proofs_that_belong_to_no_lesson():
    """Numbered, and named like no other step."""
    assert [one.number for one in PROOFS] == list(range(1, 10))
    assert not set(capstone.steps()) & {*course.steps(), *clinic.steps()}
    for one in PROOFS:
        assert one.step.lesson == course.CAPSTONE
        assert one.step.prepare is capstone.scene
        assert one.step.goal.endswith(".")
        assert len(one.step.hints) >= 2
        assert capstone.named(one.code.lower()) is one
        assert course.step(one.code) is one.step
    assert course.find(["capstone"]) == list(capstone.steps().values())
    assert capstone.named("P10") is None


@pytest.mark.parametrize("one", PROOFS, ids=lambda one: one.code)
def test_hints_do_not_give_the_command_away(one):
    """The solution is shown when it is asked for, not before."""
    lines = [line.strip() for line in one.step.solution.splitlines()]
    for line in (line for line in lines if re.match(r"(docker|lab|sed|sh|bash)\b", line) and len(line.split()) > 1):
        assert not any(line in text for text in (*one.step.hints, one.about))


def test_every_message_is_brought_about_by_a_test():
    """A message that no test has seen may be wrong, or never come."""
    tested = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for name in ("builds", "fits", "images", "releases", "_laid"):
        module = importlib.import_module(f"lab.course.capstone.{name}")
        said = [
            k for k, v in vars(module).items() if k.isupper() and isinstance(v, str) and " " in v and v.endswith(".")
        ]
        assert not [one for one in said if not re.search(rf"\b{one}\b", tested)]


def test_the_notebook_has_a_cell_for_each_proof():
    """With its goal above it, in their order."""
    notebook = json.loads((course.lessons_dir() / capstone.NOTEBOOK).read_text(encoding="utf-8"))
    found = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
    assert (found["load"], found["start"]) == ("%load_ext lab", "%capstone")
    assert [name for name in found if name in capstone.steps()] == list(capstone.steps())
    for one in PROOFS:
        assert found[one.name] == f"%%step {one.name}\n{PLACE}"
        assert one.step.goal in found[f"{one.name.replace('_', '-')}-text"]
        assert f"## {one.code} · " in found[f"{one.name.replace('_', '-')}-text"]


def test_its_notebook_has_no_lessons_panel():
    """Nor has a copy of it; a lesson's has one."""
    assert page.is_capstone(Path("capstone/lighthouse.ipynb"))
    assert page.is_capstone(Path("lighthouse-Copy1.ipynb"))
    assert not page.is_capstone(Path("01-machine.ipynb"))
    assert not page.is_capstone(None)


def test_a_card_refuses_early_hints_too(home):
    """A button is no way around the twenty minutes, and the panel of an open lesson stays where it is."""
    home.mkdir()
    result = Result(step="races", lesson=course.CAPSTONE, status=Status.NOT_ATTEMPTED, goal="g", message="m")
    card = cards.Card(capstone.steps()["races"], result)
    (home / "capstone.json").write_text(
        json.dumps({"began": datetime.now(UTC).isoformat(), "seed": 1}), encoding="utf-8"
    )
    for button in (card._give_hint, card._solve):
        with pytest.raises(UsageError, match="first twenty minutes"):
            button()
    assert stands.rows(home)[5]["hints"] == 0


def test_what_is_asked_before_it_began_says_so(world):
    """Also where there is no candidate."""
    from lab.course.capstone import _laid

    with pytest.raises(NotThere, match=re.escape(_laid.NOT_BEGUN)):
        _laid.laid(world())
    assert "{tag}" in _laid.NO_CANDIDATE  # both are brought about on the engine
    assert "{tag}" in _laid.NOT_WHOLE


@pytest.mark.parametrize(
    ("minutes", "told"), [(0, "20 minutes"), (10, "10 minutes"), (19.5, "minute"), (20, None), (500, None)]
)
def test_no_hints_in_the_first_twenty_minutes(world, home, minutes, told):
    """Then they are there; other steps have theirs at once."""
    own = world()
    with pytest.raises(UsageError, match="has not begun"):
        stands.refuse_early(PROOFS[1].step)
    home.mkdir()
    own = type(own)(**{**vars(own), "home": home})
    _faults.begin(own)
    now = _faults.begun(home).when + timedelta(minutes=minutes) + timedelta(seconds=1 if minutes in (0, 10) else 0)
    stands.refuse_early(course.step("uname"), now)
    if told is None:
        stands.refuse_early(PROOFS[1].step, now)
    else:
        with pytest.raises(UsageError, match=f"another {told}"):
            stands.refuse_early(PROOFS[1].step, now)


def test_the_verbs_refuse_early_hints_and_solutions(world, home, capsys):
    """With --now, too; and afterwards a hint is counted."""
    home.mkdir()
    own = type(world())(**{**vars(world()), "home": home})
    _faults.begin(own)
    for words in (["hint", "P2"], ["solution", "P2"], ["solution", "--now", "P2"]):
        assert cli.run(words) == 2
        assert "first twenty minutes" in capsys.readouterr().err
    old = datetime.now(UTC) - timedelta(hours=1)
    (home / "capstone.json").write_text(json.dumps({"began": old.isoformat(), "seed": 1}), encoding="utf-8")
    assert cli.run(["hint", "P2"]) == 0
    assert PROOFS[1].step.hints[0] in capsys.readouterr().out
    assert stands.rows(home)[1]["hints"] == 1


def test_a_pass_and_a_star(home):
    """P1 to P5 are a pass, all nine more."""
    assert stands.mark(stands.rows(home)) == ""
    passes(home, 1, 2, 3, 4)
    assert stands.mark(stands.rows(home)) == ""
    passes(home, 5)
    assert stands.mark(stands.rows(home)) == "pass"
    passes(home, 6, 7, 8, 9)
    assert stands.mark(stands.rows(home)) == "star"
    assert stands.verdict(home).startswith("★")


def test_the_list_shows_all_ten(home, capsys):
    """How each stands, and with which help."""
    passes(home, 2)
    progress.show_hint(home, PROOFS[1].step)
    assert cli.run(["capstone"]) == 0
    out = capsys.readouterr().out
    assert all(f"P{number} " in out for number in range(1, 11))
    assert "passed on 2026-01-01, 1 hint (three_rows)" in out
    assert cli.run(["capstone", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["proofs"]) == 9


@pytest.mark.parametrize("words", [["start", "P2"], ["handover", "x"], ["check", "K01"], ["check", "P10"]])
def test_other_names_are_refused(home, capsys, words):
    """One clear line."""
    assert cli.run(["capstone", *words]) == 2
    assert "P" in capsys.readouterr().err


def test_the_report_lists_proofs_with_digests(home):
    """And the note, and with which help."""
    assert record.skills(home)["capstone"] == {"mark": "", "proofs": [], "handover": ""}
    progress.show_hint(home, PROOFS[0].step)
    passes(home, 1, 2, 3, 4, 5)
    found = record.skills(home)["capstone"]
    assert (found["mark"], len(found["proofs"])) == ("pass", 5)
    assert found["proofs"][0]["digests"] == ["sha256:" + "a" * 64]
    page = record.skills_markdown(record.skills(home))
    assert "A pass: P1 to P5" in page
    assert "| `P1 survey` | It is sha256:" in page
    assert "| 1 hint |" in page
    assert "capstone  5 of 9 proofs" in record.as_text(record.of_learner(home))


def test_a_note_is_kept_and_its_model_waits(world, home):
    """Ten lines, not graded; what it may be compared with would give things away."""
    own = type(world())(**{**vars(world()), "home": home})
    with pytest.raises(NotThere, match="is not there"):
        stands.keep_note(own)
    path = own.workspace / capstone.HANDOVER
    path.parent.mkdir()
    path.write_text("# For whoever comes next\n\n", encoding="utf-8")
    with pytest.raises(NotThere, match="is empty"):
        stands.keep_note(own)
    path.write_text("# For whoever comes next\n\nAsk the tags first.\nAnd read it.\n", encoding="utf-8")
    assert next(stands.hand_over(own)) == "Your note is kept: 2 lines. It is not graded."
    assert capstone.MODEL not in "\n".join(stands.hand_over(own))
    passes(home, 1, 2, 3, 4, 5)
    assert capstone.MODEL in "\n".join(stands.hand_over(own))
    assert stands.note(home) == "Ask the tags first.\nAnd read it."
    path.unlink()
    path.mkdir()
    with pytest.raises(BadInput, match="cannot be read"):
        stands.keep_note(own)


def test_all_that_was_typed_may_hold_a_trial():
    """The proofs are checked together at the end, long after the trial; a lesson's step is about the latest commands."""
    tries = [
        Typed(number=number, command="true", parts=(), exit_status=0, seconds=0.0, started="") for number in range(15)
    ]
    proof, lesson = capstone.steps()["released"], next(iter(course.steps().values()))
    assert tries in typed._windows(proof, tries)
    assert max(map(len, typed._windows(lesson, tries))) == 10
    assert typed._windows(proof, []) == []
