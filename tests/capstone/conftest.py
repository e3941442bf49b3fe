"""Literal facts for the proofs' checks, and a world that holds nothing but a learner's number."""

import pytest
from support.literal import fact, says

from lab.model.world import World

__all__ = ["fact", "says"]


@pytest.fixture
def world(tmp_path):
    """A world without an engine."""

    def make(seed=1, here="linux/amd64"):
        (tmp_path / "home").mkdir(exist_ok=True)
        return World(
            env={"HERE": here, "OTHER": "linux/arm64" if here == "linux/amd64" else "linux/amd64"},
            registry="localhost:5000",
            workspace=tmp_path,
            home=tmp_path / "home",
            seed=seed,
        )

    return make
