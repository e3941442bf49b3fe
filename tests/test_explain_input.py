"""What `lab explain` reads: files, pipes and texts of every kind, each as what it is."""

import gzip
import io
import sys
from pathlib import Path

import pytest

from lab.errors import BadInput, UsageError
from lab.explainer import EngineFacts, NoSuchFile, Unreadable, explain, run, run_each
from lab.explainer.scan import PIECE

TEXT = "ERROR: Multi-platform build is not supported for the docker driver."
CLASSIC = EngineFacts(store="classic")


@pytest.mark.parametrize(
    "source", [str, str.encode, lambda text: bytearray(text.encode()), lambda text: memoryview(text.encode()),
               lambda text: [text.encode()], lambda text: io.BytesIO(text.encode()), io.StringIO],
    ids=["text", "bytes", "bytearray", "memoryview", "pieces", "binary file", "text file"],
)  # fmt: skip
def test_every_kind_of_source_is_read(source):
    """Text, bytes, pieces, a file opened for bytes and one opened for text come to the same."""
    assert explain(source(TEXT)) == explain(TEXT)


def test_a_file_is_read_in_pieces_and_never_whole():
    """A log may be larger than the memory."""

    class File:
        asked: list[int] = []  # noqa: RUF012

        def read(self, size):
            self.asked.append(size)
            return b"#1 building\n" * 1000 if len(self.asked) < 5 else b""

    assert explain(File()).lines == 4000
    assert File.asked == [PIECE] * 5


@pytest.mark.parametrize("kind", [lambda text: text, io.StringIO], ids=["text", "file"])
def test_what_no_encoding_knows_is_read_all_the_same(kind):
    """Half a character, as a broken terminal gives it, becomes a question mark."""
    assert explain(kind(f"\ud800 {TEXT}")).root.text == f"? {TEXT}"


@pytest.mark.parametrize("empty", ["", " \n\t\n", b"", b"\0\0", [], [b""]])
def test_nothing_is_a_usage_error_that_says_what_to_give(empty):
    """No explanation is made up of nothing, and the way to ask is said."""
    with pytest.raises(UsageError, match="empty") as caught:
        explain(empty)
    assert caught.value.remedy == "Give an error's text, a log's file, or -."


def test_run_without_a_word_is_that_usage_error_too():
    """An empty argument is not the folder that one stands in."""
    with pytest.raises(UsageError, match="empty"):
        run("")


def test_the_engine_counts_however_the_text_came(tmp_path, monkeypatch):
    """A file, a text and standard input are explained for the same engine."""
    log = tmp_path / "build.log"
    log.write_text(TEXT)
    wanted = explain(TEXT, engine=CLASSIC)
    assert wanted != explain(TEXT)
    assert run(TEXT, engine=CLASSIC) == wanted
    assert run(str(log), engine=CLASSIC) == wanted
    assert run("-", engine=CLASSIC, stdin=io.BytesIO(TEXT.encode())) == wanted
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert run("-", engine=CLASSIC) == wanted


@pytest.mark.parametrize("name", ["build.log", "a build.log", "build", "OUT.TXT", "a note"])
def test_a_file_that_is_there_is_read_whatever_its_name(name, tmp_path, monkeypatch):
    """No ending is asked for where the file exists, and a space in its name does no harm."""
    (tmp_path / name).write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    assert run(name) == explain(TEXT)


@pytest.mark.parametrize("ending", ["log", "txt", "out", "err", "LOG", "Txt"])
def test_a_word_that_ends_as_a_log_does_is_a_file(ending, tmp_path):
    """A misspelt file name is bad input that is named, not a text without an explanation."""
    name = str(tmp_path / f"missing.{ending}")
    with pytest.raises(BadInput) as caught:
        run(name)
    assert (
        str(caught.value) == f"{name!r} cannot be read: No such file or directory. Give a log's file, its text, or -."
    )
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "toomanyrequests",
        "toomanyrequests, see build.log",
        "toomanyrequests\nbuild.log",
        "toomanyrequests\0build.log",
        "toomanyrequests.md",
        f"toomanyrequests:{'x' * 1010}",
        f"toomanyrequests: {'x' * 300}",
        f"toomanyrequests:{'x' * 1005}.log",
        "~toomanyrequests/of/nobody",
    ],
    ids=lambda text: text[:32],
)
def test_what_is_no_files_name_is_an_error_text(text):
    """Words, several lines, and what is too long or too odd to be a name are the text itself."""
    assert run(text).causes[0].id == "too-many-requests"


def test_a_long_name_is_still_a_name():
    """The near miss of the one above: up to 1024 characters a word may be a file's name."""
    with pytest.raises(BadInput, match="File name too long"):
        run(f"toomanyrequests:{'x' * 1004}.log")


@pytest.mark.parametrize("name", ["~nobody-of-that-name/build.log", "\ud800.log"])
def test_a_name_that_no_file_can_have_is_one_clear_line(name):
    """A home of nobody and half a character are bad input, never a traceback."""
    with pytest.raises(BadInput, match="cannot be read"):
        run(name)


def test_a_home_is_found(tmp_path, monkeypatch):
    """`~` stands for the learner's home, as in a shell."""
    (tmp_path / "build.log").write_text(TEXT)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run("~/build.log") == explain(TEXT)


def test_a_folder_is_one_clear_line(tmp_path):
    """What is said is the system's reason, without its number."""
    with pytest.raises(BadInput) as caught:
        run(str(tmp_path))
    assert caught.value.message == f"{str(tmp_path)!r} cannot be read: Is a directory."


def test_a_reason_without_a_number_is_said_too(tmp_path, monkeypatch):
    """Some errors of a system have words only."""

    def fail(*_):
        raise OSError("the disk is gone")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(BadInput, match="cannot be read: the disk is gone"):
        run(str(tmp_path))


@pytest.mark.parametrize(("text", "lines"), [("x", 1), ("x\n", 1), ("x\ny", 2), ("x\ny\n", 2), ("\n\nx", 3)])
def test_lines_and_bytes_are_counted(text, lines):
    """A last line counts with or without its end."""
    found = explain(text)
    assert (found.lines, found.size) == (lines, len(text))


# ---- archives, addresses, several files -------------------------------------------------------------------------------


def test_a_packed_log_is_read_as_it_is(tmp_path):
    """CI systems keep logs as gzip, some as zstd; the bytes tell, whatever the name."""
    zstd = pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")
    for name, packed in (("a.gz", gzip.compress(TEXT.encode())), ("b.zst", zstd.compress(TEXT.encode()))):
        (tmp_path / name).write_bytes(packed)
        assert run(str(tmp_path / name)).causes == explain(TEXT).causes


def test_statuses_tell_unknown_wrong_use_and_files_apart(tmp_path):
    """A script sees whether nothing is known, the call was wrong, the file is missing, or it cannot be read."""
    (tmp_path / "cut.gz").write_bytes(gzip.compress(TEXT.encode() * 99)[:40])
    assert explain("all is well").exit_status == 1
    for what, error, status in (
        ("", UsageError, 2),
        ("https://example.com/build.log", UsageError, 2),
        (str(tmp_path / "gone.log"), NoSuchFile, 66),
        (str(tmp_path), Unreadable, 65),
        (str(tmp_path / "cut.gz"), Unreadable, 65),
    ):
        with pytest.raises(error) as caught:
            run(what)
        assert caught.value.exit_status == status, what


def test_an_address_is_refused_with_a_sentence():
    """Nothing is fetched from anywhere; a text that holds an address is a text."""
    with pytest.raises(UsageError, match="is an address, and nothing is fetched"):
        run("https://github.com/example/app/actions/runs/1")
    assert run("toomanyrequests: see https://www.docker.com/increase-rate-limit").known


def test_several_files_are_explained_one_by_one(tmp_path):
    """Each under its name; words that are no files are one text."""
    for name, text in (("a.log", TEXT), ("b.log", "all is well")):
        (tmp_path / name).write_text(text)
    names = [str(tmp_path / name) for name in ("a.log", "b.log")]
    assert [(name, found.known) for name, found in run_each(names)] == [(names[0], True), (names[1], False)]
    assert [(name, found.known) for name, found in run_each(TEXT.split())] == [("", True)]
    with pytest.raises(NoSuchFile):
        list(run_each([*names, str(tmp_path / "c.log")]))
