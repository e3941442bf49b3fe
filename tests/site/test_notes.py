"""The page of the notes: each of their points is met by a step, or corrected."""

import pytest
from pages import notes
from support import site_build

from lab import course
from lab.errors import BadInput
from lab.learning.tour import runs

BUILDER = course.lesson("new-builder")
NOTES = site_build.ROOT / "docs" / "reference" / "notes.toml"


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
