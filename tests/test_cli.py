"""The command line: exit statuses, one clear line for what cannot be done, never a traceback, quick to start."""

import io
import json
import os
import re
import subprocess
import sys

import pytest
from support.stand_ins import first_step_passed, sandbox_up

from lab import __version__, cli, course, paths, sandbox
from lab.errors import LabError
from lab.learning import progress
from lab.model.results import Result, Status
from lab.notebook import server
from lab.sandbox import overview
from lab.sandbox.emulators import kernel
from lab.verbs import prose


@pytest.fixture
def up(tmp_path, monkeypatch):
    """A sandbox that says it is up, with the lessons in a folder."""
    monkeypatch.setenv("LAB_WORKSPACE", str(tmp_path / "lessons"))
    sandbox_up(tmp_path / "lessons")
    first_step_passed()
    return tmp_path / "lessons"


def lab(capsys, *arguments):
    """Exit status, standard output, standard error."""
    status = cli.run(arguments)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["check", "unmae"], 2, "Did you mean 'uname'?"),
        (["check", "zzz-zzz"], 2, "`lab list` shows all"),
        (["hint", "registry-list"], 2, "Did you mean 'registry_list'?"),
        (["check", "uname"], 3, "No sandbox is up. Run `lab up`."),
        (["run", "uname", "uname"], 3, "Run `lab up`."),
        (["run", "uname", " "], 2, "There is no command to run."),
        (["reset", "uname"], 2, "Nothing was undone."),
        (["solution", "name_programs"], 2, "3 hints are left"),
        (["shell"], 2, "needs a terminal"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_an_exit_status(capsys, arguments, status, says):
    """What is, what to do next, and a status that a script can read; nothing on standard output."""
    found, out, err = lab(capsys, *arguments)
    assert (found, out) == (status, "")
    assert says in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("arguments", [["nonsense"], ["run"], ["completion", "cmd"], ["check", "--no-such-option"]])
def test_a_wrong_command_line_is_a_usage_error(arguments, capsys):
    """Status 2, and argparse's own words."""
    with pytest.raises(SystemExit) as left:
        cli.run(arguments)
    assert left.value.code == 2
    assert "usage: lab" in capsys.readouterr().err


def test_a_step_is_done_from_the_terminal(capsys, up):
    """Run, check, next, list: the course needs no notebook."""
    status, out, _ = lab(capsys, "run", "uname", "uname -m")
    assert (status, "✔ passed  uname" in out) == (0, True)
    assert lab(capsys, "check", "uname")[0] == 0
    assert json.loads(lab(capsys, "next", "--json")[1])["step"] == list(course.steps())[2]
    listed = json.loads(lab(capsys, "list", "--json")[1])
    assert listed[0]["steps"][1]["passed"]


@pytest.mark.parametrize(
    ("command", "status", "says"), [("echo no machine", 1, "✘ failed"), ("# nothing", 1, "○ not attempted")]
)
def test_what_does_not_pass_has_status_one(capsys, up, command, status, says):
    """Failed and not attempted are told apart in words, and are both no success."""
    found, out, _ = lab(capsys, "run", "uname", command)
    assert found == status
    assert says in out


def test_what_is_down_is_blocked_and_not_wrong(capsys, up):
    """An engine that does not answer: status 3, the reason, what to do."""
    status, out, _ = lab(capsys, "run", "engine_platform", "echo linux/amd64")
    assert status == 3
    assert "■ blocked" in out


def test_json_is_json_and_nothing_else(capsys, up):
    """Programs read it; the statuses are words, and the exit status is the same."""
    lab(capsys, "run", "uname", "uname -m")
    for arguments in (
        ["check", "uname", "--json"],
        ["list", "--json"],
        ["next", "--json"],
        ["hint", "--json", "uname"],
    ):
        status, out, err = lab(capsys, *arguments)
        assert (status, err) == (0, "")
        json.loads(out)
    assert json.loads(lab(capsys, "check", "uname", "--json")[1])[0]["status"] == "passed"


def test_hints_come_one_by_one_and_then_the_solution_is_free(capsys):
    """Each call shows one more; an exercise's solution waits for them, or for `--now`."""
    step = course.step("name_programs")
    for number in range(1, len(step.hints) + 1):
        assert cli.run(["solution", step.name]) == 2
        capsys.readouterr()
        out = lab(capsys, "hint", step.name)[1]
        assert all((text in out) == (place < number) for place, text in enumerate(step.hints))
    assert lab(capsys, "solution", step.name)[:2] == (0, step.solution + "\n")


def test_a_guided_steps_solution_is_no_secret(capsys):
    """The notebook shows it too."""
    assert lab(capsys, "solution", "uname")[0] == 0
    assert lab(capsys, "solution", "--now", "name_programs")[0] == 0


def test_lab_alone_says_where_you_are_and_what_is_next(capsys, up):
    """The lesson, its steps, the next one, what is up; plain where it is piped."""
    status, out, _ = lab(capsys)
    assert status == 0
    assert "Next: uname" in out
    assert "What am I sitting at?" in out
    assert "localhost:1" in out
    assert "\033" not in out


def test_lab_alone_without_a_sandbox_says_how_to_bring_it_up(capsys):
    """The first thing that a newcomer types is not an error."""
    status, out, _ = lab(capsys)
    assert status == 0
    assert "Run `lab up`." in out


def test_colours_only_where_they_are_wanted(capsys, up, monkeypatch):
    """None in a pipe, some where forced, and NO_COLOR beats all."""
    lab(capsys, "run", "uname", "uname -m")
    assert "\033" not in lab(capsys, "check", "uname")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\033[32m" in lab(capsys, "check", "uname")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in lab(capsys, "check", "uname")[1]


def test_our_own_mistake_is_calm_and_logged(capsys, monkeypatch):
    """No traceback on the screen, its own exit status, and the place of the log."""
    monkeypatch.setattr(progress, "next_open", lambda _home: 1 / 0)
    status, out, err = lab(capsys, "next")
    assert (status, out) == (70, "")
    assert "not your fault" in err
    assert "Traceback" not in err
    log = err.strip().rpartition(" ")[2]
    with open(log, encoding="utf-8") as file:  # noqa: PTH123
        assert "ZeroDivisionError" in file.read()


@pytest.mark.parametrize("content", ["", "{", "[]", "\0", '{"ready": true, "engine": 3}'])
def test_a_sandbox_state_cut_in_half_is_blocked_with_what_to_do(capsys, up, content):
    """Half a file is no reason to lose anything, or to say that the learner is wrong."""
    from lab.sandbox import state

    state._file().write_text(content)
    status, _, err = lab(capsys, "check", "uname")
    assert status == 3
    assert "`lab up`" in err


def test_a_progress_file_cut_in_half_is_kept_aside(capsys, tmp_path):
    """The course goes on, and what was there can still be read."""
    home = tmp_path / "learner"
    home.mkdir()
    (home / "progress.json").write_text('{"steps": {"uname": {"pas')
    assert lab(capsys, "list")[0] == 0
    assert [path.read_text() for path in home.glob("progress.json.damaged-*")] == ['{"steps": {"uname": {"pas']


def test_a_full_disk_spoils_no_check(capsys, up, monkeypatch):
    """What cannot be remembered is still shown; a hint that cannot be counted says why."""
    lab(capsys, "run", "uname", "uname -m")

    def full(_path, _data):
        from lab.errors import Blocked

        raise Blocked("No space left on device.", "The disk is full: free some space and try again.")

    monkeypatch.setattr(progress, "write_json", full)
    assert lab(capsys, "check", "uname")[0] == 0
    status, _, err = lab(capsys, "hint", "uname")
    assert (status, "The disk is full" in err) == (3, True)


def test_a_reset_keeps_what_the_learner_wrote(capsys, up):
    """The file is as new, the learner's own lies beside it, the step is open again."""
    answers = up / "files" / "machine" / "answers.txt"
    answers.write_text("mine\n")
    status, out, _ = lab(capsys, "reset", "--yes", "name_programs")
    assert status == 0
    assert [path.read_text() for path in answers.parent.glob("answers.txt.mine-*")] == ["mine\n"]
    assert answers.read_text() != "mine\n"
    assert "yours is kept as" in out


def test_an_interrupt_is_said_and_has_its_status(capsys, monkeypatch):
    """Ctrl-C in any verb."""

    def stop(_home):
        raise KeyboardInterrupt

    monkeypatch.setattr(progress, "next_open", stop)
    assert lab(capsys, "next") == (130, "", "lab: interrupted\n")


def test_a_pipe_that_closes_early_is_no_error():
    """`lab list | head -1` prints one line and nothing else."""
    command = [sys.executable, "-c", "from lab.cli import main; main()", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(30)


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_completion_for_each_shell(capsys, kind):
    """What is printed names `lab`."""
    status, out, _ = lab(capsys, "completion", kind)
    assert status == 0
    assert "lab" in out


def test_names_of_steps_and_lessons_are_completed():
    """Tab after `lab check reg` offers the step; the answer comes on descriptor 8, as the shell asks."""
    line = "lab check registry_l"
    env = {**os.environ, "_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n"}
    done = subprocess.run(
        ["bash", "-c", '"$0" -c "from lab.cli import main; main()" 8>&1 9>/dev/null', sys.executable],
        env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "registry_list" in done.stdout


def test_help_loads_nothing_heavy():
    """`lab --help` stays near an empty Python."""
    heavy = {
        "rich",
        "IPython",
        "ipywidgets",
        "python_on_whales",
        "lab.course",
        "lab.sandbox",
        "filelock",
        "dataclasses",
    }
    assert not heavy & loaded("from lab import cli; cli.parser().format_help()")


def test_a_check_of_one_step_loads_neither_the_clinic_nor_what_draws_pages():
    """It is asked after every command, and has to be near the question that it asks."""
    script = "from lab import course; from lab.verbs import checking; course.find(['engine_platform'])"
    heavy = {"lab.course.capstone", "lab.course.clinic", "lab.explainer", "html", "difflib", "http.server", "filelock"}
    assert not heavy & loaded(script)


def loaded(script):
    """The modules that a Python of its own has loaded after that script."""
    command = [sys.executable, "-c", f"{script}; import sys; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split())


@pytest.mark.parametrize("verb", list(cli._VERBS))
def test_one_verb_alone_is_read_as_among_all(capsys, verb):
    """The command line that is made for one verb knows the same options of it."""
    said = []
    for parser in (cli.parser(), cli.parser(verb)):
        with pytest.raises(SystemExit):
            parser.parse_args([verb, "--help"])
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert verb in said[0]


def test_the_list_of_verbs_is_the_same_without_their_options(capsys):
    """`lab --help` makes none of them."""
    with pytest.raises(SystemExit):
        cli.run(["--help"])
    assert capsys.readouterr().out == cli.parser().format_help()


def test_the_version_is_the_packages(capsys):
    """As in the package's metadata."""
    with pytest.raises(SystemExit):
        cli.run(["--version"])
    assert __version__ in capsys.readouterr().out


def test_every_verb_has_its_handler():
    """A name in the table that leads nowhere would be our bug, seen only when somebody calls it."""
    for where, text, _ in cli._VERBS.values():
        assert callable(cli._handler(where))
        assert text[0].islower()


def test_errors_of_ours_carry_their_status():
    """The status is the error's own, so that no verb decides one."""
    found, queue = set(), [LabError]
    while queue:
        kind = queue.pop()
        found.add(kind.exit_status)
        queue += kind.__subclasses__()
    assert found <= {1, 2, 3, 65, 66, 70}


def test_the_tour_asks_before_it_touches_anything(up, monkeypatch, capsys):
    """It removes what the steps make, a learner's own too: where nobody can be asked, nothing is run."""
    del up
    monkeypatch.setattr("lab.learning.tour.tour", lambda *_given, **_more: pytest.fail("it ran"))
    status, _, err = lab(capsys, "tour", "machine")
    assert status == 2
    assert "--yes" in err


def test_the_tour_is_not_among_the_daily_verbs(capsys):
    """It is for authors; its own help is there."""
    with pytest.raises(SystemExit):
        cli.run(["--help"])
    assert "tour" not in capsys.readouterr().out.partition("Exit status")[0].split()
    with pytest.raises(SystemExit):
        cli.run(["tour", "--help"])
    assert "--yes" in capsys.readouterr().out


@pytest.mark.parametrize("name", list(course.steps()))
def test_the_lessons_text_leads_to_its_step_in_the_terminal(name):
    """Readable words, whole code, no HTML, no drawing that a terminal cannot show."""
    text = prose.leading_to(course.step(name))
    assert text
    assert not re.search(r"mermaid|<br|\]\(", text)
    assert text.count("```") % 2 == 0


def test_next_says_where_answers_go_and_what_help_there_is(up, capsys):
    """The file of an exercise by its whole name; the short form leaves the lesson's text out."""
    for step in course.lesson("machine").steps[1:4]:
        done = Result(step=step.name, lesson="machine", status=Status.PASSED, goal="", when="x")
        progress.record(paths.learner(), step, done)
    text = prose.leading_to(course.step("name_programs"))
    _, long, _ = lab(capsys, "next")
    _, brief, _ = lab(capsys, "next", "--brief")
    assert f"{up}/files/machine/answers.txt" in long
    assert "Hints: 3" in long
    assert text in long
    assert long.replace(f"{text}\n\n", "") == brief


def test_status_tells_another_labs_emulators_from_ours(monkeypatch):
    """`lab down` would leave those where they are."""
    mine, other, system = (
        kernel.Handler(name, "/qemu", "F", "", ours=name.startswith("lab-"))
        for name in (f"{kernel.own_prefix()}arm", "lab-0000-arm", "qemu-arm")
    )
    text = overview.Overview(emulators=(mine, other, system)).as_text()
    assert f"{mine.name} (the lab's), lab-0000-arm (of another lab), qemu-arm\n" in text


@pytest.mark.parametrize(
    ("missing", "says"),
    [([], "are registered with the kernel"), (["linux/arm64"], "No emulator is registered for linux/arm64")],
)
def test_up_says_what_became_of_the_emulators(up, capsys, monkeypatch, missing, says):
    """They were asked for, so they are spoken of; where nothing was asked, nothing is said."""
    del up
    box = sandbox.load()
    monkeypatch.setattr(sandbox, "up", lambda **_wishes: box)
    monkeypatch.setattr(sandbox, "missing_emulators", lambda _box: missing)
    assert says in lab(capsys, "up", "--emulators")[1]
    assert "mulator" not in lab(capsys, "up")[1]


def test_learn_opens_the_lesson_of_the_next_step(up, monkeypatch):
    """Not lesson 1 again, in the middle of the course."""
    opened = []
    monkeypatch.setattr(sandbox, "up", lambda **_wishes: sandbox.load())
    monkeypatch.setattr("lab.notebook.server.serve", lambda *given, **more: opened.append((*given, more)) or 0)
    for step in course.lesson("machine").steps:
        done = Result(step=step.name, lesson="machine", status=Status.PASSED, goal="", when="x")
        progress.record(paths.learner(), step, done)
    assert cli.run(["learn", str(up)]) == 0
    assert opened == [(up, "02-one-platform.ipynb", {"listen": "127.0.0.1"})]
    assert server._first(up, "02-one-platform.ipynb") == "02-one-platform.ipynb"
    assert server._first(up, "") == server._first(up, "99-gone.ipynb") == "01-machine.ipynb"


def test_an_address_to_listen_at_is_one_of_numbers(monkeypatch, capsys):
    """Another word is a mistake of usage, said before anything is started."""
    monkeypatch.setattr(sandbox, "up", lambda **_wishes: pytest.fail("it was started"))
    assert cli.run(["learn", "--listen", "everywhere"]) == 2
    assert "'everywhere' is no IPv4 address." in capsys.readouterr().err


def test_a_run_without_a_command_on_a_terminal_says_what_it_waits_for(up, capsys, monkeypatch):
    """Not silence."""
    del up
    monkeypatch.setattr("sys.stdin", io.StringIO("echo x"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert "Ctrl-D" in lab(capsys, "run", "uname")[2]
