"""How a log is read: line by line as a person reads it, in pieces that nobody notices, with what stands around."""

import importlib
import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.explainer.data import Entry
from lab.explainer.lines import bare, clean, looks
from lab.explainer.scan import AFTER, BEFORE, PIECE, REACH, scan

module = importlib.import_module("lab.explainer.scan")  # the package's `scan` is the function


def known(name="boom", **fields):
    """An entry that knows the lines which hold its name."""
    patterns = (re.compile(fields.pop("pattern", name)),)
    words = {"row": "", "title": "", "cause": "", "why": "", "remedies": ()}
    for field in ("requires", "unless", "warnings"):
        fields[field] = tuple(re.compile(one) for one in fields.get(field, ()))
    return Entry(id=name, stems=(name,), patterns=patterns, **words, **fields)


def read(log, *entries):
    return scan([log.encode()], entries or [known()])


def hits(found):
    return [(hit.entry.id, hit.number, hit.text, hit.kind) for hit in found.hits]


def numbered(first, last):
    return "".join(f"line {number}\n" for number in range(first, last + 1))


# ---- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b[1;31mred\x1b[0m\r\n", "red"),
        (b"\x1b]8;;x\x07link\x1b]8;;\x1b\\", "link"),
        (b"  two spaces stay\r\n", "  two spaces stay"),
        (b"X stays X\n", "X stays X"),
        (b"10%\r20%\r", "10%  20%"),
        (b"w\0i\0d\0e\0", "wide"),
        (rb"a\tb \"c\" \\\"d\\\" \u001b[31me\x1b[0m", 'a\tb "c" "d" e'),
        ("\u201ca\u201d \u2018b\u2019\xa0c".encode(), "\"a\" 'b' c"),
        (b"\xff", "\ufffd"),
    ],
)
def test_a_line_is_clean_as_a_person_reads_it(raw, text):
    """Colours, ends of lines, wide characters, a JSON log's escapes and curly quotes hide nothing."""
    assert clean(raw) == text


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("2024-05-08T13:05:07.5361234Z #12 0.251 exec /x: y", "exec /x: y"),
        ("build\tBuild and push\t2024-05-08T13:05:07.5361234Z ##[error]exec /x: y", "exec /x: y"),
        ("web-1  | exec /x: y", "exec /x: y"),
        (" => => # exec /x: y", "exec /x: y"),
        ("#12 0.251 #12 0.252 exec", "#12 0.252 exec"),
        ("error: x", "error: x"),
    ],
)
def test_prefixes_go_once_and_messages_stay(text, without):
    """What CI, compose and BuildKit write before a message is not part of it."""
    assert bare(text) == without


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("error: x", True),
        ("Unable to open the file", True),
        ("Unable to find image 'busybox:1.38' locally", False),
        ("0 errors, 3 warnings", False),
    ],
)
def test_what_looks_like_an_error_to_anybody(text, does):
    """A notice of `docker run` that it has to pull is no error."""
    assert looks(text) is does


def test_a_colour_in_the_middle_of_a_word_hides_nothing():
    """Tools colour a part of a message, also a step's heading."""
    log = "#9 [lin\x1b[1mux/arm64] RUN x\n" + numbered(2, 99) + "#9 0.1 bo\x1b[31mom\n"
    found = read(log, known(requires=["linux/arm64"]))
    assert hits(found) == [("boom", 100, "boom", "error")]


# ---- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [0, 1, 2, 500])
def test_lines_are_numbered_from_one(before):
    """Empty lines count."""
    assert hits(read("\n" * before + "a boom b\nx\n")) == [("boom", before + 1, "a boom b", "error")]


def test_a_cause_is_told_at_its_first_line():
    """The second time it is only a consequence."""
    assert hits(read("x\nboom 1\nboom 2\n")) == [("boom", 2, "boom 1", "error")]


def test_a_match_of_warnings_is_a_warning_whatever_its_entry_is():
    """A true note beside an error is not taken for it; names that were not found are not kept."""
    entry = known(pattern=r"boom (?P<image>\w+)(?P<file>/)?", warnings=["boom!"])
    (hit,) = read("#1 boom!\n", entry).hits
    assert hit.kind == "warning"
    (hit,) = read("#1 boom app\n", entry).hits
    assert (hit.kind, hit.found) == ("error", {"image": "app"})


@pytest.mark.parametrize("far", [REACH // 2, REACH + 50])
def test_of_a_long_line_only_what_is_near_the_word_is_read(far):
    """A line of megabytes is not handed to patterns whole, and is shown short."""
    (hit,) = read(f"above\nstart {'a' * far}boom{'b' * far} end\nbelow\n").hits
    whole = far < REACH
    assert hit.text.startswith("start") is whole
    assert hit.text.endswith("end") is whole
    assert len(hit.text) == (2 * far + 14 if whole else 2 * REACH)


# ---- neighbours -------------------------------------------------------------------------------------------------------


def test_what_is_near_are_sixty_lines_before_and_thirty_after():
    """A clue further off is about something else."""
    (hit,) = read(numbered(1, 199) + "boom\n" + numbered(201, 400)).hits
    assert hit.near == tuple(f"line {number}" for number in (*range(200 - BEFORE, 200), *range(201, 201 + AFTER)))


def test_the_first_lines_of_a_log_have_what_there_is():
    """The beginning and the end of a log cut nothing from a line."""
    (hit,) = read("line 1\nline 2\nboom\nline 4").hits
    assert hit.near == ("line 1", "line 2", "line 4")
    (hit,) = read("boom\nline 2\n").hits
    assert hit.near == ("", "line 2", "")


@pytest.mark.parametrize(("place", "found"), [(1, 1), (39, 0), (40, 1), (99, 1), (101, 1), (130, 1), (131, 0)])
def test_what_a_cause_needs_has_to_be_near(place, found):
    """`requires` and `unless` look at the line and its neighbours: 60 before, 30 after."""
    lines = ["fine"] * 200
    lines[99] = "boom"
    if place == 1:
        lines[99] = "boom needed"
    else:
        lines[place - 1] = "needed"
    log = "\n".join(lines)
    assert len(read(log, known(requires=["needed"])).hits) == found
    assert len(read(log, known(unless=["needed"])).hits) == 1 - found


def test_a_lines_step_brings_its_heading():
    """BuildKit mixes steps: the heading with the platform may stand far above, and is the last one of that number."""
    heading = "#9 [linux/arm64 2/3] RUN make"
    log = f"{heading}\n#9 more\n{numbered(3, 99)}#9 0.2 boom\n#9 [linux/amd64 2/3] RUN other\n"
    (hit,) = read(log).hits
    assert hit.near[0] == heading
    assert hit.near[1] == f"line {100 - BEFORE}"
    (hit,) = read(f"#9 [linux/386 1/1] RUN old\n{numbered(1, 99)}{log}").hits
    assert hit.near[0] == heading
    (hit,) = read(f"{numbered(1, 99)}#9 0.2 boom\n").hits
    assert hit.near[0] == ""
    (hit,) = read(f"{log.replace('#9 0.2 boom', 'boom')}").hits
    assert hit.near[0] == f"line {100 - BEFORE}"


def test_a_heading_of_pieces_ago_is_kept():
    """A step may print megabytes before it fails."""
    filler = "#9 0.1 compiling\n" * (3 * PIECE // 17)
    (hit,) = read(f"#9 [linux/arm64 2/3] RUN make\n#8 [linux/386 1/1] RUN x\n{filler}#9 9.9 boom\n").hits
    assert hit.near[0] == "[linux/arm64 2/3] RUN make"
    (hit,) = read(f"#8 [linux/386 1/1] RUN x\n{filler}#9 9.9 boom\n").hits
    assert hit.near[0] == ""


def test_a_heading_further_down_is_another_builds():
    """Not even where a piece ends between the two."""
    before = "-\n" * (PIECE // 2)
    (hit,) = read(f"{before}#9 0.1 boom\n{numbered(1, 99)}#9 [linux/386 1/1] RUN later\n{before}").hits
    assert hit.near[0] == ""


@pytest.mark.parametrize(("step", "heading"), [(8, "[b] RUN"), (9, "")])
def test_a_log_of_nothing_but_headings_fills_no_memory(step, heading, monkeypatch):
    """Only so many are kept for later pieces, and of each only so much."""
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    filler = "x\n" * PIECE
    (hit,) = read(f"#7 [a] RUN\n#8 [b] RUN\n#9 [c] RUN\n{filler}#{step} 0.1 boom\n").hits
    assert hit.near[0] == heading
    (hit,) = read(f"#1 [{'a' * 400}\n{filler}#1 0.1 boom\n").hits
    assert hit.near[0] == f"[{'a' * 300}"
    (hit,) = read(f"#1 [{'a' * 400}\n{numbered(1, 99)}#1 0.1 boom\n").hits
    assert hit.near[0] == f"#1 [{'a' * 296}"


# ---- what looks like an error -----------------------------------------------------------------------------------------


def test_the_first_lines_that_look_like_errors_are_kept():
    """Five to look at, three that only repeat; the next ones help nobody."""
    log = "".join(f"error: {n}\nmake: *** [x{n}] Error 2\n" for n in range(9)) + "boom\n"
    found = read(log)
    assert found.looks == [(2 * n + 1, f"error: {n}") for n in range(5)]
    assert found.consequences == [(2 * n + 2, f"make: *** [x{n}] Error 2") for n in range(3)]
    assert hits(found) == [("boom", 19, "boom", "error")]


@pytest.mark.parametrize(
    ("log", "failed"),
    [
        ("ERROR: x\n" + numbered(2, 200), True),
        ("#9 ERROR: process x did not complete successfully: exit code: 2\n" + numbered(2, 200), True),
        (numbered(1, 200) + "#9 fatal error: x", True),
        ("warning: not found\n" + numbered(2, 200), False),
    ],
)
def test_a_log_has_failed_when_a_line_says_so_beyond_doubt(log, failed):
    """At its beginning, by a consequence, or at its very end; a warning never says so."""
    assert read(log).failed is failed


def test_the_end_of_a_log_is_kept():
    """The last sixty lines, whole."""
    found = read(numbered(1, 99) + "the very last one\n")
    assert found.tail == (*(f"line {n}" for n in range(42, 100)), "the very last one", "")


# ---- patience ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("vain", "found"), [(3, 1), (4, 0)])
def test_an_entry_that_looks_in_vain_too_often_is_left_out(vain, found, monkeypatch):
    """A log made of its words is not read for ever; the others go on."""
    monkeypatch.setattr(module, "ATTEMPTS", 3)
    filler = "x\n" * PIECE
    log = "boom?\n" * vain + filler + "boom!\nbang!\n"
    other = known("bang")
    assert [hit.entry.id for hit in read(log, known(pattern="boom!"), other).hits] == ["boom"] * found + ["bang"]


@pytest.mark.parametrize(("patience", "found"), [(42, 1), (41, 0)])
def test_a_look_around_costs_more_patience(patience, found, monkeypatch):
    """Neighbours are read for each line that matches, and that takes twenty times as long."""
    monkeypatch.setattr(module, "ATTEMPTS", patience)
    log = "boom\nboom\n" + "x\n" * PIECE + "boom needed\n"
    assert len(read(log, known(requires=["needed"])).hits) == found


def test_what_was_found_is_not_found_again_in_the_next_piece():
    """Nor does the patience of one use up that of another, nor five lines to look at that of the entries."""
    log = "error: x\n" * 9 + "boom\n" + "x\n" * PIECE + "boom\nbang\nerror: y\n"
    found = read(log, known(), known("bang"))
    assert hits(found) == [("boom", 10, "boom", "error"), ("bang", PIECE + 12, "bang", "error")]
    assert len(found.looks) == 5


# ---- pieces -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(PIECE - 5, PIECE + 2))
def test_a_word_on_the_edge_of_two_pieces_is_found(place):
    """A log without one line's end is cut anywhere, also in the middle of a word."""
    log = b"-" * place + b"boom" + b"-" * PIECE
    assert len(scan([log], [known()]).hits) == 1


@pytest.mark.parametrize("line", ["error: x", f"error: {'x' * 40} cannot"])
@pytest.mark.parametrize("place", [60, 40, 20, 2, 0])
def test_a_line_on_the_edge_of_two_pieces_is_told_once(line, place):
    """Pieces share their neighbourhood, but no line."""
    before = "-\n" * ((PIECE - place) // 2)
    found = read(f"{before}{line}\n{'-' * 9}\n{before}")
    assert found.looks == [((PIECE - place) // 2 + 1, line)]


def test_what_comes_after_a_line_is_waited_for():
    """A clue below an error is seen although the pipe had not brought it yet."""
    first = b"-\n" * (PIECE // 2 - 10) + b"boom\n" + b"-\n" * 10
    (hit,) = scan([first, b"needed\n", b"-\n" * PIECE], [known(requires=["needed"])]).hits
    assert hit.near[-AFTER:][:11] == ("-",) * 10 + ("needed",)


@pytest.mark.parametrize("place", range(3, 9))
def test_a_word_with_a_colour_in_it_may_come_in_two_parts(place, monkeypatch):
    """A pipe ends a part anywhere, also inside of a colour."""
    monkeypatch.setattr(module, "PIECE", place)
    log = b"-\nbo\x1b[36;1mom\n"
    assert len(scan([log[: place + 2], log[place + 2 :]], [known()]).hits) == 1


SIZES = {"PIECE": 2048, "AROUND": 1024}  # of a log of some kilobytes, as a megabyte is of one of many
WORDS = st.sampled_from(
    [
        "boom", "bang", "error: a", "cannot b", "#7 ERROR: c", "make: *** d", "#7 [linux/arm64] RUN e", "#7 0.1 boom",
        "f", "", "\x1b[31mg\x1b[0m", "\x1b[1mbo\x1b[0mom\x1b[0m",
    ]
)  # fmt: skip
LOGS = st.lists(st.tuples(WORDS, st.integers(0, 120)), min_size=20, max_size=80).map(
    lambda parts: "".join(f"{word}\n" + "-\n" * lines for word, lines in parts).encode()
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(log=LOGS, size=st.integers(50, 5000))
def test_no_cut_changes_what_is_found(log, size):
    """However a log comes, and wherever it is cut, the same is found in it, with the same neighbours."""
    entries = [known(), known("bang", requires=["RUN|boom"])]
    whole = scan([log], entries)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SIZES.items():
            patch.setattr(module, name, value)
        cut = scan([log[at : at + size] for at in range(0, len(log), size)], entries)
    assert (cut.lines, cut.size, cut.looks, cut.consequences) == (
        whole.lines,
        whole.size,
        whole.looks,
        whole.consequences,
    )
    assert hits(cut) == hits(whole)
    assert cut.tail == whole.tail
    assert [hit.near[-AFTER:] for hit in cut.hits] == [hit.near[-AFTER:] for hit in whole.hits]


@pytest.mark.parametrize("shift", range(8))
def test_no_colour_is_cut_in_two(shift):
    """A piece may end inside of a colour; what is left of it is no text."""
    line = b"\x1b[36;1m-\x1b[0m\n"
    log = b"-" * shift + b"\n" + line * (2 * PIECE // len(line)) + b"\x1b[31mboom\x1b[0m"
    found = scan([log[at : at + PIECE] for at in range(0, len(log), PIECE)], [known()])
    (hit,) = found.hits
    assert {*hit.near, *found.tail} <= {"-", "boom", ""}
    assert (hit.text, hit.number, found.size) == ("boom", log.count(b"\n") + 1, len(log))


@pytest.mark.parametrize(
    "part", [b"line\n" * 200, b"-" * 1000, b"-" * 999 + b"\n"], ids=["lines", "one line", "long lines"]
)
def test_memory_is_that_of_a_piece(part, monkeypatch):
    """What was read is let go, however the lines are."""
    monkeypatch.setattr(module, "PIECE", 4096)
    monkeypatch.setattr(module, "AROUND", 1024)
    source = (bytes(bytearray(part)) for _ in range(1000))  # each one made anew, and forgotten
    tracemalloc.start()
    found = scan(source, [known()])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.size == 1_000_000
    assert peak < 120_000
