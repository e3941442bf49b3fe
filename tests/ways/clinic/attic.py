"""K10."""

from lab.course.clinic import _rows, attic
from ways import Ways

CD = "cd files/clinic/attic"
BOTH = "--platform linux/amd64,linux/arm64"
BUILD = f"docker buildx build --quiet --builder attic-builder {BOTH} --push"

WAYS = {
    "attic": Ways(
        # the Dockerfile stays as it is: the name is given a place for this build
        other=f"{CD}; {BUILD} -t $REGISTRY/attic-base:1 base; "
        f"{BUILD} -t $REGISTRY/attic --build-context attic-base:1=docker-image://$REGISTRY/attic-base:1 .",
        wrong=[
            (f"{CD}; docker buildx build --quiet --builder default -t $REGISTRY/attic --push .", _rows.PLATFORM_ABSENT),
            (
                f"{CD}; sed -i 's/^FROM .*/FROM busybox:1.38/' Dockerfile; {BUILD} -t $REGISTRY/attic .",
                attic.BASE_UNSEEN,
            ),
            (
                f"{CD}; {BUILD} -t $REGISTRY/attic-base:1 base; "
                f"sed -i 's/^FROM .*/FROM busybox:1.38/' Dockerfile; {BUILD} -t $REGISTRY/attic .",
                attic.OTHER_BASE,
            ),
        ],
    ),
}
