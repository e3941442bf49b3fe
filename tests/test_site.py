"""The site is of real runs, complete, self-contained and cannot drift from the course."""

import argparse
import html
import json
import re
import tomllib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import card as cards
from pages import cell, diagram, errors, finish, glossary, lesson, notes, reference, runs
from support import site_build

from lab import cli, course
from lab.course import recall
from lab.errors import BadInput, Blocked, Bug
from lab.explainer.data import entries
from lab.model.results import MIME, Status
from lab.model.steps import Prediction

NOTES = site_build.ROOT / "docs" / "reference" / "notes.toml"
MACHINE = course.lesson("machine")
BUILDER = course.lesson("new-builder")


@pytest.fixture
def run(tmp_path):
    """A whole run of lesson 1."""
    site_build.executed(MACHINE, tmp_path)
    return runs.read(MACHINE, tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The whole site."""
    return site_build.whole(tmp_path_factory.mktemp("site"))


# --- runs -------------------------------------------------------------------------------------------------------------


def test_a_whole_run_is_read(run):
    """A run with the notebook's own fingerprint and only passed steps is shown."""
    assert run.stamp["engine"] == "28.5.2"
    assert run.printed["uname"].startswith("x86_64\n")


def test_a_lesson_without_a_run_says_how_to_make_one(tmp_path):
    """The refusal names the lesson and the command."""
    with pytest.raises(BadInput, match=r"'01-machine' has no run.*lab tour --yes --output"):
        runs.read(MACHINE, tmp_path)


def test_a_run_of_another_notebook_is_stale(tmp_path):
    """One changed word in a cell is enough."""
    site_build.executed(MACHINE, tmp_path, source="0123456789abcdef")
    with pytest.raises(BadInput, match=r"has changed since its run.*lab tour"):
        runs.read(MACHINE, tmp_path)


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.PASSED])
def test_a_step_that_did_not_pass_is_not_published(tmp_path, status):
    """Failed, blocked, not attempted or our bug: a page with it would show a wrong output as right."""
    result = site_build.passed("own_header", status=status, values={"found": "a", "wanted": "b"})
    site_build.executed(MACHINE, tmp_path, results={"own_header": result})
    with pytest.raises(BadInput, match=f"'own_header' is {status.label}: Done. found 'a', wanted 'b'"):
        runs.read(MACHINE, tmp_path)


def test_a_step_without_a_result_is_not_published(tmp_path):
    """A cell that printed something and left no result is no proof."""
    site_build.executed(MACHINE, tmp_path, results={"uname": None})
    with pytest.raises(BadInput, match="'uname' left no result"):
        runs.read(MACHINE, tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"metadata": {"lab": 3}, "cells": []}', '{"metadata": {}, "cells": 1}']
)
def test_a_damaged_notebook_is_one_clear_line(tmp_path, text):
    """No traceback, whatever the file holds."""
    (tmp_path / MACHINE.notebook.name).write_text(text, encoding="utf-8")
    with pytest.raises(BadInput):
        runs.read(MACHINE, tmp_path)


# --- a lesson's page --------------------------------------------------------------------------------------------------


def test_a_guided_step_shows_command_output_and_result(run):
    """The copy button sits on the command alone: no %%step line, and outputs are no `code`."""
    card = next(c for c in lesson.page(run).blocks.values() if 'id="uname"' in c)
    code = re.findall(r"<pre><span></span><code>(.*?)</code></pre>", card, re.DOTALL)[0]
    assert re.sub("<[^>]+>", "", code).strip() == "uname -m"
    assert '<pre class="lab-output lab-wrap"' in card
    assert "✔" in card
    assert "%%step" not in card


def test_an_exercise_hides_its_solution(run):
    """Hints and one way to do it are folded; before them stands no command."""
    card = next(c for c in lesson.page(run).blocks.values() if 'id="name_programs"' in c)
    before, _, folded = card.partition('<details class="lab-solution">')
    assert "answers.txt" in folded
    assert "<pre" not in before
    assert before.count("<details><summary>Hint") == len(course.step("name_programs").hints)


def test_a_gap_shows_its_blanks_and_folds_the_rest():
    """What the run did is the solution, and it stands folded under the command with its gap."""
    step = replace(course.step("uname"), gap="uname ____")
    card = cell.card(step, "uname ____", [], executed=True)
    before, _, folded = card.partition('<details class="lab-solution">')
    assert "____" in re.sub("<[^>]+>", "", before)
    assert "uname -m" in re.sub("<[^>]+>", "", folded)
    assert "Fill the gap" in before


ASKED = """
[[question]]
name = "who"
lesson = "machine"
about = "machine"
ask = "Who decides?"
options = ["The client.", "The engine."]
answer = "The engine."
because = "It starts <the> container."
source = "uname"
[[lesson]]
lesson = "machine"
goals = ["Say it."]
explain = "Why two?"
model = "Because."
points = ["one", "two", "three"]
"""


def test_what_a_cell_asks_folds_open_with_its_answer(run, monkeypatch):
    """A prediction with the answer of the real run, recall with reasons, own words with a model; no script."""
    monkeypatch.setattr(recall, "_read", lambda: tomllib.loads(ASKED))
    recall.questions.cache_clear()
    recall.frames.cache_clear()
    predicted = {"question": "What?", "said": "", "was": "x86_64", "because": "The kernel says so."}
    asks = Prediction(question="What will it say?", options=("x86_64", "amd64"), truth=lambda: None)
    monkeypatch.setattr(course, "step", lambda _name: replace(course.steps()["uname"], predict=asks))
    run.outputs["uname"] = [
        {"output_type": "display_data", "data": {MIME: site_build.passed("uname", predicted=predicted).to_json()}}
    ]
    blocks = {text: lesson._asked(text, run) for text in ("%predict uname", "%recap machine", "%reflect machine")}
    recall.questions.cache_clear()
    recall.frames.cache_clear()
    shown = [block["text/html"] for block in blocks.values()]
    assert "<summary>The answer</summary><p>It is “x86_64”. The kernel says so.</p>" in shown[0]
    assert "<strong>The engine.</strong></p><p>It starts &lt;the&gt; container." in shown[1]
    assert "<li>three</li>" in shown[2]
    assert all(one.startswith("<details") and "<script" not in one for one in shown)
    assert lesson._asked("%%step uname\nuname -m", run) == {}


def test_a_page_says_how_long_where_and_when(run):
    """Minutes, the notebook for download, engine, buildx, host and day."""
    page = lesson.page(run)
    facts = f"{lesson.minutes(MACHINE)} minutes · {len(MACHINE.steps)} steps · [Notebook](01-machine.ipynb)"
    assert facts in page.markdown
    assert (
        "25 November 2026: Docker engine 28.5.2 (containerd image store), buildx 0.29.1, on linux/amd64"
        in page.markdown
    )
    assert "25 November 2026" in page.plain


def test_headings_carry_the_cells_id_and_links_lead_to_pages(run):
    """Anchors match in every language; a link to the next notebook becomes one to its page."""
    page = lesson.page(run)
    assert "## Many names for the same thing {#names}" in page.markdown
    assert "](one-platform.md)" in page.markdown
    assert ".ipynb)" not in page.plain


def test_an_author_sees_that_a_page_was_not_executed():
    """`mkdocs serve` shows it, with a mark on the page and on each step."""
    page = lesson.page(runs.Run(MACHINE))
    assert "Not executed" in page.markdown
    steps = [block for block in page.blocks.values() if block.startswith('<section class="lab-step"')]
    assert len(steps) == len(course.lesson("machine").steps)
    assert all("Not executed" in block for block in steps)


def test_a_callout_becomes_an_admonition(tmp_path):
    """`> [!TIP]` is a quote in Jupyter and a tip on the site; a plain quote stays one."""
    cells = ["# T\n\nThis takes about 5 minutes.", "## Part\n\n> [!TIP]\n> Do **this**.\n>\n> - one\n\n> a quote"]
    source = {
        "cells": [{"cell_type": "markdown", "id": n, "source": t} for n, t in zip(("title", "x"), cells, strict=True)]
    }
    path = tmp_path / "09-x.ipynb"
    path.write_text(json.dumps(source), encoding="utf-8")
    page = lesson.page(runs.Run(replace(MACHINE, notebook=path)))
    assert "!!! tip\n\n    Do **this**.\n\n    - one\n" in page.markdown
    assert "> a quote" in page.markdown


def test_a_lesson_must_say_how_long_it_takes(tmp_path):
    """Else its page could not."""
    path = tmp_path / "09-x.ipynb"
    path.write_text('{"cells": [{"cell_type": "markdown", "source": ["This takes long."]}]}', encoding="utf-8")
    with pytest.raises(BadInput, match="does not say how long"):
        lesson.minutes(replace(MACHINE, notebook=path))


@given(st.text())
def test_nothing_that_was_printed_becomes_markup(text):
    """Tags in an output are text, and the text is all there."""
    shown = "".join(cell.shown("x", "", [{"output_type": "stream", "text": text}]))
    assert re.findall(r"<(?!/?(?:pre|span)\b)", shown) == []
    assert shown.count("<pre") == 1


def test_colours_stay_and_cursor_moves_go():
    """ANSI colours become classes, which light and dark pages colour themselves."""
    (shown,) = cell.shown("x", "", [{"output_type": "stream", "text": "\033[2K\033[31mred\033[0m \033[1Aplain"}])
    assert '<span class="ansi-red-fg">red</span> plain' in shown


def test_a_result_takes_the_pages_colours_and_drops_what_stands_above():
    """No inline style, no evidence that repeats the command, no pointer to the next step; a picture as it was drawn."""
    result = site_build.passed("uname", picture={"html": '<svg style="color:red"></svg><pre>t</pre>', "text": "t"})
    shown = cell.result(result, "uname -m")
    picture, _, block = shown.partition("lab-result")
    assert 'style="color:red"' in picture
    assert '<pre tabindex="0">t' in picture
    assert "style=" not in block
    assert "docker info" in block
    assert '{"x": "&lt;y&gt;"}' in block
    assert "the command's own output" not in block
    assert "later" not in block


def test_long_evidence_is_cut_and_says_so():
    """A page stays light, and nobody takes a part for the whole."""
    one = site_build.passed("uname").evidence[0]
    shown = cell.result(site_build.passed("uname", evidence=(replace(one, answer="y" * 9000),)))
    assert len(shown) < 3500
    assert "more characters)" in shown


# --- diagrams and cards -----------------------------------------------------------------------------------------------

FLOW = 'flowchart LR\n    a["the<br>client"] -->|asks| b["the engine"]\n    b --> c_d["x & y"]\n'


def test_a_diagram_is_drawn_small_and_told_in_words(tmp_path):
    """No style, no script, no reference to elsewhere; those who cannot see it hear the same."""
    picture, words = diagram.drawn(FLOW, tmp_path)
    assert words == "Diagram. the client → (asks) the engine; the engine → x & y."
    assert not re.search(r"<(style|script|foreignObject|image)|https?://(?!www\.w3\.org/2000/svg)|style=", picture)
    assert len(picture) < 4000
    assert diagram.drawn(FLOW, tmp_path) == (picture, words)


def test_a_figure_has_its_size_and_description():
    """The size stands in the page, so nothing moves when it is drawn."""
    figure = diagram.fence(FLOW, "mermaid", "mermaid", {}, None)
    assert re.search(r'<svg role="img" aria-label="Diagram\. the client → [^"]+" width="\d+" height="\d+"', figure)


def test_two_diagrams_on_a_page_have_their_own_ids(tmp_path):
    """An arrow's head is found by its id."""
    ids = [
        set(re.findall(r'id="([^"]+)"', diagram.drawn(text, tmp_path)[0])) for text in (FLOW, FLOW + "    a --> c_d\n")
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_missing_pictures_program_is_one_clear_line(monkeypatch):
    """Not a traceback from an import."""

    def gone(name):
        raise ImportError(name)

    monkeypatch.setattr(diagram.importlib, "import_module", gone)
    with pytest.raises(Blocked, match=r"mermaidx.*make setup"):
        diagram.drawer()


def test_a_card_is_a_picture_with_the_title(tmp_path):
    """1200 by 630, made with no network; a long title is cut with an ellipsis, markup in it is text."""
    made = cards.jpeg("exec /bin/sh: exec format error", "Error guide", "lab", tmp_path)
    frame = made.index(b"\xff\xc0")
    assert made[:2] == b"\xff\xd8"
    assert (int.from_bytes(made[frame + 7 : frame + 9]), int.from_bytes(made[frame + 5 : frame + 7])) == cards.SIZE
    long = cards.svg("<word> " * 90, "k", "s")
    assert "&lt;word&gt;" in long
    assert "…" in long


# --- pages made from the code -----------------------------------------------------------------------------------------


def test_the_platforms_names_are_containerds(monkeypatch):
    """What the page says is what the lab's own code does; a row that drifts stops the build."""
    page = reference.platforms()
    assert "| `linux/arm64` | `aarch64`, `linux/arm64/v8` | `ARMv8` |" in page
    assert "| `linux/amd64` | `x86_64`, `x86-64` | `x64`, `Intel64` |" in page
    for row in (("linux/arm64", "x86_64", ""), ("linux/arm64/v8", "", ""), ("linux/x86", "", "")):
        monkeypatch.setattr(reference, "_ROWS", (row,))
        with pytest.raises(Bug):
            reference.platforms()


def test_the_platforms_have_what_lessons_use():
    """A platform that a lesson's table names stands on that page too."""
    page = reference.platforms()
    for name in ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/riscv64", "linux/s390x"):
        assert f"| `{name}` |" in page


def test_the_command_reference_has_every_verb_and_option():
    """It is made from argparse's own tables."""
    page = reference.command(cli.parser())
    for name, verb in reference._verbs(cli.parser()).items():
        assert f"## lab {name} {{#{name}}}" in page
        options = [o for action in verb._actions for o in action.option_strings if action.dest != "help"]
        assert all(option in page for option in options)
    with pytest.raises(Bug):
        reference.command(argparse.ArgumentParser())


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_every_error_has_a_page(entry):
    """The message is its title, its causes and commands are there, and no placeholder is left for a reader to guess."""
    page = errors.page(entry)
    assert json.loads(re.search(r"^title: (.*)$", page, re.MULTILINE)[1]) == entry.title
    assert entry.cause in page
    assert not re.search(r"(?<!\{)\{(platform|arch|image|file|registry|builder)\}(?!\})", page)
    assert page.count("```") % 2 == 0


def test_the_list_of_errors_links_them_all():
    """No page is left without a way to it."""
    pages = errors.pages()
    assert set(re.findall(r"\]\(([\w.-]+)\.md\)", pages["errors/index.md"])) == {entry.id for entry in entries()}
    assert len(pages) == len(entries()) + 1


# --- the glossary -----------------------------------------------------------------------------------------------------

GLOSSARY = site_build.ROOT / "docs" / "reference" / "glossary.toml"
TERMS = glossary.terms(GLOSSARY)


def linked(text):
    """The HTML as it is then, and which terms are linked, in their order."""
    made = glossary.linked(text, TERMS, "G/")
    return made, re.findall(r'<a class="lab-term" href="G/#([a-z-]+)">', made)


def test_each_term_has_a_definition_and_a_source():
    """One name, one place, one document; no form stands for two terms."""
    page = glossary.page(TERMS)
    for one in TERMS:
        assert f"## {one.name} {{#{one.anchor}}}\n\n{one.says}" in page
        assert re.fullmatch(r"https://[\w.-]+/\S+", one.source[1])
        assert one.says[-1] == "."
        assert one.unlike[-1:] in ("", ".")
    forms = [form.lower() for one in TERMS for form in one.forms]
    assert len(set(forms)) == len(forms)
    assert len({one.anchor for one in TERMS}) == len(TERMS)


def test_only_the_first_use_of_a_term_is_linked():
    """In whichever form it stands, with the letters as they are; the longest term wins."""
    made, terms = linked("<p>The Image store, two images, an image &amp; an image store.</p><p>Indexes.</p>")
    assert terms == ["image-store", "image", "index"]
    assert made.startswith('<p>The <a class="lab-term" href="G/#image-store">Image store</a>, two <a')
    assert made.endswith(">Indexes</a>.</p>")


def test_code_headings_and_links_are_left_alone():
    """Nor is anything linked in the lines on the run, in tables' heads and in pictures, and no part of a longer word."""
    for kept in (
        "<h2>The <em>index</em></h2>", "<p><code>docker push</code></p>", '<p><a href="x">a <b>tag</b></a></p>',
        '<p class="lab-stamp">Docker engine</p>', "<table><th>Platform</th></table>", "<pre>node <b>x</b> node</pre>",
        "<figure><svg><text>builder</text></svg></figure>", "<p>multi-platform, $REGISTRY/tag, tag-along, stages/</p>",
    ):  # fmt: skip
        made, terms = linked(f"{kept}<p>layer</p>")
        assert made.startswith(kept)
        assert terms == ["layer"]


@pytest.mark.parametrize("text", ["", "term = 3", "[[term]]\nname = 'x'", "[[term]]\ncolour = 'x'", "[[term"])
def test_a_damaged_glossary_is_one_clear_line(tmp_path, text):
    """A missing field, an unknown one, no TOML at all."""
    path = tmp_path / "glossary.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="is not a list of terms"):
        glossary.terms(path)


def test_lessons_link_to_the_glossary(built):
    """Each lesson links its own first uses, each once; the glossary is no page full of links to itself."""
    for one in course.lessons():
        page = (built / "lessons" / one.stem / "index.html").read_text(encoding="utf-8")
        links = re.findall(r'<a class="?lab-term"? href="?../../reference/glossary/#([a-z-]+)', page)
        assert len(links) > 2
        assert len(set(links)) == len(links)
    assert "lab-term" not in (built / "reference" / "glossary" / "index.html").read_text(encoding="utf-8")


# --- the notes --------------------------------------------------------------------------------------------------------


def row(**changes):
    return notes.Row(**({"notes": "n", "shows": "s", "words": "docker buildx ls", "prints": "DRIVER"} | changes))


# what is typed in the notes, in their order; their text, with its images and claims, is not part of this project
TYPED = [
    "uname -m",
    "docker build -t NAME/build-test . --push",
    "docker buildx ls",
    "docker buildx inspect",
    "docker buildx create --name multi-builder --use",
    "docker buildx ls",
    "docker buildx inspect multi-builder --bootstrap",
    "docker buildx build -t NAME/buildx-test --platform linux/arm64,linux/amd64 --push .",
]


def test_every_command_of_the_notes_has_a_step():
    """Asked of the course as it is; the build asks the run's outputs too."""
    unexecuted = [runs.Run(one) for one in course.lessons()]
    commands = [one for one in notes.rows(NOTES) if one.notes.strip("`") in TYPED]
    assert [one.notes.strip("`") for one in commands] == TYPED
    for one in commands:
        _, step = notes.found(one, unexecuted)
        assert course.step(step.name) is step


def test_every_point_of_the_notes_is_met_or_corrected():
    """Each is on the page in its order, with a place; what is wrong in them stands among the corrections."""
    rows = notes.rows(NOTES)
    page = notes.page(rows, [runs.Run(one) for one in course.lessons()])
    table, _, slips = page.partition("## Corrections")
    assert len(rows) == 34
    shown = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| ")]
    assert shown[1:] == [f"| {'✎ ' * one.slip}{one.notes}" for one in rows]
    assert all(one.so for one in rows if one.slip or not one.words)
    assert [line for line in slips.splitlines() if line] == [f"- {one.notes}: {one.so}" for one in rows if one.slip]


@pytest.mark.parametrize("at", ["step purple", "lesson 99-purple", "page docs/purple.md", "purple", ""])
def test_a_point_that_leads_nowhere_stops_the_build(at):
    """A step that was renamed, a lesson that is not there yet."""
    with pytest.raises(BadInput, match="is not a step, a lesson or a reference page"):
        notes.place(at)


def test_the_step_is_the_one_that_prints_what_the_notes_show(tmp_path):
    """`docker buildx ls` stands twice in the notes: once for the list, once for the inactive builder."""
    lessons = [course.lesson("builders"), BUILDER]
    for one in lessons:
        site_build.executed(one, tmp_path)
    read = [runs.read(one, tmp_path) for one in lessons]
    assert notes.found(row(), read)[1].name == "list_builders"
    assert notes.found(row(prints="multi-builder0.*inactive"), read)[1].name == "see_inactive"
    with pytest.raises(BadInput, match="none prints 'purple'"):
        notes.found(row(prints="purple"), read)


def test_a_command_without_a_step_stops_the_build():
    """Also one that is nearly there."""
    read = [runs.Run(one) for one in course.lessons()]
    for words in ("docker buildx ls --purple", "ls docker buildx", "docker build inspect"):
        with pytest.raises(BadInput, match="No step runs"):
            notes.found(row(words=words), read)


def test_commands_go_on_after_a_backslash():
    """As a shell reads them; comments are none, an open quote is no crash."""
    script = "docker buildx build \\\n  --push . # all\necho 'open\n"
    assert list(notes.commands(script)) == [["docker", "buildx", "build", "--push", "."], ["echo", "'open"]]


@pytest.mark.parametrize("text", ["", "row = 3", "[[row]]\nshows = 'x'", "[[row]]\ncolour = 'x'", "[[row"])
def test_a_damaged_list_of_the_notes_is_one_clear_line(tmp_path, text):
    """A missing field, an unknown one, no TOML at all."""
    path = tmp_path / "notes.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="not a list of the notes' points"):
        notes.rows(path)


# --- finishing --------------------------------------------------------------------------------------------------------


def test_the_policy_knows_each_inline_script():
    """A script that is not in it does not run; data for scripts needs no hash."""
    page = '<meta charset="utf-8"><script>a()</script><script src="x.js"></script><script type="application/json">{}</script>'
    done = finish.with_policy(page)
    assert done.count("sha256-") == 1
    assert "default-src 'none'" in done
    assert done.index("Content-Security-Policy") < done.index("<script>")


def test_compact_leaves_what_is_preformatted():
    """Blank lines in an output are its own."""
    page = "<div>\n\n\n<p>a</p>\n\n<pre>x\n\n<b>y</b>\n\n\n</pre>\n\n</div>"
    assert finish.compact(page) == "<div>\n<p>a</p>\n<pre>x\n\n<b>y</b>\n\n\n</pre>\n</div>"


def test_plain_copies_link_to_plain_copies_and_leave_code_alone():
    """A link in a fence is somebody's output."""
    text = "# A {#title}\n\n[b](b.md#x) [web](https://h/x.md)\n\n```text\n[b](b.md)\n```\n{: .lab-facts }\n[b](b.md)\n"
    done = finish.plain(text, lambda target: f"<{target}>")
    assert done == "# A\n\n[b](<b.md>#x) [web](https://h/x.md)\n\n```text\n[b](b.md)\n```\n\n[b](<b.md>)\n"


# --- the built site ---------------------------------------------------------------------------------------------------


LOADS = {("script", "src"), ("img", "src"), ("link", "href"), ("source", "src"), ("iframe", "src"), ("use", "href")}


class Reader(HTMLParser):
    """What a page loads, links to, and can be linked to by."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.ids, self.images = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids += [values[name] for name in ("id", "name") if values.get(name)]
        if tag == "link" and values.get("rel") in {"canonical", "prev", "next", "alternate markdown"}:
            self.links.append(values["href"])
        else:
            self.loads += [values[name] for where, name in LOADS if where == tag and values.get(name)]
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "img":
            self.images.append(values)


def pages_of(built):
    """(address, parsed page) of every page."""
    return [
        ("/" + str(path.relative_to(built)).removesuffix("index.html"), Reader(path.read_text(encoding="utf-8")))
        for path in sorted(built.rglob("*.html"))
    ]


def file_of(built, address):
    path = built / unquote(urlsplit(address).path).lstrip("/")
    return path / "index.html" if path.is_dir() or address.endswith("/") else path


def test_every_page_is_there(built):
    """Lessons, errors, references, and the pages that are written."""
    expected = {"index", "start/index", "workshop/index", "contributing/index", "404", "lessons/index", "errors/index"}
    expected |= {f"lessons/{one.stem}/index" for one in course.lessons()}
    expected |= {f"errors/{entry.id}/index" for entry in entries()}
    expected |= {f"reference/{name}/index" for name in ("lab", "platforms", "notes")}
    found = {str(path.relative_to(built)).removesuffix(".html") for path in built.rglob("*.html")}
    assert expected <= found


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_an_errors_heading_is_the_message(built, entry):
    """Letter for letter, whatever Markdown would make of it."""
    page = (built / "errors" / entry.id / "index.html").read_text(encoding="utf-8")
    heading = re.search(r"<h1[^>]*>(.*?)(<a class=.headerlink.*)?</h1>", page)[1]
    assert html.unescape(re.sub("<[^>]+>", "", heading)) == re.sub("`([^`]+)`", r"\1", entry.title)


def test_every_link_and_anchor_leads_somewhere(built):
    """In the finished HTML, after all hooks; links to the web are the reader's own choice."""
    pages = dict(pages_of(built))
    ids = {address: set(page.ids) for address, page in pages.items()}
    for address, page in pages.items():
        for link in page.links:
            target = urljoin(address, link.replace("https://lab.example/", "/"))
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or link.startswith("javascript:"):
                continue
            assert file_of(built, parts.path).is_file(), f"{address} links to {link}"
            if parts.fragment and parts.path in ids:
                assert unquote(parts.fragment) in ids[parts.path], f"{address} links to {link}"


def test_nothing_is_loaded_from_elsewhere(built):
    """Scripts, styles, pictures, fonts: all from the site, and all are there."""
    for address, page in pages_of(built):
        for load in page.loads:
            target = urlsplit(urljoin(address, load))
            assert not target.netloc, f"{address} loads {load}"
            assert file_of(built, target.path).is_file(), f"{address} loads {load}"
    styles = "\n".join(path.read_text(encoding="utf-8") for path in built.rglob("*.css"))
    assert not re.findall(r"""(?:@import|url\()\s*["']?(?:https?:)?//[^)\s]+""", styles)


def test_every_page_closes_itself_against_other_hosts(built):
    """A policy in each page, and no handler in an attribute, which it would forbid."""
    for path in built.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert text.count('http-equiv="Content-Security-Policy"') == 1, path
        assert not re.search(r"<[^>]+\son(click|load|error)=", text), path


def test_pictures_have_text_and_size(built):
    """Nothing moves when they come, and nobody is left out."""
    for path in built.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for figure in re.findall(r'<figure class="lab-diagram" tabindex="0">(<svg[^>]*>)', text):
            assert re.search(r'aria-label="[^"]{20,}" width="\d+" height="\d+"', figure), path
    assert all("alt" in image for _, page in pages_of(built) for image in page.images)


def test_ids_on_a_page_are_unique(built):
    """An anchor leads to one place."""
    for address, page in pages_of(built):
        double = {one for one in page.ids if page.ids.count(one) > 1 and not one.startswith("__")}
        assert not double - {"viewport", "description", "generator", "form", "search", "query"}, address


def test_no_page_is_heavy(built):
    """60 KB of HTML at most."""
    heavy = {path: path.stat().st_size for path in built.rglob("*.html") if path.stat().st_size > 60 * 1024}
    assert not heavy


def test_other_readers_find_plain_markdown(built):
    """Beside each page, listed in llms.txt, with links to other plain copies that are there."""
    listed = re.findall(r"\]\(https://lab\.example/([^)]+)\)", (built / "llms.txt").read_text(encoding="utf-8"))
    assert len(listed) == len(list(built.rglob("index.html")))
    for place in listed:
        text = (built / place).read_text(encoding="utf-8")
        assert text.startswith("#")
        assert "LABBLOCK" not in text
        without_code = re.sub(r"^(`{3,}).*?^\1`*$|`[^`\n]+`", "", text, flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s#:]+\.md)(?:#[^)]*)?\)", without_code):
            assert (built / place).parent.joinpath(target).is_file(), f"{place} links to {target}"


def test_search_engines_find_their_way(built):
    """A sitemap, canonical addresses, a title and a description of each page's own, a card that is there."""
    sitemap = (built / "sitemap.xml").read_text(encoding="utf-8")
    assert "<loc>https://lab.example/lessons/machine/</loc>" in sitemap
    seen = {}
    for path in built.rglob("index.html"):
        text = path.read_text(encoding="utf-8")
        address = "https://lab.example/" + str(path.relative_to(built)).removesuffix("index.html")
        assert f'<link rel="canonical" href="{address}">' in text
        seen.setdefault(re.search(r"<title>(.*?)</title>", text)[1], []).append(address)
        card = re.search(r'property="og:image" content="https://lab\.example/([^"]+)"', text)[1]
        assert (built / card).read_bytes()[:2] == b"\xff\xd8"
    assert not [places for places in seen.values() if len(places) > 1]


def test_the_search_finds_a_pasted_message(built):
    """The index holds the guide's messages and the lessons' outputs, but not the results' chatter."""
    docs = json.loads((built / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    assert any("exec format error" in doc["title"] and doc["location"].startswith("errors/") for doc in docs)
    found = [doc for doc in docs if doc["location"].startswith("lessons/mismatch/")]
    assert any("does not match the detected host platform" in doc["text"] for doc in found)
    assert not any("Evidence" in doc["text"] for doc in docs)


def test_the_notebooks_are_offered(built):
    """The file of the lesson itself, without outputs."""
    for one in course.lessons():
        assert (built / "lessons" / one.notebook.name).read_bytes() == one.notebook.read_bytes()


def test_a_changed_notebook_stops_the_release(tmp_path):
    """`make site` fails with one line that says which command renews it, and builds nothing."""
    for one in course.lessons():
        site_build.executed(one, tmp_path / "tour", **({"source": "old"} if one == BUILDER else {}))
    done = site_build.build(tmp_path / "tour", tmp_path / "site")
    assert done.returncode == 1
    assert "'06-new-builder.ipynb' has changed since its run. `lab tour --yes --output" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(Path(tmp_path / "site").rglob("*.html"))
