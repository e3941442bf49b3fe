"""The first hint speaks of what really happened, and never says the step's command."""

import pytest

from lab import cli, course, hints
from lab.facts import Transcript
from lab.progress import Entry

STEP = course.step("build_test")


def tried(output="", *, status=1, command="docker build .", step=STEP.name):
    return Transcript(step=step, command=command, output=output, exit_status=status)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("ERROR: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", "did not answer"),
        ("bash: line 1: dcoker: command not found", "not know the command 'dcoker'"),
        ('ERROR: unable to prepare context: path "files/one" not found', "no folder 'files/one'"),
        ("cat: files/x.txt: No such file or directory", "no 'files/x.txt'"),
        ("od: cannot access 'sample': No such file or directory", "no 'sample'"),
        ("ERROR: failed to read dockerfile: open Dockerfile: no such file or directory", "found no Dockerfile"),
        ('ERROR: "docker buildx build" requires exactly 1 argument.', "exactly one folder"),
        ('ERROR: invalid tag "/x": invalid reference format', "not a valid name"),
        ("unknown flag: --pusj", "option '--pusj'"),
        ("push access denied, repository does not exist", "refused you"),
        ("write /x: no space left on device", "disk is full"),
        ("something that nobody knows", "exit status 1. Its last line was: something that nobody knows"),
    ],
)
def test_a_slip_is_named(output, says):
    """What the output shows is said in plain words, with the very name that was typed."""
    assert says in hints.from_try(STEP, tried(output))


def test_a_known_error_of_platforms_is_explained():
    """The error guide is asked, and names the lesson."""
    warning = (
        "WARNING: The requested image's platform (linux/arm64) does not match the detected host platform "
        "(linux/amd64/v3) and no specific platform was requested\nexec /bin/uname: exec format error"
    )
    assert "another kind of CPU" in hints.from_try(STEP, tried(warning))
    assert "04-emulation" in hints.from_try(STEP, tried(warning))


@pytest.mark.parametrize(
    "transcript",
    [None, tried("x86_64", status=0), tried("", status=0), tried("command not found", step="another_step")],
    ids=["nothing was run", "it went well", "nothing was printed", "another step's try"],
)
def test_where_the_try_tells_nothing_nothing_is_said(transcript):
    """A wrong diagnosis is worse than none."""
    assert hints.from_try(STEP, transcript) == ""


def test_an_interrupted_try_is_told():
    """The output of half a build would mislead."""
    assert "stopped before it ended" in hints.from_try(STEP, tried("ERROR: x", status=130))


def test_single_quotes_around_a_variable_are_seen():
    """The shell does not look into them; double quotes are no slip."""
    assert "single quotes" in hints.from_try(STEP, tried("", status=0, command="docker build -t '$REGISTRY/x' ."))
    assert hints.from_try(STEP, tried("", status=0, command='docker build -t "$REGISTRY/x" .')) == ""


@pytest.mark.parametrize("sign", hints._SIGNS, ids=lambda sign: sign.pattern.pattern[:30])
def test_no_such_hint_gives_a_steps_command_away(sign):
    """They speak of the error; the way to do it stays to be found."""
    for step in course.steps().values():
        for line in step.solution.splitlines():
            assert len(line.split()) < 2 or line.strip() not in sign.says


def test_a_broken_or_missing_transcript_is_no_hint(tmp_path):
    """Nothing was run, or half a file is left: the ladder of hints still works."""
    assert hints.latest(STEP) is None
    place = tmp_path / "learner" / "transcripts"
    place.mkdir(parents=True)
    (place / f"{STEP.name}.json").write_text('{"step": "bui')
    assert hints.latest(STEP) is None


def test_when_a_solution_may_be_seen():
    """A guided step's always; an exercise's after a pass or after the last hint, not one before."""
    exercise = course.step("name_programs")
    last = len(exercise.hints)
    assert hints.may_see_solution(STEP, Entry())
    assert not hints.may_see_solution(exercise, Entry(hints=last - 1))
    assert hints.may_see_solution(exercise, Entry(hints=last))
    assert hints.may_see_solution(exercise, Entry(passed="2026-01-01"))


def test_the_ladder_says_how_much_is_left():
    """One by one, then where the solution is."""
    assert hints.lines(STEP, 0, None, "X")[-1] == f"({len(STEP.hints)} more)"
    assert "X shows a way" in hints.lines(STEP, len(STEP.hints), None, "X")[-1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            'ERROR: failed to build: unable to prepare context: path "files/mismatch" not found',
            "no folder 'files/mismatch'",
        ),
        (
            "ERROR: failed to solve: failed to read dockerfile: open Dockerfile: no such file or directory",
            "no Dockerfile",
        ),
    ],
)
def test_explain_knows_an_everyday_slip_too(text, says, capsys):
    """It is no entry of the error guide, and has a plain meaning all the same."""
    assert cli.run(["explain", text]) == 1
    assert says in capsys.readouterr().out
