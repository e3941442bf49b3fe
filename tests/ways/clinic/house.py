"""K01."""

from lab.course.clinic import _rows
from ways import Ways

BUILD = "docker buildx build --quiet -t $REGISTRY/house"
FILES = "files/clinic/house"

WAYS = {
    "house": Ways(
        other=f"for p in amd64 arm64; do {BUILD}:$p --platform linux/$p --push {FILES}; done; "
        "docker buildx imagetools create -t $REGISTRY/house $REGISTRY/house:amd64 $REGISTRY/house:arm64; "
        "docker image rm $REGISTRY/house:amd64 $REGISTRY/house:arm64",
        wrong=[
            (f"{BUILD} --push {FILES}", _rows.LOST_ONE),
            (f"{BUILD} --platform $OTHER --provenance=false --push {FILES}", _rows.PLATFORM_ABSENT),
            (
                f"sed 's/$.TARGETARCH./amd64/' {FILES}/Dockerfile | "
                f"{BUILD} --platform linux/amd64,linux/arm64 --push -f - {FILES}",
                _rows.NOT_WHAT_IT_SAYS,
            ),
        ],
    ),
}
