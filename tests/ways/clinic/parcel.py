"""K07."""

from lab.course.clinic import parcel
from ways import Ways

HOST = "localhost:${REGISTRY##*:}/parcel"
BOTH = "--platform linux/amd64,linux/arm64"
FILES = "files/clinic/parcel"
ANEW = "docker buildx rm --force parcel-builder; docker buildx create --name parcel-builder --driver-opt network=host"

WAYS = {
    "parcel": Ways(
        # a builder may also be made anew with its node's name and started first; the push is an output
        other=f"{ANEW} --bootstrap; docker buildx use parcel-builder; docker buildx build --quiet {BOTH} "
        f"--output type=image,name={HOST},push=true {FILES}; docker buildx use default",
        wrong=[
            (f"docker buildx build --quiet --builder default {BOTH} -t {HOST} --push {FILES}", parcel.OTHER_BUILDER),
            (
                f"docker buildx build --quiet --builder parcel-builder -t {HOST} --load {FILES}; docker push {HOST}; "
                f"docker image rm {HOST}",
                parcel.ONE_ROW,
            ),
            (f"{ANEW}; docker buildx build --builder parcel-builder {BOTH} {FILES}", parcel.NOTHING_PUSHED),
        ],
    ),
}
