"""Literal facts for the lessons' checks: no engine, no registry."""

from support.literal import fact, says

__all__ = ["fact", "says"]
