"""The verbs that stay useful after the course: explain, audit and ready."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError, UsageError

if TYPE_CHECKING:
    from lab.explainer import Explanation
    from lab.explainer.data import EngineFacts
    from lab.model.platforms import Platform
    from lab.model.world import World


def explain(given: Namespace) -> int:
    """What an error text or a log means."""
    from lab import explainer

    if given.last:
        found = [("", explainer.explain(_last_output(), engine=_engine()))]
    else:
        if given.what in ([], ["-"]) and sys.stdin.isatty():
            print("Paste the error, then press Ctrl-D.", file=sys.stderr)
        found = list(explainer.run_each(_texts(given.what), engine=_engine()))
    if given.json:
        documents = [{**({"file": name} if name else {}), **one.to_json()} for name, one in found]
        print(json.dumps(documents[0] if len(found) == 1 else documents, indent=1))
    else:
        print("\n\n".join(f"== {name}\n{_told(one)}" if name else _told(one) for name, one in found))
    return max(one.exit_status for _, one in found)


def _texts(what: list[str]) -> list[str]:
    """What was given; for an entry's own name (`exec-format-error`) the text that the guide has of it."""
    from lab.explainer.data import entries

    named = {one.id: one.samples[0] for one in entries() if one.samples}
    return [named[what[0]]] if len(what) == 1 and what[0] in named and not Path(what[0]).exists() else what


def _told(found: Explanation) -> str:
    """The explanation, and what an everyday slip among the lines means where it is not known."""
    from lab.learning import hints

    slip = "" if found.known else hints.slip("\n".join(line.text for line in found.looks))
    return f"{found.as_text()}\nIt is no matter of platforms. {slip}" if slip else found.as_text()


def _last_output() -> str:
    """What the last command printed: of those typed in `lab shell`, else of the step that was run last."""
    from lab.probes.here import this_world
    from lab.terminal import recorder, spoken

    folder = recorder.session()
    typed = recorder.on_screen(folder) if folder else None
    return spoken.kept(typed.parts, recorder.LOOKS) if typed else this_world().latest().output


def audit(given: Namespace) -> int:
    """Is each image what its label says? One that cannot be read keeps none of the others from being told of."""
    from lab import audit as auditor
    from lab.audit.report import sarif

    need = _platforms(given.need, "--need")
    here = _world()
    reports = [auditor.report(name, need=need, world=here, everything=given.all) for name in given.images]
    if given.sarif:
        print(json.dumps(sarif(reports), indent=1))
    elif given.json:
        print(json.dumps([report.to_json() for report in reports], indent=1))
    else:
        print("\n".join(report.as_text() for report in reports))
    return max(report.exit_status for report in reports)


def ready(given: Namespace) -> int:
    """What keeps each folder's images from another platform? One that cannot be read keeps none from being told of."""
    from lab import ready as reader
    from lab.ready.report import sarif

    wanted = tuple(sorted(_platforms(given.platform, "--platform"))) or reader.PAIR
    here = None if given.offline else _world()
    paths = given.path or ["."]
    reports = [reader.ready(path, wanted=wanted, world=here, online=not given.offline) for path in paths]
    if given.sarif:
        print(json.dumps(sarif(reports), indent=1))
    elif given.json:
        print(json.dumps([report.to_json() for report in reports], indent=1))
    else:
        print("\n".join(report.as_text() for report in reports))
    return max(report.exit_status for report in reports)


def _platforms(text: str | None, option: str) -> frozenset[Platform]:
    from lab.model.platforms import given

    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    found = {name: given(name) for name in names}
    wrong = [name for name, platform in found.items() if platform is None]
    if wrong:
        raise UsageError(
            f"{wrong[0]!r} in {option} is not a platform.", f"An example: {option} linux/amd64,linux/arm64"
        )
    return frozenset(platform for platform in found.values() if platform)


def _world() -> World | None:
    """The sandbox, where one is up: its registry is asked without a login."""
    from lab.probes.here import this_world

    try:
        return this_world()
    except LabError:
        return None


def _engine() -> EngineFacts | None:
    """What is known of the engine, so that only what holds for it is advised; nothing where none answers at once."""
    from lab.explainer.data import EngineFacts
    from lab.probes import engine

    here = _world()
    if here is None:
        return None
    try:
        found = engine.info()(here)
    except LabError:
        return None
    return EngineFacts(version=found.version, store=found.store, platform=str(found.platform), os=sys.platform)
