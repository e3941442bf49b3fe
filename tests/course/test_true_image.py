"""Lesson 10: is the image what its label says?"""

from dataclasses import replace
from pathlib import Path

import pytest
from support.judged import HORN, PAIR, finding, judged

from lab import audit
from lab.course import _true_image, _true_rows
from lab.course import true_image as lesson
from lab.course._audited import audited
from lab.course._true_image import Pin
from lab.errors import Blocked, NotThere
from lab.events import BuildEvents, Vertex, Warned
from lab.model.facts import Binaries, Binary, Call, Image, Images
from lab.model.platforms import Platform
from lab.probes.host import Text

DATA = Path(__file__).parents[1] / "data" / "buildx-0.29.1"
REF = "localhost:5000/liar:1"
AMD, ARM = map(Platform.parse, PAIR)
LAMP = "/usr/bin/lamp"
ALL_TRUE = {"linux/amd64": "linux/amd64", "linux/arm64": "linux/arm64"}


def images(fact, *platforms, name=REF):
    index = fact.index(*platforms, name=name)
    rows = [Image(reference="x", digest=row.digest, platform=row.platform) for row in index.images]
    return Images(index=index, images=tuple(rows))


def programs(fact, holds, path=LAMP, ref=REF, **about):
    """Of each row's platform, the program inside; None for no such file."""
    found = [
        (Platform.parse(row), replace(fact.program(inside, path), **about) if inside else None)
        for row, inside in holds.items()
    ]
    return Binaries(reference=ref, programs=tuple(found))


def predicted(step, *facts):
    """The right answer, one of those that were offered, and its reason."""
    truth = step.predict.truth(*facts)
    assert truth.answer in step.predict.options
    assert str(truth)
    return truth.answer, truth.template


# --- three witnesses ---------------------------------------------------------------------------------------------

INDEX = f"docker buildx imagetools inspect {REF}"
CONFIG = f"{INDEX} --format {{{{json(.Image)}}}}"
PROGRAMS = "lab show --programs liar:1"
DIGESTS = f"{'1' * 64} {'2' * 64} lamp"


@pytest.mark.parametrize(
    ("output", "calls", "message"),
    [
        (DIGESTS, (INDEX, CONFIG, PROGRAMS), lesson.WITNESSES),
        (DIGESTS, (INDEX, CONFIG, f"lab audit {REF}"), lesson.WITNESSES),
        (DIGESTS, (INDEX, f"docker image inspect {REF}", PROGRAMS), lesson.WITNESSES),
        (DIGESTS, (INDEX,), lesson.ONE_WITNESS),
        (DIGESTS, (INDEX, CONFIG), lesson.ONE_WITNESS),
        (DIGESTS, (INDEX, PROGRAMS), lesson.ONE_WITNESS),
        (DIGESTS, ("cat notes.txt",), lesson.ONE_WITNESS),
        (DIGESTS, (INDEX.replace("liar", "decoy"), CONFIG.replace("liar", "decoy"), PROGRAMS), lesson.ONE_WITNESS),
        ("1" * 64 + " lamp", (INDEX, CONFIG, PROGRAMS), lesson.NOT_HEARD),
        (DIGESTS.replace("lamp", ""), (INDEX, CONFIG, PROGRAMS), lesson.NOT_HEARD),
    ],
)
def test_three_witnesses_are_heard(fact, verdict, output, calls, message):
    """Each by a command that asked it, and shown; the words alone are no witness."""
    holds = programs(fact, {"linux/amd64": "linux/amd64", "linux/arm64": "linux/amd64"})
    assert verdict(lesson.three_witnesses, images(fact, *PAIR), holds, fact.printed(output, 0, *calls)) == message


@pytest.mark.parametrize(("status", "message"), [(0, lesson.WITNESSES), (1, lesson.WITNESSES), (3, lesson.ONE_WITNESS)])
def test_an_audit_that_found_faults_has_looked(fact, verdict, status, message):
    """It ends with 1 then; one that reached no registry ends with 3 and saw nothing."""
    printed = fact.printed(DIGESTS, status, INDEX, CONFIG)
    printed = replace(printed, calls=(*printed.calls, Call(program="lab", words=("audit", REF), exit_status=status)))
    holds = programs(fact, {"linux/amd64": "linux/arm64", "linux/arm64": "linux/arm64"})
    assert verdict(lesson.three_witnesses, images(fact, *PAIR), holds, printed) == message


@pytest.mark.parametrize(
    ("holds", "answer"),
    [
        ({"linux/amd64": "linux/amd64", "linux/arm64": "linux/amd64"}, lesson.ONE),
        ({"linux/amd64": "linux/arm64", "linux/arm64": "linux/amd64"}, lesson.NONE),
        (ALL_TRUE, lesson.ALL_OF_THEM),
    ],
)
def test_how_many_are_true_is_counted(fact, holds, answer):
    """By the programs, not by what the scene was meant to be."""
    facts = images(fact, *PAIR), programs(fact, holds), fact.printed("")
    assert predicted(lesson.three_witnesses, *facts) == (answer, lesson.TRUE_PROGRAMS)


# --- what is pushed has to be true ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platforms", "holds", "about", "message"),
    [
        (PAIR, ALL_TRUE, {}, lesson.LIAR_MENDED),
        ((*PAIR, "linux/riscv64"), ALL_TRUE | {"linux/riscv64": "linux/riscv64"}, {}, lesson.LIAR_MENDED),
        (PAIR[:1], {"linux/amd64": "linux/amd64"}, {}, _true_rows.LOST_ONE),
        (PAIR[1:], {"linux/arm64": "linux/arm64"}, {}, _true_rows.LOST_ONE),
        (PAIR, {"linux/amd64": "linux/arm64", "linux/arm64": "linux/arm64"}, {}, lesson.SAME_PROGRAM),
        (PAIR, {"linux/amd64": "linux/amd64", "linux/arm64": "linux/amd64"}, {}, lesson.SAME_PROGRAM),
        (PAIR, {"linux/amd64": "linux/arm64", "linux/arm64": "linux/amd64"}, {}, _true_rows.NOT_WHAT_IT_SAYS),
        (PAIR, {"linux/amd64": "linux/amd64", "linux/arm64": "linux/arm/v7"}, {}, _true_rows.NOT_WHAT_IT_SAYS),
        (PAIR, {"linux/amd64": "linux/amd64", "linux/arm64": None}, {}, _true_rows.NO_PROGRAM),
        (PAIR, ALL_TRUE, {"kind": "script", "platform": None}, _true_rows.NO_PROGRAM),
    ],
)
def test_the_lamp_is_for_each_platform(fact, verdict, platforms, holds, about, message):
    """No platform less, no program of another machine, and a program at all."""
    before = programs(fact, {"linux/amd64": "linux/amd64", "linux/arm64": "linux/amd64"})
    facts = images(fact, *platforms), programs(fact, holds, **about), before
    assert verdict(lesson.shadow, *facts) == message


def test_which_value_won_is_read_from_the_tag_that_lies(fact):
    """One program in both images: the default. Each its own: the builder's."""
    shadowed = programs(fact, {"linux/amd64": "linux/arm64", "linux/arm64": "linux/arm64"})
    mended = images(fact, *PAIR), programs(fact, ALL_TRUE)
    assert predicted(lesson.shadow, *mended, shadowed) == (lesson.ARG_SAYS, lesson.SHADOWED)
    assert predicted(lesson.shadow, *mended, programs(fact, ALL_TRUE)) == (lesson.BUILD_SAYS, lesson.INJECTED)


# --- build checks ------------------------------------------------------------------------------------------------


def recorded(name, path="x.json"):
    return BuildEvents.from_text((DATA / f"{name}.jsonl").read_text(), path, AMD)


def busybox(**about):
    """A build on another base."""
    vertex = Vertex(digest="d", name="[linux/amd64 1/2] FROM busybox:1.38", platform=AMD, target=AMD)
    return BuildEvents(path="x.json", vertices=(vertex,), seconds=1.0, **about)


def first_platform_only(found):
    return replace(found, vertices=tuple(v for v in found.vertices if v.target != ARM))


PASSED, STOPPED, WARNED = (recorded(f"check-{name}") for name in ("passed", "error", "warned"))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (PASSED, STOPPED, lesson.FIRST_ONLY),
        (PASSED, WARNED, lesson.ONLY_WARNED),
        (PASSED, PASSED, lesson.NOT_CHECKED),
        (STOPPED, STOPPED, lesson.SAME_ORDER),
        (first_platform_only(PASSED), STOPPED, lesson.LANE_MISSING),
        (busybox(), STOPPED, lesson.OTHER_BASE_BUILT),
        (PASSED, busybox(), lesson.OTHER_BASE_BUILT),
        (PASSED, replace(STOPPED, error="failed to solve: no such file"), lesson.OTHER_FAILURE),
        (replace(PASSED, error="failed to solve: no such file"), STOPPED, lesson.OTHER_FAILURE),
        (PASSED, replace(STOPPED, warnings=(Warned(rule="WorkdirRelativePath", text="x"),)), lesson.NOT_CHECKED),
    ],
)
def test_the_check_looks_at_the_first_platform(verdict, first, second, message):
    """As it was recorded: the same build, in two orders."""
    assert verdict(lesson.single_base, first, second) == message


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        (PASSED, STOPPED, lesson.ARM_FAILS),
        (STOPPED, PASSED, lesson.AMD_FAILS),
        (STOPPED, STOPPED, lesson.BOTH_FAIL),
        (PASSED, WARNED, lesson.NONE_FAILS),
    ],
)
def test_which_order_failed_is_read(first, second, answer):
    """From the events of both builds."""
    assert predicted(lesson.single_base, first, second) == (answer, lesson.ENDED)


@pytest.mark.parametrize(("status", "blocked"), [(0, True), (1, False)])
def test_an_old_buildkit_blocks(world, monkeypatch, status, blocked):
    """A build that a check should break, and that goes through: nobody could do this step here."""
    asked = []

    def docker(_world, *words, limit):
        asked.append((words, limit))
        return status, "", "", None

    monkeypatch.setattr(_true_image.engine, "docker", docker)
    if blocked:
        with pytest.raises(Blocked, match=lesson.RULE):
            _true_image.has_the_check(world)
    else:
        _true_image.has_the_check(world)
    assert "BUILDKIT_DOCKERFILE_CHECK=error=true" in asked[0][0]


@pytest.mark.parametrize(
    ("text", "error", "silent"),
    [
        ("# check=error=true\nFROM x", True, False),
        ("#check=error=1\n", True, False),
        ("# syntax=docker/dockerfile:1\n# check=skip=JSONArgsRecommended;error=true\nFROM x", True, False),
        ("# check=skip=all;error=true\nFROM x", True, True),
        ("# check=skip=InvalidBaseImagePlatform\nFROM x", False, True),
        ("# check=error=false\nFROM x", False, False),
        ("FROM x\n# check=error=true\n", False, False),
        ("\n# check=error=true\nFROM x", False, False),
        ("# A comment.\n# check=error=true\nFROM x", False, False),
        ("# check=\nFROM x", False, False),
        ("", False, False),
    ],
)
def test_the_head_of_a_dockerfile_is_read(text, error, silent):
    """Directives stand before everything else: a comment, an empty line or an instruction ends them."""
    options = _true_image.check_options(text)
    assert (_true_image.fails_on_checks(options), _true_image.silenced(options)) == (error, silent)


def held(path, ref, *platforms):
    """A file in each platform's image; None for no such file."""
    file = Binary(path=path, kind="text") if path else None
    return Binaries(reference=ref, programs=tuple((Platform.parse(one), file) for one in platforms))


COPIED = "/note.txt"
STRICT = "# check=error=true\nFROM busybox:1.38\n"


@pytest.mark.parametrize(
    ("text", "holds", "note", "message"),
    [
        (STRICT, ALL_TRUE, COPIED, lesson.BASE_CHANGED),
        ("FROM busybox:1.38\n", ALL_TRUE, COPIED, lesson.NOT_AN_ERROR),
        ("", ALL_TRUE, COPIED, lesson.NOT_AN_ERROR),
        (STRICT.replace("error", "skip=all;error"), ALL_TRUE, COPIED, lesson.SILENCED),
        (STRICT, ALL_TRUE | {"linux/arm64": "linux/amd64"}, COPIED, _true_rows.NOT_WHAT_IT_SAYS),
        (STRICT, {"linux/amd64": "linux/amd64"}, COPIED, _true_rows.LOST_ONE),
        (STRICT, ALL_TRUE, None, _true_rows.OTHER_IMAGE),
    ],
)
def test_another_base_and_a_check_that_stays(fact, verdict, text, holds, note, message):
    """The image is true for both, and the next wrong base stops the build."""
    found = images(fact, *holds, name="localhost:5000/solo:2")
    inside = programs(fact, holds, "/bin/cat", "localhost:5000/solo:2")
    notes = held(note, "localhost:5000/solo:2", *holds)
    assert verdict(lesson.change_base, found, inside, notes, Text(path="Dockerfile", content=text)) == message


# --- pins --------------------------------------------------------------------------------------------------------

BASE = "localhost:5000/base:1"
INDEX_DIGEST = "sha256:" + "f" * 64


def pin(fact, *platforms, **about):
    index = fact.index(*platforms, name=BASE) if platforms else None
    return Pin(**{"name": f"{BASE}@{INDEX_DIGEST}", "digest": INDEX_DIGEST, "index": index, **about})


def test_a_base_is_pinned_without_a_platform(fact, verdict):
    """By the digest of an index for both; the image is true for both."""
    old = images(fact, PAIR[1], name="localhost:5000/bakery:1")
    inside = programs(fact, {PAIR[1]: PAIR[0]})

    def ask(pinned, holds=None, bread="/bread.txt"):
        found = images(fact, *PAIR, name="localhost:5000/bakery:2")
        files = held(bread, "localhost:5000/bakery:2", *PAIR)
        return verdict(lesson.pinned_child, old, inside, found, programs(fact, holds or ALL_TRUE), files, pinned)

    assert ask(pin(fact, *PAIR)) == lesson.PIN_MENDED
    assert ask(pin(fact, PAIR[1])) == lesson.STILL_ONE_ROW
    plain = replace(fact.index(PAIR[0], name=BASE), is_index=False)
    assert ask(pin(fact, index=plain)) == lesson.STILL_ONE_ROW
    assert ask(pin(fact)) == lesson.PIN_UNKNOWN
    assert ask(pin(fact, *PAIR, digest="", name=BASE)) == lesson.NOT_PINNED
    assert ask(pin(fact, *PAIR, own=False, name="busybox:1.38")) == lesson.OTHER_BASE
    assert ask(Pin(name="", own=False)) == lesson.OTHER_BASE
    assert ask(pin(fact, *PAIR), ALL_TRUE | {PAIR[1]: PAIR[0]}) == _true_rows.NOT_WHAT_IT_SAYS
    assert ask(pin(fact, *PAIR), bread=None) == _true_rows.OTHER_IMAGE
    assert predicted(lesson.pinned_child, old, inside)[0] == lesson.BY_DIGEST
    assert predicted(lesson.pinned_child, old, programs(fact, {PAIR[1]: PAIR[1]})) == (
        lesson.BY_PLATFORM,
        lesson.THE_ROW,
    )


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("FROM a:1@sha256:0\nCOPY x /x\n", "a:1@sha256:0"),
        ("from --platform=$BUILDPLATFORM a AS build\nRUN x\nFROM b\nCOPY --from=build x /x\n", "b"),
        ("FROM a AS Build\nFROM build\n", "a"),
        ("ARG BASE=a:2\nFROM ${BASE}\nARG BASE=b\n", "a:2"),
        ("ARG R=here T='3'\nFROM $R/a:$T\n", "here/a:3"),
        ("FROM $UNKNOWN\n", "$UNKNOWN"),
        ("FROM \\\n  a:4\n", "a:4"),
        ("FROM\n", ""),
        ("", ""),
    ],
)
def test_the_base_of_the_last_stage_is_found(text, base):
    """Through stages and variables; what it cannot tell stays as it is written."""
    assert _true_image.base_of(text) == base


@pytest.mark.parametrize(
    ("line", "own", "digest", "there"),
    [
        ("FROM {registry}/base:1@sha256:" + "a" * 64, True, "sha256:" + "a" * 64, True),
        ("FROM {registry}/base@sha256:" + "b" * 64, True, "sha256:" + "b" * 64, False),
        ("FROM {registry}/base:1", True, "", True),
        ("FROM {registry}/base:1@sha256:short", False, "", False),
        ("FROM busybox:1.38", False, "", False),
        ("FROM $WHAT", False, "", False),
        ("nothing", False, "", False),
    ],
)
def test_a_pin_is_looked_up(fact, world, monkeypatch, line, own, digest, there):
    """Only a base of the team's is asked for; what is no name at all is nobody's."""
    file = world.workspace / _true_image.BAKERY_FILE.name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(line.format(registry=world.registry))

    def index(name):
        def probe(_world):
            if not there:
                raise NotThere("no such thing")
            return fact.index(*PAIR, name=name)

        return probe

    monkeypatch.setattr(_true_image.registry, "index", index)
    found = _true_image.pin(world)
    assert (found.own, found.digest, found.index is not None) == (own, digest, there)


# --- a loader that is missing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("errors", "holds", "about", "message"),
    [
        ((), ALL_TRUE, {}, lesson.HORN_BLOWS),
        ((finding("no-loader"),), ALL_TRUE, {}, lesson.SAME_FAULT),
        ((finding("no-shell", "no {found}", found="/bin/sh"),), ALL_TRUE, {}, lesson.UNSOUND),
        ((finding("no-loader"),), {PAIR[0]: PAIR[0]}, {}, _true_rows.LOST_ONE),
        ((), ALL_TRUE | {PAIR[1]: PAIR[0]}, {}, _true_rows.NOT_WHAT_IT_SAYS),
        ((), ALL_TRUE | {PAIR[1]: None}, {}, lesson.NO_HORN),
        ((), ALL_TRUE, {"kind": "script", "platform": None}, lesson.NO_HORN),
    ],
)
def test_the_horn_finds_what_it_needs(fact, verdict, errors, holds, about, message):
    """The same machine, the same labels, and nothing missing any more."""
    found = images(fact, *holds, name="localhost:5000/horn:2")
    inside = programs(fact, holds, HORN, "localhost:5000/horn:2", **about)
    assert verdict(lesson.right_but_dead, judged(*errors), found, inside) == message


def test_an_audit_is_a_fact(world, monkeypatch):
    """Its errors, not its notes; blocked where the registry does not answer."""
    made = audit.Report(
        reference="r",
        digest="sha256:1",
        platforms=("linux/amd64",),
        findings=(finding("no-loader"), replace(finding("shared-base"), severity="warning")),
    )
    monkeypatch.setattr(audit, "audit", lambda *_asked, **_known: made)
    found = audited("horn:2")(world)
    assert [one.rule for one in found.errors] == ["no-loader"]
    assert found.reference.endswith("/horn:2")
    monkeypatch.setattr(audit, "audit", lambda *_asked, **_known: replace(made, blocked="It is down.", remedy="Up."))
    with pytest.raises(Blocked, match="It is down"):
        audited("horn:2")(world)
