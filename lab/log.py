"""Where the traceback of a mistake of our own goes, since a learner never sees one."""

from __future__ import annotations

from datetime import UTC, datetime

from lab import paths
from lab.errors import Blocked
from lab.storage import write_text


def keep_traceback(what: str) -> str:
    """Write the traceback that is being handled to a file; its path, or why it could not be kept."""
    import traceback

    path = paths.home() / "log" / f"bug-{what}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.txt"
    try:
        write_text(path, traceback.format_exc())
    except Blocked as error:
        return error.message
    return str(path)
