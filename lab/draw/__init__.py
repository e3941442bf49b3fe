"""Pictures made from facts: each as text that reads well on its own, and as a figure for a notebook or a page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lab.errors import BadInput


@dataclass(frozen=True)
class Picture:
    """One picture. The same facts give the same picture, letter for letter.

    `text` fits a terminal of 80 columns and tells people who cannot see all that the drawing shows. `html` is one
    `<figure>` on one line: no script, no reference to anything outside of it, readable on light and dark.
    """

    title: str
    text: str
    html: str

    def to_json(self) -> dict[str, Any]:
        """A plain table that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Picture:
        """Read what `to_json` wrote; BadInput for anything else."""
        fields = ("title", "text", "html")
        if not isinstance(data, dict) or not all(isinstance(data.get(name), str) for name in fields):
            raise BadInput("This is not one of the lab's pictures.")
        return cls(*(data[name] for name in fields))
