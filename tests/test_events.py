"""BuildKit's events: what real recordings say, and that nothing else is taken for one."""

import base64
import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import events
from lab.errors import BadInput, Blocked, NotThere
from lab.events import BuildEvents, Vertex, emulated
from lab.events.read import named
from lab.model.platforms import Platform

DATA = Path(__file__).parent / "data" / "buildx-0.29.1"
AMD64, ARM64, ARMV7 = (Platform.parse(name) for name in ("linux/amd64", "linux/arm64", "linux/arm/v7"))
RUN = Vertex(digest="d", name="n", platform=ARM64, target=ARM64, kind="run", started=0.0, completed=1.0, seconds=1.0)


def recorded(name):
    return BuildEvents.from_text((DATA / f"{name}.jsonl").read_text(), name, AMD64)


def step(build, platform, number):
    (found,) = [v for v in build.vertices if v.target == platform and v.step == number and v.stage in ("", "build")]
    return found


def line(**vertex):
    return json.dumps({"vertexes": [{"digest": "sha256:1", "name": "[1/1] FROM x"} | vertex]})


@pytest.mark.parametrize(
    ("name", "platforms"),
    [
        ("copy", (AMD64, ARM64)),
        ("cached", (AMD64, ARM64)),
        ("emulated", (AMD64, ARMV7, ARM64)),
        ("cross", (AMD64, ARM64)),
        ("failing", (AMD64, ARM64)),
        ("single", ()),
    ],
)
def test_a_recording_has_its_platforms(name, platforms):
    """Platforms are read out of the steps' names; a build for one platform names none."""
    assert recorded(name).platforms == tuple(sorted(platforms))


def test_times_are_seconds_from_the_first_event():
    """No step begins before the build or ends after it; one that was reported in two spans counts both, not the gap."""
    build = recorded("copy")
    assert min(v.started for v in build.vertices) == 0
    assert max(v.completed for v in build.vertices) == pytest.approx(build.seconds)
    base = step(build, AMD64, "1/2")
    assert 0 < base.seconds < base.completed - base.started


FOREIGN_BASE = "Base image 10.213.6.1:5001/solo:1 was pulled with platform"


@pytest.mark.parametrize(
    ("name", "rules", "error"),
    [
        ("check-warned", ["InvalidBaseImagePlatform"], ""),
        ("check-error", ["InvalidBaseImagePlatform"], "lint violation found for rules: InvalidBaseImagePlatform"),
        ("check-passed", [], ""),
        ("copy", [], ""),
    ],
)
def test_what_a_build_check_says_is_read(name, rules, error):
    """The rule, its sentence and its line; a check that is an error breaks the build and none of its steps."""
    build = recorded(name)
    assert [one.rule for one in build.warnings] == rules
    assert all(FOREIGN_BASE in one.text and one.line == 2 for one in build.warnings)
    assert build.error.endswith(error)
    assert bool(build.error) == bool(error)
    assert not build.failed


def test_an_older_buildx_passes_on_what_a_newer_buildkit_warns_of():
    """Version 0.13.1 knows no build checks and prints events over several lines; BuildKit 0.34.2 warned."""
    build = BuildEvents.from_text((DATA.parent / "buildx-0.13.1" / "check-error.json").read_text())
    assert [(one.rule, one.line) for one in build.warnings] == [("InvalidBaseImagePlatform", 2)]
    assert build.error == "failed to solve: lint violation found for rules: InvalidBaseImagePlatform"


def test_a_build_that_failed_in_a_step_has_both():
    """What buildx says last is kept, whatever broke."""
    build = recorded("failing")
    assert build.failed
    assert build.error.startswith("failed to")


@pytest.mark.parametrize("short", ["no base64!", 5, {}, "//8="])
def test_a_warning_of_another_form_is_no_event_or_no_rule(short):
    """Damaged text is refused in one line, or read as what it is; never a traceback."""
    text = line() + "\n" + json.dumps({"warnings": [{"vertex": "sha256:1", "short": short, "range": []}]})
    with contextlib.suppress(BadInput):
        assert [one.rule for one in BuildEvents.from_text(text).warnings] == [""]


def test_a_second_build_comes_from_the_cache():
    """COPY of the first build is real work, of the second is cached."""
    assert not step(recorded("copy"), ARM64, "2/2").cached
    assert step(recorded("cached"), ARM64, "2/2").cached


def test_an_emulated_run_is_told_from_a_native_one():
    """The same RUN: emulated for arm64, not for amd64; and it costs many times as much."""
    build = recorded("emulated")
    here, there = step(build, AMD64, "4/4"), step(build, ARM64, "4/4")
    assert not emulated(here, AMD64)
    assert emulated(there, AMD64)
    assert not emulated(there, ARM64)
    assert there.seconds > 2 * here.seconds
    assert step(build, ARM64, "3/4").log == ("aarch64",)


def test_a_cross_compiling_stage_runs_here_for_another_platform():
    """`linux/amd64->arm64`: built on one, made for the other, not emulated."""
    made = step(recorded("cross"), ARM64, "2/2")
    assert (made.platform, made.target, made.stage) == (AMD64, ARM64, "build")
    assert made.crosses
    assert not emulated(made, AMD64)
    assert made.log == ("made for arm64 on x86_64",)


def test_the_step_that_failed_is_told_from_those_that_were_stopped():
    """One step broke the build; the other platform's was only cancelled."""
    build = recorded("failing")
    assert [v.target for v in build.failed] == [AMD64]
    assert step(build, ARM64, "3/3").stopped
    assert "exit code: 3" in build.failed[0].error


def test_without_an_emulator_a_run_is_refused_and_not_called_emulated():
    """The kernel's refusal is in the step's log; the step after it never began."""
    build = recorded("no-emulator")
    (refused,) = build.failed
    assert refused.log == ("exec /bin/sh: exec format error",)
    assert not emulated(refused, AMD64)
    never = step(build, ARM64, "4/4")
    assert never.started is None
    assert not emulated(never, AMD64)


@pytest.mark.parametrize(
    ("change", "native", "answer"),
    [
        ({}, AMD64, True),
        ({}, ARM64, False),
        ({"kind": "copy"}, AMD64, False),
        ({"cached": True}, AMD64, False),
        ({"platform": None}, AMD64, False),
        ({"platform": Platform.parse("linux/386")}, AMD64, False),
        ({"platform": Platform.parse("linux/386")}, ARM64, True),
        ({"platform": Platform.parse("linux/amd64/v3")}, AMD64, False),
        ({"platform": ARMV7}, ARM64, False),
    ],
)
def test_emulated(change, native, answer):
    """Only a RUN for a processor that the machine surely has not."""
    assert emulated(Vertex(**{**vars(RUN), **change}), native) is answer


@pytest.mark.parametrize(
    ("name", "platform", "target", "stage", "kind"),
    [
        ("[linux/arm64 2/3] RUN x", "linux/arm64", "linux/arm64", "", "run"),
        ("[linux/arm64  2/12] COPY a b", "linux/arm64", "linux/arm64", "", "copy"),
        ("[linux/amd64->linux/arm64 build 3/4] RUN x", "linux/amd64", "linux/arm64", "build", "run"),
        ("[linux/amd64->arm/v7 build 3/4] RUN x", "linux/amd64", "linux/arm/v7", "build", "run"),
        ("[app linux/arm64 build 2/3] WORKDIR /x", "linux/arm64", "linux/arm64", "build", "workdir"),
        ("[windows(10.0.20348.0)/amd64 1/2] FROM x", "windows/amd64", "windows/amd64", "", "from"),
        ("[linux/foo 1/2] FROM x", "linux/foo", "linux/foo", "", "from"),
        ("[1/2] FROM x", None, None, "", "from"),
        ("[stage-1 2/2] ADD a b", None, None, "stage-1", "add"),
        ("[linux/arm64 internal] load metadata for x", "linux/arm64", "linux/arm64", "", "internal"),
        ("[internal] load .dockerignore", None, None, "", "internal"),
        ("[auth] library/x:pull token for y", None, None, "", "internal"),
        ("exporting to image", None, None, "", "export"),
        ("[unclosed", None, None, "", "other"),
        ("", None, None, "", "other"),
    ],
)
def test_names(name, platform, target, stage, kind):
    """Every form of name that BuildKit and buildx give a step."""
    found = named(name)
    shown = tuple(str(found[key]) if found.get(key) else None for key in ("platform", "target"))
    assert (*shown, found.get("stage", ""), found["kind"]) == (platform, target, stage, kind)


def test_other_lines_and_half_a_line_are_left_out():
    """Warnings of buildx stand between the events, and a recording may have been cut short."""
    whole = line(started="2026-01-01T00:00:00Z", completed="2026-01-01T00:00:02.5Z")
    build = BuildEvents.from_text(f"WARNING: {{x\n{whole}\n" + line(name="[1/1] RUN")[:-9])
    assert [(v.name, v.seconds) for v in build.vertices] == [("[1/1] FROM x", 2.5)]


def test_a_build_that_was_interrupted_has_steps_that_never_ended():
    """Begun, not completed: said so, not guessed."""
    (only,) = BuildEvents.from_text(line(started="2026-01-01T00:00:00Z")).vertices
    assert (only.started, only.completed, only.seconds) == (0, None, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no event\n{}\n[1]\n",
        '{"vertexes": 7}',
        '{"vertexes": ["x"]}',
        line(digest=7),
        line(name=["x"]),
        line(started=12),
        line(started="yesterday"),
        line(started="2026-13-01T00:00:00Z"),
        line(error={"a": 1}),
        line() + '\n{"logs": [{"vertex": "sha256:1", "data": "@"}]}',
        '{"logs": [{}]}',
        "\n".join(line(digest=f"sha256:{n}") for n in range(5001)),
    ],
)
def test_what_is_no_recording_is_bad_input(text):
    """One clear line that names the file, never a traceback."""
    with pytest.raises(BadInput, match=r"build\.jsonl"):
        BuildEvents.from_text(text, "build.jsonl")


LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
EVENT = st.fixed_dictionaries(
    {},
    optional={
        "vertexes": st.lists(
            st.dictionaries(st.sampled_from(["digest", "name", "started", "completed", "cached", "error"]), LEAF)
        )
        | LEAF,
        "logs": st.lists(st.dictionaries(st.sampled_from(["vertex", "data"]), LEAF)) | LEAF,
    },
)


@given(st.lists(EVENT, max_size=5))
def test_any_json_is_read_or_refused(data):
    """Whatever a file holds, the only error is BadInput."""
    with contextlib.suppress(BadInput):
        build = BuildEvents.from_text("\n".join(map(json.dumps, data)), "x")
        assert build.vertices
        assert build.seconds >= 0


@given(st.datetimes().map(lambda t: t.isoformat()), st.sampled_from(["Z", "", "+14:00", "-11:59"]))
def test_any_time_is_read(moment, zone):
    """Times at the ends of the calendar and in any zone."""
    build = BuildEvents.from_text(line(started=moment + zone, completed="2026-01-01T00:00:00Z"))
    assert build.seconds >= 0


def test_what_a_program_printed_cannot_steer_a_terminal():
    """Colours, bells and broken UTF-8 in a log or a name do not come through."""
    data = base64.b64encode(b"\x1b[31mred\x1b[0m\a\xff\n\x1b]0;title\x07end\n").decode()
    text = (
        line(name="[1/1] RUN \x1b[2J\u202e\ud800") + "\n" + json.dumps({"logs": [{"vertex": "sha256:1", "data": data}]})
    )
    (only,) = BuildEvents.from_text(text).vertices
    assert only.log[0].startswith("red")
    assert all(c.isprintable() for words in (only.name, *only.log) for c in words)


def test_the_probe_reads_the_learners_folder(world):
    """Not there yet, then there, with evidence of what was read."""
    probe = events.file("build.jsonl")
    with pytest.raises(NotThere, match=r"build\.jsonl"):
        probe(world)
    (world.workspace / "build.jsonl").write_bytes((DATA / "copy.jsonl").read_bytes())
    found = probe(world)
    assert found.platforms == (AMD64, ARM64)
    assert found.native.os == "linux"
    assert "COPY greeting.txt" in found.evidence[0].answer


def test_a_folder_a_large_file_and_an_odd_name_are_refused(world):
    """Each with one line; nothing is read without a bound."""
    with pytest.raises(BadInput, match="not a file"):
        events.load(world.workspace, "folder")
    with pytest.raises((Blocked, NotThere)):
        events.load(world.workspace / ("x" * 5000), "long")
    with pytest.raises(BadInput, match="larger"):
        events.load(DATA / "copy.jsonl", "copy", most=100)


def test_json_is_plain():
    """For programs: platforms as they are written, and it can be dumped."""
    data = json.loads(json.dumps(recorded("cross").to_json()))
    targets = {v["target"] for v in data["vertices"]}
    assert targets == {None, "linux/amd64", "linux/arm64"}


def test_an_older_buildx_spreads_an_event_over_lines():
    """Buildx 0.13 indents each event; it is the same build as with an event a line, cut anywhere or among other words."""
    text = (DATA.parent / "buildx-0.13.1" / "indented.json").read_text()
    lines = text.replace("\n}\n{\n", "\n}\n\0{\n").split("\0")
    compact = "\n".join(json.dumps(json.loads(one)) for one in lines)
    build = BuildEvents.from_text(text, "x", AMD64)
    assert [(v.name, v.seconds, v.log) for v in build.vertices] == [
        (v.name, v.seconds, v.log) for v in BuildEvents.from_text(compact, "x", AMD64).vertices
    ]
    assert any("busybox" in v.name for v in build.vertices)
    noisy = BuildEvents.from_text(f"WARNING: x\n{text}}}\n{{\n  half", "x", AMD64)
    assert [v.name for v in noisy.vertices] == [v.name for v in build.vertices]
