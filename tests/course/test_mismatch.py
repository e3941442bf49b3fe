"""Lesson 3: why does it not run over there?"""

from dataclasses import replace

import pytest

from lab import course
from lab.course import _mismatch, recall
from lab.course import mismatch as lesson
from lab.course._text import ANSWER_MISSING
from lab.model.facts import Call, Image, Images

# as printed by engine 28.5.2
WARNING = (
    "WARNING: The requested image's platform (linux/arm64) does not match the detected host platform "
    "(linux/amd64/v4) and no specific platform was requested\n"
)
REFUSED = "exec /bin/uname: exec format error\n"
NO_MATCH = (
    "Error response from daemon: no matching manifest for linux/amd64 in the manifest list entries: "
    "no match for platform in manifest: not found\n"
)
TAG = "any:latest"


def plain(index):
    """The same tag as one image and no index."""
    return replace(index, is_index=False)


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (["linux/arm64"], lesson.ONE_FOR_THE_OTHER),
        (["linux/amd64"], lesson.NOT_THE_OTHER),
        (["linux/amd64", "linux/arm64"], lesson.NOT_THE_OTHER),
        (["linux/arm/v7"], lesson.NOT_THE_OTHER),
    ],
)
def test_the_image_is_for_the_other_platform(fact, verdict, platforms, message):
    """On a PC that is arm64, and arm64 alone."""
    assert verdict(lesson.foreign_image, fact.pc, fact.index(*platforms)) == message


def test_on_a_mac_the_other_platform_is_amd64(fact, says):
    """The lesson reads the same on both kinds of machine."""
    assert says(lesson.foreign_image, fact.mac, fact.index("linux/amd64")) is None
    assert says(lesson.foreign_image, fact.mac, fact.index("linux/arm64")) == lesson.NOT_THE_OTHER


def pulled(fact, output, call, status):
    """A try of `plain_pull` with one call that ended so."""
    program, *words = call.split()
    return replace(fact.printed(output), calls=(Call(program=program, words=tuple(words), exit_status=status),))


@pytest.mark.parametrize(
    ("output", "call", "status", "message"),
    [
        (NO_MATCH, f"docker pull {TAG}", 1, lesson.PULL_REFUSED),
        (NO_MATCH, f"docker image pull --quiet {TAG}", 1, lesson.PULL_REFUSED),
        (NO_MATCH, f"docker run --rm --pull always {TAG}", 125, lesson.PULL_REFUSED),
        (NO_MATCH, "docker pull other:latest", 1, lesson.NOT_PULLED),
        (NO_MATCH, "docker buildx imagetools inspect any", 0, lesson.NOT_PULLED),
        (NO_MATCH, "uname -m", 0, lesson.NOT_PULLED),
        (NO_MATCH, f"docker pull --platform linux/amd64 {TAG}", 1, lesson.PLATFORM_NAMED),
        (f"{TAG}\n", f"docker pull --platform=linux/arm64 {TAG}", 0, lesson.PLATFORM_NAMED),
        (f"{TAG}\n", f"docker pull {TAG}", 0, lesson.NO_MATCH_UNSEEN),
    ],
)
def test_an_index_without_this_platform_is_not_pulled(fact, verdict, output, call, status, message):
    """The refusal counts where it was the answer to a pull of that tag that named no platform."""
    index = fact.index("linux/arm64", attested=1)
    assert verdict(lesson.plain_pull, fact.pc, index, pulled(fact, output, call, status)) == message


@pytest.mark.parametrize(
    ("output", "call", "status", "message"),
    [
        (f"{TAG}\n", f"docker pull {TAG}", 0, lesson.PULLED_UNMATCHED),
        (REFUSED, f"docker run --pull always {TAG}", 1, lesson.PULLED_UNMATCHED),
        ("no such host\n", f"docker pull {TAG}", 1, lesson.PULL_FAILED),
        ("no such host\n", f"docker run {TAG}", 125, lesson.PULL_FAILED),
    ],
)
def test_one_plain_image_is_pulled_whatever_it_is_for(fact, verdict, output, call, status, message):
    """What the classic store's own builder pushes: no attestation, so no index."""
    index = plain(fact.index("linux/arm64"))
    assert verdict(lesson.plain_pull, fact.pc, index, pulled(fact, output, call, status)) == message


@pytest.mark.parametrize(
    ("output", "ran", "message"),
    [
        (WARNING + REFUSED, TAG, lesson.WARNED),
        (WARNING + "aarch64\n", TAG, lesson.WARNED),
        (REFUSED, TAG, lesson.NO_WARNING),
        ("x86_64\n", TAG, lesson.NO_WARNING),
        (WARNING, TAG, lesson.NOTHING_RAN),
        (WARNING + "x86_64\n", TAG, lesson.NOTHING_RAN),
        (WARNING + REFUSED, "busybox:1.38", _mismatch.NO_CONTAINER),
        (WARNING + REFUSED, None, _mismatch.NO_CONTAINER),
    ],
)
def test_the_warning_and_what_follows(fact, verdict, output, ran, message):
    """With an emulator the program answers, without one the kernel refuses: both are the truth."""
    containers = fact.ran(*([ran] if ran else []), exit_status=1)
    index = plain(fact.index("linux/arm64"))
    assert verdict(lesson.see_warning, fact.pc, index, fact.printed(output), containers) == message


def test_an_index_is_not_what_is_warned_about(fact, says):
    """Nor is an image for this machine."""
    seen = fact.printed(WARNING + REFUSED), fact.ran(TAG)
    assert says(lesson.see_warning, fact.pc, fact.index("linux/arm64", attested=1), *seen) == lesson.STILL_A_LIST
    assert says(lesson.see_warning, fact.pc, plain(fact.index("linux/amd64")), *seen) == lesson.NOT_THE_OTHER


@pytest.mark.parametrize(
    ("platform", "output", "ran", "message"),
    [
        ("linux/s390x", WARNING + REFUSED, [TAG], lesson.MAINFRAME_REFUSED),
        ("linux/s390x", WARNING + "s390x\n", [TAG], lesson.MAINFRAME_ANSWERED),
        ("linux/s390x", REFUSED, [TAG], lesson.NO_WARNING),
        ("linux/s390x", WARNING, [TAG], lesson.NO_FORMAT_ERROR),
        ("linux/s390x", WARNING + REFUSED, [], _mismatch.NO_CONTAINER),
        ("linux/amd64", WARNING + REFUSED, [TAG], lesson.NOT_THE_MAINFRAME),
    ],
)
def test_the_mainframe_is_refused(fact, verdict, platform, output, ran, message):
    """The refusal itself, or, on an engine with that emulator too, its answer."""
    seen = fact.printed(output), fact.ran(*ran, exit_status=255)
    assert verdict(lesson.see_exec_format_error, fact.index(platform), *seen) == message


@pytest.mark.parametrize(
    ("output", "ran", "message"),
    [
        (REFUSED + "exit status: 1\n", [TAG], lesson.NO_LONGER_WARNED),
        ("aarch64\nexit status: 0\n", ["busybox:1.38", TAG], lesson.NO_LONGER_WARNED),
        (WARNING + REFUSED, [TAG], lesson.WARNED_ALL_THE_SAME),
        ("docker: no matching manifest\n", [], lesson.NO_OUTCOME),
        ("aarch64\n", ["busybox:1.38"], _mismatch.NO_CONTAINER),
    ],
)
def test_platform_silences_the_warning_only(fact, verdict, output, ran, message):
    """The outcome does not change, the warning goes."""
    seen = fact.index("linux/arm64"), fact.printed(output), fact.ran(*ran, exit_status=1)
    assert verdict(lesson.say_platform, fact.pc, *seen) == message


def test_on_a_mac_it_is_amd64_that_answers(fact, says):
    """As a Linux machine of that platform names itself."""
    seen = fact.index("linux/amd64"), fact.printed("x86_64\nexit status: 0\n"), fact.ran(TAG)
    assert says(lesson.say_platform, fact.mac, *seen) is None
    assert says(lesson.say_platform, fact.mac, seen[0], fact.printed("amd64\n"), seen[2]) == lesson.NO_OUTCOME
    assert says(lesson.say_platform, fact.pc, *seen) == lesson.NO_OUTCOME


# The digests that `fact.index` gives: the tag's own, and that of its only row.
OWN, ROW = "f" * 12, "1" * 12
RED, GREEN, BLUE = f"red arm64 {ROW}", f"green s390x sha256:{ROW}", f"blue amd64 {OWN}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{RED}\n{GREEN}\n{BLUE}\nruns blue", lesson.THREE_TAGS),
        (
            f"runs: Blue\nred: linux/aarch64 ({ROW})\ngreen:\tsha256:{ROW}…, linux/s390x\nBLUE = x86_64\t{OWN.upper()}",
            lesson.THREE_TAGS,
        ),
        (f"{RED}\n{GREEN}\n{BLUE}", ANSWER_MISSING),
        (f"red x86 {ROW}\n{GREEN}\n{BLUE}\nruns blue", lesson.ANSWER_UNREADABLE),
        (f"red {ROW}\n{GREEN}\n{BLUE}\nruns blue", lesson.ANSWER_UNREADABLE),
        (f"red arm64\n{GREEN}\n{BLUE}\nruns blue", lesson.DIGEST_MISSING),
        (f"red amd64\n{GREEN}\nblue arm64\nruns blue", lesson.DIGEST_MISSING),
        (f"red arm64 111111\n{GREEN}\n{BLUE}\nruns blue", lesson.DIGEST_MISSING),
        (f"red amd64 {ROW}\n{GREEN}\nblue amd64 2222222\nruns red", lesson.DIGEST_WRONG),
        (f"red amd64 {ROW}\n{GREEN}\nblue arm64 {OWN}\nruns blue", lesson.ANSWER_WRONG),
        (f"{RED}\n{GREEN}\n{BLUE}\nruns red", lesson.RUNS_WRONG),
        (f"{RED}\n{GREEN}\n{BLUE}\nruns all", lesson.RUNS_UNKNOWN),
    ],
)
def test_which_of_the_three(fact, verdict, text, message):
    """Three platforms, each with a digest as its witness, and the one that is mine."""
    tags = [fact.index(platform) for platform in ("linux/arm64", "linux/s390x", "linux/amd64")]
    assert verdict(lesson.which_runs, fact.pc, fact.answers(text), *tags) == message


MENU = ("cat", "/menu.txt")


def tag(index, *commands):
    """The index, and an image for each row that starts so."""
    rows = zip(index.images, commands, strict=True)
    images = [Image(reference="x", digest=row.digest, platform=row.platform, cmd=cmd) for row, cmd in rows]
    return Images(index=index, images=tuple(images))


@pytest.mark.parametrize(
    ("platforms", "commands", "message"),
    [
        (["linux/amd64", "linux/arm64"], [MENU, MENU], lesson.KIOSK_MENDED),
        (["linux/arm64", "linux/amd64", "linux/s390x"], [MENU, MENU, ("sh",)], lesson.KIOSK_MENDED),
        (["linux/arm64"], [MENU], lesson.STILL_REFUSED),
        (["linux/arm64", "linux/s390x"], [MENU, MENU], lesson.STILL_REFUSED),
        (["linux/amd64"], [MENU], lesson.OTHER_LOST),
        (["linux/amd64", "linux/arm64"], [MENU, ("sh",)], lesson.NOT_THE_KIOSK),
        (["linux/amd64", "linux/arm64"], [(), MENU], lesson.NOT_THE_KIOSK),
    ],
)
def test_the_kiosk_serves_both_machines(fact, verdict, platforms, commands, message):
    """Mine and my colleague's, with the kiosk's own program."""
    assert verdict(lesson.mend_kiosk, fact.pc, tag(fact.index(*platforms), *commands)) == message


def test_a_plain_image_is_no_way_out(fact, verdict):
    """The engine pulls it, and then cannot run it."""
    foreign = plain(fact.index("linux/arm64"))
    assert verdict(lesson.mend_kiosk, fact.pc, tag(foreign, MENU)) == lesson.ONLY_PULLED


def predicted(step, *facts):
    """The right answer, one of those that were offered, and its reason."""
    truth = step.predict.truth(*facts)
    assert truth.answer in step.predict.options
    assert str(truth)
    return truth.answer, truth.template


@pytest.mark.parametrize(
    ("output", "answer"),
    [(NO_MATCH, (_mismatch.REFUSES, _mismatch.WAS_REFUSED)), (f"{TAG}\n", (_mismatch.PULLS, _mismatch.WAS_PULLED))],
)
def test_what_a_plain_pull_does(fact, output, answer):
    """An index is refused, a plain image (of a classic store's builder) is not."""
    assert predicted(lesson.plain_pull, fact.pc, fact.index("linux/arm64"), fact.printed(output)) == answer


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        (WARNING + REFUSED, (_mismatch.PULLS_AND_WARNS, _mismatch.WAS_WARNED)),
        ("x86_64\n", (_mismatch.PULLS, _mismatch.WAS_NOT_WARNED)),
    ],
)
def test_what_becomes_of_a_plain_image(fact, output, answer):
    """It is warned about where the platforms differ."""
    seen = plain(fact.index("linux/arm64")), fact.printed(output), fact.ran(TAG)
    assert predicted(lesson.see_warning, fact.pc, *seen) == answer


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        (REFUSED, _mismatch.QUIET_FAILS),
        ("aarch64\n", _mismatch.QUIET_RUNS),
        (WARNING + REFUSED, _mismatch.WARNED_FAILS),
        (WARNING + "aarch64\n", _mismatch.WARNED_RUNS),
    ],
)
def test_what_naming_the_platform_changes(fact, output, answer):
    """The warning and the outcome are two things."""
    seen = fact.index("linux/arm64"), fact.printed(output), fact.ran(TAG)
    assert predicted(lesson.say_platform, fact.pc, *seen) == (answer, _mismatch.ONLY_CHOSE)


def recalled(stem):
    """The questions about a lesson that the next ones ask, by name."""
    return {one.name: one for one in recall.questions() if one.about == stem and one.lesson == "emulation"}


def test_what_is_asked_of_this_lesson_is_what_its_steps_prove(fact, verdict):
    """Each answer is the one that literal facts give."""
    asked = recalled("mismatch")
    refused = fact.index("linux/arm64", attested=1), pulled(fact, NO_MATCH, f"docker pull {TAG}", 1)
    assert verdict(lesson.plain_pull, fact.pc, *refused) == lesson.PULL_REFUSED
    assert "no row" in asked["who-said-no-matching-manifest"].answer
    warned = plain(fact.index("linux/arm64")), fact.printed(WARNING + "aarch64\n"), fact.ran(TAG)
    assert verdict(lesson.see_warning, fact.pc, *warned) == lesson.WARNED
    assert "emulator" in asked["warning-and-it-runs"].answer
    chosen = fact.index("linux/arm64"), fact.printed(REFUSED), fact.ran(TAG, exit_status=1)
    assert verdict(lesson.say_platform, fact.pc, *chosen) == lesson.NO_LONGER_WARNED
    assert "chooses" in asked["run-platform"].answer


@pytest.mark.parametrize("stem", ["mismatch", "emulation"])
def test_the_lesson_opens_with_questions_on_earlier_ones(stem):
    """At least three, each with its answer among the options and with a step of the lesson that it is about."""
    stems = [one.stem for one in course.lessons()]
    questions = recall.opening(stem)
    assert len(questions) >= 3
    for one in questions:
        assert one.answer in one.options
        assert 2 <= len(set(one.options)) == len(one.options) <= 5
        assert stems.index(one.about) < stems.index(stem)
        assert one.source in {step.name for step in course.lesson(one.about).steps}
    assert len(recall.frame(stem).points) == 3
