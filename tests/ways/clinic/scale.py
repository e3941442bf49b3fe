"""K06."""

from lab.course.clinic import _rows
from ways import Ways

CD = "cd files/clinic/scale"
PUSH = "docker buildx build --quiet -t $REGISTRY/scale --push"
THREE = "--platform linux/amd64,linux/arm64,linux/arm/v7"

WAYS = {
    "scale": Ways(
        other=f"{CD}; sed -i 's|^FROM .*|FROM busybox:1.38|' Dockerfile; {PUSH} {THREE} .",
        wrong=[
            (f"{CD}; {PUSH} --platform linux/amd64,linux/arm64 .", _rows.PLATFORM_ABSENT),
            (
                f"{CD}; sed -i 's/^FROM/FROM --platform=linux\\/amd64/' Dockerfile; {PUSH} {THREE} .",
                _rows.NOT_WHAT_IT_SAYS,
            ),
            (f"{CD}; sed -i 's/:1$/:2/' Dockerfile; {PUSH} --platform linux/arm/v7 .", _rows.LOST_ONE),
        ],
    ),
}
