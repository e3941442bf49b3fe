"""Literal facts for the cases' checks: no engine, no registry."""

import pytest
from support.literal import Literal, fact, says

from lab.model.facts import Binaries, Binary, Image, Images
from lab.model.platforms import Platform

__all__ = ["fact", "says"]

REGISTRY = "localhost:5000"


class Tagged(Literal):
    """Short ways to write down what a tag holds."""

    @staticmethod
    def images(name, *platforms, starts=("/hello",), labels=()):
        """An index of these platforms, each image starting that."""
        index = Literal.index(*platforms, name=f"{REGISTRY}/{name}:latest", attested=1)
        each = tuple(
            Image(reference="x", digest=row.digest, platform=row.platform, cmd=starts, labels=labels)
            for row in index.images
        )
        return Images(index=index, images=each)

    @staticmethod
    def holds(name, path="/hello", **programs):
        """The program of each row: `amd64="arm64"` is an arm64 program in the row for linux/amd64; None is no program."""
        return Binaries(
            reference=f"{REGISTRY}/{name}:latest",
            programs=tuple(
                (Platform.parse(f"linux/{row.replace('_', '/')}"), _program(path, of)) for row, of in programs.items()
            ),
        )


def _program(path, of):
    if of is None or of == "text":
        return Binary(path=path, kind="text") if of else None
    return Binary(path=path, kind="elf", platform=Platform.parse(f"linux/{of}"))


@pytest.fixture
def tagged():
    """The short ways."""
    return Tagged
