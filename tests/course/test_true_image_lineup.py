"""Lesson 10: the line-up, and the scenes of the lesson."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.judged import PAIR, finding, judged

from lab import audit
from lab.course import _lineup, _scene, _true_image
from lab.course import true_image as lesson
from lab.course._lineup import Lineup, Suspect
from lab.course._text import ANSWER_MISSING
from lab.errors import BadInput, Blocked
from lab.images import build
from lab.model.platforms import Platform

SUSPECTS = tuple(
    Suspect(name, verdict, "" if verdict == "sound" else f"sha256:{name * 64}", f"sha256:{name}")
    for name, verdict in zip("abcdef", ("sound", "index", "config", "both", "dead", "sound"), strict=True)
)
RIGHT = "\n".join(f"{one.name} {one.verdict} {one.guilty[7:19]}" for one in SUSPECTS)


def line_up(mended="de", spoilt="", broken=""):
    """The audits: as the tags were set, with some of them mended, or sound ones changed."""
    found = []
    for one in SUSPECTS:
        wrong = one.verdict != "sound" and one.name not in mended
        errors = (finding("labels-differ"),) if wrong else ()
        digest = f"{one.digest}0" if one.name in mended + spoilt else one.digest
        found.append(judged(*errors, digest=digest, platforms=PAIR[:1] if one.name in broken else PAIR))
    return found


@pytest.mark.parametrize(
    ("text", "tags", "message"),
    [
        (RIGHT, {}, lesson.LINED_UP),
        (RIGHT.replace("config", "Configuration: sha256"), {"mended": "bcde"}, lesson.LINED_UP),
        (RIGHT.replace("a sound", "a"), {}, ANSWER_MISSING),
        (RIGHT.replace("b index", "b perhaps"), {}, lesson.VERDICT_UNCLEAR),
        (RIGHT.replace("b" * 12, ""), {}, lesson.NO_WITNESS),
        (RIGHT.replace("b" * 12, "bbbb"), {}, lesson.NO_WITNESS),
        (RIGHT.replace("b" * 12, "c" * 12), {}, lesson.WITNESS_WRONG),
        (RIGHT.replace("d both", "d index"), {}, lesson.VERDICTS_WRONG),
        (RIGHT.replace("a sound", "a both 1234567"), {}, lesson.VERDICTS_WRONG),
        (RIGHT.replace("d both dddddddddddd", "d sound"), {}, lesson.VERDICTS_WRONG),
        (RIGHT, {"spoilt": "a"}, lesson.CHANGED_A_GOOD_ONE),
        (RIGHT, {"mended": "d"}, lesson.TOO_FEW_MENDED),
        (RIGHT, {"mended": ""}, lesson.TOO_FEW_MENDED),
        (RIGHT, {"broken": "d"}, lesson.TOO_FEW_MENDED),
    ],
)
def test_six_verdicts_with_their_witnesses(fact, verdict, text, tags, message):
    """A guess has no digest, a digest of a sound image is no witness, and two wrong tags are sound by now."""
    assert verdict(lesson.line_up, fact.answers(text), Lineup(suspects=SUSPECTS), *line_up(**tags)) == message


FOUND = {
    "sound": set(),
    "index": {"labels-differ", "entrypoint-foreign"},
    "config": {"labels-differ"},
    "both": {"entrypoint-foreign"},
    "dead": {"no-loader"},
}


@pytest.mark.parametrize("seed", [1, 2, 3, 40])
def test_each_suspect_is_what_the_audit_says(world, tmp_path, seed):
    """The tool finds what the exercise says is there, in the image whose digest is the witness, and nothing else."""
    made = _lineup._made(replace(world, seed=seed))
    assert sorted(suspect.verdict for suspect, _ in made) == sorted([*FOUND, "sound"])
    for suspect, index in made:
        build.write_layout(tmp_path / suspect.name, index)
        report = audit.audit(str(tmp_path / suspect.name))
        errors = [one for one in report.findings if one.severity == "error"]
        assert {one.rule for one in errors} == FOUND[suspect.verdict]
        assert report.digest == suspect.digest == index.digest
        rows = {row.digest for row in index.manifests}
        assert suspect.guilty in ({""} if suspect.verdict == "sound" else rows)


def test_each_learner_has_an_order_of_their_own(world):
    """Answers cannot be passed on; the same learner has the same again."""
    orders = {tuple(one.verdict for one in _lineup.lineup(replace(world, seed=n)).suspects) for n in range(12)}
    assert len(orders) > 6
    assert _lineup.lineup(world) == _lineup.lineup(world)


@pytest.mark.parametrize(
    ("answer", "verdict", "digest"),
    [
        ("both sha256:1A2B3C4D", "both", "1a2b3c4d"),
        ("dead, witness 1234567", "dead", "1234567"),
        ("the configuration deadbeef0", "config", "deadbeef0"),
        ("sound", "sound", ""),
        ("1234567", "", "1234567"),
        ("", "", ""),
    ],
)
def test_an_answer_is_read(answer, verdict, digest):
    """A verdict and a digest, in whatever words."""
    assert (_lineup.said(answer), _lineup.digest(answer)) == (verdict, digest)


@pytest.mark.parametrize("there", [True, False])
def test_what_was_made_without_an_engine_is_pushed_once(world, monkeypatch, there):
    """To the registry's own address on this machine, and never over what is there."""
    pushed = []
    monkeypatch.setattr(_scene, "missing", lambda _world, _tag: not there)
    monkeypatch.setattr(_scene.build, "push", lambda *asked: pushed.append(asked))
    index = _true_image.base()
    _scene.put(replace(world, mirror="127.0.0.1:9"), "base:1", index)
    assert pushed == ([] if there else [("127.0.0.1:9", "base", "1", index)])


def test_a_registry_that_refuses_blocks(world, monkeypatch):
    """It is not the learner's fault."""

    def refuse(*_asked):
        raise BadInput("The registry said no.", "Another one.")

    monkeypatch.setattr(_scene, "missing", lambda _world, _tag: True)
    monkeypatch.setattr(_scene.build, "push", refuse)
    with pytest.raises(Blocked, match="said no"):
        _scene.put(world, "base:1", _true_image.base())


@pytest.mark.parametrize("seed", range(6))
def test_the_dockerfiles_are_the_learners_own(world, monkeypatch, seed):
    """The liar's default and the bakery's pin are for one of the two platforms; what builds the tags is what was given."""
    own = replace(world, seed=seed)
    built = []

    def push(_world, tag, platform, folder, *, file, options=()):
        built.append((tag, platform, folder, Path(file).read_text(), options))

    monkeypatch.setattr(_scene, "push", push)
    monkeypatch.setattr(_scene, "missing", lambda _world, _tag: True)
    monkeypatch.setattr(_scene, "name", lambda _world, *tags: built.append(tags))
    monkeypatch.setattr(_scene, "put", lambda _world, tag, manifest: built.append((tag, manifest)))
    _true_image.liar(own)
    _true_image.solo(own)
    _true_image.bakery(own)
    laid = {one.name: (own.workspace / one.name).read_text() for one in FILES}
    assert [tag for tag, *_ in built] == ["liar:amd64", "liar:arm64", "liar:1", "solo:1", "base:1", "bakery:1"]
    assert built[0][3] == built[1][3] == laid[_true_image.LIAR_FILE.name]
    assert built[3][4] == ("--provenance=false",)
    assert f"FROM {own.registry}/solo:1" in laid[_true_image.SOLO_FILE.name]
    assert built[5][3] == laid[_true_image.BAKERY_FILE.name]
    rows = {row.digest: Platform.of(row.platform["os"], row.platform["architecture"]) for row in built[4][1].manifests}
    assert rows[built[5][3].split()[1].partition("@")[2]] != built[5][1]


def test_an_address_that_has_changed_is_put_right(world, monkeypatch):
    """The registry may be at another one after `lab up`; all else in the learner's file stays."""
    monkeypatch.setattr(_scene, "missing", lambda _world, _tag: False)
    _true_image.solo(replace(world, registry="10.0.0.1:5001"))
    file = world.workspace / _true_image.SOLO_FILE.name
    file.write_bytes(b"# check=error=true\n" + file.read_bytes() + b"# \xff 10.0.0.1:5001/other:1\n")
    _true_image.solo(world)
    text = file.read_bytes()
    assert f"FROM {world.registry}/solo:1\n".encode() in text
    assert text.startswith(b"# check=error=true\n")
    assert text.endswith(b"# \xff 10.0.0.1:5001/other:1\n")
    file.unlink()
    file.mkdir()
    with pytest.raises(Blocked):
        _true_image.solo(world)


FILES = (_true_image.LIAR_FILE, _true_image.SOLO_FILE, _true_image.BAKERY_FILE)
