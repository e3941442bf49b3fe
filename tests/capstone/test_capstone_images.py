"""P1, P2 and P4 from literal facts."""

import pytest

from lab.course.capstone import images
from lab.course.capstone._faults import IMAGES
from lab.course.capstone._held import PROGRAMS, Fleet, Held
from lab.course.capstone.images import Bases, Kept, survey_from
from lab.course.clinic import _rows
from lab.course.cross_compile import NO_LEVEL, TOO_NEW
from lab.model.facts import Binaries, Binary, Image, Images, Index, Manifest
from lab.model.platforms import Platform

ALL = ("linux/amd64", "linux/arm64", "linux/arm/v6")
PINNED = Bases(named=tuple((f"{one}/Dockerfile", f"r/base:2@sha256:{'a' * 64}") for one in ("horn", "log")))
NOTE = "HORN_KEY=B-flat"


def held(name, platforms=ALL, env=(NOTE,), version="2-rc", *, attested=True, **programs):
    """An image whose programs are for their platforms, but for those that are named: `arm64="amd64"`."""
    rows = [
        Manifest(digest=f"sha256:{f'{number}a' * 32}", platform=Platform.parse(one))
        for number, one in enumerate(platforms, 1)
    ]
    reference = f"r/lighthouse/{name}:{version}"
    about = [("vnd.docker.reference.type", "attestation-manifest")]
    notes = [
        Manifest(
            digest=f"sha256:{f'{number}b' * 32}",
            platform=Platform("unknown", "unknown"),
            annotations=(*about, ("vnd.docker.reference.digest", row.digest)),
        )
        for number, row in enumerate(rows, 1)
    ]
    index = Index(
        reference=reference,
        digest=f"sha256:{'f' * 64}",
        media_type="application/vnd.oci.image.index.v1+json",
        is_index=True,
        manifests=(*rows, *(notes if attested else [])),
    )
    found = tuple(Image(reference=reference, digest=row.digest, platform=row.platform, env=env) for row in rows)
    paths = PROGRAMS[name]
    return Held(
        name=name,
        images=Images(index=index, images=found),
        programs=tuple(Binaries(reference=reference, programs=tuple(each(rows, path, programs))) for path in paths),
    )


def each(rows, path, programs):
    for row in rows:
        of = programs.get(str(row.platform).removeprefix("linux/").replace("/", "_"), str(row.platform)[6:])
        platform = Platform("linux", "arm") if of == "plain arm" else Platform.parse(f"linux/{of or 'amd64'}")
        yield row.platform, Binary(path=path, kind="elf", platform=platform) if of else None


def fleet(*changed):
    """Three sound images, but for those that are given."""
    known = {one.name: one for one in changed}
    return Fleet(images=tuple(known.get(name) or held(name) for name in IMAGES))


OLD = Fleet(images=tuple(held(name, ALL[:2], version="1", arm64="amd64") for name in IMAGES))


def table(**changed):
    """The right survey of OLD, with some rows changed: `lamp_amd64="false 1a1a"`."""
    rows = []
    for name in IMAGES:
        right = {"amd64": f"true {'1a' * 6}", "arm64": f"false {'2a' * 6}", "arm_v6": "absent -"}
        for platform, words in right.items():
            verdict, witness = (changed.get(f"{name}_{platform}") or words).split()
            rows.append(f"| {name}:1 | linux/{platform.replace('_', '/')} | {verdict} | {witness} |")
    rows.append(f"| lamp:1 | unknown/unknown | {changed.get('notes', 'harmless')} | |")
    rows.append(f"| horn/Dockerfile | HORN_KEY | {changed.get('key', 'harmless')} | |")
    return survey_from("\n".join(rows))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (table(), None),
        (table(lamp_amd64=f"TRUE sha256:{'1a' * 32}"), None),
        (table(horn_arm64="true 2a2a2a2a2a2a"), images.WRONG_VERDICT),
        (table(log_arm_v6="true 2a2a2a2a2a2a"), images.WRONG_VERDICT),
        (table(log_amd64="absent -"), images.WRONG_VERDICT),
        (table(lamp_amd64="true 2a2a2a2a2a2a"), images.WRONG_WITNESS),
        (table(lamp_amd64="true 1a1a"), images.WRONG_WITNESS),
        (table(lamp_arm64="false -"), images.WRONG_WITNESS),
        (table(horn_amd64="? -"), images.SURVEY_OPEN),
        (table(horn_amd64="maybe -"), images.WORD_UNKNOWN),
        (table(horn_amd64="harmless -"), images.WORD_UNKNOWN),
        (table(notes="?"), images.SURVEY_OPEN),
        (table(notes="fault"), images.DECOY_BLAMED),
        (table(key="false"), images.DECOY_BLAMED),
        (table(key="true"), images.WORD_UNKNOWN),
        (survey_from("no table"), images.SURVEY_OPEN),
    ],
)
def test_a_survey_has_verdicts_and_witnesses(says, written, message):
    """Each wrong row has its own words, and none says the right verdict."""
    assert says(images.survey.step, written, OLD) == message


def test_the_survey_says_what_is_so():
    """With digests."""
    proof = images.survey.step.check(table(), OLD)
    assert proof.template == images.SURVEYED
    assert "3 are true, 3 false and 3 absent" in str(proof)
    assert "sha256:" in str(proof)


@pytest.mark.parametrize("text", ["", "|||||", "| a | b | c | d | e | f |", "|" * 5000, "| \x00 | \ud800 | ? |"])
def test_no_table_breaks_the_reading(text):
    """Whatever stands in the file."""
    assert survey_from(text).of("lamp:1", "linux/amd64") == ("", "")


@pytest.mark.parametrize(
    ("found", "bases", "message"),
    [
        (fleet(), PINNED, None),
        (fleet(), Bases(named=(("log/Dockerfile", "scratch"),)), None),
        (fleet(held("log", ALL[:2])), PINNED, _rows.PLATFORM_ABSENT),
        (fleet(held("lamp", ALL[1:])), PINNED, _rows.LOST_ONE),
        (fleet(held("lamp", arm64="amd64")), PINNED, _rows.NOT_WHAT_IT_SAYS),
        (fleet(held("horn", arm_v6="amd64")), PINNED, _rows.NOT_WHAT_IT_SAYS),
        (fleet(held("log", arm64=None)), PINNED, _rows.NO_PROGRAM),
        (fleet(held("lamp", arm_v6="arm/v7")), PINNED, TOO_NEW),
        (fleet(held("lamp", arm_v6="plain arm")), PINNED, NO_LEVEL),
        (fleet(), Bases(named=(("log/Dockerfile", "r/base:2"),)), images.NOT_PINNED),
        (fleet(), Bases(named=(("log/Dockerfile", ""),)), images.NOT_PINNED),
        (fleet(held("horn", attested=False)), PINNED, images.NOTES_GONE),
        (fleet(held("horn", env=("PATH=/",))), PINNED, images.KEY_GONE),
        (fleet(held("log", env=())), PINNED, None),
    ],
)
def test_the_candidate_is_true_and_nothing_harmless_was_mended(says, found, bases, message):
    """Rows, programs, pins; and both decoys."""
    assert says(images.three_rows.step, found, bases) == message


def test_the_candidate_is_proven_with_digests():
    """For the report."""
    proof = images.three_rows.step.check(fleet(), PINNED)
    assert proof.template == images.THREE_TRUE
    assert str(proof).count("sha256:") == 3


D, E = f"sha256:{'d' * 64}", f"sha256:{'e' * 64}"


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([("r/lamp:1", D, D, 0)], None),
        ([("r/horn:1", D, D, 0), ("r/lamp:1", D, E, 0)], images.MOVED),
        ([("r/lamp:1", D, "", 3)], images.GONE),
        ([("r/lamp:1", D, D, 1)], images.BROKEN),
    ],
)
def test_version_one_stays(says, found, message):
    """Its tags, and all that they lead to."""
    kept = Kept(images=tuple(found))
    assert says(images.version_kept.step, kept) == message
    if message is None:
        assert images.version_kept.step.check(kept).template == images.UNTOUCHED
