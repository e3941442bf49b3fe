"""A registry that holds what a test audits."""

from __future__ import annotations

import pytest
from support import fake_registry

from lab.audit import audit


@pytest.fixture
def server():
    with fake_registry.running() as running:
        yield running


@pytest.fixture
def audited(server):
    """Put an image into a registry and audit it there."""

    def run(manifest, **options):
        server.add("app", "x", manifest)
        return audit(f"{server.address}/app:x", **options)

    return run
