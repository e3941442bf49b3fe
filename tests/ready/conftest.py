"""A repository of files that a test writes, and what is found in it."""

from __future__ import annotations

import pytest

from lab.ready import PAIR, ready


@pytest.fixture
def repository(tmp_path):
    """Write files, by their paths; what is found in them, no registry asked."""

    def look(files, *, wanted=PAIR, online=False):
        for path, text in files.items():
            place = tmp_path / "app" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return ready(str(tmp_path / "app"), wanted=wanted, online=online)

    return look
