"""K13."""

from lab.course.clinic import gate
from ways import Ways

BUILD = "docker buildx build --quiet --push files/clinic/gate"
BOTH = "--platform linux/amd64,linux/arm64"

WAYS = {
    "gate": Ways(
        other=f"BUILDX_NO_DEFAULT_ATTESTATIONS=1 {BUILD} --platform linux/amd64 --output type=registry -t $REGISTRY/fn:lambda",
        wrong=[
            (f"{BUILD} {BOTH} --provenance=false -t $REGISTRY/fn:latest", gate.LOST_NOTES),
            (
                "row=$(docker buildx imagetools inspect $REGISTRY/fn:latest | grep -B2 'linux/amd64' | grep -o 'sha256:.*'); "
                "docker buildx imagetools create -t $REGISTRY/fn:lambda $REGISTRY/fn@$row",
                gate.STILL_A_LIST,
            ),
            (f"{BUILD} --platform linux/arm64 --provenance=false -t $REGISTRY/fn:lambda", gate.WRONG_PLATFORM),
            (
                f"{BUILD} --platform linux/amd64 --provenance=false -t $REGISTRY/fn:lambda -t $REGISTRY/fn:latest",
                gate.LOST_ROWS,
            ),
            (
                f"cp files/clinic/gate/gate.sh files/clinic/gate/hello-amd64; "
                f"{BUILD} --platform linux/amd64 --provenance=false -t $REGISTRY/fn:lambda",
                gate.OTHER_FILES,
            ),
        ],
    ),
}
