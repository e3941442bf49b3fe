"""`lab doctor`: what it makes of a machine, and that it comes through whatever Docker answers."""

import json
import os
import stat
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import doctor, paths
from lab.doctor import bundled, can, leftovers, programs, reach, words
from lab.doctor.ask import checkup
from lab.doctor.facts import Checkup, Disk, Emulator, Leftover, Reach, Trial, Trouble
from lab.images import program
from lab.images.program import platform_of
from lab.model.facts import Builder, Engine, Node
from lab.model.platforms import Platform
from lab.verbs import doctor as verb

AMD64, ARM64, ARMV7 = (Platform.parse(name) for name in ("linux/amd64", "linux/arm64", "linux/arm/v7"))
DEFAULT = Builder(
    name="default",
    driver="docker",
    current=True,
    nodes=(Node(name="default", endpoint="default", status="running", buildkit="v0.25.2", platforms=(AMD64, ARM64)),),
)
BOX = replace(
    DEFAULT,
    name="multi",
    driver="docker-container",
    current=False,
    nodes=(Node(name="multi0", endpoint="unix:///d.sock", status="running", buildkit="v0.34.2", platforms=(AMD64,)),),
)
QEMU = Emulator("arm64", "qemu-aarch64", "/usr/bin/qemu-aarch64", "POF")
WELL = Checkup(
    whose="learner",
    sandbox=None,
    host="unix:///d.sock",
    local=True,
    engine=Engine(version="28.5.2", platform=AMD64, store="containerd"),
    buildx="0.29.1",
    builders=(DEFAULT,),
    here=frozenset({"default", "unix:///d.sock"}),
    own=AMD64,
    seen=True,
    emulators=(QEMU,),
    trials=(Trial("arm64", "ran", "container"), Trial("386", "ran"), Trial("riscv64", "refused")),
    registry="localhost:5000",
    reaches=(Reach("localhost:5000", lab=True),),
    disks=(Disk("/var/lib/docker", 80 * 10**9, 200 * 10**9),),
    leftovers=(),
)


def line(name, **changes):
    return next(one for one in words.lines(replace(WELL, **changes)) if one.name == name)


def way(platform, **changes):
    """(how RUN steps fare, which other builder does better)."""
    able = can.abilities(replace(WELL, **changes))
    found = next(one for one in able if one.platform == Platform.parse(platform))
    return found.way, found.better


# --- what it says ------------------------------------------------------------------------------------------------------


def test_a_machine_that_is_well_is_told_in_about_ten_lines():
    """Every line is fine, none has a remedy, the exit status is 0."""
    found = doctor.Diagnosis(WELL)
    assert {one.state for one in found.lines} == {"fine"}
    assert not [one.remedy for one in found.lines if one.remedy]
    assert 8 <= len(found.lines) <= 11
    assert found.exit_status == 0


@pytest.mark.parametrize(
    ("name", "changes", "state", "said"),
    [
        ("Engine", {"engine": Trouble("It sleeps.", "Wake it.")}, "blocked", "It sleeps."),
        ("Engine", {"engine": replace(WELL.engine, version="20.10.5")}, "mend", "too old"),
        ("Engine", {"engine": replace(WELL.engine, version="24.0.0")}, "fine", "24.0.0"),
        ("Engine", {"engine": replace(WELL.engine, version="dev")}, "fine", "dev"),
        ("Image store", {"engine": replace(WELL.engine, store="classic")}, "note", "one platform under a tag"),
        ("buildx", {"buildx": ""}, "mend", "not installed"),
        ("buildx", {"buildx": "v0.12.1"}, "mend", "too old"),
        ("buildx", {"buildx": "0.13.0+ds"}, "fine", "0.13.0"),
        ("BuildKit", {"builders": (DEFAULT, BOX)}, "fine", "v0.25.2 in default, v0.34.2 in multi"),
        ("Builders", {"builders": Trouble("No plugin.", "Install it.")}, "blocked", "No plugin."),
        ("Builders", {"builders": ()}, "mend", "none"),
        ("Builders", {"builders": (BOX,)}, "mend", "none is the current one"),
        ("Emulators", {"emulators": ()}, "note", "only programs for linux/amd64 run here"),
        ("Emulators", {"trials": (Trial("arm64", "broken", "container", "gone"),)}, "mend", "registered, but gone"),
        ("Emulators", {"trials": (Trial("arm64", "refused", "direct", "no"),)}, "mend", "qemu-aarch64 is registered"),
        ("Emulators", {"emulators": (replace(QEMU, flags="PO"),)}, "mend", "no flag F"),
        ("Emulators", {"trials": ()}, "fine", "not tried"),
        ("Emulators", {"seen": False, "emulators": ()}, "note", "programs for 386, arm64 ran"),
        ("Emulators", {"local": False, "emulators": ()}, "note", "programs for arm64 ran"),
        ("Registry", {"reaches": (Reach("x", lab=True, trouble=Trouble("Down.", "Up.")),)}, "blocked", "Down."),
        ("Registry", {"reaches": (), "registry": "docker.io/ann"}, "note", "was not asked"),
        ("Online", {"reaches": (Reach("hub", lab=False, trouble=Trouble("No way.")),)}, "blocked", "No way."),
        ("Disk", {"disks": (*WELL.disks, Disk("/home", 10**9, 10**11))}, "mend", "1.0 GB of 100.0 GB free at /home"),
        ("Leftovers", {"leftovers": Trouble("?")}, "note", "not known"),
        ("Sandbox", {"sandbox": Trouble("No sandbox is up.", "Run `lab up`.")}, "note", "No sandbox is up."),
    ],
)
def test_what_is_off_is_said_with_what_helps(name, changes, state, said):
    """Blocked is what does not answer; to mend is what hinders builds; a note hinders nobody."""
    found = line(name, **changes)
    assert (found.state, said in found.text) == (state, True), found.text
    assert found.remedy or state in ("fine", "note", "blocked")


@pytest.mark.parametrize(("state", "status"), [("fine", 0), ("note", 0), ("mend", 1), ("blocked", 3)])
def test_the_exit_status_is_that_of_the_worst_line(state, status):
    """0 fine, 1 something to mend, 3 blocked."""
    changes = {
        "fine": {},
        "note": {"emulators": ()},
        "mend": {"buildx": "0.1.0"},
        "blocked": {"buildx": "0.1.0", "reaches": (Reach("x", lab=True, trouble=Trouble("Down.")),)},
    }
    assert doctor.Diagnosis(replace(WELL, **changes[state])).exit_status == status


def test_a_builder_that_does_not_answer_is_named_with_its_words():
    """Only the current one is to be mended: a build goes there."""
    broken = replace(DEFAULT, nodes=(replace(DEFAULT.nodes[0], error="dial unix: refused\nagain"),))
    found = line("Builders", builders=(broken,))
    assert (found.state, "dial unix: refused again" in found.text) == ("mend", True)
    assert line("Builders", builders=(DEFAULT, replace(broken, name="other", current=False))).state == "fine"


def test_a_builder_with_a_localhost_of_its_own_cannot_push_there():
    """The trap of a registry on localhost; not where the registry has an address that all reach."""
    changes = {"builders": (replace(BOX, current=True),), "apart": frozenset({"multi"})}
    found = line("Builders", **changes)
    assert (found.state, "network=host" in found.remedy) == ("mend", True)
    assert line("Builders", registry="10.213.1.1:5000", **changes).state == "fine"
    assert line("Builders", **changes | {"apart": frozenset()}).state == "fine"


def test_leftovers_are_told_with_size_and_command_but_not_what_may_be_somebody_elses():
    """Nobody is told to remove a container that runs."""
    spare = (
        Leftover("container", "buildx_buildkit_a0"),
        Leftover("volume", "buildx_buildkit_a0_state", size=2 * 10**9),
    )
    found = line("Leftovers", leftovers=spare)
    assert "2.0 GB" in found.text
    assert "docker rm buildx_buildkit_a0 && docker volume rm buildx_buildkit_a0_state" in found.remedy
    running = line("Leftovers", leftovers=(replace(spare[0], running=True), spare[1]))
    assert "docker rm" not in running.remedy


def test_a_dead_emulator_of_the_labs_is_mended_by_the_lab_another_by_its_owner():
    """The lab never tells anybody to remove what `lab up --no-emulators` removes itself."""
    dead = (Trial("arm64", "broken", "direct", "gone"),)
    assert "lab up --no-emulators" in line("Emulators", trials=dead, emulators=(replace(QEMU, ours=True),)).remedy
    assert "/proc/sys/fs/binfmt_misc/qemu-aarch64" in line("Emulators", trials=dead).remedy


# --- what can be built -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "changes", "wanted"),
    [
        ("linux/amd64", {}, ("native", "")),
        ("linux/386", {}, ("native", "")),
        ("linux/arm64", {}, ("emulated", "")),
        ("linux/riscv64", {}, ("no", "")),
        ("linux/s390x", {}, ("no", "")),  # not tried, and not listed
        ("linux/arm64", {"trials": ()}, ("unsure", "")),
        ("linux/arm64", {"trials": (Trial("arm64", "refused"),)}, ("no", "")),  # though default lists it
        ("linux/arm64", {"trials": (Trial("arm64", "ran"), Trial("arm64", "broken", "container"))}, ("no", "")),
        ("linux/arm64", {"trials": (Trial("arm64", "ran"), Trial("arm64", "untried", "container"))}, ("emulated", "")),
        ("linux/arm64", {"trials": (Trial("arm64", "ran"),), "local": False}, ("unsure", "")),  # another kernel's
        ("linux/386", {"seen": False}, ("emulated", "")),
    ],
)
def test_what_was_tried_counts_for_more_than_what_is_listed(platform, changes, wanted):
    """A list may be older than the kernel's handlers; a program that ran is no list."""
    assert way(platform, **changes) == wanted


def test_a_node_elsewhere_is_believed():
    """Its first platform is its own; the others are emulated there; what was set by hand is only said."""
    node = Node(name="pi", endpoint="ssh://pi", status="running", platforms=(ARM64, ARMV7, AMD64), pinned=(AMD64,))
    pi = Builder(name="pi", driver="docker-container", nodes=(node,))
    assert way("linux/arm64", builders=(DEFAULT, pi)) == ("emulated", "pi")
    current = (replace(DEFAULT, current=False), replace(pi, current=True))
    assert way("linux/arm64", builders=current) == ("native", "")
    assert way("linux/arm/v7", builders=current) == ("emulated", "")
    assert way("linux/amd64", builders=current) == ("unsure", "default")
    assert way("linux/riscv64", builders=current) == ("unlisted", "")  # its image may hold an emulator for it


@pytest.mark.parametrize(
    ("held", "trial", "wanted", "said"),
    [
        (
            (("multi0", frozenset({"arm64", "riscv64"})),),
            "refused",
            "bundled",
            "by an emulator in the BuildKit image of multi",
        ),
        ((("multi0", frozenset({"riscv64"})),), "refused", "no", "with RUN steps: no, nothing here runs its programs"),
        ((("multi0", frozenset()),), "refused", "no", "with RUN steps: no"),
        ((("other0", frozenset({"arm64"})),), "refused", "unlisted", "only if the BuildKit image of multi holds"),
        ((), "refused", "unlisted", "only if the BuildKit image of multi holds an emulator for it"),
        ((("multi0", frozenset({"arm64"})),), "ran", "emulated", "emulated by multi"),
    ],
)
def test_an_emulator_in_the_builders_own_image_serves_its_run_steps(held, trial, wanted, said):
    """The official image holds some, the lab's none, and buildx lists the platforms of neither."""
    changes = {"builders": (replace(BOX, current=True),), "bundled": held}
    changes["trials"] = (Trial("arm64", trial),)
    changes["emulators"] = (QEMU,) if trial == "ran" else ()
    able = next(one for one in can.abilities(replace(WELL, **changes)) if one.platform == ARM64)
    assert (able.way, said in can.sentence(able)) == (wanted, True), can.sentence(able)


def test_the_engines_own_builder_has_no_image_that_could_hold_one():
    """So its no is a no."""
    assert way("linux/riscv64", bundled=(("default", frozenset({"riscv64"})),)) == ("no", "")


def test_the_emulators_of_a_buildkit_are_known_by_their_names():
    """QEMU's names of processors are not Docker's."""
    listing = "buildctl\nbuildkit-qemu-aarch64\nbuildkit-qemu-i386\nbuildkit-qemu-ppc64le\nbuildkit-runc\nqemu-arm\n"
    assert bundled.architectures(listing) == {"arm64", "386", "ppc64le"}
    assert bundled.architectures("buildctl\nbuildkitd\n") == frozenset()


def test_a_builder_that_was_never_started_can_what_this_kernel_can():
    """It lists nothing yet, but it will run here."""
    sleeping = replace(BOX, current=True, nodes=(Node(name="multi0", endpoint="unix:///d.sock", status="inactive"),))
    assert way("linux/arm64", builders=(sleeping,)) == ("emulated", "")
    assert way("linux/amd64", builders=(sleeping,)) == ("native", "")


def test_without_an_engine_nothing_is_promised():
    """One sentence, and no ability."""
    down = replace(WELL, engine=Trouble("Off."), builders=Trouble("Off."))
    assert can.abilities(down) == ()
    assert "there is no telling what can be built" in doctor.Diagnosis(down).as_text()


@pytest.mark.parametrize(
    ("store", "builder", "wanted"),
    [
        ("containerd", DEFAULT, (True, "kept in the engine")),
        ("classic", DEFAULT, (False, "one platform under a tag")),
        ("containerd", replace(BOX, current=True), (True, "--push or --load")),
        ("classic", replace(BOX, current=True), (True, "with --push")),
    ],
)
def test_several_platforms_in_one_build_depend_on_store_and_driver(store, builder, wanted):
    """The classic store of the engine's own builder is the one that cannot."""
    able = can.several(replace(WELL, engine=replace(WELL.engine, store=store), builders=(builder,)))
    assert (able[0], wanted[1] in able[1]) == (wanted[0], True)
    assert bool(able[2]) is not wanted[0]


def test_platforms_alike_stand_together_with_one_command():
    """The remedy names all of them once."""
    told = {platforms: remedy for platforms, _, remedy in can.sentences(can.abilities(WELL))}
    other = tuple(map(Platform.parse, ("linux/s390x", "linux/ppc64le")))
    assert "--install s390x,ppc64le" in told[other]
    assert "`lab up --emulators`" in next(remedy for names, remedy in told.items() if ARMV7 in names)


def test_json_has_facts_lines_and_abilities():
    """For programs; all of it is JSON, platforms are texts, evidence stays out."""
    data = json.loads(json.dumps(doctor.Diagnosis(WELL).to_json()))
    assert data["facts"]["builders"][0]["nodes"][0]["platforms"] == ["linux/amd64", "linux/arm64"]
    assert "evidence" not in data["facts"]["engine"]
    assert {"platform": "linux/arm64", "run": "emulated"}.items() <= data["can"][1].items()
    assert (data["several"], data["exit_status"]) == (True, 0)
    assert (
        json.loads(json.dumps(doctor.Diagnosis(replace(WELL, engine=Trouble("a", "b"))).to_json()))["exit_status"] == 3
    )


# --- the programs ------------------------------------------------------------------------------------------------------


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


# --- asking ------------------------------------------------------------------------------------------------------------

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
