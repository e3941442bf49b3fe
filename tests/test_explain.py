"""The error guide: every sample is explained as what it is, every look-alike is not, and no log can make it slow."""

import json
import re
import time
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path
from re import _constants, _parser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import explainer as module
from lab.errors import BadInput, UsageError
from lab.explainer import EngineFacts, Explanation, explain, run
from lab.explainer.data import Entry, entries, fill
from lab.explainer.lines import bare, clean

DATA = Path(__file__).parent / "data" / "explain"
LESSONS = {
    "01-machine", "02-one-platform", "03-mismatch", "04-emulation", "05-builders", "06-new-builder",
    "07-multi-platform", "08-inside-the-index", "09-cross-compile", "10-true-binary", "11-ci", "12-native-nodes",
    "13-ship-and-clean", "",
}  # fmt: skip


def each(field):
    return [
        pytest.param(entry, text, id=f"{entry.id}-{number}")
        for entry in entries()
        for number, text in enumerate(getattr(entry, field))
    ]


@pytest.mark.parametrize(("entry", "text"), each("samples"))
def test_a_sample_is_explained_by_its_entry_first(entry: Entry, text):
    """Differently worded texts of one cause lead to that cause."""
    found = explain(text)
    assert [cause.id for cause in found.causes][:1] == [entry.id]
    assert found.exit_status == 0
    assert found.root


@pytest.mark.parametrize(("entry", "text"), each("among"))
def test_what_one_line_cannot_tell_is_told_as_several_causes(entry: Entry, text):
    """Without a second clue the guide is not certain, and each cause names the command that decides."""
    found = explain(text)
    assert not found.certain
    assert entry.id in [cause.id for cause in found.causes]
    assert all(cause.decide for cause in found.causes)


@pytest.mark.parametrize(("entry", "text"), each("not_samples"))
def test_a_look_alike_is_not_called_by_the_entrys_name(entry: Entry, text):
    """A wrong diagnosis is worse than none."""
    assert entry.id not in [cause.id for cause in explain(text).causes][:1]


def confusions():
    """(entry, other) where a sample of one is called by the other's name."""
    found = []
    for entry in entries():
        for text in entry.samples:
            first = explain(text).causes[0].id
            if first != entry.id:
                found.append((entry.id, first))
    return found


def test_no_sample_is_taken_for_another_entry():
    """The confusion table of all samples against all entries is empty off its diagonal."""
    assert confusions() == []


def test_the_guide_is_whole():
    """Every row once, in stable and unique names; enough samples; a way out and a reason in each."""
    rows = [entry.row for entry in entries()]
    assert sorted(rows) == sorted([str(number) for number in range(1, 54)] + [f"N{number}" for number in range(1, 7)])
    assert len({entry.id for entry in entries()}) == len(rows)
    for entry in entries():
        assert re.fullmatch(r"[a-z][a-z0-9-]+", entry.id)
        assert len(entry.samples) >= 2, entry.id
        assert entry.not_samples, entry.id
        assert entry.cause, entry.id
        assert entry.why, entry.id
        assert entry.remedies, entry.id
        assert entry.lesson in LESSONS, entry.id
        assert entry.patterns or entry.asks, entry.id
        assert bool(entry.patterns) == bool(entry.stems), entry.id
        assert entry.patterns or not entry.warnings, entry.id
        assert all(stem == stem.lower() for stem in entry.stems), entry.id
        assert bool(entry.decide) == bool(entry.decide_says), entry.id


def test_every_alternative_of_the_stems_is_needed():
    """Each stem stands in a line of a sample that its entry explains; a stem no sample has is not tested."""
    for entry in entries():
        texts = "\n".join((*entry.samples, *entry.among)).lower()
        unused = [stem for stem in entry.stems if stem not in texts]
        assert len(unused) < max(1, len(entry.stems)), entry.id


# ---- noise -------------------------------------------------------------------------------------------------------

PREFIXES = [
    "",
    "2024-05-08T13:05:07.5361234Z ",
    "build\tBuild and push\t2024-05-08T13:05:07.5361234Z ",
    "2024-05-08T13:05:07.536123Z 01O ",
    "2024-05-08 13:05:07,536 ",
    "[2024-05-08T13:05:07.536Z] ",
    "\x1b[31m",
    "\x1b[36;1m#12 0.251 \x1b[0m",
]
ERRORS = [
    ("exec-format-error", "exec /bin/sh: exec format error"),
    ("multi-platform-docker-driver", "ERROR: Multi-platform build is not supported for the docker driver."),
    ("no-match-for-platform", "ERROR: no match for platform in manifest: not found"),
    ("qemu-signal-11", "qemu: uncaught target signal 11 (Segmentation fault) - core dumped"),
    ("http-response-to-https-client", "http: server gave HTTP response to HTTPS client"),
    ("digest-not-found", "ERROR: ghcr.io/example/app@sha256:4bcff63911fcb4448bd4fdacec207030: not found"),
]
HARMLESS = [
    b"#7 [internal] load build definition from Dockerfile",
    b"#7 transferring dockerfile: 283B done",
    b"#8 CACHED",
    b"Setting up libgpg-error0:arm64 (1.46-1) ...",
    b"0 errors, 3 warnings",
    b"",
    b"\xff\xfe broken \x80 bytes",
    b"\x00\x00",
    "안녕하세요 ✔".encode(),
]


@given(
    error=st.sampled_from(ERRORS),
    prefix=st.sampled_from(PREFIXES),
    before=st.lists(st.sampled_from(HARMLESS), max_size=8),
    after=st.lists(st.sampled_from(HARMLESS), max_size=8),
    end=st.sampled_from([b"\n", b"\r\n", b"\x1b[0m\r\n"]),
)
def test_noise_around_an_error_changes_nothing(error, prefix, before, after, end):
    """Time stamps, colours, ends of lines, broken bytes and harmless lines hide no error and no line number."""
    wanted, text = error
    found = explain(end.join([*before, (prefix + text).encode(), *after, b""]))
    assert found.causes[0].id == wanted
    assert found.root.number == len(before) + 1
    assert text.endswith(found.root.text[-20:])


@given(error=st.sampled_from(ERRORS), size=st.integers(1, 400))
def test_the_size_of_the_pieces_changes_nothing(error, size):
    """A file, a pipe and a text give the same explanation."""
    wanted, text = error
    log = (b"#1 building\n" * 30) + text.encode() + b"\nERROR: done\n"
    pieces = [log[at : at + size] for at in range(0, len(log), size)]
    assert explain(pieces) == explain(log)
    assert explain(pieces).causes[0].id == wanted


@settings(max_examples=200)
@given(st.binary(max_size=3000))
def test_any_bytes_are_read_without_a_word(data):
    """No input makes `explain` fail with anything but its own clear line."""
    try:
        found = explain(data)
    except UsageError:
        return
    assert Explanation.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert found.as_text()
    assert found.as_html()


@pytest.mark.parametrize("text", [e[1] for e in ERRORS])
def test_a_log_of_powershell_is_read(text):
    """PowerShell writes UTF-16 with a byte order mark."""
    assert explain(f"#1 building\r\n{text}\r\n".encode("utf-16")).known


def test_a_json_log_on_one_line_is_read():
    """Escaped quotes and line ends of a JSON log do not hide a message."""
    line = json.dumps({"log": 'Step 1\n\x1b[31mfailed to parse platform : "" is an invalid component of ""\x1b[0m'})
    assert explain(line).causes[0].id == "empty-buildplatform"


def test_quotes_that_were_escaped_twice_are_read():
    """Ansible and its like put a message into JSON in JSON."""
    inner = 'failed to parse platform : "" is an invalid component of "": platform specifier component must match'
    assert explain(json.dumps({"msg": json.dumps({"message": inner})})).causes[0].id == "empty-buildplatform"


def test_a_warning_is_not_called_the_cause_of_an_unknown_error():
    """A true warning beside an error that is not known is noted, and the error stays unknown."""
    found = explain(
        "WARNING: No output specified with docker-container driver. Build result will only remain in the build cache.\n"
        'ERROR: failed to build: failed to solve: failed to compute cache key: "/app": not found\n'
    )
    assert not found.known
    assert [cause.id for cause in found.noted] == ["no-output-specified"]
    assert "not the cause" in found.as_text()


def test_an_error_on_the_edge_of_two_pieces_is_found():
    """The neighbourhood of a piece is read with it, wherever the cut falls."""
    filler = b"x" * 99 + b"\n"
    for lines in range(10_470, 10_500):
        log = filler * lines + b"WARNING: The requested image's platform (linux/arm64) does not match the detected "
        log += b"host platform (linux/amd64) and no specific platform was requested\nexec /app: exec format error\n"
        found = explain(log + filler * 2000)
        assert found.root.number == lines + 2
        assert found.certain
        assert found.causes[0].id == "exec-format-error"


REAL = sorted((DATA / "real").glob("*.log"))


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_what_a_real_engine_printed_is_explained(path):
    """Recordings of both image stores, and of emulators: the file's name says which cause it is."""
    store, entry, _ = path.stem.split("--")
    with path.open("rb") as file:
        found = explain(file, engine=EngineFacts(store=store))
    assert found.causes[0].id == entry


def test_many_rows_have_a_recording_of_a_real_engine():
    """Wordings are real ones wherever an engine of the lab's own can be brought to say them."""
    assert len({path.stem.split("--")[1] for path in REAL}) >= 28


# ---- the root ----------------------------------------------------------------------------------------------------


def test_the_earliest_error_is_the_root_and_a_consequence_never_is():
    """`failed to solve: process … did not complete` only repeats that something failed."""
    found = explain(
        "#9 [linux/arm64 2/3] RUN make\n#9 0.2 qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n"
        '#9 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 139\n'
        "ERROR: failed to solve: no match for platform in manifest: not found\n"
    )
    assert (found.root.number, found.causes[0].id) == (2, "qemu-signal-11")
    assert "did not complete" in found.consequence.text


def test_a_warning_is_the_root_only_when_no_error_follows():
    """The mismatch alone is a warning with its own way out; before `exec format error` it is a clue."""
    warning = (
        "WARNING: The requested image's platform (linux/arm64) does not match the detected host platform "
        "(linux/amd64) and no specific platform was requested\n"
    )
    assert explain(warning + "aarch64\n").causes[0].id == "platform-does-not-match-host"
    both = explain(warning + "exec /app/run: exec format error\n")
    assert both.causes[0].id == "exec-format-error"
    assert both.certain
    assert any("--install arm64" in command for way in both.remedies for command in way.run)


def test_an_unknown_error_before_a_known_one_is_shown():
    """A diagnosis does not hide an earlier line that may be the true reason."""
    found = explain("fatal: could not read Username\n#3 ERROR: no match for platform in manifest: not found\n")
    assert [line.number for line in found.earlier] == [1]
    assert "could not read Username" in found.as_text()


@pytest.mark.parametrize("name", sorted(path.name for path in (DATA / "quiet").glob("*.log")))
def test_a_log_of_an_ordinary_build_explains_nothing(name):
    """A successful build, and a failed one of an unrelated kind, have no multi-platform cause."""
    with (DATA / "quiet" / name).open("rb") as file:
        found = explain(file)
    assert [cause.id for cause in found.causes] == []
    assert found.exit_status == 1
    assert "I do not know this one" in found.as_text()


def test_unknown_names_the_lines_to_look_at():
    """Not to know comes with what to look at next."""
    found = explain("#1 fine\n#2 0.5 src/main.c:3:10: fatal error: foo.h: No such file\n#2 ERROR: exit code: 2\n")
    assert not found.known
    assert found.looks[0].number == 2
    assert "foo.h" in found.as_text()
    only = explain('ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2')
    assert "stands above" in only.as_text()


# ---- speed -------------------------------------------------------------------------------------------------------


def all_patterns():
    for entry in entries():
        for pattern in (
            *entry.patterns,
            *entry.warnings,
            *entry.requires,
            *entry.unless,
            *entry.asks,
            *(c.pattern for c in entry.clues),
        ):
            yield pytest.param(pattern, id=f"{entry.id}: {pattern.pattern[:40]}")


def repeats(parsed, depth=0):
    """(how deep, most, what) of every repetition in a parsed pattern."""
    for op, value in parsed:
        if op in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
            yield depth, value[1], value[2]
            yield from repeats(value[2], depth + (value[1] > 1))
        elif op is _constants.SUBPATTERN:
            yield from repeats(value[-1], depth)
        elif op is _constants.BRANCH:
            for branch in value[1]:
                yield from repeats(branch, depth)
        elif op in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield from repeats(value[1], depth)


@pytest.mark.parametrize("pattern", list(all_patterns()))
def test_no_pattern_can_be_made_slow(pattern):
    """No repetition without a bound (but a single `+` of one character class), and none inside of another long one."""
    for depth, most, what in repeats(_parser.parse(pattern.pattern, re.IGNORECASE)):
        bounded = most is not _constants.MAXREPEAT
        assert bounded or (depth == 0 and len(what) == 1), pattern.pattern
        assert depth == 0 or most <= 3, pattern.pattern


def test_the_slow_pattern_rule_sees_slow_patterns():
    """The rule above is a check that can fail."""
    assert any(depth for depth, *_ in repeats(_parser.parse(r"(a+)+b")))
    assert any(most is _constants.MAXREPEAT for _, most, _ in repeats(_parser.parse(r"\(.*\)")))


@pytest.mark.parametrize(
    "line",
    [
        "exec /" + "a" * 3000 + ": exec format erro",
        "[linux/arm64 " * 300 + "RUN",
        "100  9 " * 700,
        "curl https://" * 300,
        '"amd64,linux" is an invalid component of "' + "linux/" * 500,
        "exec exec exec " * 300 + "exec format error",
        "platform (" * 400 + ") does not match the detected",
    ],
    ids=lambda line: line[:20],
)
def test_a_hostile_line_costs_no_more_than_its_length(line):
    """Ten times the lines take about ten times as long, not a hundred."""

    def seconds(times):
        log = (line + "\n").encode() * times
        start = time.perf_counter()
        explain(log)
        return time.perf_counter() - start

    seconds(5)
    assert min(seconds(300) for _ in range(2)) < 30 * min(seconds(30) for _ in range(3)) + 0.2


def test_a_line_without_an_end_is_read_in_bounded_memory():
    """Twenty megabytes without one line end are no reason to hold them all."""

    def endless():
        for _ in range(20):
            yield b"\x1b[3" + b"a" * 1_000_000
        yield b" exec /bin/sh: exec format error"

    tracemalloc.start()
    found = explain(endless())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.causes[0].id == "exec-format-error"
    assert peak < 20e6


def test_a_late_error_in_a_log_full_of_stems_is_found():
    """Lines that hold a stem and nothing more do not use up the patience for a real one."""
    log = b"checking for foo.h... no such file or directory\n" * 4000 + b"exec /bin/sh: exec format error\n"
    assert explain(log).root.number == 4001


# ---- input and views ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", ["", "\n\n  \n", b"", b"\x00\x00", [], [b""]])
def test_nothing_is_one_clear_line(empty):
    """Empty input is a usage error that says what to give."""
    with pytest.raises(UsageError, match="empty"):
        explain(empty)


def test_a_file_a_text_and_standard_input_are_read(tmp_path):
    """`lab explain FILE`, `TEXT` and `-` come to the same."""
    path = tmp_path / "build.log"
    path.write_bytes(b"exec /bin/sh: exec format error\n")
    with path.open("rb") as file:
        assert run("-", stdin=file) == run(str(path))
    assert run("exec /bin/sh: exec format error").root == run(str(path)).root


def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path):
    """A missing log, a folder: the name and what to do, not an explanation of the name."""
    for name in (str(tmp_path / "missing.log"), str(tmp_path)):
        with pytest.raises(BadInput, match=re.escape(repr(name))):
            run(name)


def test_remedies_are_those_of_this_engine():
    """What holds only for the classic store is not shown to a containerd engine; where not known, it says so."""
    text = "ERROR: Multi-platform build is not supported for the docker driver."
    everywhere = explain(text).remedies
    assert any(way.only.endswith("the classic image store") for way in everywhere)
    classic = explain(text, engine=EngineFacts(store="classic")).remedies
    assert [way.only for way in classic] == ["", ""]
    assert len(explain(text, engine=EngineFacts(store="containerd")).remedies) == len(everywhere) - 1


def test_names_from_the_log_go_into_the_commands():
    """The platform and the image that the log names are in the commands."""
    found = explain("docker: no matching manifest for linux/arm64/v8 in the manifest list entries.")
    assert found.causes[0].decide == "docker buildx imagetools inspect IMAGE"
    found = explain("ERROR: failed to solve: node:18: no match for platform in manifest: not found")
    assert found.causes[0].decide == "docker buildx imagetools inspect node:18"


@given(st.text(max_size=60))
def test_no_name_from_a_log_can_become_a_command(name):
    """What a log names is put into a command only if a shell takes it as one plain word."""
    filled = fill("docker pull {image}", {"image": name})
    assert re.fullmatch(r"docker pull (IMAGE|[A-Za-z0-9./][A-Za-z0-9._/:@+-]*)", filled)


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.tags = set()
        self.attributes = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@given(st.text(max_size=80))
def test_html_of_a_hostile_log_holds_no_tag_of_it(text):
    """All that came from the log is escaped."""
    hostile = f"exec /bin/sh: exec format error <script>alert(1)</script><img src=x onerror=y>{text}"
    for log in (hostile, f"ERROR: <b onclick=z>{text}"):
        seen = Tags()
        seen.feed(explain(log).as_html())
        assert seen.tags <= {"div", "code", "strong", "pre", "ul", "li", "a", "details", "summary"}
        assert seen.attributes <= {"class", "style", "href"}


@pytest.mark.parametrize("entry", entries(), ids=lambda e: e.id)
def test_json_and_back_is_the_same(entry):
    """An explanation goes to JSON and back whole; both views show its cause and its commands."""
    found = explain(entry.samples[0])
    assert Explanation.from_json(json.loads(json.dumps(found.to_json()))) == found
    words = re.sub(r"\s+", " ", found.as_text())
    for cause in found.causes[:1]:
        assert cause.cause in words
        for way in cause.remedies:
            assert not found.certain or all(command in found.as_text() for command in way.run)
    assert found.lesson in found.as_html()


@pytest.mark.parametrize("data", [None, 3, [], {"root": 3}, {"causes": [{"id": 1}]}, {"looks": [{}]}])
def test_what_is_no_explanation_is_refused(data):
    """A broken document is bad input, not a traceback."""
    with pytest.raises(BadInput):
        Explanation.from_json(data)


def test_prefixes_go_and_messages_stay():
    """What CI, compose and BuildKit write before a message is not part of it."""
    assert bare("2024-05-08T13:05:07.5361234Z #12 0.251 exec /x: y") == "exec /x: y"
    assert bare("web-1  | exec /x: y") == "exec /x: y"
    assert bare(" => => # exec /x: y") == "exec /x: y"
    assert bare("error: x") == "error: x"
    assert clean(b"\x1b[1;31mred\x1b[0m\r\n") == "red"


def test_a_persons_own_words_are_tried_only_where_nothing_else_fits():
    """A question is no log: a long text is never matched by a person's words."""
    asked = "why is my multi-arch build so slow with qemu"
    assert explain(asked).causes[0].id == "emulated-build-crawls"
    assert not explain(asked + "\nline" * 200).known


def test_importing_is_light():
    """`lab --help` does not read the guide."""
    assert module.__file__
    source = Path(module.__file__).parent
    for name in (
        "__init__.py",
        "data.py",
        "lines.py",
        "scan.py",
        "shapes.py",
        "views.py",
    ):
        assert not re.search(
            r"^(?:import|from) (?:tomllib|rich|IPython|json)\b", (source / name).read_text("utf-8"), re.MULTILINE
        )
