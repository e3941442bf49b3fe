"""What is laid out: six of ten faults, a history, old tags; the same for the same learner."""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import lighthouse

from lab.course import capstone
from lab.course.capstone import _faults, _history, _laid, _mended, _stock, _texts
from lab.course.capstone._faults import FAULTS, IMAGES, planted
from lab.errors import Blocked
from lab.images import program
from lab.images.build import Manifest


def test_six_of_ten_by_the_learners_number(world):
    """Each fault is met by some learner, and by others not; all ten have a text of their own."""
    own = world()
    assert len(FAULTS) == len(set(FAULTS)) == 10
    seen = [planted(world(seed)) for seed in range(40)]
    assert all(len(one) == 6 for one in seen)
    assert frozenset.union(*seen) == set(FAULTS)
    assert not frozenset.intersection(*seen)
    assert planted(own) == planted(world(1))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_in_one_file(world, fault):
    """Planted alone, it changes just one file of the repository, and the file says so."""
    clean, broken = (_texts.repository(world(), faults) for faults in ((), (fault,)))
    assert len([name for name in clean if clean[name] != broken[name]]) == 1


def test_another_number_counts_after_a_reset_only(world):
    """What was begun stays what it was."""
    _faults.begin(world(1))
    assert planted(world(2)) == planted(world(1))
    (begun,) = {_faults.begun(world().home)}
    assert begun.seed == 1
    _faults.begin(world(2))
    assert _faults.begun(world().home) == begun
    _faults.forget(world().home)
    assert _faults.begun(world().home) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"began": 1}', '{"began": "2026-01-01", "seed": "x"}', "null"])
def test_a_damaged_beginning_is_none(world, text):
    """Half a file spoils nothing."""
    (world().home / "capstone.json").write_text(text, encoding="utf-8")
    assert _faults.begun(world().home) is None


def test_old_tags_have_the_same_digests_each_time(world):
    """P4 compares with them; they follow from the number alone."""
    assert [_stock.version_one(world(3), one).digest for one in IMAGES] == [
        _stock.version_one(world(3), one).digest for one in IMAGES
    ]


def test_version_one_has_the_faults_in_it(world):
    """What the argument, the stage, the names and the pin have done is in the images of the other platform."""
    for seed in range(12):
        own = world(seed)
        faults = planted(own)
        for image, of in (("lamp", {"argument"}), ("horn", {"stage", "tools"}), ("log", {"pinned"})):
            amd, arm = (_layers(one) for one in _stock.version_one(own, image).manifests[:2])
            assert bool(of & faults) == bool(amd & arm - _shared(image))


def _layers(image: Manifest):
    return {blob.digest for blob in image.blobs if "layer" in blob.media_type}


def _shared(image):
    """The tides are the same for all."""
    return {_texts_layer()} if image == "log" else set()


def _texts_layer():
    from lab.images import build

    return build.layer({"tides.txt": (b"high 06:12\nlow 12:31\n", 0o644)}).digest


def test_the_list_of_versions_has_what_is_in_use_and_what_is_left_over(world):
    """A cleaner that deletes the list breaks version 1."""
    own = _stock.stock(world())
    digests = {line.split()[1] for line in own.listed.splitlines()}
    assert {one.digest for one in own.left_over.values()} < digests
    assert {row.digest for row in own.tags["log"]["1"].manifests} < digests


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_the_history_has_fourteen_commits_and_ends_with_the_files(world, tmp_path):
    """By invented people; nothing is left uncommitted."""
    files = _texts.repository(world())
    _history.lay(tmp_path / "lighthouse", files)

    def git(*words):
        return subprocess.run(["git", *words], cwd=tmp_path / "lighthouse", capture_output=True, text=True, check=True)

    log = git("log", "--format=%an %ae").stdout.splitlines()
    assert len(log) == len(_history.COMMITS) == 14
    assert all(line.endswith("@lighthouse.example") for line in log)
    assert git("status", "--short").stdout == ""
    laid = {str(path.relative_to(tmp_path / "lighthouse")) for path in (tmp_path / "lighthouse").rglob("*")
            if path.is_file() and ".git" not in path.parts}  # fmt: skip
    assert laid == set(files)
    assert all((tmp_path / "lighthouse" / name).read_bytes() == text for name, text in files.items())


def test_without_git_there_are_the_files_alone(world, tmp_path, monkeypatch):
    """And it is said."""
    monkeypatch.setattr(_history.shutil, "which", lambda _name: None)
    _history.lay(tmp_path / "lighthouse", _texts.repository(world()))
    assert not (tmp_path / "lighthouse" / ".git").exists()
    assert (tmp_path / "lighthouse" / "horn/vendor/siren-armv6l").stat().st_mode & 0o100


def test_a_repository_is_laid_whole_or_not_at_all(world, tmp_path, monkeypatch):
    """Where git fails in between, the next start begins anew; it says what git has said."""
    files = _texts.repository(world())
    fails = subprocess.CalledProcessError(128, ["git"], stderr=b"fatal: no space left")

    def git(_place, number, *_words):
        if number == 3:
            raise fails

    with monkeypatch.context() as patched:
        patched.setattr(_history, "_git", git)
        patched.setattr(_history.shutil, "which", lambda _name: "git")
        with pytest.raises(Blocked, match="no space left"):
            _history.lay(tmp_path / "lighthouse", files)
    assert not (tmp_path / "lighthouse").exists()
    _history.lay(tmp_path / "lighthouse", files)
    assert (tmp_path / "lighthouse/README.md").is_file()


def test_a_folder_that_cannot_be_written_blocks(world, tmp_path):
    """One clear line."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Blocked, match="cannot be written"):
        _history.lay(tmp_path / "file" / "lighthouse", _texts.repository(world()))


def test_the_pis_program_is_for_its_processor():
    """A static program for ARMv6 that says so."""
    content = _stock.program(_faults.V6)
    found = program.read(io.BytesIO(content), "siren")
    assert (found.platform, found.interpreter) == (_faults.V6, "")
    assert b"hello from arm/v6" in content


def lay(own):
    """The files, without an engine."""
    _history.lay(own.workspace / _laid.REPOSITORY, _texts.repository(own))
    for name, content in _texts.beside(own).items():
        (own.workspace / _laid.FOLDER / name).write_bytes(content)


def test_what_was_changed_is_known(world):
    """Untouched work is thrown away by a reset, other work is kept."""
    own = world()
    lay(own)
    assert not _laid.changed(own)
    lighthouse.write(own, lighthouse.mended(own))
    assert _laid.changed(own)


@pytest.mark.parametrize("name", ["lighthouse/new.txt", "survey.md"])
def test_a_new_file_and_a_note_are_changes(world, name):
    """Also where the repository itself is as it was."""
    own = world()
    lay(own)
    (own.workspace / "capstone" / name).write_text("mine\n", encoding="utf-8")
    assert _laid.changed(own)


@pytest.mark.parametrize("name", ["release.sh", "clean.sh", "horn/pick.sh"])
def test_the_scripts_are_sound_shell(name, tmp_path):
    """As the solutions write them; the strangers' are at least shell."""
    script = tmp_path / "script.sh"
    shellcheck = Path(sys.executable).parent / "shellcheck"
    script.write_text(_mended.texts()[name], encoding="utf-8")
    subprocess.run([shellcheck, "--severity=warning", script], check=True)
    for fault in FAULTS:
        script.write_text(_mended.texts((fault,))[name], encoding="utf-8")
        subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.parametrize("step", capstone.steps().values(), ids=lambda one: one.name)
def test_solutions_are_sound_shell(step):
    """`bash -n` reads each."""
    subprocess.run(["bash", "-n"], input=step.solution, text=True, check=True)


def test_the_letter_names_no_fault():
    """It says what is wanted; what is wrong is to be found."""
    told = _texts.LETTER.lower()
    assert not [word for word in ("targetarch", "goarm", "uname", "platforms =", "nodeselector") if word in told]
