"""Verbs that live longer than a moment: the learner's shell, and the check that watches."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stand_ins import Terminal, first_step_passed, sandbox_up

from lab import course, paths
from lab.learning import progress, watch
from lab.model.facts import Call, Transcript
from lab.model.results import Result, Status
from lab.terminal import recorder as shell_record
from lab.terminal import typed as shell_steps
from lab.terminal.recorder import Recorder, Typed
from lab.verbs import watching

UNAME = course.step("uname")


def begin(command):
    return b"\x1b]7117;S;" + base64.b64encode(command.encode()) + b"\x07"


def end(status, number):
    return f"\x1b]7117;E;{status};{number}\x07".encode()


def commands(folder):
    return [
        (one["command"], "".join(words for _, words in one["parts"]), one["exit_status"])
        for one in json.loads((folder / "typed.json").read_text())["typed"]
    ]


SESSION = (
    end(0, 1)
    + b"(lab) $ ls\r\n"
    + begin("ls")
    + b"\x1b[32mfiles\x1b[0m\r\n"
    + end(0, 2)
    + b"(lab) $ "
    + begin("false")
    + end(1, 3)
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_marks_are_heard_and_not_shown(tmp_path, size):
    """Wherever the terminal cuts its pieces: what is shown is what the shell wrote without its marks."""
    recorder = Recorder(tmp_path)
    shown = b"".join(recorder.heard(SESSION[place : place + size]) for place in range(0, len(SESSION), size))
    assert shown == b"(lab) $ ls\r\n\x1b[32mfiles\x1b[0m\r\n(lab) $ "
    assert commands(tmp_path) == [("ls", "files\n", 0), ("false", "", 1)]


@given(st.binary(max_size=300))
def test_whatever_a_program_prints_is_shown_whole(tmp_path_factory, data):
    """Bytes that are no marks of ours pass unchanged, but for what may still become one."""
    recorder = Recorder(tmp_path_factory.mktemp("s"))
    shown = recorder.heard(data) + recorder.held_back
    assert shown == re.sub(rb"\x1b\]7117;[SELM];[^\x07]*\x07", b"", data)


@pytest.mark.parametrize(
    "mark", [b"\x1b]7117;S;no base64!\x07", b"\x1b]7117;E;x;y\x07", b"\x1b]7117;E;\x07", end(0, 9)]
)
def test_a_mark_that_a_program_forged_does_no_harm(tmp_path, mark):
    """`cat` of a strange file in the middle of a command."""
    recorder = Recorder(tmp_path)
    recorder.heard(begin("cat x") + b"a" + mark + b"b" + end(0, 1))
    assert all(isinstance(command, str) for command, _, _ in commands(tmp_path))


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"plain\r\n", "plain\n"),
        (b"\x1b[1;31mred\x1b[0m\r\n", "red\n"),
        (b"10%\r50%\r100%\r\n", "100%\n"),
        (b"\x1b]0;title\x07x\r\n", "x\n"),
        (b"\xff\xfe\r\n", "\ufffd\ufffd\n"),
        ("é\r\n".encode(), "é\n"),
    ],
)
def test_output_is_kept_as_it_was_read(output, text):
    """Checks read words, not colours and moves of the cursor."""
    assert shell_record.as_text(output) == text


def test_a_very_long_output_is_bounded(tmp_path):
    """`yes` for a minute does not fill the disk."""
    recorder = Recorder(tmp_path)
    recorder.heard(begin("yes"))
    for _ in range(50):
        recorder.heard(b"y\r\n" * 10_000)
    recorder.heard(end(0, 1))
    assert len(commands(tmp_path)[0][1]) <= 200_000


def says(verb, text, how="direct", status=0):
    """What the lab's own marks look like on the terminal."""
    return f"\x1b]7117;L;77;{verb};{how}\x07{text}\x1b]7117;M;77;{status}\x07".encode()


def heard(folder, command, *pieces, status=0, number=1):
    recorder = Recorder(folder)
    recorder.heard(begin(command) + b"".join(pieces) + end(status, number))
    return shell_record.typed(folder)


@pytest.mark.parametrize(
    ("command", "pieces"),
    [
        ("lab check", [says("check", "x86_64\r\n")]),
        ("clear; lab check", [b"\x1b[H\x1b[2J", says("check", "x86_64\r\n", status=1)]),
        ("(lab status)", [says("status", "linux/amd64\r\n")]),
        ("lab status | grep amd64", [says("status", "", "piped"), b"linux/amd64\r\n"]),
        ("lab", [says("home", "x\r\n")]),
    ],
)
def test_questions_to_the_lab_are_no_tries(tmp_path, command, pieces):
    """However it is asked: behind another command, in a subshell, through another program."""
    assert heard(tmp_path, command, *pieces) == []


def test_of_one_line_what_the_lab_said_is_left_out(tmp_path):
    """`uname -m; lab check` is a try with the words of `uname`, and it did not fail because the check did."""
    (tried,) = heard(tmp_path, "uname -m; lab check", b"x86_64\r\n", says("check", "arm64\r\n", status=1), status=1)
    assert tried.output == "x86_64\n"
    assert tried.without_the_lab().exit_status == 0


def test_a_verb_that_is_part_of_the_step_counts(tmp_path):
    """`lab file` is a command of the lessons, for the step that names it."""
    (tried,) = heard(tmp_path, "lab file x; true", says("file", "x: linux/arm64\r\n"), b"y\r\n")
    assert shell_steps.transcript(course.step("own_header"), [tried]).output == "x: linux/arm64\ny\n"
    assert shell_steps.transcript(UNAME, [tried]).output == "y\n"


def test_a_line_counts_while_it_runs(tmp_path, monkeypatch):
    """When `lab check` asks, what stood before it on the same line is known; after a pass it is forgotten."""
    monkeypatch.setenv("LAB_MARKS", "/dev/tty")
    recorder = Recorder(tmp_path)
    asks = f"\x1b]7117;L;{os.getpid()};check;direct\x07".encode()
    recorder.heard(begin("uname -m; lab check; ls; lab check") + b"x86_64\r\n" + asks)
    assert [one.output for one in shell_record.typed(tmp_path)] == ["x86_64\n"]
    shell_record.forget(tmp_path)
    assert shell_record.typed(tmp_path) == []
    recorder.heard(b"passed" + f"\x1b]7117;M;{os.getpid()};0\x07".encode() + b"files\r\n" + asks)
    assert [one.output for one in shell_record.typed(tmp_path)] == ["files\n"]


def typed(*pairs):
    return [
        Typed(number, command, (("", output),), status, 0.1, "", calls=called(command))
        for number, (command, output, status) in enumerate(pairs, 1)
    ]


def called(command):
    program, *words = command.split()
    return (Call(program=program, words=tuple(words), exit_status=0),)


MINE = ("uname -m", f"{os.uname().machine}\n", 0)


@pytest.mark.parametrize(
    ("tries", "status"),
    [
        ([MINE], Status.PASSED),
        ([MINE, ("ls", "files\n", 0)], Status.PASSED),
        ([MINE, ("lss", "bash: lss: command not found\n", 127)], Status.PASSED),
        ([("unmae", "not found\n", 127), MINE], Status.PASSED),
        ([("unmae", "not found\n", 127)], Status.FAILED),
        ([("echo hello", "hello\n", 0)], Status.FAILED),
        ([], Status.NOT_ATTEMPTED),
    ],
)
def test_the_right_command_is_found_among_others(world, tries, status):
    """What a cell with it would have passed, passes; a slip before or after does not spoil it."""
    assert shell_steps.check(UNAME, world, typed(*tries)).status is status


def test_what_passed_is_kept_as_the_steps_try(world):
    """A later check in a notebook sees the same."""
    shell_steps.check(UNAME, world, typed(("ls", "files\n", 0), MINE, ("lss", "?\n", 127)))
    assert world.transcript("uname").command == "uname -m"
    assert progress.passed(world.home, "uname")


def test_a_step_that_reads_no_transcript_is_looked_at_once(world, monkeypatch):
    """Its check is about the world; ten looks would only take time."""
    looks = []
    monkeypatch.setattr(shell_steps.runner, "look", lambda step, there: looks.append(step) or real(step, there))
    shell_steps.check(course.step("name_programs"), world, typed(*[MINE] * 8))
    assert len(looks) == 1


real = shell_steps.runner.look


def test_after_a_pass_old_commands_count_no_more(tmp_path):
    """Else the output of one step would pass the next."""
    recorder = Recorder(tmp_path)
    recorder.heard(begin("uname -m") + b"x\r\n" + end(0, 2))
    assert len(shell_record.typed(tmp_path)) == 1
    shell_record.forget(tmp_path)
    assert shell_record.typed(tmp_path) == []
    recorder.heard(begin("lab check") + says("check", "") + end(0, 3) + begin("ls") + end(0, 4))
    assert [one.command for one in shell_record.typed(tmp_path)] == ["ls"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"count": 1}', '{"count": 1, "typed": [{"parts": 1}]}', '{"count": "x", "typed": [{}]}']
)
def test_a_damaged_record_is_no_record(tmp_path, content):
    """The check then looks at the world alone."""
    (tmp_path / "typed.json").write_text(content)
    assert shell_record.typed(tmp_path) == []


# --- a real bash on a real terminal -----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_WORKSPACE", str(tmp_path / "lessons"))
    sandbox_up(tmp_path / "lessons")
    first_step_passed()
    return tmp_path / "lessons"


@pytest.fixture
def terminal(folder, tmp_path):
    """The shell, on a terminal."""
    return Terminal(tmp_path)


def test_a_step_is_done_by_typing_it(terminal, folder):
    """Type, check, and the prompt names the step that is next; the shell's own status is the verb's."""
    assert "(lab uname)" in terminal.screen
    assert str(folder) in terminal.types("pwd")
    assert "localhost:1" in terminal.types("echo $REGISTRY")
    assert "✘ failed" in terminal.types("lab check")
    terminal.types("uname -m")
    out = terminal.types("lab check")
    assert "✔ passed  uname" in out
    assert f"(lab {list(course.steps())[2]})" in out
    assert terminal.close() == 7


def test_a_slip_is_spoken_of(terminal):
    """The hint knows the word that was mistyped, in the shell too."""
    terminal.types("unmae -m")
    assert "'unmae'" in terminal.types("lab hint")
    terminal.close()


def test_hint_and_explain_look_at_the_screen(terminal):
    """The last command that was typed, and never the lab's own words."""
    terminal.types("echo 'exec /bin/x: exec format error'; false")
    terminal.types("lab list; lab check")
    assert "exec format error" in terminal.types("lab explain --last")
    terminal.types("unmae -m; lab check")
    said = terminal.types("lab hint")
    assert "'unmae'" in said
    assert "failed" not in said
    terminal.close()


def test_what_the_lab_prints_passes_no_step(terminal):
    """Asked behind, before, inside and through other commands."""
    for line in ("lab list", "clear; lab list", "(lab list)", "lab list | cat", "true && lab explain 'x86_64 aarch64'"):
        terminal.types(line)
        assert "passed" not in terminal.types("lab check"), line
    assert "✔ passed  uname" in terminal.types("uname -m; lab check")
    terminal.close()


def test_an_earlier_cd_is_spoken_of(terminal):
    """A step's command starts in the folder of the lessons."""
    assert "cd " not in terminal.types("lab next --brief")
    terminal.types("cd /")
    assert "First: cd " in terminal.types("lab next --brief")
    terminal.close()


def test_the_prompt_follows_a_notebook(terminal):
    """A step that passed elsewhere is not the next one any more."""
    result = Result(step="uname", lesson="machine", status=Status.PASSED, goal="", when="x")
    progress.record(paths.learner(), UNAME, result)
    time.sleep(1)
    assert f"(lab {list(course.steps())[2]})" in terminal.types("true")
    terminal.close()


def test_the_lessons_are_copied_where_they_are_missing(folder, tmp_path):
    """`lab shell` needs no `lab start` first; one line says where they are."""
    shutil.rmtree(folder)
    terminal = Terminal(tmp_path)
    assert f"copied into {folder}" in terminal.screen
    assert "01-machine.ipynb" in terminal.types("ls")
    terminal.close()


def test_ctrl_c_stops_the_command_and_not_the_shell(terminal):
    """As in any terminal."""
    os.write(terminal.master, b"sleep 60\r")
    time.sleep(0.5)
    os.write(terminal.master, b"\x03")
    terminal.until(r"\$ $|# $", 10)
    assert "130" in terminal.types("echo $?")
    assert terminal.close() == 7


def test_a_shell_in_the_shell_is_refused(terminal):
    """One line says so."""
    assert "already" in terminal.types("lab shell")
    terminal.close()


def test_the_learners_history_stays_theirs(terminal, tmp_path):
    """Nothing is written to ~/.bash_history."""
    terminal.types("uname -m")
    terminal.close()
    assert not (tmp_path / ".bash_history").exists()


# --- check --watch ----------------------------------------------------------------------------------------------------


def test_watching_says_what_is_new_and_ends_when_all_pass(world, monkeypatch):
    """Each change once; a pass ends it. What was not new was not remembered as another try."""
    monkeypatch.setattr(watching, "_GLANCE", 0.02)
    monkeypatch.setattr(watching, "_AT_LEAST", 0.05)
    seen = []

    def follow():
        seen.extend(result.status for result in watching.look_until_passed([UNAME], world))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    time.sleep(0.3)
    keep(world, "echo x", "x\n")
    time.sleep(0.3)
    keep(world, *MINE[:2])
    thread.join(10)
    assert not thread.is_alive()
    assert seen == [Status.NOT_ATTEMPTED, Status.FAILED, Status.PASSED]
    assert progress.read(world.home)["uname"].tries == 2


def keep(world, command, output):
    world.keep(Transcript(step="uname", command=command, output=output, exit_status=0, calls=called(command)))


def test_a_watched_check_ends_with_ctrl_c_and_its_status(folder):
    """130 is no result: the exit status is that of the last look."""
    command = [sys.executable, "-c", "from lab.cli import main; main()", "check", "--watch", "uname", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        assert json.loads(process.stdout.readline())["status"] == "not attempted"
        process.send_signal(2)
        assert process.wait(10) == Status.NOT_ATTEMPTED.exit_status


def test_a_mark_changes_with_the_files_and_only_then(tmp_path):
    """A new file, a changed one, one that is gone; a folder of many thousand files costs a bounded time."""
    seen = {watch.mark([tmp_path])}
    (tmp_path / "a").write_text("1")
    seen.add(watch.mark([tmp_path]))
    assert watch.mark([tmp_path]) in seen
    os.utime(tmp_path / "a", ns=(1, 1))
    seen.add(watch.mark([tmp_path]))
    (tmp_path / "a").unlink()
    seen.add(watch.mark([tmp_path]))
    assert len(seen) == 4
    assert watch.mark([Path("/nowhere/at/all")]) == ()
