"""K09."""

from lab.course.clinic import parrot
from ways import Ways

SOURCE = "files/clinic/parrot/source"
NEWER = f"sed -i 's/1[.]0/1.1/' {SOURCE}/Dockerfile"

WAYS = {
    "parrot": Ways(
        other="docker pull --quiet $REGISTRY/parrot:1.1; docker tag $REGISTRY/parrot:1.1 $REGISTRY/parrot; "
        "docker push --quiet $REGISTRY/parrot; docker image rm $REGISTRY/parrot:1.1",
        wrong=[
            (f"docker build --no-cache -t $REGISTRY/parrot {SOURCE}", parrot.STILL_OLD),
            ("docker pull --quiet $REGISTRY/parrot:1.1; docker run --rm $REGISTRY/parrot:1.1", parrot.STILL_OLD),
            (
                f"{NEWER}; docker build --no-cache -t $REGISTRY/parrot {SOURCE}; docker push --quiet $REGISTRY/parrot",
                parrot.REBUILT,
            ),
            ("docker image rm --force $REGISTRY/parrot", parrot.GONE),
        ],
        seeds=(1, 2),
    ),
}
