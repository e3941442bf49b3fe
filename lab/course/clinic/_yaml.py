"""A learner's YAML file, read with care: half a file, a hostile one, or one of another form is one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.errors import BadInput
from lab.model.facts import Evidence
from lab.model.world import World
from lab.probes import host


def read(world: World, path: str) -> tuple[list[dict[str, Any]], tuple[Evidence, ...]]:
    """The documents of a file, each a table. NotThere where it is missing, BadInput where it cannot be read."""
    import yaml

    text = host.text(path)(world)
    try:
        every = yaml.safe_load_all(text.content)
        documents = [one for one in every if one is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as YAML: {str(error).splitlines()[0]}.") from error
    if not documents or not all(isinstance(one, dict) for one in documents):
        raise BadInput(f"{path} holds no table of YAML.")
    return documents, text.evidence


def at(data: Any, *path: str) -> Any:
    """What stands there, key by key; None where it does not."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def tables(data: Any) -> Iterator[dict[str, Any]]:
    """The tables of a list; nothing of anything else."""
    yield from (one for one in (data if isinstance(data, list) else ()) if isinstance(one, dict))
