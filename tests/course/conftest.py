"""Literal facts for the lessons' checks: no engine, no registry."""

import pytest
from support.literal import fact, says

__all__ = ["fact", "says"]


@pytest.fixture
def verdict(says):
    """A check's template, whether it is a problem or a proof."""
    return lambda step, *facts: says(step, *facts) or step.check(*facts).template
