"""How causes are weighed: which is certain, which are told as several, and what speaks for each."""

import re

import pytest

from lab import explainer
from lab.errors import Bug
from lab.explainer import EngineFacts, explain
from lab.explainer.data import Clue, Entry, Remedy, _read, entries, fill, safe


def cause(name, pattern="boom", /, **fields):
    """An entry whose line holds `boom`; one without a pattern knows only what people ask."""
    for field in ("unless", "asks"):
        fields[field] = tuple(re.compile(one) for one in fields.get(field, ()))
    known = {"stems": ("boom",), "patterns": (re.compile(pattern),)} if pattern else {}
    words = {"row": "1", "title": name, "cause": name, "why": name, "remedies": ()}
    return Entry(id=name, **{**words, **known, **fields})


def clue(pattern, weight=2, **fields):
    return Clue(pattern=re.compile(pattern), says=f"there is {pattern}", weight=weight, **fields)


@pytest.fixture
def guide(monkeypatch):
    """Lets `explain` know just these causes."""

    def knows(*causes):
        monkeypatch.setattr(explainer, "entries", lambda: causes)

    return knows


def ranked(text):
    found = explain(text)
    return [(one.id, one.score) for one in found.causes], found.certain


@pytest.mark.parametrize(
    ("bases", "certain", "leads"),
    [
        ([1], False, True),
        ([2], True, True),
        ([9, 1], False, True),
        ([4, 2], False, True),
        ([4, 3], False, False),
        ([5, 4, 1], False, False),
    ],
)
def test_a_cause_is_certain_where_nothing_else_fits(guide, bases, certain, leads):
    """One weak sign is not enough, and another cause that fits is a doubt; a lead of two is said as likely."""
    guide(*(cause(f"c{base}", base=base) for base in bases))
    assert ranked("boom") == ([(f"c{base}", base) for base in bases], certain)
    assert explain("boom").leads is leads


def test_the_likeliest_comes_first_and_what_is_ruled_out_is_not_told(guide):
    """A cause at zero or below is left out, even if there is no other: then the text is not known."""
    guide(cause("none", base=0), cause("less", base=1), cause("more", base=3), cause("not", base=-1))
    assert ranked("boom") == ([("more", 3), ("less", 1)], False)
    guide(cause("not", base=-1), cause("none", base=0))
    assert ranked("boom") == ([], False)


def test_what_speaks_against_a_cause_lets_the_next_line_explain(guide):
    """A line whose only cause is ruled out is not the root."""
    against = (clue("x86_64", -5),)
    guide(cause("first", clues=against), cause("second", "bang", stems=("bang",)))
    assert ranked("boom\nbang\n")[0] == [("first", 2)]
    assert ranked("boom\nbang\nx86_64\n")[0] == [("second", 2)]


@pytest.mark.parametrize("kind", ["error", "symptom"])
def test_a_symptom_is_told_where_no_error_is(guide, kind):
    """An exit status says less than an error, wherever it stands, but more than nothing, also in a failed log."""
    guide(cause("killed", kind="symptom"), cause("error", "bang", stems=("bang",), kind=kind))
    first = "killed" if kind == "symptom" else "error"
    assert explain("boom\nbang\n").causes[0].id == first
    assert explain("boom\nERROR: failed to solve\n").causes[0].id == "killed"


def test_each_clue_is_weighed_and_only_those_that_speak_for_it_are_said(guide):
    """A learner reads why, not why not."""
    weighed = [clue("one", 1), clue("four", 4), clue("less", -2), clue("nothing", 0), clue("absent", 9)]
    guide(cause("c", base=2, clues=tuple(weighed)))
    found = explain("one four less nothing\nboom")
    assert found.causes[0].score == 2 + 1 + 4 - 2
    assert found.causes[0].clues == ("there is one", "there is four")


def test_a_clue_of_the_line_is_looked_for_on_the_line_only(guide):
    """What a neighbour says may be about something else."""
    guide(cause("c", base=1, clues=(clue("here", line=True),)))
    assert ranked("here\nboom")[0] == [("c", 1)]
    assert ranked("boom here")[0] == [("c", 3)]


def test_the_end_of_a_log_speaks_for_an_error_but_not_for_a_warning(guide):
    """What is printed last is about the failure; a warning of long before has nothing to do with it."""
    log = "boom\n" + "fine\n" * 100 + "the end\n"
    guide(cause("c", base=1, clues=(clue("the end"),)))
    assert ranked(log)[0] == [("c", 3)]
    for kind in ("warning", "sign"):
        guide(cause("c", base=1, kind=kind, clues=(clue("the end"),)))
        assert ranked(log)[0] == [("c", 1)]
        assert ranked("boom\nthe end\n")[0] == [("c", 3)]


def test_names_that_one_cause_finds_are_known_to_the_others(guide):
    """A line is about one image, whichever pattern has read its name; the cause's own reading comes first."""
    ways = (Remedy(say="", run=("{image} {platform} {arch}",)),)
    said = clue(r"on (?P<platform>[a-z0-9/]+) not (?P<image>\w+)", 0)
    guide(
        cause("plain", base=3, remedies=ways),
        cause("named", r"boom (?P<image>\w+)", base=2, remedies=ways, clues=(said,)),
    )
    plain, named = explain("boom app\non linux/arm/v7 not other").causes
    assert plain.remedies[0].run == ("app PLATFORM ARCH",)
    assert named.remedies[0].run == ("app linux/arm/v7 arm",)


def test_names_go_into_all_that_is_to_be_done(guide):
    """What decides, what its answer means, ways out and their commands speak of the learner's own image."""
    ways = (Remedy(say="mend {image}", run=("run {image}",)),)
    guide(cause("c", r"boom (?P<image>\w+)", decide="look at {image}", decide_says="shows {image}", remedies=ways))
    (found,) = explain("boom app").causes
    (way,) = found.remedies
    assert (found.decide, found.decide_says, way.say, *way.run) == ("look at app", "shows app", "mend app", "run app")


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("app:1", "app:1"),
        ("team/app:1", "team/app:1"),
        ("localhost/app", "app"),
        ("localhost:5000/team/app:1", "team/app:1"),
        ("registry.example.com/team/app@sha256:0a1b", "team/app"),
        ("app:1@sha256:0a1b", "app:1"),
        ("", "NAME"),
    ],
)
def test_an_image_goes_to_another_registry_without_the_first_ones_name(guide, image, name):
    """`REGISTRY/localhost:5000/app` would be pushed nowhere."""
    ways = (Remedy(say="", run=("docker push {registry}/{name}",)),)
    guide(cause("c", r"boom (?P<image>\S*)", remedies=ways))
    assert explain(f"boom {image}").remedies[0].run == (f"docker push REGISTRY/{name}",)


def test_a_cause_is_told_with_all_that_the_guide_has():
    """Row, title, reason, lesson and threads are the entry's own."""
    for entry in entries():
        for found in explain(entry.samples[0]).causes[:1]:
            told = (found.row, found.title, found.cause, found.why, found.lesson, found.sources)
            assert told == (entry.row, entry.title, entry.cause, entry.why, entry.lesson, entry.sources)
            assert bool(found.decide_says) == bool(entry.decide_says)


# ---- no error is known ------------------------------------------------------------------------------------------------


def test_a_warning_of_a_failed_log_is_noted_alone(guide):
    """The likeliest of its causes is enough; the lines that look like the error are told with it."""
    guide(cause("w", kind="warning", base=3), cause("v", kind="warning", base=2))
    found = explain("boom\nERROR: cannot\n")
    assert (found.known, [one.id for one in found.noted]) == (False, ["w"])
    assert [line.number for line in found.looks] == [2]
    assert explain("boom\nall is well\n").known


def test_a_line_that_only_repeats_is_told_by_its_number():
    """Where nothing else is known, the reason stands above that line."""
    found = explain("#1 fine\nmake: *** [all] Error 2\n")
    assert (found.consequence.number, found.consequence.text) == (2, "make: *** [all] Error 2")


# ---- a person's own words ---------------------------------------------------------------------------------------------


def test_a_question_is_answered_even_with_the_word_error_in_it(guide):
    """A person's words are taken as an error's, on line 1."""
    guide(cause("asked", None, asks=("why",)))
    found = explain("\nERROR: why\n")
    assert (found.causes[0].id, found.root.number, found.root.text) == ("asked", 1, "ERROR: why")


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("why" + "x" * 397, True),
        ("why" + "x" * 398, False),
        ("why\n" * 4, True),
        ("why\n" * 5, False),
        ("why never", False),
    ],
    ids=["400 bytes", "401 bytes", "4 lines", "5 lines", "unless"],
)
def test_only_a_short_text_can_be_a_question(guide, text, known):
    """A log is never matched by a person's words."""
    guide(cause("asked", None, asks=("why",), unless=("never",)))
    assert explain(text).known is known


# ---- the guide's data -------------------------------------------------------------------------------------------------

WORDS = {"id": "one", "row": "1", "title": "t", "cause": "c", "why": "w"}


def test_an_entry_needs_no_more_than_its_words():
    """Lists and ways out that are not there are empty; what is there is read."""
    entry = _read(WORDS)
    assert (entry.kind, entry.remedies, entry.clues, entry.patterns, entry.asks) == ("error", (), (), (), ())
    entry = _read(
        {
            **WORDS,
            "kind": "sign",
            "patterns": ["a+"],
            "remedy": [{"say": "do"}],
            "clue": [{"pattern": "B", "says": "b"}],
        }
    )
    assert (entry.kind, entry.remedies) == ("sign", (Remedy(say="do"),))
    assert entry.patterns[0].search("xAx")
    assert entry.clues[0].pattern.search("b")


@pytest.mark.parametrize(
    ("odd", "named"), [({"reason": "x"}, "reason"), ({"kind": "hint"}, "hint"), ({"a": 1, "kind": "b"}, "a, b")]
)
def test_a_misspelt_field_of_an_entry_is_our_bug(odd, named):
    """A slip in the guide is named with its entry, and never read past."""
    with pytest.raises(Bug) as caught:
        _read({**WORDS, **odd})
    assert caught.value.message == f"The error guide's entry 'one' has what no entry has: {named}."


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({"store": "classic"}, "with the classic image store"),
        ({"driver": "docker"}, "with the docker driver"),
        ({"os": "linux"}, "on Linux"),
        ({"os": "darwin"}, "on a Mac"),
        ({"os": "windows"}, "on Windows"),
        ({"platform": "linux/arm64"}, "on linux/arm64"),
        ({"version": "29"}, "with engine 29"),
        ({"store": "classic", "os": "linux"}, "with the classic image store, on Linux"),
    ],
)
def test_where_a_way_out_holds_is_said_in_words(when, says):
    """Nothing is said where the engine is known to be so, and the way is not offered where it is not."""
    way = Remedy(say="do", when=tuple(when.items()))
    assert way.condition(EngineFacts()) == says
    assert way.condition(EngineFacts(**when)) == ""
    assert way.holds(EngineFacts())
    assert way.holds(EngineFacts(**when))
    assert not way.holds(EngineFacts(**{**when, next(iter(when)): "other"}))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("node:18:", "node:18"),
        ("x.,;", "x"),
        ("imageX", "imageX"),
        (".x", ".x"),
        ("-rf", ""),
        ("a b", ""),
        ("$(x)", ""),
    ],
)
def test_a_name_is_taken_without_the_end_of_its_sentence(value, shown):
    """A colon or a full stop after a name is not its own; what a shell would read as more is no name."""
    assert safe(value) == shown


def test_every_word_in_braces_is_one_that_can_be_filled():
    """No learner reads `{port}`: what is not known is a word in capitals."""
    for entry in entries():
        texts = [entry.decide, entry.decide_says, *(text for way in entry.remedies for text in (way.say, *way.run))]
        for text in texts:
            assert not re.search(r"(?<![{$])\{[a-z]+\}(?!\})", fill(text, {})), entry.id
