"""What `make test-all` runs, each night, and `make test` does not: more of the same, and what takes minutes."""

import os

import pytest

SLOW = bool(os.environ.get("LAB_SLOW"))
nightly = pytest.mark.skipif(not SLOW, reason="LAB_SLOW=1 runs it")
