"""What `lab doctor` runs and asks: tiny programs, the engine, the registries."""

import json
import os
import stat
import subprocess
import sys
from argparse import Namespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import doctor, paths
from lab.doctor import leftovers, programs, reach
from lab.doctor.ask import checkup
from lab.doctor.facts import Trial
from lab.images import program
from lab.images.program import platform_of
from lab.model.platforms import Platform
from lab.verbs import doctor as verb


@pytest.mark.parametrize("name", programs.ARCHITECTURES)
def test_the_tiny_programs_are_for_what_they_say(name):
    """Read by the reader that the course uses; static."""
    found = program.read(programs.program(name))
    assert (found.kind, found.platform.architecture, found.interpreter) == ("elf", name, "")


def test_a_program_of_this_machine_runs_and_a_damaged_one_is_refused(tmp_path):
    """The near miss: the same bytes for a processor that nobody has."""
    places = programs.write(tmp_path)
    own = Platform.of("linux", os.uname().machine).architecture
    if own not in places:
        pytest.skip(f"The lab makes no program for {own}.")
    assert programs.directly(own, places[own]) == Trial(own, "ran")
    content = bytearray(places[own].read_bytes())
    content[18:20] = b"\x99\x99"
    (tmp_path / "odd").write_bytes(content)
    (tmp_path / "odd").chmod(0o755)
    assert programs.directly(own, tmp_path / "odd").result == "refused"


@pytest.mark.parametrize(
    ("script", "result"),
    [
        ("exit 42", "ran"),
        ("exit 0", "broken"),
        ("kill -SEGV $$", "broken"),
        ("echo 'exec /lab-doctor: exec format error' >&2; exit 255", "refused"),
    ],
)
def test_only_the_agreed_status_counts_as_run(tmp_path, script, result):
    """An emulator that ends quietly without doing its work is not alive."""
    place = tmp_path / "program"
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o755)
    assert programs.directly("arm64", place).result == result


@pytest.mark.parametrize(
    ("script", "result"),
    [
        ("exit 42", "ran"),
        ("echo 'docker: Error response from daemon: bind source path does not exist' >&2; exit 125", "untried"),
        ("echo 'exec /lab-doctor: exec format error' >&2; exit 1", "refused"),
        ("echo 'exec /lab-doctor: no such file or directory' >&2; exit 127", "broken"),
        ("exit 139", "broken"),
    ],
)
def test_what_docker_run_answers(fake, tmp_path, script, result):
    """Docker's own refusals say nothing of an emulator."""
    world = fake(script)
    assert programs.in_container("arm64", tmp_path / "lab-doctor-x" / "exit-arm64", "i", world).result == result


INFO = {
    "ServerVersion": "28.5.2",
    "OSType": "linux",
    "Architecture": "x86_64",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    "ClientInfo": {"Context": "default", "Plugins": [{"Name": "buildx", "Version": "v0.29.1"}]},
}


LISTED = {"Name": "default", "Driver": "docker", "Current": True, "Nodes": [{"Name": "default", "Endpoint": "default"}]}


@pytest.fixture
def fake(tmp_path, monkeypatch, world_with):
    """A `docker` command of our own; the rest of the PATH stays. Gives a world that has it."""

    def make(script):
        place = tmp_path / "bin" / "docker"
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"#!/bin/sh\n{script}\n")
        place.chmod(place.stat().st_mode | stat.S_IXUSR)
        path = f"{place.parent}:/usr/bin:/bin"
        env = {"PATH": path, "HOME": str(tmp_path), "DOCKER_HOST": "unix:///nowhere.sock"}
        for name in ("DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_CONFIG", "LAB_SANDBOX"):
            monkeypatch.delenv(name, raising=False)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        return world_with(env=env, registry="")

    return make


def answers(info=INFO, listed=(LISTED,), images="", ps=(), volumes=()):
    """A script that answers as Docker does."""

    def text(rows):
        return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)

    cases = {"info": json.dumps(info), "buildx": text(listed), "image": images, "ps": text(ps), "volume": text(volumes)}
    arms = [f"{name}) cat <<'END'\n{said}\nEND\n;;" for name, said in cases.items()]
    return 'case "$1" in\n' + "\n".join(arms) + "\n*) exit 1;;\nesac"


def test_the_learners_own_docker_is_looked_at_where_no_sandbox_is_up(fake, capsys):
    """With the reason why it is theirs; nothing but looking is done."""
    fake(answers())
    found = checkup()
    assert (found.whose, found.host, found.buildx, found.local) == ("learner", "unix:///nowhere.sock", "v0.29.1", True)
    assert found.engine.store == "containerd"
    assert found.sandbox.message == "No sandbox is up."
    assert not paths.home().exists()
    assert verb.doctor(Namespace(json=False, own=False, online=False)) == doctor.Diagnosis(found).exit_status
    assert "No sandbox is up." in capsys.readouterr().out


def test_where_there_is_no_docker_it_says_so_and_tells_the_rest(monkeypatch, tmp_path):
    """Blocked with what to do; emulators and disk are told all the same."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    found = doctor.diagnose()
    assert found.exit_status == 3
    assert "There is no `docker` command on this machine." in found.as_text()
    assert {"Engine", "Emulators", "Disk"} <= {one.name for one in found.lines}


@pytest.mark.parametrize(
    ("said", "remedy"),
    [("Cannot connect to the Docker daemon", "systemctl start docker"), ("permission denied while trying", "group")],
)
def test_an_engine_that_is_off_is_blocked_with_the_remedy_that_fits(fake, said, remedy):
    """Its own words are kept."""
    fake(f"echo '{said}' >&2; exit 1")
    found = checkup()
    assert said in found.engine.message
    assert remedy in found.engine.remedy


def test_leftovers_are_what_no_set_of_builders_names(fake, tmp_path):
    """The learner's own builders are files elsewhere: what they name is in use, whatever `buildx ls` lists."""
    names = ["buildx_buildkit_mine0", "buildx_buildkit_old0", "my_buildx_buildkit_x"]
    ps = [{"Names": name, "State": "exited"} for name in names]
    volumes = [{"Name": f"{name}_state"} for name in names]
    own = tmp_path / ".docker" / "buildx" / "instances"
    own.mkdir(parents=True)
    (own / "mine").write_text(json.dumps({"Name": "mine", "Nodes": [{"Name": "mine0"}, "odd"]}))
    (own / "half").write_text("{")
    (own / "odd").write_text('{"Nodes": 7}')
    fake(answers(ps=ps, volumes=volumes))
    assert [one.name for one in checkup().leftovers] == ["buildx_buildkit_old0", "buildx_buildkit_old0_state"]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*INFO, "Plugins", "Context"]), inner),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "script",
    [
        "exit 0",
        "echo '{'; exit 0",
        "echo '[]'",
        "echo '{\"ServerVersion\": 7}'",
        answers(info=INFO | {"ClientInfo": None, "DriverStatus": None}),
        answers(info=INFO | {"ClientInfo": [], "DriverStatus": 7}),
        answers(info=INFO | {"ClientInfo": {"Plugins": ["odd"]}}),
        answers(info=INFO | {"SecurityOptions": 3, "OperatingSystem": None}),
        answers(listed=['{"Name":']),
        answers(listed=["[]", "7"]),
        answers(listed=[json.dumps(LISTED | {"Nodes": [{"Platforms": ["a/b/c/d"]}]})]),
        answers(ps=["7", "{"], volumes=["[]"]),
    ],
)
def test_whatever_docker_answers_there_is_a_diagnosis(fake, script):
    """A newer or broken Docker gives blocked or plain words, never a mistake of ours."""
    fake(script)
    found = doctor.diagnose()
    assert found.as_text()
    assert found.exit_status in (0, 1, 3)


@given(ODD, ODD)
def test_no_form_of_an_answer_makes_the_reading_fail(info, node):
    """What is not of the form that is known is left out."""
    from lab.doctor.engine import buildx
    from lab.doctor.leftovers import size_of

    assert isinstance(buildx({"ClientInfo": info}), str)
    assert size_of(str(node)) is None or size_of(str(node)) >= 0


@pytest.mark.parametrize(
    ("text", "size"), [("0B", 0), ("1.5GB", 1_500_000_000), ("12kB", 12_000), ("N/A", None), ("1.2.3GB", None)]
)
def test_sizes_as_docker_writes_them(text, size):
    """Bytes; None for what is no size."""
    assert leftovers.size_of(text) == size


def test_builders_without_the_hosts_network_are_told_apart(tmp_path):
    """From buildx's own file; other drivers have no such question."""
    folder = tmp_path / "instances"
    folder.mkdir()
    for name, driver, options in (
        ("alone", "docker-container", None),
        ("shares", "docker-container", {"network": "host"}),
        ("pods", "kubernetes", None),
    ):
        (folder / name).write_text(json.dumps({"Driver": driver, "Nodes": [{"DriverOpts": options}]}))
    assert leftovers.apart({"BUILDX_CONFIG": str(tmp_path)}) == {"alone"}


@pytest.mark.parametrize(
    ("magic", "wanted"),
    [
        ("7f454c460201010000000000000000000200b700", "arm64"),
        ("7f454c4602010100000000000000000002003e00", "amd64"),
        ("7f454c46", None),
        ("cafebabe", None),
        ("420d0d0a", None),
        ("", None),
    ],
)
def test_handlers_are_known_by_what_they_wait_for(magic, wanted):
    """Those for Java, Python and the like are of no processor."""
    found = platform_of(magic)
    assert (found and found.architecture) == wanted


def test_a_registry_that_is_not_there_is_blocked_with_the_reason():
    """The near miss of one that answers, in the engine's test."""
    found = reach.ask("127.0.0.1:9", limit=2)
    assert "refuses the connection" in found.trouble.message


def test_nobody_else_is_asked_unless_it_is_said():
    """Off line works, and no other host hears of it."""
    from lab.doctor.place import own

    assert reach.questions(own(), online=False) == []
    assert len(reach.questions(own(), online=True)) == 1


def test_the_verb_does_not_make_the_command_slow():
    """What the doctor needs is loaded when it is called."""
    script = "import lab.cli, sys; print([m for m in sys.modules if m.startswith('lab.doctor')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"
