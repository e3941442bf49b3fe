"""K15."""

from lab.course.clinic import _rows, pebble
from ways import Ways

CD = "cd files/clinic/pebble"
BUILD = "docker buildx build --quiet -t $REGISTRY/pebble --push"
BOTH = "--platform linux/arm64,linux/arm/v6"
# Whatever is behind it: a Dockerfile that sets the level so.
SET = "sed -i -e 's/^ARG .*/ARG TARGETOS TARGETARCH TARGETVARIANT/' -e 's/GOARM=[^ ]*/GOARM={}/' Dockerfile"

WAYS = {
    "pebble": Ways(
        # the oldest one for all: what newer ones have, it does not use
        other=f"{CD}; {SET.format(6)}; {BUILD} {BOTH} .",
        wrong=[
            (f"{CD}; {BUILD} --platform linux/arm64,linux/arm/v7 .", _rows.LOST_ONE),
            (f"{CD}; {BUILD} --no-cache {BOTH} --label again=yes .", pebble.STILL_TOO_NEW),
            (f"{CD}; {SET.format('$TARGETVARIANT')}; {BUILD} {BOTH} .", pebble.NO_LEVEL),
            (f"{CD}; {BUILD} --platform linux/arm64,linux/arm .", _rows.LOST_ONE),
            (f"{CD}; {SET.format(6)}; {BUILD} --platform linux/arm/v6 .", _rows.LOST_ONE),
        ],
        seeds=(1, 3, 5),
    ),
}
