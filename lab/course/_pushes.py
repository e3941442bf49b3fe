"""Lesson 11, beside its steps: what its jobs pushed, looked at and tested, and what is asked before they run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lab.course._did import names, platforms_of
from lab.model.digests import brief
from lab.model.facts import Call, Containers, Index, Transcript
from lab.model.platforms import Platform, given, listed
from lab.model.steps import Prediction, Truth
from lab.probes import bake
from lab.probes.bake import Plan
from lab.probes.handed import HandedOn
from lab.probes.published import Published

_BOTH_LISTED, _NONE_NAMED, _REFUSED = "both that the file lists", "none: the builder's own", "it refuses the file"
BOTH_PLANNED = "The plan has {platforms}."
NONE_PLANNED = "The plan names no platform, so the builder would build for its own, and bake has not said a word."
PLAN_REFUSED = "No plan was printed."
_BOTH, _FIRST, _LAST = "both platforms", "the platform that was pushed first", "the platform that was pushed last"
THE_LAST = "After each order {ref} stood for one image: that of the job that came last, {platform} in the end."
THE_FIRST = "{ref} stands for the image for {platform}, which was pushed first."
BOTH_THERE = "{ref} has images for both."
_SAME, _AN_IMAGE, _AN_INDEX = "what it stood for before", "the image that came last", "an index of both images"
NOT_MOVED = "{ref} stands for {digest}, which is none of the two: a push by digest moves no tag."
NO_SUCH_TAG = "There was no tag {ref}, and there is none now: a push by digest makes no tag."
MOVED = "{ref} stands for {digest} now."

_SET_PLATFORM = re.compile(r"[^=\s]+\.platform=(\S+)\Z")
_BUILDS = ("build", "bake")
_COPIERS = {"skopeo", "crane", "regctl", "oras"}


def tables(text: str) -> Iterator[dict[str, object]]:
    """The JSON objects that were printed, between other lines."""
    start = text.find("{")
    while start >= 0:
        try:
            found, end = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            found, end = None, start + 1
        if isinstance(found, dict):
            yield found
        start = text.find("{", end)


def printed_plan(printed: Transcript) -> Plan | None:
    """The plan that bake printed in a try; None where it printed none."""
    found = next((one for one in tables(printed.output) if isinstance(one.get("target"), dict)), None)
    return bake.plan_from(found) if found else None


def _planned(_file: Plan, printed: Transcript) -> Truth:
    plan = printed_plan(printed)
    named = {name for one in plan.targets for name in one.platforms} if plan else set()
    if plan is None:
        return Truth(_REFUSED, PLAN_REFUSED)
    return Truth(_BOTH_LISTED, BOTH_PLANNED, platforms=listed(named)) if named else Truth(_NONE_NAMED, NONE_PLANNED)


WHICH_PLATFORMS = Prediction(
    question="Read docker-bake.hcl. For which platforms will bake build the bakery?",
    options=(_BOTH_LISTED, _NONE_NAMED, _REFUSED),
    truth=_planned,
)


def built_for(call: Call) -> frozenset[Platform]:
    """The platforms that a build names, with `--platform` or, for bake, with `--set`."""
    words = (found[1] for word in call.words if (found := _SET_PLATFORM.match(word)))
    named = (given(one) for word in words for one in word.split(","))
    return frozenset(filter(None, (*platforms_of(call), *named)))


def pushes(call: Call) -> bool:
    """Is this a build that pushed what it built, and worked?"""
    if call.program != "docker" or not call.worked or not set(_BUILDS) & set(call.words):
        return False
    return "imagetools" not in call.words and any(
        word == "--push" or "push=true" in word or "type=registry" in word for word in call.words
    )


def looks_at(call: Call, ref: str) -> bool:
    """Does it ask the registry what a tag stands for?"""
    asked = call.says("imagetools", "inspect") or call.says("manifest", "inspect") or call.program == "lab"
    return call.worked and (asked or call.program in _COPIERS) and names(call, ref)


def looked_after(printed: Transcript, ref: str) -> list[Platform]:
    """For each time that the registry was asked after two jobs had pushed, a platform each: the one that came last."""
    found: list[Platform] = []
    since: list[Platform] = []
    for call in printed.calls:
        if pushes(call) and len(built_for(call)) == 1:
            since += built_for(call)
        elif looks_at(call, ref):
            found += since[-1:] if len(set(since)) > 1 else []
            since = []
    return found


def _what_is_left(index: Index, printed: Transcript) -> Truth:
    done = [platform for call in printed.calls if pushes(call) for platform in built_for(call)]
    known = {"ref": index.reference, "platform": listed(index.platforms)}
    if len(index.platforms) > 1:
        return Truth(_BOTH, BOTH_THERE, **known)
    return Truth(_LAST, THE_LAST, **known) if done[-1] in index.platforms else Truth(_FIRST, THE_FIRST, **known)


WHAT_IS_LEFT = Prediction(
    question="Two jobs push the same tag, each for its own platform. What does the tag stand for in the end?",
    options=(_BOTH, _FIRST, _LAST),
    truth=_what_is_left,
)


def _what_moved(handed: HandedOn, _script: object, tag: Published) -> Truth:
    if tag.index is None:
        return Truth(_SAME, NO_SUCH_TAG, ref=tag.reference)
    known = {"ref": tag.reference, "digest": brief(tag.index.digest)}
    if tag.index.digest in {part.digest for part in handed.parts}:
        return Truth(_AN_IMAGE, MOVED, **known)
    rows = {row.digest for part in handed.parts if part.index for row in part.index.images}
    if rows and rows <= {row.digest for row in tag.index.images}:
        return Truth(_AN_INDEX, MOVED, **known)
    return Truth(_SAME, NOT_MOVED, **known)


WHAT_MOVES = Prediction(
    question="Now each job pushes by digest. What does $REGISTRY/bakery:latest stand for afterwards?",
    options=(_SAME, _AN_IMAGE, _AN_INDEX),
    truth=_what_moved,
)


def tested_platforms(handed: HandedOn, ran: Containers, printed: Transcript, whole: Index) -> frozenset[Platform]:
    """The platforms whose image ran without an error, started by a digest of the parts or of the whole index."""
    found: set[Platform] = set()
    repository = whole.reference.rpartition(":")[0]
    for one in ran.ran:
        name, _, digest = one.image.partition("@")
        if one.exit_status != 0 or name != repository or not digest:
            continue
        found |= _behind(digest, handed)
        if digest == whole.digest:
            calls = (call for call in printed.calls if call.worked and one.image in call.words)
            found |= {platform for call in calls for platform in platforms_of(call)}
    return frozenset(found)


def _behind(digest: str, handed: HandedOn) -> set[Platform]:
    """The platforms of the images that a digest leads to."""
    found: set[Platform] = set()
    for part in handed.parts:
        rows = part.index.images if part.index else ()
        found |= {row.platform for row in rows if row.platform and digest in (part.digest, row.digest)}
    return found


def tagged_after(printed: Transcript, ref: str) -> bool:
    """Was the tag made in this try, and after the last container that ran?"""
    made = [place for place, call in enumerate(printed.calls) if _makes(call, ref)]
    ran = [place for place, call in enumerate(printed.calls) if call.program == "docker" and call.says("run")]
    return bool(made) and made[-1] > max(ran, default=-1) and made[0] > max(ran, default=-1)


def _makes(call: Call, ref: str) -> bool:
    if not call.worked or not names(call, ref):
        return False
    copies = call.program in _COPIERS and bool({"copy", "cp", "tag"} & set(call.words))
    return copies or call.says("imagetools", "create") or pushes(call)
