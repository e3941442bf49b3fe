"""What every drawing must be: safe, small, readable by eye and ear; and the bars."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drawings import HOSTILE, build, drawn, farm, inspected, long_build, many, recorded

from lab.draw import svg
from lab.draw.bars import bars
from lab.draw.builders import card
from lab.draw.hub import hub
from lab.draw.timeline import timeline
from lab.draw.tree import tree
from lab.errors import BadInput
from lab.model.picture import Picture

ALL = {
    "bars": lambda: bars("Native against emulated", [("native", 0.97), ("emulated", 5.42), ("crossed", 0.51)]),
    **{
        name: lambda name=name: timeline(build(name))
        for name in ("copy", "cached", "emulated", "cross", "failing", "no-emulator", "single")
    },
    **{f"tree {tag}": lambda tag=tag: tree(*recorded(tag)) for tag in ("run", "pi", "x")},
    **{f"hub {tag}": lambda tag=tag: hub(*recorded(tag)) for tag in ("run", "pi", "x")},
    "many bars": lambda: bars("b" * 300, [("r" * 300, n) for n in range(24)]),
    "many steps": lambda: timeline(long_build(300)),
    "many platforms": lambda: tree(*many(40, 30)),
    "many layers": lambda: tree(*many(1, 120)),
    "many rows": lambda: hub(*many(80, 1)),
    "hostile bars": lambda: bars(HOSTILE, [(HOSTILE, 1.0)]),
    **{f"builder {name}": lambda name=name: card(inspected(name)) for name in ("inactive", "running", "pinned")},
    "many nodes": lambda: card(farm(40)),
    "hostile nodes": lambda: card(replace(farm(2, HOSTILE), name=HOSTILE, driver=HOSTILE)),
}


@pytest.mark.parametrize("name", ALL)
def test_a_figure_is_one_safe_small_line(name):
    """One figure without script, address or line end (blank lines end a block of HTML in Markdown), below 20 KB."""
    html = ALL[name]().html
    assert html.startswith("<figure")
    assert html.endswith("</figure>")
    assert "\n" not in html
    assert len(html.encode()) < 20_000
    outside = html.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(
        r"<script|<style|<iframe|<img|<a |javascript:|\bhttps?:|\bsrc=|href=|\son\w+=\"|@import", outside
    )
    assert not re.search(r"url\((?!#lab-)", outside)


@pytest.mark.parametrize("name", ALL)
def test_the_text_fits_a_terminal(name):
    """80 columns; the text says something that the title alone does not."""
    picture = ALL[name]()
    lines = picture.text.split("\n")
    assert len(lines) > 1
    assert max(map(len, lines)) <= 80 or name in ("many bars", "hostile bars", "many layers")


@pytest.mark.parametrize("name", [name for name in ALL if "hub" not in name and name != "many rows"])
def test_a_drawing_is_an_image_with_a_description(name):
    """Screen readers find a title and all of the text; names within are this figure's own, each once."""
    picture = ALL[name]()
    root = drawn(picture)
    space = "{http://www.w3.org/2000/svg}"
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert root.get("role") == "img"
    assert root.get("aria-labelledby").split() == [f"{ids[0][:-6]}-title", f"{ids[0][:-6]}-desc"]
    assert root.find(f"{space}title").text == picture.title
    spoken = root.find(f"{space}desc").text
    words = [word for word in re.sub(r"│.*│|[█;,]", " ", picture.text).split() if word]
    assert re.sub(r"[;,]", " ", spoken).split() == words
    assert len(set(ids)) == len(ids)
    assert all(one.startswith("lab-") for one in ids)
    used = set(re.findall(r"url\(#([^)]+)\)", picture.html))
    assert used <= set(ids)


@pytest.mark.parametrize("name", [name for name in ALL if "hub" not in name and name != "many rows"])
def test_everything_stays_inside_of_the_drawing(name):
    """No box, no line and no (estimated) text leaves the picture, so that nothing is cut off."""
    root = drawn(ALL[name]())
    _, _, width, height = map(float, root.get("viewBox").split())
    for node in root.iter():
        if node.tag.endswith("rect"):
            assert float(node.get("x")) >= 0
            assert float(node.get("x")) + float(node.get("width")) <= width + 0.2
            assert float(node.get("y")) + float(node.get("height")) <= height
        elif node.tag.endswith("text"):
            long = len(node.text or "") * float(node.get("font-size")) * 0.5
            left = float(node.get("x")) - (long if node.get("text-anchor") == "end" else 0)
            assert left >= -1
            assert left + long <= width + 1, node.text
            assert 0 < float(node.get("y")) <= height


@pytest.mark.parametrize("name", ALL)
def test_the_same_facts_give_the_same_picture(name):
    """Letter for letter, so that a page made twice does not change; and it survives JSON."""
    picture = ALL[name]()
    assert ALL[name]() == picture
    assert Picture.from_json(json.loads(json.dumps(picture.to_json()))) == picture


@pytest.mark.parametrize("data", [None, [], {}, {"title": "a", "text": "b"}, {"title": "a", "text": "b", "html": 7}])
def test_what_is_no_picture_is_refused(data):
    """BadInput, not a KeyError."""
    with pytest.raises(BadInput):
        Picture.from_json(data)


def luminance(colour):
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(tone, ground, share):
    return "#" + "".join(
        f"{round(int(tone[i : i + 2], 16) * share + int(ground[i : i + 2], 16) * (1 - share)):02x}" for i in (1, 3, 5)
    )


@pytest.mark.parametrize("ground", ["#ffffff", "#111111", "#1e1e1e", "#0d1117"])
@pytest.mark.parametrize("tone", [svg.BLUE, svg.ORANGE, svg.RED, svg.GREEN, svg.GREY])
def test_tones_are_seen_on_light_and_dark(tone, ground):
    """AA: 3 to 1 for shapes, 4.5 to 1 for text on a pale fill, on white and on the usual dark grounds."""
    ink = "#1f2328" if ground == "#ffffff" else "#e0e0e0"
    assert contrast(tone, ground) >= 3
    assert contrast(ink, mixed(tone, ground, 0.28)) >= 4.5


def test_bars_give_values_and_ratios():
    """Each row has its value; all but the first say how many times the first they are."""
    text = bars("Loop", [("native", 0.5), ("emulated", 4.0), ("crossed", 0.25)]).text
    native, emulated, crossed = text.split("\n")[1:4]
    assert "0.50 s" in native
    assert "times" not in native
    assert "8.0 times" in emulated
    assert "0.5 times" in crossed
    assert emulated.count("█") == 8 * native.count("█") or emulated.count("█") > 6 * native.count("█")


def test_bars_in_another_unit_and_from_nothing():
    """MB instead of seconds; nothing is so many times nothing."""
    text = bars("Size", [("a", 0.0), ("b", 12.0)], unit="MB").text
    assert "12 MB" in text
    assert "times" not in text


@pytest.mark.parametrize("rows", [[], [("a", -1.0)], [("a", float("nan"))], [("a", float("inf"))], [("a", 1.0)] * 25])
def test_what_cannot_be_drawn_is_refused(rows):
    """BadInput for no rows, too many, and what is no length."""
    with pytest.raises(BadInput):
        bars("t", rows)


@given(st.text(max_size=60), st.lists(st.tuples(st.text(max_size=60), st.floats(0, 1e300)), min_size=1, max_size=24))
@settings(max_examples=60, deadline=None)
def test_any_label_is_escaped(title, rows):
    """Whatever a label holds, the figure stays well-formed and on one line."""
    html = bars(title, rows).html
    assert "\n" not in html
    ET.fromstring(html.replace("<details>", "<details xmlns='x'>"))  # noqa: S314  # our own
