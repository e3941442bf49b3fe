"""Where the lab keeps what it makes: one folder for its state, one for its downloads.

`LAB_HOME` and `LAB_CACHE` move them, which is how tests have sandboxes of their own.
"""

from __future__ import annotations

import os
from pathlib import Path

_NAME = "multiplatform-lab"


def home() -> Path:
    """The folder of the lab's state (sandbox, progress, transcripts), mode 0700; may not exist yet."""
    if chosen := os.environ.get("LAB_HOME"):
        return Path(chosen).absolute()
    import platformdirs

    return platformdirs.user_data_path(_NAME)


def cache() -> Path:
    """The folder of downloads and built programs that a second `lab up` uses again."""
    if chosen := os.environ.get("LAB_CACHE"):
        return Path(chosen).absolute()
    import platformdirs

    return platformdirs.user_cache_path(_NAME)


def sandbox() -> Path:
    """The sandbox's folder: engine, registry, configuration. `lab down` removes it."""
    return home() / "sandbox"


def learner() -> Path:
    """The folder of a learner's progress and transcripts; `LAB_LEARNER` gives a headless run one of its own."""
    if chosen := os.environ.get("LAB_LEARNER"):
        return Path(chosen).absolute()
    return home()
