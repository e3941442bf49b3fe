"""K03 and K04."""

from lab.course.clinic import _rebuilt, _rows
from ways import Ways

# Without a RUN: the program is chosen where it is copied.
CHOSEN = 'FROM busybox:1.38\\nARG TARGETARCH\\nCOPY tools/hello-${TARGETARCH} /usr/bin/hello\\nCMD ["hello"]\\n'
EMULATED = 'FROM busybox:1.38\\nARG TARGETARCH\\nCOPY tools /tools\\nRUN cp /tools/hello-$TARGETARCH /usr/bin/hello\\nCMD ["hello"]\\n'
BOTH = "--platform linux/amd64,linux/arm64"


def ways(name):
    """Those of one of the two, whatever is behind it."""
    build = f"docker buildx build --quiet -t $REGISTRY/{name} --push"
    write = f"cd files/clinic/{name}; printf %b '{CHOSEN}' > Dockerfile"
    return Ways(
        other=f"{write}; {build} {BOTH} .",
        wrong=[
            (f"{write}; {build} .", _rows.LOST_ONE),
            (
                f'{write}; sed -i "s|^FROM |FROM --platform=$HERE |" Dockerfile; {build} {BOTH} .',
                _rows.NOT_WHAT_IT_SAYS,
            ),
            (
                f"cd files/clinic/{name}; printf %b '{EMULATED}' > Dockerfile; {build} {BOTH} .",
                _rebuilt.RIGHT_BUT_EMULATED,
            ),
            (f"cd files/clinic/{name}; printf %b '{CHOSEN}' | {build} {BOTH} -f - .", _rebuilt.STILL_IN_FILE),
        ],
        seeds=(1, 2, 3),
    )


WAYS = {name: ways(name) for name in ("lamp", "kettle")}
