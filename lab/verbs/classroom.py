"""`lab class check`: what a teacher looks at before a class."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from lab.errors import UsageError
from lab.verbs.doctor import marked


def class_(given: Namespace) -> int:
    """Look, say it, and give the exit status: 0 ready, 1 something to mend, 3 blocked."""
    from lab import classroom

    if given.learners is not None and given.learners < 1:
        raise UsageError("A class has 1 learner or more.", "As in: lab class check --learners 30")
    kit = Path(given.kit) if given.kit else None
    found = classroom.check(learners=given.learners, tour=Path(given.tour), kit=kit)
    if given.json:
        print(json.dumps(found.to_json(), indent=1))
    else:
        marked(found.as_text())
    return found.exit_status
