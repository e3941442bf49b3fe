"""The site as MkDocs builds it: complete, self-contained, and never of an outdated run."""

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from support import site_build
from support.nightly import nightly

from lab import course
from lab.explainer.data import entries

BUILDER = course.lesson("new-builder")


@pytest.fixture
def built(stated_site):
    """The whole site."""
    return stated_site


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
    expected |= {f"workshop/{one.stem}/index" for one in course.lessons()}
    expected |= {f"workshop/{name}/index" for name in ("plan", "rooms", "slides", "exercises", "exams")}
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
    """60 KB of HTML at most; the slides are thirteen pictures on one page, one page has all verbs, and both may have 80."""
    sizes = {path: path.stat().st_size for path in built.rglob("*.html")}
    long = {built / place / "index.html" for place in ("workshop/slides", "reference/lab")}
    assert not {path: size for path, size in sizes.items() if size > (80 if path in long else 60) * 1024}


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


def test_lessons_link_to_the_glossary(built):
    """Each lesson links its own first uses, each once; the glossary is no page full of links to itself."""
    for one in course.lessons():
        page = (built / "lessons" / one.stem / "index.html").read_text(encoding="utf-8")
        links = re.findall(r'<a class="?lab-term"? href="?../../reference/glossary/#([a-z-]+)', page)
        assert len(links) > 2
        assert len(set(links)) == len(links)
    assert "lab-term" not in (built / "reference" / "glossary" / "index.html").read_text(encoding="utf-8")


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


@nightly
def test_every_diagram_is_kept_as_it_is_drawn(tmp_path, monkeypatch):
    """None is missing, none is left over from an older page, and none is another than mermaidx draws now."""
    monkeypatch.setenv("LAB_DIAGRAMS", str(tmp_path / "drawn"))
    site_build.whole(tmp_path)
    assert site_build.pictures(tmp_path / "drawn") == site_build.pictures()


def test_a_changed_notebook_stops_the_release(tmp_path):
    """`make site` fails with one line that says which command renews it, and builds nothing."""
    for one in course.lessons():
        site_build.executed(one, tmp_path / "tour", **({"source": "old"} if one == BUILDER else {}))
    done = site_build.build(tmp_path / "tour", tmp_path / "site")
    assert done.returncode == 1
    assert "'06-new-builder.ipynb' has changed since its run. `lab tour --yes --output" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(Path(tmp_path / "site").rglob("*.html"))
