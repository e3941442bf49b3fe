"""The learner's copy: made once, never overwritten, put back on request with a copy of what was there."""

import errno
from pathlib import Path

import pytest

from lab.course import workspace
from lab.errors import Blocked
from lab.probes.here import learners_folder


def test_all_lessons_and_files_are_copied(tmp_path):
    """Byte for byte, programs with their x bit."""
    copied = workspace.start(tmp_path / "w")
    assert set(copied.new) == set(workspace.sources())
    assert copied.kept == ()
    for name, source in workspace.sources().items():
        assert (tmp_path / "w" / name).read_bytes() == source.read_bytes()
        assert bool((tmp_path / "w" / name).stat().st_mode & 0o100) == bool(source.stat().st_mode & 0o100)


def test_what_is_there_stays_as_it_is(tmp_path):
    """A second start brings back only what is missing."""
    workspace.start(tmp_path)
    mine, gone, *_ = sorted(tmp_path.glob("*.ipynb"))
    mine.write_text("my own notes")
    gone.unlink()
    copied = workspace.start(tmp_path)
    assert copied.new == (gone.name,)
    assert mine.read_text() == "my own notes"


def test_a_link_that_leads_nowhere_is_the_learners(tmp_path):
    """It is not written through."""
    name = next(iter(workspace.sources()))
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    workspace.start(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_a_folder_that_cannot_be_written_is_blocked(tmp_path, monkeypatch, number):
    """One clear line that names the place, and no half of a file under its own name."""

    def refuse(_source, target):
        raise OSError(number, "refused", str(target))

    monkeypatch.setattr(workspace.shutil, "copyfile", refuse)
    with pytest.raises(Blocked, match="cannot be written: refused"):
        workspace.start(tmp_path / "w")
    assert not [path for path in (tmp_path / "w").rglob("*") if path.is_file()]


def test_a_file_where_the_folder_should_be_is_blocked(tmp_path):
    """The same, for a name that is taken."""
    (tmp_path / "w").write_text("")
    with pytest.raises(Blocked, match="lab start DIR"):
        workspace.start(tmp_path / "w")


def test_restoring_keeps_what_the_learner_wrote(tmp_path):
    """Each time under another name; an unchanged file is left alone."""
    workspace.start(tmp_path)
    name = "files/machine/answers.txt"
    file, source = tmp_path / name, workspace.sources()[name].read_bytes()
    assert workspace.restore(tmp_path, [name]) == []
    for text in ("first", "second"):
        file.write_text(text)
        assert f"{name}: restored" in workspace.restore(tmp_path, [name])
        assert file.read_bytes() == source
    assert sorted(path.read_text() for path in file.parent.glob("answers.txt.mine-*")) == ["first", "second"]


def test_a_terminal_in_another_folder_finds_the_copy_again(tmp_path, monkeypatch):
    """The last one that was started; a folder that is one itself comes first."""
    workspace.start(tmp_path / "one")
    monkeypatch.chdir(tmp_path)
    assert learners_folder() == tmp_path / "one"
    workspace.start(tmp_path / "two")
    assert learners_folder() == tmp_path / "two"
    monkeypatch.chdir(tmp_path / "one")
    assert learners_folder() == tmp_path / "one"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"path": 3}'])
def test_a_damaged_memory_of_the_folder_falls_back(tmp_path, monkeypatch, content):
    """The default place, as if nothing had been remembered."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "learner").mkdir()
    (tmp_path / "learner" / "workspace.json").write_text(content)
    assert learners_folder() == Path.home() / "multiplatform-lab"
