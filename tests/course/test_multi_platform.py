"""Lesson 7: one tag for everyone?"""

from dataclasses import replace
from pathlib import Path

import pytest

from lab import course
from lab.course import _multi_platform, _pushed
from lab.course import multi_platform as lesson
from lab.course._pushed import Unpushed
from lab.course._text import COMMAND_FAILED
from lab.events import BuildEvents, Vertex
from lab.model.facts import Binaries, Image, Images
from lab.model.platforms import Platform

PAIR = ("linux/amd64", "linux/arm64")
ALL = (*PAIR, "linux/arm/v7")
REF = "localhost:5000/buildx-test"
ASKED = f"docker buildx imagetools inspect {REF}"
BUILT = "docker buildx build --platform linux/amd64,linux/arm64 -t"


def images(fact, *platforms, cmd=lesson.COMMAND, name=REF):
    index = fact.index(*platforms, name=name, attested=2)
    each = tuple(
        Image(reference="x", digest=row.digest, platform=row.platform, cmd=cmd, layers=(f"sha256:{'b' * 64}",))
        for row in index.images
    )
    return Images(index=index, images=each)


def test_the_command_that_tells_the_image_is_that_of_the_lessons_dockerfile():
    """Else a right build would be called another one."""
    text = (course.lessons_dir() / "files" / "multi-platform" / "Dockerfile").read_text()
    assert "CMD [" + ", ".join(f'"{word}"' for word in lesson.COMMAND) + "]" in text
    assert lesson.COPIED in text


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (PAIR, None),
        (ALL, None),  # as it is after the exercise
        (PAIR[:1], lesson.REPLACED),
        (PAIR[1:], lesson.REPLACED),
        (("linux/amd64", "linux/arm/v7"), lesson.REPLACED),
        ((*PAIR, "linux/riscv64"), lesson.TOO_MANY),
    ],
)
def test_both_platforms_and_none_that_no_step_asks_for(fact, says, platforms, message):
    """One list with these two, or with the exercise's third; attestations do not count."""
    assert says(lesson.multi_push, images(fact, *platforms)) == message


def test_the_pass_names_the_index_and_its_images(fact):
    """What was proven, with digests."""
    proof = lesson.multi_push.check(images(fact, *PAIR))
    assert proof.template == lesson.ONE_INDEX
    assert proof.values["rows"] == "linux/amd64 (111111111111), linux/arm64 (222222222222)"


def test_the_replaced_platform_is_explained(fact):
    """Two pushes after one another: the message says what a push does."""
    problem = lesson.multi_push.check(images(fact, "linux/amd64"))
    assert "replaces" in str(problem)
    assert problem.values["found"] == "linux/amd64"


def test_another_image_for_the_right_platforms_is_another_image(fact, says):
    """Each image has to be that of the lesson's folder."""
    other = images(fact, *ALL, cmd=("uname", "-m"))
    assert says(lesson.multi_push, other) == lesson.OTHER_IMAGE
    assert says(lesson.add_third, other) == lesson.OTHER_IMAGE
    assert says(lesson.add_third, images(fact, *ALL, cmd=())) == lesson.OTHER_IMAGE


@pytest.mark.parametrize(
    ("built", "message"),
    [((REF,), _pushed.NOT_PUSHED), (("localhost:5000/buildx-tets",), _pushed.OTHER_NAME)],
)
def test_what_was_built_and_is_not_there_is_told(says, built, message):
    """A forgotten push, and a misspelt name."""
    assert says(lesson.multi_push, Unpushed(reference=REF, built=built)) == message


KEPT = Image(reference="localhost:5000/both", digest=f"sha256:{'d' * 64}", platform=Platform.parse(PAIR[0]))
LOADED = f"{BUILT} {KEPT.reference} --load files/multi-platform"
SEVERAL = Path(__file__).parent.parent / "data" / "engine-26.1.5"


def load_both(fact, output, image, *called, status=0, store="containerd"):
    """The facts of that step."""
    printed = fact.printed(output, 0, *called)
    calls = tuple(replace(call, exit_status=status) for call in printed.calls)
    return (
        replace(fact.engine, store=store),
        lesson.Kept(name=KEPT.reference, image=image),
        replace(printed, calls=calls),
    )


def test_each_image_store_gives_an_answer(fact, says):
    """The containerd store keeps both; the classic one refuses, whichever builder builds."""
    assert says(lesson.load_both, *load_both(fact, "", KEPT, LOADED)) is None
    for name in ("several.txt", "load-several.txt"):
        refused = (SEVERAL / name).read_text()
        facts = load_both(fact, refused, None, LOADED, status=1, store="classic")
        assert says(lesson.load_both, *facts) is None
        assert lesson.load_both.check(*facts).template == lesson.STORE_CANNOT


def test_a_build_that_says_nothing_of_the_store_is_no_answer(fact, says):
    """One platform, another name, a result that was thrown away, a slip."""
    alone = f"docker buildx build --platform linux/amd64 --load -t {KEPT.reference} ."
    assert says(lesson.load_both, *load_both(fact, "", KEPT, alone)) == lesson.NO_SUCH_BUILD
    assert says(lesson.load_both, *load_both(fact, "", KEPT, f"{BUILT} {REF} .")) == lesson.NO_SUCH_BUILD
    assert says(lesson.load_both, *load_both(fact, "", None, LOADED)) == lesson.NOT_KEPT
    slip = 'ERROR: path "no-such-folder" not found'
    assert says(lesson.load_both, *load_both(fact, slip, None, LOADED, status=1)) == lesson.OTHER_REFUSAL


def events(*platforms, error="", text="COPY greeting.txt /greeting.txt", cached=False):
    steps = tuple(
        Vertex(
            digest=f"sha256:{number:064x}",
            name=f"[{name} 2/2] {text}",
            target=Platform.parse(name),
            kind="copy",
            step="2/2",
            text=text,
            cached=cached,
            error=error and (error, "canceled")[number],
        )
        for number, name in enumerate(platforms)
    )
    return BuildEvents(path="build.json", vertices=steps, seconds=1.0, native=Platform.parse("linux/amd64"))


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (events(*PAIR), None),
        (events(*ALL), None),
        (events("linux/arm64"), lesson.ONE_LANE),
        (events(), lesson.ONE_LANE),
        (events(*PAIR, error="failed to solve: not found"), lesson.BUILD_FAILED),
        (events(*PAIR, text="COPY note.txt /note.txt"), lesson.OTHER_BUILD),
        (events(*PAIR, cached=True), lesson.ALL_CACHED),
    ],
)
def test_the_events_of_a_build_for_both(says, found, message):
    """One lane for each platform, in which the lesson's file was copied, and no error."""
    assert says(lesson.read_events, found) == message


@pytest.mark.parametrize(("name", "message"), [("copy", None), ("cached", lesson.ALL_CACHED)])
def test_recorded_events(says, name, message):
    """As buildx printed them, with the cache and without."""
    text = (SEVERAL.parent / "buildx-0.29.1" / f"{name}.jsonl").read_text()
    found = BuildEvents.from_text(text, "build.json", Platform.parse("linux/amd64"))
    assert says(lesson.read_events, found) == message


def test_every_digest_of_the_list_was_seen(fact, says):
    """Short digests are fine; one of two is not."""
    found = images(fact, *PAIR)
    first, second = (row.digest for row in found.index.images)
    assert says(lesson.registry_rows, found, fact.printed(f"{first}\n{second[:19]}\n", 0, ASKED)) is None
    short = f"{first[7:19]} {second[7:19]}"
    assert says(lesson.registry_rows, found, fact.printed(short, 0, "lab show buildx-test")) is None
    assert says(lesson.registry_rows, found, fact.printed(short[:-1], 0, ASKED)) == lesson.LIST_NOT_SEEN
    assert says(lesson.registry_rows, found, fact.printed(first, 0, ASKED)) == lesson.LIST_NOT_SEEN
    assert says(lesson.registry_rows, found, fact.printed(f"{first} {second}", 1, ASKED)) == COMMAND_FAILED


def test_the_registry_was_asked_for_this_list(fact, says):
    """The engine's own copy, another tag and printed words are not the registry's answer."""
    found = images(fact, *PAIR)
    both = " ".join(row.digest for row in found.index.images)
    for asked in ("true", f"docker image inspect {REF}", f"{ASKED}:other", "lab show other"):
        assert says(lesson.registry_rows, found, fact.printed(both, 0, asked)) == lesson.REGISTRY_NOT_ASKED


def test_a_list_that_was_right_before_the_third_platform_came_is_right(fact, says):
    """The exercise pushes the tag again, with new digests perhaps; without it, an old list is an old list."""
    then = fact.printed(f"linux/amd64 {'7' * 64}\nlinux/arm64 {'8' * 64}\n", 0, ASKED)
    assert says(lesson.registry_rows, images(fact, *ALL), then) is None
    assert lesson.registry_rows.check(images(fact, *ALL), then).template == lesson.ROWS_THEN
    assert says(lesson.registry_rows, images(fact, *PAIR), then) == lesson.LIST_NOT_SEEN
    one = fact.printed(f"linux/amd64 {'7' * 64}", 0, ASKED)
    assert says(lesson.registry_rows, images(fact, *ALL), one) == lesson.LIST_NOT_SEEN


PROGRAMS = "lab show --programs buildx-test"


@pytest.mark.parametrize(
    ("inside", "output", "status", "asked", "message"),
    [
        (PAIR, "linux/amd64 linux/arm64", 0, PROGRAMS, None),
        (ALL, "linux/amd64 linux/arm64", 0, PROGRAMS, None),  # the third came later
        (PAIR, "linux/amd64 linux/arm64", 0, f"lab audit {REF}", None),
        (("linux/amd64", "linux/amd64"), "linux/amd64 linux/arm64", 0, PROGRAMS, lesson.NOT_WHAT_IT_SAYS),
        (("linux/amd64", None), "linux/amd64 linux/arm64", 0, PROGRAMS, lesson.NOT_WHAT_IT_SAYS),
        (PAIR, "linux/amd64", 0, PROGRAMS, lesson.NOT_READ),
        (PAIR, "linux/amd64 linux/arm64", 1, PROGRAMS, COMMAND_FAILED),
        (PAIR, "linux/amd64 linux/arm64", 0, "lab show buildx-test", lesson.LABELS_ONLY),
        (PAIR, "linux/amd64 linux/arm64", 0, "lab show --programs other", lesson.LABELS_ONLY),
    ],
)
def test_each_program_is_for_the_platform_of_its_entry(fact, says, inside, output, status, asked, message):
    """The header decides, and somebody has to have read it: a label that lies fails, so does an image without a program."""
    programs = tuple(
        (Platform.parse(row), fact.program(real) if real else None) for row, real in zip(ALL, inside, strict=False)
    )
    binaries = Binaries(reference=REF, programs=programs)
    assert says(lesson.true_programs, binaries, fact.printed(output, status, asked)) == message


def test_other_ways_to_read_a_program_inside_an_image(fact, says):
    """In a container, or from a copy that was taken out."""
    programs = tuple((Platform.parse(name), fact.program(name)) for name in PAIR)
    binaries, seen = Binaries(reference=REF, programs=programs), "x86-64 AArch64 amd64 arm64"
    inside = fact.printed(seen, 0, f"docker run --rm {REF} od -An -tx1 -N20 /bin/busybox")
    copied = fact.printed(seen, 0, f"docker create {REF}", "docker cp c:/bin/busybox .", "readelf -h busybox")
    assert says(lesson.true_programs, binaries, inside) is None
    assert says(lesson.true_programs, binaries, copied) is None
    assert says(lesson.true_programs, binaries, fact.printed(seen, 0, f"docker pull {REF}")) == lesson.LABELS_ONLY


@pytest.mark.parametrize(
    ("ran", "output", "message"),
    [
        ((REF, f"{REF}:latest"), "called:\nx86_64\ncalled:\naarch64\n", None),
        ((REF,), "x86_64\n", lesson.ONE_ANSWER_ONLY),
        ((REF,), "x86_64\naarch64\n", lesson.NOT_RUN),
        (("busybox:1.38", "busybox:1.38"), "x86_64\naarch64\n", lesson.NOT_RUN),
        ((), "x86_64\naarch64\n", lesson.NOT_RUN),
        ((REF, REF), "x86_64\nexec /bin/sh: exec format error\n", lesson.FORMAT_ERROR_SEEN),
    ],
)
def test_both_images_answered(fact, says, ran, output, message):
    """Both machines' names, from two containers of this image."""
    index = fact.index(*PAIR, name=REF)
    assert says(lesson.run_each, index, fact.ran(*ran), fact.printed(output)) == message


def test_a_container_that_ended_badly_did_not_answer(fact):
    """Its exit status tells."""
    facts = (fact.index(*PAIR, name=REF), fact.ran(REF, REF, exit_status=1), fact.printed("x86_64 aarch64"))
    assert lesson.run_each.check(*facts).template == lesson.NOT_RUN
    good = (facts[0], fact.ran(REF, REF), facts[2])
    assert lesson.run_each.check(*good).template == lesson.BOTH_RAN


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (ALL, None),
        (("linux/arm/v7",), lesson.LOST_ONE),
        (("linux/amd64", "linux/arm/v7"), lesson.LOST_ONE),
        (PAIR, lesson.NOT_ADDED),
        ((*PAIR, "linux/arm/v6"), lesson.NOT_ADDED),
        ((*ALL, "linux/386"), lesson.TOO_MANY),
    ],
)
def test_the_third_joins_the_first_two(fact, says, platforms, message):
    """All three, no fewer and no more."""
    assert says(lesson.add_third, images(fact, *platforms)) == message


def test_the_proofs_say_what_was_seen(fact):
    """Counts, platforms, digests and names."""
    shown = lesson.read_events.check(events(*PAIR))
    assert shown.template == lesson.EVENTS_SHOW
    assert shown.values["count"] == "0"
    rows = " ".join(row.digest for row in images(fact, *PAIR).index.images)
    listed = lesson.registry_rows.check(images(fact, *PAIR), fact.printed(rows, 0, ASKED))
    assert listed.template == lesson.ROWS_LISTED
    assert listed.values["count"] == "2"
    kept = lesson.load_both.check(*load_both(fact, "", KEPT, LOADED))
    assert kept.template == lesson.STORE_KEEPS
    assert kept.values["digest"] == "sha256:dddddddddddd…"
    programs = tuple((Platform.parse(name), fact.program(name)) for name in PAIR)
    true = lesson.true_programs.check(
        Binaries(reference=REF, programs=programs), fact.printed("amd64 arm64", 0, PROGRAMS)
    )
    assert true.template == lesson.PROGRAMS_TRUE
    assert "program for linux/arm64" in true.values["programs"]


def test_the_picture_comes_from_the_facts():
    """The timeline shows the platforms that are there, and only those."""
    assert "linux/arm64" in lesson.read_events.picture(events(*PAIR)).text
    assert "linux/arm64" not in lesson.read_events.picture(events("linux/amd64")).text


TEAM = "localhost:5000/team"
AMD, ARM = map(Platform.parse, PAIR)
SCENE = lesson.Scene(lost=ARM, left=AMD)


def inside(*pairs):
    """Programs by what the index says of them."""
    return Binaries(reference=TEAM, programs=tuple((Platform.parse(row), program) for row, program in pairs))


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (PAIR, None),
        (ALL, None),
        (PAIR[:1], lesson.STILL_LOST),
        (PAIR[1:], lesson.SWAPPED),
        (("linux/arm/v7",), lesson.STILL_LOST),
        ((*PAIR, "linux/386"), lesson.TOO_MANY),
    ],
)
def test_the_lost_platform_is_back(fact, says, platforms, message):
    """Beside the one that was left, which another push for one platform would take away."""
    true = inside(*((name, fact.program(name)) for name in platforms))
    assert says(lesson.mend_team, images(fact, *platforms, name=TEAM), true, SCENE) == message


def test_what_is_back_is_the_image_and_no_label(fact, says):
    """Another folder's image mends nothing, nor does an image for the wrong machine under the right name."""
    true = inside(*((name, fact.program(name)) for name in PAIR))
    other = images(fact, *PAIR, cmd=("uname", "-m"), name=TEAM)
    assert says(lesson.mend_team, other, true, SCENE) == lesson.OTHER_IMAGE
    false = inside(*((name, fact.program(PAIR[0])) for name in PAIR))
    assert says(lesson.mend_team, images(fact, *PAIR, name=TEAM), false, SCENE) == lesson.NOT_WHAT_IT_SAYS


def test_the_mended_tag_says_what_was_lost(fact):
    """And lists what is there now."""
    true = inside(*((name, fact.program(name)) for name in PAIR))
    proof = lesson.mend_team.check(images(fact, *PAIR, name=TEAM), true, SCENE)
    assert (proof.template, proof.values["platform"]) == (lesson.TEAM_MENDED, "linux/arm64")
    assert "linux/amd64 (111111111111)" in str(proof)


def noted(found, *platforms):
    """The same images, and for those of these platforms an attestation that names its image."""
    rows = [row for row in found.index.manifests if not row.is_attestation]
    note = (("vnd.docker.reference.type", "attestation-manifest"),)
    for row in rows[:]:
        if str(row.platform) in platforms:
            about = (*note, (_multi_platform.ATTESTED_IMAGE, row.digest))
            rows.append(replace(row, digest=f"sha256:{'9' * 64}", platform=None, annotations=about))
    return replace(found, index=replace(found.index, manifests=tuple(rows)))


@pytest.mark.parametrize("step", ["add_third", "mend_team"])
def test_it_is_good_where_each_image_has_its_attestation(fact, step):
    """One that was built without it is right all the same; an attestation of another image counts for none."""
    good, found = getattr(lesson, step).good, images(fact, *PAIR, name=TEAM)
    assert good(noted(found, *PAIR)).template == _multi_platform.EACH_ATTESTED
    assert str(good(noted(found, *PAIR))).startswith("Each of the 2 images under")
    lost = good(noted(found, PAIR[0]), fact.engine, SCENE)
    assert (lost.template, lost.values["platform"]) == (_multi_platform.NOT_ATTESTED, PAIR[1])
    assert good(found).template == _multi_platform.NOT_ATTESTED


def asked(step, *facts):
    """The truth of a step's prediction: the answer, one of those that were offered, and why."""
    found = step.predict.truth(*facts)
    assert found.answer in (step.predict.options or (found.answer,))
    return found.answer, found.template


def test_what_the_tag_stands_for(fact):
    """A list, the image that was pushed last, or a single one: as the registry has it."""
    two, one = images(fact, *PAIR), images(fact, PAIR[0])
    plain = replace(one, index=replace(one.index, is_index=False))
    assert asked(lesson.multi_push, two) == (_multi_platform.A_LIST, _multi_platform.BEHIND)
    assert asked(lesson.multi_push, one) == (_multi_platform.LAST_ONE, _multi_platform.BEHIND)
    assert asked(lesson.multi_push, plain) == (_multi_platform.ONE_FOR_BOTH, _multi_platform.BEHIND)
    assert "with 1 image: linux/amd64" in str(lesson.multi_push.predict.truth(one))


def test_whether_the_engine_keeps_both(fact):
    """What it has decides."""
    assert asked(lesson.load_both, *load_both(fact, "", KEPT, LOADED)) == ("yes", lesson.STORE_KEEPS)
    assert asked(lesson.load_both, *load_both(fact, "", None, LOADED, store="classic")) == ("no", lesson.STORE_CANNOT)


def ran_on(vertex):
    """The same step as a RUN of its own platform's."""
    return replace(vertex, kind="run", platform=vertex.target, started=0.0)


def test_how_many_steps_needed_an_emulator():
    """None of a copy; each foreign RUN does."""
    assert asked(lesson.read_events, events(*PAIR)) == ("none", _multi_platform.LANES)
    ran = replace(events(PAIR[1]), vertices=tuple(ran_on(one) for one in events(PAIR[1]).vertices))
    assert asked(lesson.read_events, ran) == ("all", _multi_platform.LANES)
    both = replace(ran, vertices=(*ran.vertices, *events(PAIR[0]).vertices))
    assert asked(lesson.read_events, both) == ("some", _multi_platform.LANES)
    assert "have 2 steps, and 1 of them" in str(lesson.read_events.predict.truth(both))


def test_how_long_the_list_is(fact):
    """Attestations count."""
    found, printed = images(fact, *PAIR), fact.printed("")
    assert asked(lesson.registry_rows, found, printed) == ("4", _multi_platform.ENTRIES)
    bare = replace(found, index=replace(found.index, manifests=found.index.images))
    assert asked(lesson.registry_rows, bare, printed) == ("2", _multi_platform.ENTRIES)
    assert "lists 2 images and 0 attestations" in str(lesson.registry_rows.predict.truth(bare, printed))
