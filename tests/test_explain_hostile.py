"""No log can make the error guide wrong, slow or dangerous: noise, hostile lines, any bytes."""

import json
import re
import time
import tracemalloc
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import UsageError
from lab.explainer import Explanation, explain
from lab.explainer.data import entries, fill

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


@pytest.mark.parametrize("text", [e[1] for e in ERRORS])
def test_a_log_of_powershell_is_read(text):
    """PowerShell writes UTF-16 with a byte order mark."""
    assert explain(f"#1 building\r\n{text}\r\n".encode("utf-16")).known


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
            assert not found.leads or all(command in found.as_text() for command in way.run)
    assert found.lesson in found.as_html()


def test_an_error_on_the_edge_of_two_pieces_is_found():
    """The neighbourhood of a piece is read with it, wherever the cut falls."""
    filler = b"x" * 99 + b"\n"
    for lines in range(10_470, 10_500):
        log = filler * lines + b"WARNING: The requested image's platform (linux/arm64) does not match the detected "
        log += b"host platform (linux/amd64) and no specific platform was requested\nexec /app: exec format error\n"
        found = explain(log + filler * 2000)
        assert found.root.number == lines + 2
        assert found.leads
        assert found.causes[0].id == "exec-format-error"


def test_a_late_error_in_a_log_full_of_stems_is_found():
    """Lines that hold a stem and nothing more do not use up the patience for a real one."""
    log = b"checking for foo.h... no such file or directory\n" * 4000 + b"exec /bin/sh: exec format error\n"
    assert explain(log).root.number == 4001


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
        start = time.process_time()
        explain(log)
        return time.process_time() - start

    seconds(5)
    assert min(seconds(300) for _ in range(2)) < 30 * min(seconds(30) for _ in range(3)) + 0.2


def test_a_line_without_an_end_is_read_in_bounded_memory():
    """Twelve megabytes without one line end are no reason to hold them all."""

    def endless():
        for _ in range(12):
            yield b"\x1b[3" + b"a" * 1_000_000
        yield b" exec /bin/sh: exec format error"

    tracemalloc.start()
    found = explain(endless())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.causes[0].id == "exec-format-error"
    assert peak < 12e6
