"""Lesson 2: what did my build make?"""

from dataclasses import replace

import pytest

from lab.course import one_platform as lesson
from lab.course._pushed import NOT_PUSHED, OTHER_NAME, Unpushed
from lab.course._text import COMMAND_FAILED
from lab.model.facts import Call, Image, Images
from lab.model.platforms import Platform
from lab.probes.rehearsal import Rehearsed

RIGHT = "rows 1\nplatform linux/arm/v7"
NAME = "localhost:5000/build-test:latest"
OFFERS = "docker buildx imagetools inspect localhost:5000/build-test"


def images(index, *platforms):
    """An index and its images; the configurations say what the rows say where nothing else is given."""
    said = map(Platform.parse, platforms) if platforms else [row.platform for row in index.images]
    rows = zip(index.images, said, strict=True)
    return Images(index=index, images=tuple(Image(reference=NAME, digest=row.digest, platform=p) for row, p in rows))


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (["linux/amd64"], None),
        (["linux/arm64"], lesson.FOREIGN_PLATFORM),
        (["linux/amd64", "linux/arm64"], lesson.SEVERAL_PLATFORMS),
        ([], lesson.NO_PLATFORM),
    ],
)
def test_a_plain_build_is_for_this_machine_alone(fact, says, platforms, message):
    """One row, and it is mine."""
    assert says(lesson.build_test, fact.pc, fact.index(*platforms)) == message


def test_attestations_are_no_platform(fact, says):
    """`unknown/unknown` beside the image is not counted."""
    assert says(lesson.build_test, fact.pc, fact.index("linux/amd64", attested=1)) is None


def test_on_a_mac_the_engine_is_linux(fact, says):
    """A Mac's build is for linux/arm64, not darwin/arm64."""
    assert says(lesson.build_test, fact.mac, fact.index("linux/arm64")) is None
    assert says(lesson.build_test, fact.mac, fact.index("linux/amd64")) == lesson.FOREIGN_PLATFORM


@pytest.mark.parametrize("step", ["build_test", "predict"])
def test_built_and_not_pushed_is_told(fact, says, step):
    """Under its own name, or under another one."""
    about = {"build_test": lambda t: (fact.pc, t), "predict": lambda t: (t, fact.answers(RIGHT))}[step]
    built, slip = Unpushed(reference=NAME, built=(NAME,)), Unpushed(reference=NAME, built=("build-tset:latest",))
    assert says(getattr(lesson, step), *about(built)) == NOT_PUSHED
    assert says(getattr(lesson, step), *about(slip)) == OTHER_NAME


@pytest.mark.parametrize(
    ("output", "status", "message"),
    [
        ("linux/amd64\n", 0, None),
        ('"Architecture": "amd64",\n', 0, None),
        ("linux\n", 0, lesson.CONFIG_NOT_SEEN),
        ("linux/arm64\n", 0, lesson.CONFIG_NOT_SEEN),
        ("linux/amd64\n", 1, COMMAND_FAILED),
    ],
)
def test_the_configuration_names_the_platform(fact, says, output, status, message):
    """The architecture of the image must have been printed."""
    tagged = images(fact.index("linux/amd64", name=NAME))
    printed = fact.printed(output, status, "docker image inspect localhost:5000/build-test")
    assert says(lesson.image_config, tagged, printed) == message


@pytest.mark.parametrize(
    "call",
    [
        "docker inspect localhost:5000/build-test:latest",
        "docker image inspect ffffffffffff",
        f"{OFFERS} --format {{{{json.Image}}}}",
        "skopeo inspect --config docker://localhost:5000/build-test",
    ],
)
def test_the_configuration_may_be_read_in_the_engine_or_the_registry(fact, says, call):
    """By the tag or by the image's digest; `imagetools` shows it where its template asks for it."""
    tagged = images(fact.index("linux/amd64", name=NAME))
    assert says(lesson.image_config, tagged, fact.printed("amd64", 0, call)) is None


@pytest.mark.parametrize(
    "call",
    [
        "uname -sm",
        "docker version",
        "docker image inspect busybox",
        "docker image inspect fff",
        OFFERS,
        "lab show build-test",
    ],
)
def test_another_thing_that_names_amd64_is_no_configuration(fact, says, call):
    """The machine, the engine and the registry's list use the same words."""
    tagged = images(fact.index("linux/amd64", name=NAME))
    assert says(lesson.image_config, tagged, fact.printed("linux/amd64", 0, call)) == lesson.CONFIG_NOT_READ


def test_the_configuration_counts_and_not_the_row(fact, says):
    """With `FROM --platform` in the Dockerfile the list says one thing and the configuration another."""
    tagged = images(fact.index("linux/amd64", name=NAME), "linux/arm64")
    call = "docker image inspect localhost:5000/build-test"
    assert says(lesson.image_config, tagged, fact.printed("linux/arm64", 0, call)) is None
    assert says(lesson.image_config, tagged, fact.printed("linux/amd64", 0, call)) == lesson.CONFIG_NOT_SEEN


@pytest.mark.parametrize(
    ("output", "status", "message"),
    [
        ("  Platform: linux/amd64\n", 0, None),
        ("@sha256:111111111111\n", 0, None),
        ("Digest: sha256:ffffffffffff\n", 0, lesson.LIST_NOT_SEEN),
        ("linux/amd64\n", 1, COMMAND_FAILED),
    ],
)
def test_the_registrys_list_is_known_by_its_rows(fact, says, output, status, message):
    """A platform or the digest of an image; the digest of the list alone says nothing of what is in it."""
    index = fact.index("linux/amd64", name=NAME, attested=1)
    assert says(lesson.registry_list, index, fact.printed(output, status, OFFERS)) == message


@pytest.mark.parametrize(
    "call",
    [
        "docker image inspect localhost:5000/build-test",
        "uname -m",
        "lab show other",
        "docker buildx imagetools inspect busybox",
    ],
)
def test_what_did_not_come_from_the_registry_is_not_its_list(fact, says, call):
    """With the containerd store the engine's Id is the very digest that the registry has."""
    index = fact.index("linux/amd64", name=NAME)
    printed = fact.printed(f"linux/amd64 {index.manifests[0].digest}", 0, call)
    assert says(lesson.registry_list, index, printed) == lesson.REGISTRY_NOT_ASKED


@pytest.mark.parametrize("call", ["lab show build-test", "crane manifest localhost:5000/build-test"])
def test_any_client_may_ask_the_registry(fact, says, call):
    """What counts is who answered."""
    assert says(lesson.registry_list, fact.index("linux/amd64", name=NAME), fact.printed("amd64", 0, call)) is None


@pytest.mark.parametrize(
    ("platforms", "text", "message"),
    [
        (["linux/arm/v7"], RIGHT, None),
        (["linux/arm/v7"], "platform: armhf\nrows = 1", None),
        (["linux/amd64"], RIGHT, lesson.NOT_FOR_THE_PI),
        (["linux/arm/v6"], RIGHT, lesson.NOT_FOR_THE_PI),
        (["linux/amd64", "linux/arm/v7"], RIGHT, lesson.NOT_FOR_THE_PI),
        (["linux/arm/v7"], "rows 1", lesson.PREDICTION_MISSING),
        (["linux/arm/v7"], "rows 1\nplatform arm", lesson.PREDICTED_NO_VARIANT),
        (["linux/arm/v7"], "rows 2\nplatform linux/arm/v7", lesson.PREDICTED_ROWS),
        (["linux/arm/v7"], "rows 1\nplatform linux/arm64", lesson.PREDICTED_PLATFORM),
    ],
)
def test_prediction_and_build_must_agree(fact, says, platforms, text, message):
    """The tag must be for the Pi, and the prediction must be what came out."""
    assert says(lesson.predict, fact.index(*platforms, attested=1), fact.answers(text)) == message


def test_a_pass_says_what_was_proven(fact):
    """The tag with its platform and digest; with the classic store it is one image and no index."""
    index, pi = fact.index("linux/amd64", name=NAME, attested=1), fact.index("linux/arm/v7", name=NAME)
    alone = replace(fact.index("linux/amd64", name=NAME), is_index=False)
    seen = fact.printed("linux/amd64", 0, OFFERS)
    config = fact.printed("amd64", 0, "docker inspect localhost:5000/build-test")
    proofs = [
        (lesson.build_test.check(fact.pc, index), lesson.ONE_IMAGE, "sha256:111111111111…"),
        (lesson.image_config.check(images(index), config), lesson.CONFIG_SAYS, "linux/amd64"),
        (lesson.registry_list.check(index, seen), lesson.IS_AN_INDEX, "Attestations: 1."),
        (lesson.registry_list.check(alone, seen), lesson.IS_AN_IMAGE, "linux/amd64"),
        (lesson.predict.check(pi, fact.answers(RIGHT)), lesson.AS_PREDICTED, "linux/arm/v7"),
    ]
    assert all(proof.template == template and named in str(proof) for proof, template, named in proofs)


def test_of_json_the_first_line_that_says_something_is_shown(fact):
    """`[` and `{` tell nobody what was found; where there is nothing else, they are what there was."""
    index = fact.index("linux/amd64", name=NAME)
    for output, found in (('[\n    {\n  "Id": "sha256:0"\n', '  "Id": "sha256:0"'), ("[\n]\n", "["), ("", "nothing")):
        assert lesson.registry_list.check(index, fact.printed(output)).values["found"] == found


@pytest.mark.parametrize(
    ("platforms", "answer", "template"),
    [
        (["linux/amd64"], "This machine's", lesson.MACHINES_OWN),
        (["linux/arm64"], "linux/amd64, on every machine", lesson.NOT_MACHINES_OWN),
        (["linux/amd64", "linux/arm64"], "All that the base image has", lesson.NOT_MACHINES_OWN),
    ],
)
def test_who_chose_the_platform_is_found_in_the_tag(fact, platforms, answer, template):
    """The truth of the prediction comes from the registry and the machine."""
    truth = lesson.build_test.predict.truth(fact.pc, fact.index(*platforms))
    assert (truth.answer, truth.template) == (answer, template)
    assert answer in lesson.build_test.predict.options


def test_what_a_tag_is_depends_on_the_image_store(fact):
    """An index with a note on it, an index alone, or one image."""
    noted, alone = fact.index("linux/amd64", attested=1), fact.index("linux/amd64")
    truths = [lesson.registry_list.predict.truth(one, None) for one in (noted, alone, replace(alone, is_index=False))]
    assert [truth.answer for truth in truths] == list(reversed(lesson.registry_list.predict.options))
    assert [truth.template for truth in truths] == [lesson.ROWS_OF_AN_INDEX] * 2 + [lesson.ROWS_OF_AN_IMAGE]
    assert str(truths[0]).endswith("Attestations beside them: 1.")


NIGHTLY = "localhost:5000/build-test:nightly"


def night(*builds, status=0):
    """What the script would build: pairs of a command's words and the variable."""
    calls = [(Call(program="docker", words=tuple(words.split()), exit_status=0), default) for words, default in builds]
    return Rehearsed(path=lesson.SCRIPT, status=status, builds=tuple(calls))


PLAIN = f"build -t {NIGHTLY} --push ."


@pytest.mark.parametrize(
    ("builds", "offered", "message"),
    [
        ([(PLAIN, "")], "linux/amd64", None),
        ([(f"{PLAIN} --platform linux/amd64", "linux/arm64")], "linux/amd64", None),
        ([(PLAIN, "linux/arm64")], "linux/amd64", lesson.NIGHTLY_STILL_TOLD),
        ([(f"{PLAIN} --platform=linux/arm64", "linux/amd64")], "linux/amd64", lesson.NIGHTLY_STILL_TOLD),
        ([(f"{PLAIN} --platform linux/amd64,linux/arm64", "")], "linux/amd64", lesson.NIGHTLY_STILL_TOLD),
        ([(PLAIN, "")], "linux/arm64", lesson.NIGHTLY_NOT_RUN),
        ([("build -t other .", "")], "linux/amd64", lesson.NIGHTLY_BUILDS_NOTHING),
        ([], "linux/amd64", lesson.NIGHTLY_BUILDS_NOTHING),
    ],
)
def test_the_nightly_build_is_right_when_the_script_and_the_tag_are(fact, says, builds, offered, message):
    """What the script would build next time, and what the registry has of the last time."""
    assert says(lesson.mend_nightly, fact.pc, night(*builds), fact.index(offered, name=NIGHTLY)) == message


def test_a_nightly_build_that_breaks_is_not_mended(fact, says):
    """Its exit status is what the machine that starts it looks at."""
    index = fact.index("linux/amd64", name=NIGHTLY)
    assert says(lesson.mend_nightly, fact.pc, night((PLAIN, ""), status=1), index) == lesson.NIGHTLY_ENDS


def test_a_mended_build_is_good_where_it_names_no_platform(fact):
    """Then another machine's build is right, too."""
    index = fact.index("linux/amd64", name=NIGHTLY)
    assert lesson.mend_nightly.check(fact.pc, night((PLAIN, "")), index).template == lesson.NIGHTLY_MENDED
    assert lesson.mend_nightly.good(fact.pc, night((PLAIN, "")), index).template == lesson.NAMES_NO_PLATFORM
    named = lesson.mend_nightly.good(fact.pc, night((PLAIN, "linux/amd64")), index)
    assert (named.template, named.values["platform"]) == (lesson.NAMES_A_PLATFORM, "linux/amd64")


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_settings_of_each_learner_choose_another_platform_once(world_with, seed):
    """By the variable or by the option, and never by both."""
    text = lesson._settings(world_with(seed=seed, env={"OTHER": "linux/arm64"}))
    assert text.count("linux/arm64") == 1
    assert ("DOCKER_DEFAULT_PLATFORM=" in text) != ("--platform" in text)


def test_the_seeds_choose_both_faults(world_with):
    """Two learners side by side may have different ones."""
    texts = {lesson._settings(world_with(seed=seed, env={"OTHER": "linux/arm64"})) for seed in (1, 2, 3)}
    assert len(texts) == 2
