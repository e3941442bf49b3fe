"""Which causes fit, and how well: what a log holds for and against each, and the ways out that are of use there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lab.explainer.data import KINDS, Clue, EngineFacts, Remedy, fill
from lab.explainer.scan import Hit, Scan
from lab.explainer.scene import names, spoken
from lab.explainer.shapes import Cause, Way


def weighed(hits: list[Hit], found: Scan, words: frozenset[str], engine: EngineFacts) -> list[tuple[Hit, Cause]]:
    """The hits with their causes; what the clues rule out is left out."""
    hits = [_settled(hit, found) for hit in hits]
    # a person's own words name a command, and no image after it
    shared = names((*found.head, *found.tail, *(line for hit in hits for line in hit.near))) if found.hits else {}
    shared |= {name: value for hit in reversed(hits) for name, value in hit.found.items()}
    causes = [(hit, _cause(hit, shared, found, words, engine)) for hit in hits]
    return [(hit, cause) for hit, cause in causes if cause.score > 0]


def roots(fitting: list[tuple[Hit, Cause]]) -> list[tuple[Hit, Cause]]:
    """Those of the line that explains the rest: the earliest error, else the earliest symptom, warning or sign."""
    for kind in KINDS:
        of_kind = [one for one in fitting if one[0].kind == kind]
        if of_kind:
            first = min(hit.number for hit, _ in of_kind)
            return [one for one in fitting if one[0].number == first and one[0].kind == kind]
    return []


def _settled(hit: Hit, found: Scan) -> Hit:
    """An error that was overcome is only to be noted: its step, or all that came after it, ended well."""
    if hit.kind in ("error", "symptom") and (hit.overcome or found.ended_well_after(hit.number)):
        return replace(hit, kind="warning", overcome=True)
    if hit.overcome:
        return replace(hit, overcome=False)
    return hit


def _cause(hit: Hit, shared: Mapping[str, str], log: Scan, words: frozenset[str], engine: EngineFacts) -> Cause:
    """One cause with the clues that the log holds for and against it, and its ways out on this engine."""
    entry, found = hit.entry, {**shared, **hit.found}
    score, said = entry.base, []
    near = (*hit.near, *log.head, *log.tail) if hit.kind in ("error", "symptom") else hit.near
    for clue in entry.clues:
        if (match := _speaks(clue, hit.text, near)) is not None:
            score += clue.weight
            found = {**{k: v for k, v in match.items() if v}, **found}
            if clue.weight > 0 and clue.says:
                said.append(clue.says)
    found.setdefault("arch", found.get("platform", "").partition("/")[2].partition("/")[0])
    found.setdefault("name", _anywhere(found.get("image", "")))
    ways = [one for one in entry.remedies if one.holds(engine) and one.fits(words)]
    decide, decide_says = next(
        ((one.decide, one.decide_says) for one in ways if one.decide), (entry.decide, entry.decide_says)
    )
    return Cause(
        id=entry.id,
        row=entry.row,
        title=entry.title,
        cause=entry.cause,
        why=entry.why,
        lesson=entry.lesson,
        clues=tuple(said),
        decide=spoken(fill(decide, found), words),
        decide_says=fill(decide_says, found),
        remedies=tuple(_way(one, found, words, engine) for one in ways),
        sources=entry.sources,
        practise=entry.practise,
        score=score,
    )


def _way(one: Remedy, found: Mapping[str, str], words: frozenset[str], engine: EngineFacts) -> Way:
    commands = tuple(spoken(fill(command, found), words) for command in one.run)
    return Way(say=fill(one.say, found), run=commands, only=one.condition(engine))


def _anywhere(image: str) -> str:
    """What an image is called wherever it is pushed: its name and tag, without registry and digest."""
    first, slash, rest = image.partition("@")[0].partition("/")
    return rest if slash and (first == "localhost" or {".", ":"} & {*first}) else first + slash + rest


def _speaks(clue: Clue, text: str, near: tuple[str, ...]) -> dict[str, str] | None:
    """The names that a clue finds; None where it is not there."""
    for line in (text,) if clue.line else (text, *near):
        if match := clue.pattern.search(line):
            return match.groupdict()
    return None
