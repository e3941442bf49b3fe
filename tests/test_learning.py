"""What a learner predicts, recalls and says: kept, read with doubt, never graded."""

import pytest

from lab import course
from lab.course import recall
from lab.course._seeded import chosen, shuffled
from lab.errors import UsageError
from lab.learning import predictions, progress, recalls, reset, runner
from lab.model.facts import Machine
from lab.model.platforms import Platform
from lab.model.results import Status
from lab.model.steps import Prediction, Problem, Proof, Truth, step


def machine(_world):
    return Machine(name="x86_64", platform=Platform.parse("linux/amd64"))


ASKS = Prediction(
    question="What will it say?",
    options=("x86_64", "amd64", "x86"),
    truth=lambda one: Truth(one.name, "The kernel says {name}.", name=one.name),
)


@step(machine, solution="uname -m", predict=ASKS, good=lambda _one: Problem("It could be better.", wanted="more"))
def sample(_machine):
    """Say it."""
    return Proof("It is {name}.", name="x86_64")


@pytest.fixture
def home(world, monkeypatch):
    monkeypatch.setattr(course, "after", lambda _name: "")
    return world.home


@pytest.mark.parametrize(
    ("said", "read"), [("amd64", "amd64"), (" X86_64 ", "x86_64"), ("2", "amd64"), ("am", "amd64"), ("x86", "x86")]
)
def test_an_answer_is_read_as_people_give_it(said, read):
    """An option, its number, its beginning, in any letters."""
    assert ASKS.read(said) == read


@pytest.mark.parametrize("said", ["", "4", "arm64", "x"])
def test_an_answer_that_is_none_of_them_is_refused(said):
    """What could mean two options means none."""
    with pytest.raises(UsageError, match="none of the answers"):
        ASKS.read(said)


@pytest.mark.parametrize(("said", "right"), [("amd64", "wrong"), ("1", "right")])
def test_the_result_says_what_was_said_and_what_was(world, home, said, right):
    """Right or wrong, the step passes; progress knows which."""
    predictions.say(home, sample, said)
    result = runner.check(sample, world)
    assert result.status is Status.PASSED
    assert result.predicted == {
        "question": "What will it say?",
        "said": ASKS.read(said),
        "was": "x86_64",
        "because": "The kernel says x86_64.",
    }
    assert progress.read(home)["sample"].predicted == right


def test_nothing_said_is_not_in_the_way(world, home):
    """The truth stands in the result for those who show it; nothing is counted."""
    result = runner.check(sample, world)
    assert (result.status, result.predicted["said"], result.predicted["was"]) == (Status.PASSED, "", "x86_64")
    assert not progress.read(home)["sample"].predicted


def test_what_was_right_but_not_good_still_passes(world, home):
    """The second mark has its reason, and is never demanded."""
    result = runner.check(sample, world)
    assert result.good == {"reached": "no", "because": "It could be better."}
    assert not progress.read(home)["sample"].good


def test_after_the_pass_nothing_is_left_to_predict(world, home):
    """Hindsight is no prediction; a reset makes it one again."""
    runner.check(sample, world)
    with pytest.raises(UsageError, match="has passed"):
        predictions.say(home, sample, "1")
    list(reset.undo([sample], world))
    assert predictions.say(home, sample, "1") == "x86_64"


def test_a_truth_that_cannot_be_found_spoils_no_result(world, home):
    """A mistake of ours beside a right result stays beside it."""

    @step(machine, solution="x", predict=Prediction(question="?", truth=lambda _one: 1 / 0))
    def broken(_machine):
        """Do."""
        return Proof("Yes.")

    result = runner.check(broken, world)
    assert (result.status, result.predicted) == (Status.PASSED, None)


def test_a_damaged_file_of_predictions_is_set_aside(home):
    """Half a JSON loses nothing and stops nobody."""
    home.mkdir(parents=True)
    (home / "predictions.json").write_text("{")
    assert predictions.said(home, "sample") == ""
    assert list(home.glob("predictions.json.damaged*"))


@pytest.mark.parametrize(
    ("options", "kind", "cell"),
    [
        ({}, "whole", "docker ps -a"),
        ({"gap": "docker ps ____"}, "gap", "docker ps ____"),
        ({"exercise": True}, "own", "# Your commands go here."),
        ({"repair": True}, "repair", "# Your commands go here."),
    ],
)
def test_a_steps_kind_says_what_stands_in_its_cell(options, kind, cell):
    """The whole command, a command with blanks, or a place for one's own."""

    @step(machine, solution="docker ps -a", **options)
    def any_step(_machine):
        """Do."""
        return Proof("Yes.")

    assert (any_step.kind, any_step.cell) == (kind, cell)
    assert any_step.untouched(any_step.cell) is (kind != "whole")
    assert any_step.untouched("# later")
    assert not any_step.untouched("docker ps --all")


QUESTION = recall.Question(
    name="q", lesson="b", about="a", ask="?", options=("one", "two"), answer="two", because="…", source="uname"
)


def test_what_was_missed_comes_back(home, monkeypatch):
    """`lab recap` asks again what was wrong, until it is right."""
    monkeypatch.setattr(recall, "questions", lambda: (QUESTION,))
    assert recalls.due(home) == []
    assert recalls.answer(home, QUESTION, "1") is False
    assert recalls.due(home) == [QUESTION]
    assert recalls.answer(home, QUESTION, "TWO") is True
    assert recalls.due(home) == []


def test_a_seed_is_an_order_of_ones_own(world_with):
    """The same seed gives the same order, another seed in time another one, and nothing is lost."""
    orders = {shuffled(world_with(seed=number), "puzzle", "abc") for number in range(40)}
    assert len(orders) == 6
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)
    assert shuffled(world_with(seed=7), "puzzle", "abc") == shuffled(world_with(seed=7), "puzzle", "abc")
    assert chosen(world_with(seed=7), "puzzle", "abc") == shuffled(world_with(seed=7), "puzzle", "abc")[0]
