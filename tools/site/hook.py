"""The published site: the hook that MkDocs calls. It makes the pages that nobody writes, and finishes all of them.

Lessons come from executed notebooks, the error guide from its files of causes, the references from the code itself.
`mkdocs build` refuses a lesson without a real, whole and present run; `mkdocs serve`, for authors, shows it with a
clear mark.
"""

from __future__ import annotations

import logging
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pages import capstone, clinic, diagram, errors, finish, glossary, plans, reference, slides, teach
from pages import card as cards
from pages import lesson as pages
from pages import notes as maps
from pages.lesson import Page as Made

from lab import course
from lab.errors import BadInput, LabError
from lab.learning.tour import runs as real

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

log = logging.getLogger("mkdocs.hooks.lab")
_KINDS = {
    "lessons": "Lesson",
    "clinic": "Clinic",
    "capstone": "Capstone",
    "errors": "Error guide",
    "reference": "Reference",
    "workshop": "Workshop",
}
_state: dict[str, Any] = {"strict": True, "made": {}, "plain": {}, "terms": ()}

LESSONS = """---
title: Lessons
description: Executable lessons on multi-platform Docker images, each with checked steps and the output of a real run.
---
# Lessons

Each page shows the output of a real run. To do the steps yourself, [start the lab](../start.md): the same lesson opens
in Jupyter, and every step is checked.

| No. | Lesson | Steps | Minutes |
|---:|---|---:|---:|
{rows}
| | **All** | **{steps}** | **{minutes}** |
"""


def on_startup(*, command: str, dirty: bool) -> None:
    """Only `serve` may show lessons that were not run."""
    del dirty
    _state["strict"] = command != "serve"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the lessons into the navigation, in their order; let diagrams be drawn here."""
    mermaid = {"name": "mermaid", "class": "mermaid", "format": diagram.fence}
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [mermaid]}
    lessons = [{lesson.question: f"lessons/{lesson.stem}.md"} for lesson in course.lessons()]
    for entry in config.nav or []:
        if "Lessons" in entry:
            entry["Lessons"] = [*entry["Lessons"][:1], *lessons]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and the notebooks for download."""
    from mkdocs.exceptions import PluginError
    from mkdocs.structure.files import File

    try:
        made = _pages(config)
    except LabError as error:
        raise PluginError(str(error)) from None
    _state["made"], _state["plain"] = made, {}
    for place, page in made.items():
        files.append(File.generated(config, place, content=page.markdown))
    for lesson in course.lessons():
        place = f"lessons/{lesson.notebook.name}"
        files.append(File.generated(config, place, abs_src_path=str(lesson.notebook)))
    return files


def _pages(config: MkDocsConfig) -> dict[str, Made]:
    runs = [_run(lesson, Path(config.extra["tour"])) for lesson in course.lessons()]
    notes = maps.rows(Path(config.docs_dir) / "reference" / "notes.toml")
    root, workshop = Path(config.config_file_path).parent, Path(config.docs_dir) / "workshop"
    _state["terms"] = glossary.terms(Path(config.docs_dir) / "reference" / "glossary.toml")
    written = {
        "lessons/index.md": _lessons(),
        "reference/glossary.md": glossary.page(_state["terms"]),
        "reference/platforms.md": reference.platforms(),
        "reference/lab.md": reference.command(config.extra["command_line"]()),
        "reference/notes.md": maps.page(notes, runs),
        "contributing.md": _contributing(root),
        plans.PLACE: plans.page(workshop / "plans.toml"),
        **errors.pages(),
    }
    lessons = {f"lessons/{run.lesson.stem}.md": pages.page(run) for run in runs}
    lessons[slides.PLACE] = slides.page(workshop / "slides.toml", runs)
    cases = clinic.pages(root) | teach.pages(root / "tests")
    return lessons | cases | capstone.pages() | {place: Made(text, "") for place, text in written.items()}


def _run(lesson: course.Lesson, folder: Path) -> real.Run:
    try:
        return real.read(lesson, folder)
    except BadInput as error:
        if _state["strict"]:
            raise
        log.info("%s", error)
        return real.Run(lesson)


def _lessons() -> str:
    lessons = course.lessons()
    rows = [
        f"| {one.number} | [{one.question}]({one.stem}.md) | {len(one.steps)} | {pages.minutes(one)} |"
        for one in lessons
    ]
    total = sum(map(pages.minutes, lessons))
    return LESSONS.format(rows="\n".join(rows), steps=sum(len(one.steps) for one in lessons), minutes=total)


def _contributing(root: Path) -> str:
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return f'---\ndescription: "How to change the course: four commands, five words, and a new step."\n---\n{text}'


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put what is counted into the page on exams, which is written otherwise."""
    del page, files
    tests = Path(config.config_file_path).parent / "tests"
    return teach.exams(markdown, tests) if teach.HERE in markdown else markdown


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """In a lesson, link the terms to the glossary, and put the steps' HTML into the places left for it."""
    del config, files
    made = _state["made"].get(page.file.src_uri)
    if not made or not made.blocks:
        return html
    place = posixpath.relpath("reference/glossary", page.url)
    return pages.filled(glossary.linked(html, _state["terms"], f"{place}/"), made.blocks)


def on_page_context(context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation) -> dict[str, Any]:
    """Give the template what the page says of itself, and keep its plain Markdown for `on_post_build`."""
    del nav
    uri = page.file.src_uri
    made = _state["made"].get(uri)
    markdown = (made.plain if made and made.plain else page.markdown) or ""
    _state["plain"][uri] = (page, finish.plain(markdown, lambda target: _beside(target, page)))
    card = posixpath.join("assets/cards", uri.removesuffix(".md") + ".jpg")
    site = config.site_url or ""
    description = page.meta.get("description", config.site_description or "")
    context["lab_head"] = finish.head(str(page.title), description, page.canonical_url or "", f"{site}{card}")
    kind = _KINDS.get(uri.partition("/")[0], "A course that you run")
    finish.write(Path(config.site_dir) / card, cards.jpeg(str(page.title), kind, config.site_name))
    return context


def _beside(target: str, page: Page) -> str:
    """Where the plain copy of another page lies, seen from the plain copy of this one."""
    source = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), target))
    folder = posixpath.dirname(source) if posixpath.basename(source) == "index.md" else source.removesuffix(".md")
    return posixpath.relpath(posixpath.join(folder, "index.md"), page.file.url or ".")


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Close the page against other hosts, name what the theme leaves nameless, take the blanks out."""
    del page, config
    return finish.finished(output)


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """The same for the page that says that there is no such page."""
    del config
    return finish.finished(output_content) if template_name == "404.html" else output_content


def on_post_build(config: MkDocsConfig) -> None:
    """Write the plain copies and the list of them."""
    folder = Path(config.site_dir)
    entries = []
    for uri, (page, text) in sorted(_state["plain"].items(), key=lambda item: _order(item[0])):
        place = posixpath.join(page.file.url, "index.md") if page.file.url != "./" else "index.md"
        finish.write(folder / place, text)
        kind = {
            "lessons": "Lessons",
            "clinic": "Clinic",
            "capstone": "Capstone",
            "errors": "Errors",
            "reference": "Reference",
            "workshop": "Workshop",
        }.get(uri.partition("/")[0], "Start")
        description = page.meta.get("description", "")
        entries.append(finish.Entry(kind, str(page.title), f"{config.site_url or '/'}{place}", description))
    finish.write(folder / "llms.txt", finish.llms(config.site_name, config.site_description or "", entries))


def _order(uri: str) -> tuple[int, int, str]:
    section = uri.partition("/")[0] if "/" in uri else ""
    numbers = {lesson.stem: lesson.number for lesson in course.lessons()}
    places = ["", "lessons", "clinic", "capstone", "errors", "reference", "workshop"]
    place = places.index(section) if section in places else len(places)
    return place, numbers.get(Path(uri).stem, 0), "" if uri.endswith("index.md") else uri
