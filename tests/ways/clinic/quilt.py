"""K24."""

from lab.course.clinic import _rows, quilt
from ways import Ways

CD = "cd files/clinic/quilt"
BUILD = "docker buildx build --quiet --push -t $REGISTRY/quilt:1"
CREATE = "docker buildx imagetools create -t $REGISTRY/quilt:1"

WAYS = {
    "quilt": Ways(
        # Docker's format for both
        other=f"{CD}; sed -i 's/oci-mediatypes=true/oci-mediatypes=false/' jobs.sh; sh jobs.sh",
        wrong=[
            (f"{CREATE} $REGISTRY/quilt:arm64 $REGISTRY/quilt:amd64", quilt.STILL_MIXED),
            (f"{CREATE} $REGISTRY/quilt:arm64", _rows.LOST_ONE),
            (f"{BUILD} --platform linux/arm64 files/clinic/quilt", _rows.LOST_ONE),
            (
                f'{CD}; sed -i -e \'s/=false\\"/=swap\\"/; s/=true\\"/=false\\"/; s/=swap/=true/\' jobs.sh; sh jobs.sh',
                quilt.STILL_MIXED,
            ),
        ],
    ),
}
