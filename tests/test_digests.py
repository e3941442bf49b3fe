"""One way to shorten a digest in a sentence, one where space is scarce; nothing else in the lab cuts one."""

import re
from pathlib import Path

from lab.model.digests import brief, digits

LAB = Path(__file__).parent.parent / "lab"
DIGEST = "sha256:0123456789abcdef"


def test_a_digest_is_shown_by_its_beginning():
    """With and without its algorithm; what has none is not given one."""
    assert (brief(DIGEST), digits(DIGEST)) == ("sha256:0123456789ab…", "0123456789ab")
    assert (brief("0123456789abcdef"), digits("0123456789abcdef")) == ("0123456789ab…", "0123456789ab")


def test_no_module_cuts_a_digest_in_a_way_of_its_own():
    """Three ways of doing it were three forms of one thing before a learner's eyes."""
    cut = re.compile(r"(digest|digits)\w*(\.removeprefix\([^)]*\))?\[[0-9]*:[0-9]+\]")
    assert cut.search("row.digest[7:19]")
    assert [path.name for path in LAB.rglob("*.py") if cut.search(path.read_text(encoding="utf-8"))] == []
