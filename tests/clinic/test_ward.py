"""The ward: who is next, who has a star, what is asked afterwards; lessons' own progress stays as it is."""

import json

import pytest

from lab import cli, course, paths
from lab.course import clinic, recall
from lab.errors import Blocked, UsageError
from lab.learning import progress, recalls, record, ward
from lab.model.results import Result, Status
from lab.storage import write_json

CASES = clinic.cases()
FIRST = CASES[0]


def passes(home, case, minute, hints=0, *, solved=False):
    """That case has passed, at that minute, with so many hints."""
    for _ in range(hints):
        progress.show_hint(home, case.step)
    if solved:
        progress.show_solution(home, case.step)
    result = Result(
        step=case.name,
        lesson=course.WARD,
        status=Status.PASSED,
        goal=case.step.goal,
        message="Mended.",
        when=f"2026-11-27T08:{minute:02}:00+00:00",
    )
    progress.record(home, case.step, result)
    return result


@pytest.fixture
def home():
    """A learner's own folder."""
    return paths.learner()


@pytest.mark.parametrize(
    ("helped", "starred"),
    [
        ((0, 0, 0), {0, 1, 2}),
        ((0, 0, 1), set()),
        ((0, 1, 0), set()),
        ((1, 0, 0), set()),
        ((0, 0), set()),
        ((), set()),
    ],
)
def test_three_in_a_row_without_a_hint_are_starred(home, helped, starred):
    """In the order in which they passed."""
    for minute, hints in enumerate(helped):
        passes(home, CASES[minute], minute, hints)
    assert ward.stars(progress.read(home)) == {CASES[number].name for number in starred}


def test_the_order_is_that_of_the_passes_and_a_solution_is_help(home):
    """Not that of the ward; who looks at a solution begins a new row."""
    passes(home, CASES[2], 1)
    passes(home, CASES[0], 2, solved=True)
    passes(home, CASES[1], 3)
    assert ward.stars(progress.read(home)) == frozenset()


def test_the_first_case_is_first(home):
    """Where nothing was missed."""
    assert ward.by_need(home)[0] == (FIRST, "")
    passes(home, FIRST, 1)
    assert ward.by_need(home)[0][0] is CASES[1]


def test_what_was_missed_chooses_the_next_case(home):
    """A question on a lesson that a later case draws on, and that the first does not."""
    case, question = next(
        (one, q) for one in CASES for q in recall.questions() if q.about in one.lessons and q.about not in FIRST.lessons
    )
    wrong = next(option for option in question.options if option != question.answer)
    recalls.answer(home, question, wrong)
    chosen, why = ward.by_need(home)[0]
    assert question.about in chosen.lessons
    assert chosen.number <= case.number
    assert "where something was missed" in why


def test_a_case_that_needed_help_chooses_one_like_it(home):
    """It draws on the same lesson."""
    helped, other = CASES[1], CASES[2]
    passes(home, FIRST, 1)
    passes(home, helped, 2, hints=1)
    chosen, why = ward.by_need(home)[0]
    assert set(chosen.lessons) & set(helped.lessons)
    assert why
    assert other.number <= chosen.number


def test_all_mended(home):
    """Nothing is next."""
    for minute, one in enumerate(CASES):
        passes(home, one, minute)
    assert ward.by_need(home) == []


def test_cases_are_recorded_apart_from_lessons(home):
    """The course's own figures do not change; the cases stand beside them, and in what was proven."""
    before = record.of_learner(home)
    passes(home, FIRST, 1)
    after = record.of_learner(home)
    assert after["totals"] == before["totals"]
    assert after["steps"] == before["steps"]
    assert [one["name"] for one in after["cases"] if one["passed"]] == [FIRST.name]
    assert FIRST.name in record.as_text(after)
    skills = record.skills(home)
    assert skills["lessons"] == []
    assert [one["case"] for one in skills["clinic"]] == [FIRST.code]
    assert f"| `{FIRST.name}` | Mended." in record.skills_markdown(skills)


def test_what_decided_it_is_asked_when_it_has_passed(home):
    """Before, one way to say it would give it away."""
    with pytest.raises(UsageError, match="asked when the case has passed"):
        recalls.reflect(home, FIRST.name, "a guess")
    passes(home, FIRST, 1)
    frame = recalls.reflect(home, FIRST.name, "the list had one row")
    assert frame.model == FIRST.fact(0)
    assert recalls.reflection(home, FIRST.name) == "the list had one row"


def run(capsys, *words):
    """What `lab …` prints, and its exit status."""
    status = cli.run(list(words))
    said = capsys.readouterr()
    return status, said.out + said.err


def test_the_ward_is_listed_without_causes(capsys):
    """What hurts, the minutes, how it stands; never the fact that decides."""
    status, said = run(capsys, "clinic")
    assert status == 0
    for one in CASES:
        assert f"{one.code} {one.name} · {one.minutes} min · not attempted" in said
        assert not any(fact in said for fact in one.causes.values())


def test_the_ward_as_json(capsys, home):
    """For programs."""
    passes(home, FIRST, 1, hints=1)
    status, said = run(capsys, "clinic", "--json")
    row = json.loads(said)[0]
    assert status == 0
    assert (row["case"], row["last"], row["hints"]) == (FIRST.code, "passed", 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("start", "purple"), "There is no case 'purple'. `lab clinic` lists them."),
        (("next", "house"), "takes no name"),
        (("start", "../etc"), "There is no case '../etc'."),
        (("start", "K\x1b[2J"), "There is no case"),
    ],
)
def test_a_wrong_name_is_one_clear_line(capsys, words, says):
    """As everywhere."""
    status, said = run(capsys, "clinic", *words)
    assert status == 2
    assert says in said
    assert said.count("\n") == 1


def test_without_a_sandbox_a_case_cannot_be_started(capsys):
    """Blocked, because nothing is up."""
    status, said = run(capsys, "clinic", "start", FIRST.name)
    assert status == 3
    assert "lab up" in said


def test_a_case_that_cannot_be_had_here_is_left_out_and_said(capsys, monkeypatch, world):
    """`next` goes on to the one after it; where none can be had, it says what is with the first."""

    def show(case, _world, only=CASES[1]):
        if case is not only:
            raise Blocked("Only the lab's own engine has that.", "`lab up --private`.")
        return ward.Shown(case.symptom.script, "it hurts", hurts=True)

    monkeypatch.setattr("lab.verbs.clinic.this_world", lambda: world)
    monkeypatch.setattr(ward, "show", show)
    status, said = run(capsys, "clinic", "next")
    assert (status, said.splitlines()[0]) == (
        0,
        f"{FIRST.code} {FIRST.name} is left out here: Only the lab's own engine has that.",
    )
    assert f"{CASES[1].code} {CASES[1].name} · about" in said
    assert json.loads(run(capsys, "clinic", "next", "--json")[1])["name"] == CASES[1].name
    monkeypatch.setattr(ward, "show", lambda case, world: show(case, world, only=None))
    status, said = run(capsys, "clinic", "next")
    assert status == 3
    assert "Only the lab's own engine has that." in said


def test_with_all_mended_next_says_so(capsys, home):
    """And how to go on."""
    for minute, one in enumerate(CASES):
        passes(home, one, minute)
    assert "All cases have passed" in run(capsys, "clinic", "next")[1]
    assert run(capsys, "clinic", "next", "--json")[1] == "null\n"


def test_reflecting_on_a_case_leads_to_the_error_guide(capsys, home):
    """The words are kept, one way to say it follows, and where to read on."""
    assert run(capsys, "reflect", FIRST.code, "a guess")[0] == 2
    passes(home, FIRST, 1)
    status, said = run(capsys, "reflect", FIRST.code, "one row")
    assert status == 0
    assert FIRST.fact(0) in said
    assert f"lab explain {FIRST.entry}" in said


def test_the_guide_tells_an_entry_by_its_name(capsys):
    """As a case names it; and it leads back to the case."""
    status, said = run(capsys, "explain", FIRST.entry)
    assert status == 0
    assert f"lab clinic start {FIRST.name}" in said


def test_damaged_progress_is_no_traceback(capsys, home):
    """Half a file counts as nothing."""
    write_json(home / "progress.json", {"steps": {FIRST.name: ["x"]}})
    assert run(capsys, "clinic")[0] == 0
    (home / "progress.json").write_text("{", encoding="utf-8")
    assert run(capsys, "clinic")[0] == 0


def test_lessons_do_not_know_cases():
    """`lab next` and `lab list` are the course's."""
    assert not set(clinic.steps()) & set(course.steps())
    assert course.after(FIRST.name) == ""
