"""K19."""

from lab.course.clinic import _rows, door
from ways import Ways

CD = "cd files/clinic/door"
BUILD = "docker buildx build --quiet -t $REGISTRY/door --push ."
BOTH = "--platform linux/amd64,linux/arm64"

WAYS = {
    "door": Ways(
        # a shell that reads the script needs neither the first line nor the x bit
        other=f'{CD}; sed -i \'s|^ENTRYPOINT.*|ENTRYPOINT ["sh", "/open.sh"]|\' Dockerfile; {BUILD} {BOTH}',
        wrong=[
            (f"{CD}; {BUILD} {BOTH},linux/arm/v7", door.SAME_FAULT),
            (f"{CD}; {BUILD} --platform $HERE --provenance=false", _rows.LOST_ONE),
            (
                f'{CD}; sed -i \'s|^ENTRYPOINT.*|ENTRYPOINT ["echo", "hello"]|\' Dockerfile; {BUILD} {BOTH}',
                door.OTHER_WORDS,
            ),
        ],
        seeds=(1, 2, 3, 4, 5),
    ),
}
