"""The glossary: its page, and the links to it in others."""

import re

import pytest
from pages import glossary
from support import site_build

from lab.errors import BadInput

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
