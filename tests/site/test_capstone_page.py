"""The capstone's page: the letter, the proofs, and the hints folded."""

from pages import capstone as made

from lab.course import capstone


def test_the_page_has_the_letter_and_all_proofs():
    """Ten of them; a hint is folded, and stands in the plain copy."""
    page = made.pages()["capstone/index.md"]
    for one in capstone.proofs():
        assert f"| {one.code} | {one.about} | {one.step.goal} |" in page.markdown
        assert one.step.hints[0] not in page.markdown
        assert one.step.hints[0] in page.plain
    assert "| P10 |" in page.markdown
    assert "> - Then hand over" in page.markdown
    assert len(page.blocks) == 9
    assert all("<details>" in block for block in page.blocks.values())


def test_the_page_names_no_fault():
    """What is wrong is to be found."""
    text = made.pages()["capstone/index.md"].markdown.lower()
    assert not [word for word in ("targetarch", "goarm", "uname", "nodeselector") if word in text]
