"""`lab check --watch`: look again whenever something changes, and say what is new."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab import paths, progress, render, runner, watch, world
from lab.results import Result, Status, worst
from lab.steps import Step
from lab.world import World

_GLANCE = 0.5  # seconds between two glances at the files
_AT_LEAST = 5.0  # seconds after which the world is asked in any case: an engine leaves no files that we may see


def look_until_passed(steps: Sequence[Step], here: World) -> Iterator[Result]:
    """Results that are new, as they come; ends when each of the steps passes. What is new is remembered too."""
    seen: dict[str, tuple[Status, str]] = {}
    mark, asked = None, 0.0
    while any(seen.get(step.name, (None, ""))[0] is not Status.PASSED for step in steps):
        now = watch.mark(_places(here))
        if now == mark and time.monotonic() - asked < _AT_LEAST:
            time.sleep(_GLANCE)
            continue
        mark, asked = now, time.monotonic()
        for step in steps:
            if seen.get(step.name, (None, ""))[0] is Status.PASSED:
                continue
            result = runner.look(step, here)
            if seen.get(step.name) != (result.status, result.text):
                seen[step.name] = (result.status, result.text)
                progress.record(here.home, step, result)
                yield result


def _places(here: World) -> list[Path]:
    sandbox = paths.sandbox()
    return [here.workspace, here.home / "transcripts", sandbox / "state.json", sandbox / "buildx", sandbox / "registry"]


def watch_steps(steps: Sequence[Step], *, as_json: bool) -> int:
    """Until all pass (0), or Ctrl-C: then as the last look was."""
    colour = render.wants_colour(sys.stdout)
    latest: dict[str, Status] = {}
    if not as_json:
        watched = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
        print(f"Watching {watched}. Press Ctrl-C to stop.", file=sys.stderr)
    try:
        for result in look_until_passed(steps, world.here()):
            latest[result.step] = result.status
            line = json.dumps(result.to_json()) if as_json else render.as_text(result, colour=colour)
            print(line, flush=True)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return worst(list(latest.values()))
