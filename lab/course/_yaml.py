"""A learner's YAML file, read with care: half a file, a hostile one, or one of another form is one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.errors import BadInput
from lab.model.facts import Evidence
from lab.model.world import World
from lab.probes import host


def read(world: World, path: str) -> tuple[list[dict[str, Any]], tuple[Evidence, ...]]:
    """The documents of a file, each a table; an empty one has none.

    NotThere where the file is missing, BadInput where it cannot be read.
    """
    import yaml

    text = host.text(path)(world)
    try:
        documents = [one for one in yaml.safe_load_all(text.content) if one is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as YAML: {str(error).splitlines()[0]}.", "Is it whole?") from error
    if not all(isinstance(one, dict) for one in documents):
        raise BadInput(f"{path} cannot be read: it holds no table of YAML.", "Is it whole?")
    return documents, text.evidence


def at(data: Any, *path: str) -> Any:
    """What stands there, key by key; None where it does not."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def tables(data: Any) -> Iterator[dict[str, Any]]:
    """The tables of a list; nothing of anything else."""
    yield from (one for one in (data if isinstance(data, list) else ()) if isinstance(one, dict))


def word(data: Any) -> str:
    """A text; "" for anything else, which aliases may have made as large as somebody wants it to be."""
    return data if isinstance(data, str) else ""
