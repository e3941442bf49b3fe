"""The error guide: every sample is explained as what it is, every look-alike is not."""

import json
import re
from pathlib import Path
from re import _constants, _parser

import pytest

from lab import course
from lab import explainer as module
from lab.explainer import EngineFacts, explain
from lab.explainer.data import Entry, entries

DATA = Path(__file__).parent / "data" / "explain"
# What the lessons are called, those to come as well: an entry's topic is one of them.
TOPICS = {
    "machine", "one-platform", "mismatch", "emulation", "builders", "new-builder", "multi-platform", "inside-the-index",
    "cross-compile", "true-image", "every-push", "native-nodes", "release",
}  # fmt: skip


def each(field):
    return [
        pytest.param(entry, text, id=f"{entry.id}-{number}")
        for entry in entries()
        for number, text in enumerate(getattr(entry, field))
    ]


@pytest.mark.parametrize(("entry", "text"), each("samples"))
def test_a_sample_is_explained_by_its_entry_first(entry: Entry, text):
    """Differently worded texts of one cause lead to that cause."""
    found = explain(text)
    assert [cause.id for cause in found.causes][:1] == [entry.id]
    assert found.exit_status == 0
    assert found.root


@pytest.mark.parametrize(("entry", "text"), each("among"))
def test_what_one_line_cannot_tell_is_told_as_several_causes(entry: Entry, text):
    """Without a second clue the guide is not certain, and each cause names the command that decides."""
    found = explain(text)
    assert not found.certain
    assert entry.id in [cause.id for cause in found.causes]
    assert all(cause.decide for cause in found.causes)


@pytest.mark.parametrize(("entry", "text"), each("not_samples"))
def test_a_look_alike_is_not_called_by_the_entrys_name(entry: Entry, text):
    """A wrong diagnosis is worse than none."""
    assert entry.id not in [cause.id for cause in explain(text).causes][:1]


def confusions():
    """(entry, other) where a sample of one is called by the other's name."""
    found = []
    for entry in entries():
        for text in entry.samples:
            first = explain(text).causes[0].id
            if first != entry.id:
                found.append((entry.id, first))
    return found


def test_no_sample_is_taken_for_another_entry():
    """The confusion table of all samples against all entries is empty off its diagonal."""
    assert confusions() == []


def test_the_guide_is_whole():
    """Every row of the first list once, at least 160 causes with unique names; samples, a way out and a reason in each."""
    rows = [entry.row for entry in entries() if entry.row]
    assert sorted(rows) == sorted([str(number) for number in range(1, 54)] + [f"N{number}" for number in range(1, 7)])
    assert len({entry.id for entry in entries()}) == len(entries()) >= 160
    for entry in entries():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]+", entry.id)
        assert len(entry.samples) >= 2, entry.id
        assert entry.not_samples, entry.id
        assert entry.cause, entry.id
        assert entry.why, entry.id
        assert entry.remedies, entry.id
        assert entry.topic in TOPICS, entry.id
        assert entry.patterns or entry.asks, entry.id
        assert bool(entry.patterns) == bool(entry.stems), entry.id
        assert entry.patterns or not entry.warnings, entry.id
        assert all(stem == stem.lower() for stem in entry.stems), entry.id
        assert entry.decide, entry.id
        assert entry.decide_says, entry.id


def test_no_entry_names_a_lesson_that_is_not_there():
    """A topic becomes a lesson's name when that lesson is written, and is nothing before."""
    there = {lesson.name for lesson in course.lessons()}
    assert {entry.lesson for entry in entries()} - {""} <= there
    topics = {name.partition("-")[2] for name in there}
    assert {entry.topic for entry in entries() if entry.lesson} == {entry.topic for entry in entries()} & topics


def test_a_source_is_a_public_thread_or_names_the_code_that_prints_it():
    """`owner/name#number`, or a repository and a place in it."""
    for entry in entries():
        for source in entry.sources:
            assert re.fullmatch(r"(?:[\w.-]+/)?[\w.-]+#\d+|[\w.-]+/[\w.-]+: \S.+|QEMU: \S+", source), (entry.id, source)


def test_each_file_of_the_guide_is_in_the_package():
    """`lab explain` of an installed package knows as much as that of a checkout."""
    places = {place for entry in entries() for place in entry.where}
    assert {path.stem for path in (Path(module.__file__).parent / "causes").glob("*.toml")} <= places


CASES = [json.loads(line) for line in (DATA / "cases" / "index.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["log"])
def test_a_public_log_is_explained_rightly(case):
    """Logs as people paste them: the first cause is right, and of a look-alike none is named."""
    found = explain((DATA / "cases" / case["log"]).read_bytes())
    assert [cause.id for cause in found.causes][:1] == case["ids"][:1]
    assert not (found.certain and case.get("hedged"))


@pytest.mark.parametrize("case", [one for one in CASES if "kubernetes" in one["source"] or one["log"] == "04.log"])
def test_a_cluster_is_not_told_to_run_docker(case):
    """No engine is at hand where a kubelet or a cloud runs the containers."""
    found = explain((DATA / "cases" / case["log"]).read_bytes())
    commands = [command for way in found.remedies for command in way.run]
    assert not any(re.match(r"docker (?:run|pull)\b", command) for command in commands) or "docker" in found.scene


def test_commands_are_said_in_the_words_of_the_logs_own_tool():
    """Podman's user types `podman`, and the image's name stands where the log has it."""
    found = explain(
        "$ podman run quay.io/example/app:1\nError: choosing an image from manifest list docker://quay.io/example/app:1: "
        'no image found in manifest list for architecture riscv64, variant "", OS linux'
    )
    assert found.causes[0].id == "no-match-for-platform"
    assert found.causes[0].decide.startswith("skopeo inspect --raw docker://")
    assert not any("docker run" in command for way in found.remedies for command in way.run)


def test_every_alternative_of_the_stems_is_needed():
    """Each stem stands in a line of a sample that its entry explains; a stem no sample has is not tested."""
    for entry in entries():
        texts = "\n".join((*entry.samples, *entry.among)).lower()
        unused = [stem for stem in entry.stems if stem not in texts]
        assert len(unused) < max(1, len(entry.stems)), entry.id


# ---- whole logs -------------------------------------------------------------------------------------------------------


def test_a_json_log_on_one_line_is_read():
    """Escaped quotes and line ends of a JSON log do not hide a message."""
    line = json.dumps({"log": 'Step 1\n\x1b[31mfailed to parse platform : "" is an invalid component of ""\x1b[0m'})
    assert explain(line).causes[0].id == "empty-buildplatform"


def test_quotes_that_were_escaped_twice_are_read():
    """Ansible and its like put a message into JSON in JSON."""
    inner = 'failed to parse platform : "" is an invalid component of "": platform specifier component must match'
    assert explain(json.dumps({"msg": json.dumps({"message": inner})})).causes[0].id == "empty-buildplatform"


def test_a_warning_is_not_called_the_cause_of_an_unknown_error():
    """A true warning beside an error that is not known is noted, and the error stays unknown."""
    found = explain(
        "WARNING: No output specified with docker-container driver. Build result will only remain in the build cache.\n"
        'ERROR: failed to build: failed to solve: failed to compute cache key: "/app": not found\n'
    )
    assert not found.known
    assert [cause.id for cause in found.noted] == ["no-output-specified"]
    assert "not the cause" in found.as_text()


REAL = sorted((DATA / "real").glob("*.log"))


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_what_a_real_engine_printed_is_explained(path):
    """Recordings of both image stores, and of emulators: the file's name says which cause it is."""
    store, entry, _ = path.stem.split("--")
    with path.open("rb") as file:
        found = explain(file, engine=EngineFacts(store=store))
    assert found.causes[0].id == entry


def test_many_rows_have_a_recording_of_a_real_engine():
    """Wordings are real ones wherever an engine of the lab's own can be brought to say them."""
    assert len({path.stem.split("--")[1] for path in REAL}) >= 28


# ---- the root ----------------------------------------------------------------------------------------------------


def test_the_earliest_error_is_the_root_and_a_consequence_never_is():
    """`failed to solve: process … did not complete` only repeats that something failed."""
    found = explain(
        "#9 [linux/arm64 2/3] RUN make\n#9 0.2 qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n"
        '#9 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 139\n'
        "ERROR: failed to solve: no match for platform in manifest: not found\n"
    )
    assert (found.root.number, found.causes[0].id) == (2, "qemu-signal-11")
    assert "did not complete" in found.consequence.text


def test_a_warning_is_the_root_only_when_no_error_follows():
    """The mismatch alone is a warning with its own way out; before `exec format error` it is a clue."""
    warning = (
        "WARNING: The requested image's platform (linux/arm64) does not match the detected host platform "
        "(linux/amd64) and no specific platform was requested\n"
    )
    assert explain(warning + "aarch64\n").causes[0].id == "platform-does-not-match-host"
    both = explain(warning + "exec /app/run: exec format error\n")
    assert both.causes[0].id == "exec-format-error"
    assert both.leads
    assert any("--install arm64" in command for way in both.remedies for command in way.run)


def test_an_unknown_error_before_a_known_one_is_shown():
    """A diagnosis does not hide an earlier line that may be the true reason."""
    found = explain("fatal: could not read Username\n#3 ERROR: no match for platform in manifest: not found\n")
    assert [line.number for line in found.earlier] == [1]
    assert "could not read Username" in found.as_text()


@pytest.mark.parametrize("name", sorted(path.name for path in (DATA / "quiet").glob("*.log")))
def test_a_log_of_an_ordinary_build_explains_nothing(name):
    """A successful build, and a failed one of an unrelated kind, have no multi-platform cause."""
    with (DATA / "quiet" / name).open("rb") as file:
        found = explain(file)
    assert [cause.id for cause in found.causes] == []
    assert found.exit_status == 1
    assert "I do not know this error" in found.as_text()


def test_unknown_names_the_lines_to_look_at():
    """Not to know comes with what to look at next."""
    found = explain("#1 fine\n#2 0.5 src/main.c:3:10: fatal error: foo.h: No such file\n#2 ERROR: exit code: 2\n")
    assert not found.known
    assert found.looks[0].number == 2
    assert "foo.h" in found.as_text()
    only = explain('ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2')
    assert "stands above" in only.as_text()


def test_remedies_are_those_of_this_engine():
    """What holds only for the classic store is not shown to a containerd engine; where not known, it says so."""
    text = "ERROR: Multi-platform build is not supported for the docker driver."
    everywhere = explain(text).remedies
    assert any(way.only.endswith("the classic image store") for way in everywhere)
    classic = explain(text, engine=EngineFacts(store="classic")).remedies
    assert [way.only for way in classic] == ["", ""]
    assert len(explain(text, engine=EngineFacts(store="containerd")).remedies) == len(everywhere) - 1


def test_names_from_the_log_go_into_the_commands():
    """The platform and the image that the log names are in the commands."""
    found = explain("docker: no matching manifest for linux/arm64/v8 in the manifest list entries.")
    assert found.causes[0].decide == "docker buildx imagetools inspect IMAGE"
    found = explain("ERROR: failed to solve: node:18: no match for platform in manifest: not found")
    assert found.causes[0].decide == "docker buildx imagetools inspect node:18"


def test_a_persons_own_words_are_tried_only_where_nothing_else_fits():
    """A question is no log: a long text is never matched by a person's words."""
    asked = "why is my multi-arch build so slow with qemu"
    assert explain(asked).causes[0].id == "emulated-build-crawls"
    assert not explain(asked + "\nline" * 200).known


# ---- the guide's patterns ---------------------------------------------------------------------------------------------


def all_patterns():
    for entry in entries():
        for pattern in (
            *entry.patterns,
            *entry.warnings,
            *entry.requires,
            *entry.unless,
            *entry.asks,
            *(c.pattern for c in entry.clues),
        ):
            yield pytest.param(pattern, id=f"{entry.id}: {pattern.pattern[:40]}")


def repeats(parsed, depth=0):
    """(how deep, most, what) of every repetition in a parsed pattern."""
    for op, value in parsed:
        if op in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
            yield depth, value[1], value[2]
            yield from repeats(value[2], depth + (value[1] > 1))
        elif op is _constants.SUBPATTERN:
            yield from repeats(value[-1], depth)
        elif op is _constants.BRANCH:
            for branch in value[1]:
                yield from repeats(branch, depth)
        elif op in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield from repeats(value[1], depth)


@pytest.mark.parametrize("pattern", list(all_patterns()))
def test_no_pattern_can_be_made_slow(pattern):
    """No repetition without a bound (but a single `+` of one character class), and none inside of another long one."""
    for depth, most, what in repeats(_parser.parse(pattern.pattern, re.IGNORECASE)):
        bounded = most is not _constants.MAXREPEAT
        assert bounded or (depth == 0 and len(what) == 1), pattern.pattern
        assert depth == 0 or most <= 3, pattern.pattern


def test_the_slow_pattern_rule_sees_slow_patterns():
    """The rule above is a check that can fail."""
    assert any(depth for depth, *_ in repeats(_parser.parse(r"(a+)+b")))
    assert any(most is _constants.MAXREPEAT for _, most, _ in repeats(_parser.parse(r"\(.*\)")))


def test_importing_is_light():
    """`lab --help` does not read the guide."""
    assert module.__file__
    source = Path(module.__file__).parent
    for path in source.glob("*.py"):
        assert not re.search(r"^(?:import|from) (?:tomllib|rich|IPython|json)\b", path.read_text("utf-8"), re.MULTILINE)
