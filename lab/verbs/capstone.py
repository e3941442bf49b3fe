"""`lab capstone`: a stranger's repository and nine things to prove: start it, see how it stands, check it."""

from __future__ import annotations

import json
from argparse import Namespace

from lab import course, paths
from lab.course import capstone as given_to_all
from lab.errors import UsageError
from lab.learning import capstone as stands
from lab.probes.here import this_world


def capstone(given: Namespace) -> int:
    """List the proofs, or lay the repository out, or check, or keep the note for whoever comes next."""
    if given.names and given.action != "check":
        raise UsageError("Only `lab capstone check` takes names.", "As in: lab capstone check P2")
    if given.action == "start":
        return _start(as_json=given.json)
    if given.action == "check":
        return _check(given.names, as_json=given.json)
    if given.action == "handover":
        print("\n".join(stands.hand_over(this_world())))
        return 0
    return _list(as_json=given.json)


def _list(*, as_json: bool) -> int:
    home = paths.learner()
    if as_json:
        print(json.dumps(stands.record(home), indent=1))
    else:
        print("\n".join(stands.told(home)))
    return 0


def _start(*, as_json: bool) -> int:
    here = this_world()
    said = list(stands.start(here))
    if as_json:
        folder = here.workspace / given_to_all.FOLDER
        print(json.dumps({"folder": str(folder), "history": stands.has_history(here)}))
    else:
        print("\n".join(said))
    return 0


def _check(names: list[str], *, as_json: bool) -> int:
    from lab.verbs import checking

    for name in names:
        if given_to_all.named(name) is None:
            raise UsageError(f"The capstone has no proof {name!r}.", "They are P1 to P9; `lab capstone` lists them.")
    status = checking.check_steps(course.find(names or list(given_to_all.steps())), as_json=as_json)
    if not as_json:
        print(f"\n{stands.verdict(paths.learner())}")
    return status
