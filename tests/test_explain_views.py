"""What a learner reads of an explanation: text, HTML and JSON."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from said import Said, wanted

from lab.errors import BadInput
from lab.explainer import Cause, EngineFacts, Explanation, Line, Way, explain
from lab.explainer.shapes import MIME

DATA = Path(__file__).parent / "data" / "explain"
SAID = DATA / "said.txt"
LOGS = {path.stem: path for folder in ("real", "quiet") for path in sorted((DATA / folder).glob("*.log"))}


@pytest.mark.parametrize("name", LOGS)
def test_each_recording_is_explained_in_the_words_of_its_file(name):
    """What a learner reads of each recording stands in said.txt, for people to read; LAB_RENEW=yes writes it anew."""
    store = name.split("--")[0] if "--" in name else ""
    with LOGS[name].open("rb") as file:
        text = explain(file, engine=EngineFacts(store=store)).as_text()
    assert text == wanted(SAID, name, text)


def test_said_holds_no_recording_that_is_gone():
    """A text that nothing says any more is not read by anybody."""
    assert set(Said(SAID).texts) == set(LOGS)


CAUSE = Cause(
    id="one", row="1", title="A title", cause="The <cause> of `it`.", why='Because of "that".', lesson="04-emulation",
    clues=("a `clue`", "another"), decide="docker info <x>", decide_says="shows `it`.",
    remedies=(Way(say="Do `this`", run=("a && b", "c"), only="on Linux"), Way(say="Or that")),
    sources=("a/b#1", "gone"), score=4,
)  # fmt: skip
BARE = Cause(id="two", row="2", title="Bare", cause="Another.", why="So.", lesson="")
LINE = Line(number=3, text="the <b>root</b>")
FULL = Explanation(
    root=LINE, causes=(CAUSE, BARE), certain=True, lines=9, size=99,
    earlier=tuple(Line(number=n, text=f"line {n} & co") for n in range(1, 6)),
)  # fmt: skip


def test_a_certain_cause_is_told_whole():
    """Root, cause, reason, clues, what decides, ways out with their engines, lesson, threads; then the rest in short."""
    assert FULL.as_text() == (
        "line 3: the <b>root</b>\n\n"
        "The <cause> of `it`.\n"
        '  Because of "that".\n'
        "  Clue: a `clue`\n"
        "  Clue: another\n"
        "  How to check:\n"
        "      docker info <x>\n"
        "  shows `it`.\n"
        "  → Do `this` (on Linux)\n"
        "      a && b\n"
        "      c\n"
        "  → Or that\n"
        "  Lesson: 04-emulation\n"
        "  Reported in: a/b#1, gone\n\n"
        "Less likely:\n"
        "  - Another.\n\n"
        "Earlier lines that look like errors too; look at them first if the above does not help:\n"
        "  line 1: line 1 & co\n"
        "  line 2: line 2 & co\n"
        "  line 3: line 3 & co"
    )


def test_several_causes_are_told_by_what_decides():
    """Each with its number and its first way out; a doubt is said before them."""
    found = Explanation(root=LINE, causes=(CAUSE, replace(BARE, score=3)), lines=1)
    assert found.as_text() == (
        "the <b>root</b>\n\n"
        "This message has several causes; the commands below tell them apart.\n\n"
        "1. The <cause> of `it`.\n"
        "  Clue: a `clue`\n"
        "  Clue: another\n"
        "  How to check:\n"
        "      docker info <x>\n"
        "  shows `it`.\n"
        "  → Do `this`\n"
        "  Lesson: 04-emulation\n"
        "  Reported in: a/b#1, gone\n\n"
        "2. Another."
    )


def test_a_cause_that_is_well_ahead_is_told_whole_and_the_others_in_short():
    """It is likely and not certain, as the others fit too."""
    found = Explanation(root=LINE, causes=(CAUSE, replace(BARE, score=2)), lines=1).as_text()
    assert "This is likely, but the text alone does not prove it" in found
    assert found.endswith("Less likely:\n  - Another.")
    assert "  → Or that\n" in found


def test_what_ended_well_is_said_before_all():
    """A green build has no error, and what a line in it would have meant is only noted."""
    found = Explanation(noted=(CAUSE,), ended_well=True, lines=9)
    assert (found.known, found.exit_status) == (False, 1)
    assert found.as_text() == (
        "This ended well: no line in it is an error.\n"
        "A line in it would be an error, had it not been overcome:\n"
        "  A title: The <cause> of `it`."
    )


@pytest.mark.parametrize(
    ("scene", "says"),
    [
        (("kubernetes", "remote"), "kubectl describe pod"),
        (("build", "docker"), "--progress=plain"),
        (("push",), "imagetools inspect"),
        (("run",), "docker logs"),
        ((), "--progress=plain"),
    ],
)
def test_general_advice_is_of_the_logs_own_kind(scene, says):
    """A pod is not looked at by `docker build`."""
    advice = Explanation(scene=scene, lines=9).as_text().partition("What to look at next:")[2]
    assert says in advice
    assert len(advice.splitlines()) < 8


def test_a_likely_cause_alone_is_told_whole_and_as_likely():
    """Nothing is numbered where there is only one."""
    assert Explanation(causes=(BARE,), lines=1).as_text() == (
        "\nThis is likely, but the text alone does not prove it; the command below does.\n\nAnother.\n  So."
    )


def test_what_is_not_known_says_so_and_where_to_look():
    """The lines that look like it, else the line that only repeats, else that there is none; never a guess."""
    repeats = Line(number=2, text="make: *** [x] Error 2")
    first = Explanation(looks=(LINE,), consequence=repeats, noted=(CAUSE,), lines=9).as_text().splitlines()
    assert first[:6] == [
        "I do not know this error.",
        "Lines that look like the error:",
        "  line 3: the <b>root</b>",
        "It is not the cause, but the text also holds this:",
        "  A title: The <cause> of `it`.",
        "What to look at next:",
    ]
    assert all(line.startswith(("  - ", "  ")) for line in first[6:])
    assert len(first) > 8
    assert Explanation(consequence=repeats, lines=9).as_text().splitlines()[1:4] == [
        "This line only says that a command failed; the reason stands above it:",
        "  line 2: make: *** [x] Error 2",
        "What to look at next:",
    ]
    assert Explanation(lines=9).as_text().splitlines()[1] == "No line in it looks like an error."


def test_a_long_line_is_shown_short_and_cannot_move_the_cursor():
    """300 characters of a line are enough; what is no letter is written out."""
    found = Explanation(looks=(Line(number=1, text="word " * 100 + "\x1b[2J"),), lines=1).as_text()
    shown = found.splitlines()[2]
    assert shown.endswith("word …")
    assert 290 < len(shown.strip()) <= 300
    assert "\\x1b[2J" in Explanation(looks=(Line(number=1, text="a\x1b[2J"),), lines=1).as_text()


def test_long_texts_are_wrapped_and_commands_are_not():
    """A terminal of 100 columns shows every line whole; a command or an address can be copied."""
    address = f"https://example.com/{'x' * 120}"
    long = "word-of `--some-flag` " * 20 + address
    found = Explanation(
        causes=(Cause(id="x", row="", title="", cause=long, why=long, lesson="", decide="c " * 90, decide_says="s"),),
        certain=True,
    ).as_text()
    assert found.splitlines().count(address) == 1
    assert found.splitlines().count(f"  {address}") == 1
    lines = [line for line in found.splitlines() if not line.startswith("      c") and address not in line]
    assert max(map(len, lines)) in range(90, 101)
    assert "c " * 90 in found
    assert not any(line.endswith(("word-", "--", "some-")) for line in lines)


# ---- HTML -------------------------------------------------------------------------------------------------------------


class Outline(HTMLParser):
    """The tags of a page with their texts, one a line, indented by depth."""

    def __init__(self, page):
        super().__init__()
        self.depth, self.lines = 0, []
        self.feed(page)
        assert self.depth == 0

    def handle_starttag(self, tag, attrs):
        href = dict(attrs).get("href")
        self.lines.append(f"{'  ' * self.depth}{tag}{f' {href}' if href else ''}")
        self.depth += 1

    def handle_endtag(self, _tag):
        self.depth -= 1

    def handle_data(self, data):
        self.lines.append(f"{'  ' * self.depth}{data!r}")


def outline(found):
    return "\n".join(Outline(found.as_html()).lines)


def test_html_of_a_certain_cause():
    """Words in backquotes and commands are code, threads are links, the rest is folded, and nothing is a tag of the log's."""
    assert (
        outline(FULL)
        == r"""div
  div
    code
      'line 3: the <b>root</b>'
  div
    strong
      'The <cause> of '
      code
        'it'
      '.'
  div
    'Because of "that".'
  div
    'Clue: a '
    code
      'clue'
  div
    'Clue: another'
  div
    'How to check:'
    pre
      code
        'docker info <x>'
    'shows '
    code
      'it'
    '.'
  ul
    li
      'Do '
      code
        'this'
      ' (on Linux)'
      pre
        code
          'a && b\nc'
    li
      'Or that'
  div
    'Lesson: '
    code
      '04-emulation'
  div
    'Reported in: '
    a https://github.com/a/b/issues/1
      'a/b#1'
    ', gone'
  details
    summary
      'More'
    div
      'Less likely:'
    div
      '  - Another.'
    div
      'Earlier lines that look like errors too; look at them first if the above does not help:'
    div
      '  line 1: line 1 & co'
    div
      '  line 2: line 2 & co'
    div
      '  line 3: line 3 & co'"""
    )


def test_html_of_several_causes_tells_each():
    """In doubt all are shown, with the doubt, and nothing is folded; what a cause has not takes no place."""
    found = Explanation(causes=(BARE, BARE), lines=1)
    told = "\n  div\n    strong\n      'Another.'\n  div\n    'So.'"
    assert outline(found) == (
        f"div\n  div\n    'This message has several causes; the commands below tell them apart.'{told}{told}"
    )


def test_html_of_what_is_not_known():
    """Line by line, with another colour than a cause has."""
    found = Explanation(looks=(LINE,), lines=9)
    assert outline(found).splitlines()[:7] == [
        "div", "  div", "    'I do not know this error.'", "  div", "    'Lines that look like the error:'",
        "  div", "    '  line 3: the <b>root</b>'",
    ]  # fmt: skip
    tones = [
        re.match(r'<div class="lab-explanation" style="border-left:4px solid (#\w{6});', one.as_html())
        for one in (found, FULL)
    ]
    assert tones[0][1] != tones[1][1]


# ---- JSON and the shapes ----------------------------------------------------------------------------------------------


def test_the_first_cause_speaks_for_the_explanation():
    """Its lesson, ways out and threads; without a cause they are empty."""
    assert (FULL.known, FULL.exit_status, FULL.lesson) == (True, 0, "04-emulation")
    assert (FULL.remedies, FULL.sources) == (CAUSE.remedies, CAUSE.sources)
    alone = Explanation(causes=(CAUSE,))
    assert (alone.remedies, alone.lesson, alone.sources) == (CAUSE.remedies, CAUSE.lesson, CAUSE.sources)
    nothing = Explanation()
    assert (nothing.known, nothing.exit_status, nothing.lesson) == (False, 1, "")
    assert (nothing.remedies, nothing.sources) == ((), ())


def test_json_holds_every_field_by_its_name():
    """A program reads whether it is known, and everything else."""
    data = FULL.to_json()
    assert data["exit_status"] == 0
    assert data["root"] == {"number": 3, "text": "the <b>root</b>"}
    assert data["causes"][0]["remedies"][0] == {"say": "Do `this`", "run": ("a && b", "c"), "only": "on Linux"}
    assert Explanation.from_json(data) == FULL
    unknown = Explanation(looks=(LINE,), noted=(CAUSE,), consequence=LINE)
    assert Explanation.from_json(unknown.to_json()) == unknown


def test_a_document_of_an_older_lab_may_lack_fields():
    """What is not there is empty; but a cause has its words."""
    assert Explanation.from_json({}) == Explanation()
    words = {"id": "two", "row": "2", "title": "Bare", "cause": "Another.", "why": "So.", "lesson": ""}
    found = Explanation.from_json({"causes": [{**words, "remedies": [{"say": "Do"}]}, words], "unheard-of": 1})
    assert found.causes[0].remedies == (Way(say="Do"),)
    assert found.causes[1] == BARE


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (3, "TypeError: 'int' object is not a mapping"),
        ({"causes": [{"id": 1}]}, "TypeError: .*missing 5 required keyword-only arguments"),
        (None, "TypeError"),
        ([], "TypeError"),
        ({"root": 3}, "TypeError"),
        ({"looks": [{}]}, "TypeError"),
        ({"causes": [3]}, "AttributeError: 'int' object has no attribute 'get'"),
    ],
)
def test_what_is_no_explanation_is_said(data, says):
    """The reason is named, for whoever wrote the document."""
    with pytest.raises(BadInput, match=rf"^This is no explanation: {says}"):
        Explanation.from_json(data)


def test_a_notebook_gets_each_form():
    """Views that know the lab's own form can render it again; others take HTML or text."""
    assert FULL._repr_mimebundle_(include=None) == {
        MIME: FULL.to_json(),
        "text/html": FULL.as_html(),
        "text/plain": FULL.as_text(),
    }
