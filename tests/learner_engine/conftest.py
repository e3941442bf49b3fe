"""A learner's engine that a program called docker plays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.docker_stub import Stub


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """A `docker` that answers as it is told, and keeps what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "LAB_SANDBOX"):
        monkeypatch.delenv(name, raising=False)
    return Stub(folder)
