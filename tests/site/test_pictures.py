"""Diagrams and cards: small, drawn with no network, and told in words."""

import re

import pytest
from pages import card as cards
from pages import diagram

from lab.errors import Blocked

FLOW = 'flowchart LR\n    a["the<br>client"] -->|asks| b["the engine"]\n    b --> c_d["x & y"]\n'


def test_a_diagram_is_drawn_small_and_told_in_words(tmp_path):
    """No style, no script, no reference to elsewhere; those who cannot see it hear the same."""
    picture, words = diagram.drawn(FLOW, tmp_path)
    assert words == "Diagram. the client → (asks) the engine; the engine → x & y."
    assert not re.search(r"<(style|script|foreignObject|image)|https?://(?!www\.w3\.org/2000/svg)|style=", picture)
    assert len(picture) < 4000
    assert diagram.drawn(FLOW, tmp_path) == (picture, words)


def test_a_figure_has_its_size_and_description(tmp_path, monkeypatch):
    """The size stands in the page, so nothing moves when it is drawn."""
    monkeypatch.setattr(diagram, "KEPT", tmp_path)
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
