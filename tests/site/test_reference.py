"""Pages that are made from the code: platforms, commands, errors."""

import argparse
import json
import re

import pytest
from pages import errors, reference

from lab import cli
from lab.errors import Bug
from lab.explainer.data import entries


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
