"""The rules on what pipelines build and push, one block each."""

from __future__ import annotations

from collections.abc import Iterator

from lab.model.platforms import listed
from lab.model.steps import Problem
from lab.ready.jobs import Build, Pipeline
from lab.ready.rule import PIPELINE, SLOWS, STOPS, Found, rule

LACKS = "Job `{job}` pushes an image for {found}, and no job of this file builds {wanted}"
UNSET = "Job `{job}` pushes an image and names no platforms: it is built for the runner's own alone, {found}"
RACE = "The jobs that the matrix makes of `{job}` push one tag, each for its own platform: the last one is left"
RACE_OF_TWO = "Jobs `{first}` and `{job}` push one tag, `{tag}`, for different platforms: the last one is left"
ONE_CACHE = "The jobs that the matrix makes of `{job}` write one cache for all platforms: each overwrites the others'"


def _pushed(pipeline: Pipeline) -> list[Build]:
    return [build for build in pipeline.builds if build.pushes]


@rule(PIPELINE, "push-lacks", STOPS, "An image is pushed without a platform", "multi-platform")
def push_lacks(pipeline: Pipeline) -> Iterator[Found]:
    """Of builds that push; those of all jobs of a file together."""
    pushed = _pushed(pipeline)
    if not all(build.told for build in pushed):
        return
    lacking = set(pipeline.wanted) - {platform for build in pushed for platform in build.platforms}
    for build in pushed if lacking else ():
        template = LACKS if build.stated else UNSET
        values = {"job": build.job, "found": listed(build.platforms), "wanted": listed(lacking)}
        yield Found(build.stated_line if build.stated else build.line, Problem(template, **values))


@rule(PIPELINE, "tag-race", STOPS, "Several jobs push one tag", "every-push")
def tag_race(pipeline: Pipeline) -> Iterator[Found]:
    """Each job of a matrix for its own platform, or two jobs that name one tag."""
    seen: dict[str, Build] = {}
    for build in _pushed(pipeline):
        if build.by_digest or not build.tags:
            continue
        if build.spread and not build.tags_differ:
            yield Found(build.line, Problem(RACE, job=build.job))
        for tag in build.tags:
            first = seen.setdefault(tag, build)
            if not _plain(tag) or first.job == build.job or build.spread:
                continue
            if first.told and build.told and not first.platforms & build.platforms:
                yield Found(build.line, Problem(RACE_OF_TWO, first=first.job, job=build.job, tag=tag))


def _plain(tag: str) -> bool:
    """Is this the same tag in every job? What a step or another job gave may differ."""
    return "steps." not in tag and "needs." not in tag and "matrix." not in tag


@rule(PIPELINE, "one-cache", SLOWS, "One cache for the jobs of all platforms", "every-push")
def one_cache(pipeline: Pipeline) -> Iterator[Found]:
    """A place to write to that the matrix does not change."""
    for build in pipeline.builds:
        for text, line, differs in build.caches:
            if build.spread and not differs and "type=inline" not in text:
                yield Found(line, Problem(ONE_CACHE, job=build.job))
