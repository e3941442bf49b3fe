"""K22."""

from lab.course.clinic import pond
from ways import Ways

CREATE = "docker buildx imagetools create -t $REGISTRY"
BUILD = "docker buildx build --quiet --push files/clinic/pond --platform linux/amd64,linux/arm64"
ROWS = (
    "$(docker buildx imagetools inspect $REGISTRY/pond:1 "
    "| sed -n '/Name:/{s/.*Name: *//;h}; /Platform: *linux/{x;p}' | tac)"  # in another order
)

WAYS = {
    "pond": Ways(
        other=f"{CREATE}/pond-mirror:1 $REGISTRY/pond@$(cat files/clinic/pond/pinned.txt)",
        wrong=[
            (f"{CREATE}/pond-mirror:1 {ROWS}", pond.LIST_DIFFERS),
            (f"{BUILD} --label again=yes -t $REGISTRY/pond-mirror:1", pond.COPY_DIFFERS),
            (f"{CREATE}/pond-mirror:1 $(echo {ROWS} | cut -d ' ' -f 1)", pond.ROWS_LOST),
            (f"{BUILD} --label again=yes -t $REGISTRY/pond:1 -t $REGISTRY/pond-mirror:1", pond.SOURCE_MOVED),
            (f"{CREATE}/pond-mirror:1 $REGISTRY/pond:1; echo sha256:0 > files/clinic/pond/pinned.txt", pond.PIN_MOVED),
        ],
        seeds=(1, 5),
    ),
}
