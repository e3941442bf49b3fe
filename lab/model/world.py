"""Where a step happens: the environment of its commands, and the folders that its checks look into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import BadInput, NotThere
from lab.model.facts import Transcript
from lab.storage import read_json, write_json


@dataclass(frozen=True)
class World:
    """The sandbox as a step sees it.

    `env` is the whole environment of a learner's command; `registry` is what `$REGISTRY` stands for;
    `workspace` is the folder of the learner's copy of the lessons. `mirror` is the same registry's address on loopback,
    where the lab's own questions go: plain and quick.
    `skew` is by how many seconds the engine's clock may differ from this machine's. `seed` is the learner's own: which
    answer belongs to which name follows from it.
    """

    env: Mapping[str, str]
    registry: str
    workspace: Path
    home: Path
    mirror: str | None = None
    skew: float = 0.0
    seed: int = 0

    def transcript(self, step: str) -> Transcript:
        """The latest try of that step; NotThere where it was never run."""
        data = read_json(self._transcript_path(step))
        if data is None:
            raise NotThere("Nothing was run here yet.")
        try:
            return Transcript.from_json(data)
        except (TypeError, KeyError, AttributeError) as error:
            raise BadInput(f"The transcript of {step!r} is damaged.", "Run the step again.") from error

    def latest(self) -> Transcript:
        """The latest try of any step; NotThere where nothing was ever run."""
        kept = list((self.home / "transcripts").glob("*.json"))
        if not kept:
            raise NotThere("Nothing was run here yet.")
        return self.transcript(max(kept, key=lambda path: path.stat().st_mtime).stem)

    def keep(self, transcript: Transcript) -> None:
        """Remember a try, for checks that read what was printed and for hints."""
        write_json(self._transcript_path(transcript.step), transcript.to_json())

    def forget(self, step: str) -> None:
        """Drop the transcript of a step."""
        self._transcript_path(step).unlink(missing_ok=True)

    def _transcript_path(self, step: str) -> Path:
        return self.home / "transcripts" / f"{step}.json"
