"""The puzzle of lesson 9: where TARGETARCH has which value. The stages have other names for each learner."""

from __future__ import annotations

from lab.course._seeded import shuffled
from lab.model.world import World

STAGES = ("black", "blue", "green", "red", "white")
FILE = "files/cross-compile/args/Dockerfile"
# The places, in the order in which they stand in the Dockerfile.
PLACES = ("undeclared", "declared", "default", "from", "child")

_TEXT = """\
ARG TARGETARCH

FROM --platform=$BUILDPLATFORM busybox:1.38 AS base
FROM base AS shelf-amd64
RUN echo amd64 > /shelf
FROM base AS shelf-arm64
RUN echo arm64 > /shelf

FROM base AS {undeclared}
RUN echo "{undeclared}: <$TARGETARCH>" | tee /seen

FROM base AS {declared}
ARG TARGETARCH
RUN echo "{declared}: <$TARGETARCH>" | tee /seen

FROM base AS {default}
ARG TARGETARCH=amd64
RUN echo "{default}: <$TARGETARCH>" | tee /seen

# The value that the FROM line sees, by the shelf that it takes.
FROM shelf-$TARGETARCH AS {from}
RUN echo "{from}: <$(cat /shelf)>" | tee /seen

FROM {declared} AS {child}
RUN echo "{child}: <$TARGETARCH>" | tee /seen

FROM scratch
COPY --from=black /seen /black
COPY --from=blue /seen /blue
COPY --from=green /seen /green
COPY --from=red /seen /red
COPY --from=white /seen /white
"""


def places(world: World) -> dict[str, str]:
    """Place → the name of the stage there."""
    return dict(zip(PLACES, shuffled(world, "whose_arg", STAGES), strict=True))


def dockerfile(world: World) -> str:
    """The Dockerfile of the puzzle. Each stage runs on the builder's own platform, whatever it is built for."""
    return _TEXT.format(**places(world))
