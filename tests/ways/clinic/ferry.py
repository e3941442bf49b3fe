"""K11."""

from lab.course.clinic import ferry
from ways import Ways

BUILD = "docker buildx build --quiet --push files/clinic/ferry"
BOTH = "--platform linux/amd64,linux/arm64"
CREATE = "docker buildx imagetools create -t $REGISTRY/ferry:stable"

WAYS = {
    "ferry": Ways(
        other="digest=$(docker buildx imagetools inspect $REGISTRY/ferry:rc | sed -n 's/^Digest: *//p'); "
        f"{CREATE} $REGISTRY/ferry@$digest",
        wrong=[
            (f"{BUILD} {BOTH} --no-cache --label again=yes -t $REGISTRY/ferry:stable", ferry.COPY_DIFFERS),
            (f"for one in $OTHER $HERE; do {BUILD} --platform $one -t $REGISTRY/ferry:stable; done", ferry.ROWS_LOST),
            (f"{BUILD} --platform $HERE -t $REGISTRY/ferry:rc; {CREATE} $REGISTRY/ferry:rc", ferry.RC_MOVED),
            (
                f"{CREATE} $(docker buildx imagetools inspect $REGISTRY/ferry:rc "
                "| sed -n '/Name:/{s/.*Name: *//;h}; /Platform: *linux/{x;p}')",
                ferry.LIST_DIFFERS,
            ),
        ],
    ),
}
