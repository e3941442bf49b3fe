"""What the terminal asks, and what it keeps: predictions, recall, own words, the record of it all."""

import json
import re

import pytest
from support.stand_ins import first_step_passed
from test_asks import FRAME, QUESTION, changed  # noqa: F401 - a fixture
from test_cli import lab, up  # noqa: F401 - a fixture

from lab import course, paths
from lab.course import recall
from lab.learning import figures, predictions, progress, recalls, record
from lab.learning.progress import Entry
from lab.model.results import Result, Status
from lab.probes import here
from lab.storage import write_json
from lab.verbs import asking

PROOF = "a/b is one index, sha256:1a2b3c4d5e6f, with 2 images | both."


@pytest.fixture(autouse=True)
def asks(changed, monkeypatch):  # noqa: F811
    """The first step of the course asks, has a gap, and its lesson has questions."""
    steps = {**course.steps(), "uname": changed}
    monkeypatch.setattr(course, "steps", lambda: steps)
    monkeypatch.setattr(recall, "frames", lambda: (FRAME,))
    return changed


@pytest.fixture
def typed(monkeypatch):
    """Somebody at a terminal who types these lines; what they were asked."""

    def types(*lines):
        waiting = list(lines)
        monkeypatch.setattr(asking, "on_a_terminal", lambda: True)
        monkeypatch.setattr("builtins.input", lambda _prompt: waiting.pop(0))
        return waiting

    return types


def test_a_prediction_is_given_and_changed(capsys):
    """By option or number; the last one counts."""
    assert lab(capsys, "predict", "uname", "amd64")[1].startswith("Kept: “amd64”.")
    assert lab(capsys, "predict", "uname", "1")[0] == 0
    assert predictions.said(paths.learner(), "uname") == "x86_64"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["predict", "uname", "arm"], "none of the answers"),
        (["predict", "name_programs"], "asks for no prediction"),
        (["recap", "whom", "1"], "no question 'whom'"),
        (["recap", "who", "3"], "number from 1 to 2"),
        (["recap", "machnie"], "Did you mean 'machine'?"),
        (["reflect", "machnie"], "Did you mean 'machine'?"),
    ],
)
def test_a_slip_is_one_line(capsys, words, says):
    """What is asked for is not there, or is no answer."""
    status, out, err = lab(capsys, *words)
    assert (status, out) == (2, "")
    assert says in err


def test_without_a_terminal_next_says_how_to_answer(capsys, up):  # noqa: F811
    """Question, options, the command with its gap, never its solution."""
    out = lab(capsys, "next")[1]
    assert "What will `uname` say?\n1) x86_64\n2) amd64\nAnswer it: lab predict uname ANSWER" in out
    assert "    uname ____\n  Each ____ is for you to fill." in out
    assert "    uname -m" not in out
    progress.forget(paths.learner(), [course.lessons()[0].steps[0].name])
    assert "`lab recap machine` asks." in lab(capsys, "next")[1]


def test_next_as_data_has_what_is_asked(capsys):
    """For other views: kind, cell and question."""
    first_step_passed()
    data = json.loads(lab(capsys, "next", "--json")[1])
    assert (data["kind"], data["cell"]) == ("gap", "uname ____")
    assert data["predict"] == {"question": "What will `uname` say?", "options": ["x86_64", "amd64"]}


def test_on_a_terminal_next_asks_until_it_can_read_the_answer(capsys, up, typed):  # noqa: F811
    """A slip is said and asked again; asked once, it is not asked again."""
    waiting = typed("sparc", "2")
    out = lab(capsys, "next")[1]
    assert "'sparc' is none of the answers." in out
    assert "Kept: “amd64”." in out
    assert waiting == []
    assert "You said “amd64”." in lab(capsys, "next")[1]


def test_enter_skips(capsys, up, typed):  # noqa: F811
    """Nothing is kept, and the step is told all the same."""
    typed("")
    out = lab(capsys, "next")[1]
    assert "To do:" in out
    assert predictions.said(paths.learner(), "uname") == ""


def test_check_says_what_was_said_and_was(capsys, up):  # noqa: F811
    """The line of a wrong prediction, under a step that has passed; asked later, it is told again."""
    lab(capsys, "predict", "uname", "amd64")
    status, out, _ = lab(capsys, "run", "uname", "uname -m")
    assert status == 0
    assert "You said “amd64”. It was “x86_64”. The kernel says x86_64." in out
    assert "It was “x86_64”" in lab(capsys, "predict", "uname")[1]
    assert "nothing is left to predict" in lab(capsys, "predict", "uname", "1")[2]


def test_an_untouched_gap_in_the_terminal_is_no_try(capsys, up):  # noqa: F811
    """Bash never sees it."""
    status, out, _ = lab(capsys, "run", "uname", "uname ____")
    assert status == 1
    assert "not attempted" in out
    assert "`____`" in out


def test_recall_elsewhere_by_name_and_number(capsys):
    """Wrong is told with its reason and comes back; right is done."""
    assert "Answer it: lab recap who NUMBER" in lab(capsys, "recap", "machine")[1]
    assert "It is: The engine. It starts the container." in lab(capsys, "recap", "who", "1")[1]
    assert [one["question"] for one in json.loads(lab(capsys, "recap", "--json")[1])] == ["who"]
    assert "Right. It starts" in lab(capsys, "recap", "who", "2")[1]
    assert "Nothing was missed." in lab(capsys, "recap")[1]


def test_recall_on_a_terminal(capsys, typed):
    """One by one; Enter skips and keeps nothing."""
    typed("", "the engine.")
    assert "Right" not in lab(capsys, "recap", "machine")[1]
    assert recalls.answers(paths.learner()) == {}
    assert "Right. It starts the container." in lab(capsys, "recap", "machine")[1]


def test_own_words_are_kept_and_compared(capsys, typed):
    """A model and its points come after the words, not before."""
    assert FRAME.model not in lab(capsys, "reflect", "machine")[1]
    typed("two of them")
    out = lab(capsys, "reflect", "machine")[1]
    assert f"{FRAME.model}\n" in out
    assert "  - three" in out
    assert recalls.reflection(paths.learner(), "machine") == "two of them"


def test_the_number_is_kept_and_set(capsys, tmp_path):
    """Shown twice it is the same; `--seed` sets it where the lessons are copied."""
    first = lab(capsys, "seed")[1]
    assert lab(capsys, "seed")[1] == first
    lab(capsys, "seed", "7")
    assert here.seed() == 7
    lab(capsys, "start", "--seed", "9", str(tmp_path / "x"))
    assert here.seed() == 9


def keep(**entries):
    rows = {name: vars(Entry(**values)) for name, values in entries.items()}
    write_json(paths.learner() / "progress.json", {"steps": rows})


DONE = {"passed": "2026-11-25T13:10:57+00:00", "last": "passed", "tries": 2, "proof": PROOF}


def test_progress_says_what_was_done_with_which_help(capsys):
    """Tries, hints, the solution, a prediction, the second mark; sums at the end."""
    keep(
        uname={**DONE, "hints": 1, "solved": True, "predicted": "wrong", "good": True},
        own_header={"last": "failed", "tries": 1},
        engine_platform=DONE,
    )
    recalls.answer(paths.learner(), QUESTION, "1")
    out = lab(capsys, "progress")[1]
    line = "uname: passed on 2026-11-25 · 2 tries · 1 hint · solution seen · predicted wrong · ★ right and good"
    assert line in out
    assert "own_header: failed · 1 try\n" in out
    assert "2 of 46 passed, 1 of them without".replace("46", str(len(course.steps()))) in out
    totals = json.loads(lab(capsys, "progress", "--json")[1])["totals"]
    assert (totals["predicted_wrong"], totals["recalled"], totals["recall_answered"], totals["good"]) == (1, 0, 1, 1)


def test_help_that_was_asked_for_is_remembered(capsys):
    """A hint and the solution, before the pass; what is seen afterwards is no help."""
    lab(capsys, "hint", "uname")
    lab(capsys, "solution", "--now", "uname")
    entry = progress.read(paths.learner())["uname"]
    assert (entry.hints, entry.solved) == (1, True)
    keep(own_header=DONE)
    lab(capsys, "solution", "--now", "own_header")
    assert not progress.read(paths.learner())["own_header"].solved


def test_skills_have_sentences_digests_and_days(capsys, tmp_path):
    """As a page and as data; a table's own sign in a proof breaks no row."""
    keep(uname={**DONE, "hints": 2}, own_header={"last": "failed"})
    page = lab(capsys, "report", "--skills")[1]
    row = "| `uname` | a/b is one index, sha256:1a2b3c4d5e6f, with 2 images \\| both. | 2026-11-25 | 2 hints |"
    assert row in page
    assert "own_header" not in page
    lab(capsys, "report", "--skills", "-o", str(tmp_path / "mine.md"))
    data = json.loads((tmp_path / "mine.json").read_text())
    assert data["lessons"][0]["steps"][0]["digests"] == ["sha256:1a2b3c4d5e6f"]
    assert (tmp_path / "mine.md").read_text() == page


def test_goals_are_told_where_all_of_a_lesson_has_passed():
    """What one is able to do is no claim about half a lesson."""
    names = [step.name for step in course.lesson("machine").steps]
    keep(**dict.fromkeys(names[:-1], DONE))
    assert record.skills(paths.learner())["lessons"][0]["able_to"] == []
    keep(**dict.fromkeys(names, DONE))
    assert record.skills(paths.learner())["lessons"][0]["able_to"] == ["Say it."]


def test_a_record_of_nothing_says_so():
    """No empty table."""
    assert record.skills_markdown(record.skills(paths.learner())).endswith("\nNo step has passed yet.\n")


def test_figures_are_counted_from_the_course(capsys):
    """Of each lesson, and the sum; a gap, an exercise and a repair are own work."""
    lessons = figures.of_course()
    assert lessons[-1].steps == len(course.steps())
    assert lessons[-1].steps == sum(one.steps for one in lessons[:-1])
    one = figures.Figures(name="x", whole=1, gap=1, own=1, repair=1, predictions=2, recall=3)
    assert (one.steps, one.share) == (4, 0.75)
    assert re.search(r"^course +\d+ ", lab(capsys, "list", "--figures")[1], re.MULTILINE)
    assert json.loads(lab(capsys, "list", "--figures", "--json")[1])[-1]["name"] == "course"


def test_a_pass_keeps_the_answer_for_later(world):
    """The right answer and its reason stand in the progress, whether anything was said or not."""
    asked = {"question": "?", "said": "", "was": "a", "because": "So."}
    step = course.steps()["uname"]
    result = Result(
        step="uname", lesson="machine", status=Status.PASSED, goal="g", message="Done.", predicted=asked, when="now"
    )
    progress.record(world.home, step, result)
    entry = progress.read(world.home)["uname"]
    assert (entry.was, entry.because, entry.predicted) == ("a", "So.", "")
