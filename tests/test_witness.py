"""What was called is what counts, and not how it was typed."""

import sys

import pytest

from lab import shell, witness
from lab.facts import Call


@pytest.fixture
def programs(tmp_path, world_with):
    """A world whose `docker` and `uname` are small programs of the test's own."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name, body in (("docker", 'echo "docker: $*"; exit "${STATUS:-0}"'), ("uname", "cat; echo Linux")):
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    return world_with(env={"PATH": f"{folder}:/usr/bin:/bin", "REGISTRY": "localhost:1"})


def run(world, body):
    return shell.run("sample", body, world, lambda _text: None)


@pytest.mark.parametrize(
    "typed",
    [
        "docker pull $REGISTRY/x",
        "X=x; docker pull ${REGISTRY}/$X",
        "d=docker; $d pull localhost:1/x",
        "shopt -s expand_aliases\nalias d='docker pull'\nd localhost:1/x",
        "sh -c 'docker pull $REGISTRY/x' | cat",
        "(true && command docker pull localhost:1/x)",
    ],
)
def test_a_call_is_noted_with_its_words_as_the_shell_gave_them(typed, programs):
    """A variable, an alias, another shell: it is the same call."""
    (call,) = [one for one in run(programs, typed).calls if one.program == "docker"]
    assert call.words == ("pull", "localhost:1/x")
    assert call.worked


def test_words_with_blanks_and_newlines_stay_whole(programs):
    """Words are noted one by one, empty ones too."""
    (call,) = run(programs, "docker run '' 'a b' $'c\\nd'").calls
    assert call.words == ("run", "", "a b", "c\nd")


def test_input_output_and_exit_status_are_the_programs_own(programs):
    """A learner's pipe and `$?` are as without the lab."""
    tried = run(programs, "echo in | uname; STATUS=7 docker x; echo $?")
    assert tried.output == "in\nLinux\ndocker: x\n7\n"
    assert [(call.program, call.exit_status) for call in tried.calls] == [("uname", 0), ("docker", 7)]


def test_words_that_are_only_printed_are_no_call(programs):
    """`echo` of a command calls nothing."""
    assert run(programs, "echo docker pull x; cat <<<'docker pull x'").calls == ()


def test_a_program_that_is_not_there_is_still_not_found(world):
    """The scripts stand in for what is on the machine, and for nothing else."""
    tried = run(world, "docker version")
    assert "command not found" in tried.output
    assert tried.exit_status == 127


def test_what_a_program_calls_itself_is_not_the_learners_call(programs, tmp_path):
    """The programs behind see the PATH without the scripts."""
    (tmp_path / "programs" / "lab").write_text("#!/bin/sh\ndocker ps\necho $PATH\n")
    (tmp_path / "programs" / "lab").chmod(0o755)
    tried = run(programs, "lab status")
    assert [call.program for call in tried.calls] == ["lab"]
    assert tried.output.splitlines()[-1] == programs.env["PATH"]


def test_calls_are_kept_with_the_try(programs):
    """A later look at the step sees the same calls."""
    run(programs, "docker ps -a")
    (call,) = programs.transcript("sample").calls
    assert call == Call(program="docker", words=("ps", "-a"), folder=str(programs.workspace), exit_status=0)


def test_half_a_note_is_a_call_that_has_not_ended(tmp_path):
    """A program that was killed ended in no status; nothing is lost of those before it."""
    (tmp_path / "0.77").write_bytes(b"docker\0/work\0001\0ps\0000\0docker\0/work\0002\0run\0x\0")
    first, second = witness.calls(tmp_path)
    assert (first.worked, second.worked, second.words) == (True, False, ("run", "x"))


def test_words_are_looked_for_in_their_order():
    """Options may stand between them."""
    call = Call(program="docker", words=("buildx", "--builder", "b", "imagetools", "inspect", "x"))
    assert call.says("imagetools", "inspect", "x")
    assert not call.says("inspect", "imagetools")


LAB = """\
#!{python}
import sys
from lab.cli import run
sys.exit(run())
"""


@pytest.mark.parametrize(
    ("body", "output"),
    [
        ("echo a; lab list; echo b", "a\nb\n"),
        ("echo a; (lab list) && echo b", "a\nb\n"),
        ("echo a; sh -c 'lab list'; echo b", "a\nb\n"),
        ("echo a; lab list | cat", "a\n"),
        ("echo a; x=$(lab list); echo $x", "a\n"),
        ("echo a; lab list >/dev/null; echo b", "a\nb\n"),
        ("echo a; lab nonsense; echo b", "a\nb\n"),
    ],
)
def test_what_the_lab_says_in_a_cell_is_shown_and_is_not_the_learners(body, output, world_with, tmp_path):
    """Only what the learner's own programs printed can pass a step."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "lab").write_text(LAB.format(python=sys.executable))
    (programs / "lab").chmod(0o755)
    world = world_with(env={"PATH": f"{programs}:/usr/bin:/bin", "LAB_HOME": str(tmp_path / "home")})
    shown = []
    tried = shell.run("uname", body, world, shown.append)
    assert tried.output == output
    assert tried.calls == ()
    assert "\x1b" not in "".join(shown)
    assert len("".join(shown)) > len(output) or "/dev/null" in body


def test_a_step_keeps_what_the_lab_says_in_its_own_words(world_with, tmp_path):
    """`lab file` is how a step is done that names it."""
    world = world_with(env={"PATH": f"{sys.executable.rpartition('/')[0]}:/usr/bin:/bin", "LAB_HOME": str(tmp_path)})
    tried = shell.run("own_header", "lab file /bin/true; lab list", world, lambda _text: None)
    assert tried.output.startswith("/bin/true")
    assert "uname" not in tried.output
    assert [call.words[0] for call in tried.calls] == ["file"]
