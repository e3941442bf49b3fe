"""For every step: another correct way, and wrong ends with the message that each must give, as shell scripts.

The engine tests run these as a learner would.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from support.nightly import SLOW


@dataclass(frozen=True)
class Ways:
    """Scripts for one step: `other` must pass too; each of `wrong` must fail with its message (a constant).

    `spoils` names earlier steps whose work a wrong end ruins. A seeded step is tried for each of `seeds`: the scripts
    hold for all of them. `symptom` is, for something to mend, a script that fails before, and the words that it prints.
    What is `costly` takes so long that only its solution is tried by day.
    """

    other: str
    wrong: list[tuple[str, str]] = field(default_factory=list)
    spoils: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    symptom: tuple[str, str] = ("", "")
    costly: bool = False

    @property
    def tried(self) -> tuple[int, ...]:
        """The seeds that are tried now: one, and all of them in the slow matrix (`make test-all`)."""
        return self.seeds if SLOW else self.seeds[:1]

    @property
    def failing(self) -> list[tuple[str, str]]:
        """The wrong ends that are tried now: one, and all of them in the slow matrix. All have literal facts, too."""
        return self.wrong if SLOW else [] if self.costly else self.wrong[:1]
