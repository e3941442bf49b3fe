"""Lesson 8."""

from lab.course import _inside_the_index, _pushed
from lab.course import inside_the_index as lesson
from lab.course._text import COMMAND_FAILED
from ways import Ways

BUILD = "docker buildx build --quiet files/inside --push"
BOTH = "--platform linux/amd64,linux/arm64"
RAW = "docker buildx imagetools inspect --raw $REGISTRY/inside"
ROW = "docker buildx imagetools inspect $REGISTRY/inside --format '{{{{(index .Manifest.Manifests {}).Digest}}}}'"

WAYS = {
    "see_index": Ways(
        other=f"{BUILD} {BOTH} -t $REGISTRY/inside; {RAW}:latest > index.json; cat index.json",
        wrong=[
            (f"{BUILD} -t $REGISTRY/inside; {RAW}", lesson.PLATFORMS_MISSING),
            (f"{BUILD} {BOTH} -t $REGISTRY/inside", lesson.REGISTRY_NOT_ASKED),
            (
                f"{BUILD} {BOTH} -t $REGISTRY/inside; docker manifest inspect --insecure $REGISTRY/inside",
                lesson.NOT_THE_INDEX,
            ),
            (
                f"{BUILD} {BOTH} -t $REGISTRY/inside; "
                "docker buildx imagetools inspect $REGISTRY/inside --format '{{json .Manifest}}'",
                lesson.NOT_THE_INDEX,
            ),
        ],
    ),
    "digest_of_bytes": Ways(
        other=f"{RAW} | python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'",
        wrong=[
            (f"{RAW} | head -3 | sha256sum", lesson.NO_DIGEST),
            ("docker buildx imagetools inspect $REGISTRY/inside | grep Digest", lesson.NOT_COMPUTED),
            (f"{RAW} | sha256sum; false", COMMAND_FAILED),
        ],
    ),
    "one_manifest": Ways(
        other="docker buildx imagetools inspect $REGISTRY/inside --raw | grep -o 'sha256:[0-9a-f]*' | while read d; do "
        "docker buildx imagetools inspect --raw $REGISTRY/inside@$d; done",
        wrong=[
            (RAW, lesson.NOT_A_MANIFEST),
            ("docker buildx imagetools inspect $REGISTRY/inside", lesson.NOT_A_MANIFEST),
            (f"{RAW}@$({ROW.format(2)})", lesson.AN_ATTESTATION),
            ("docker image inspect $REGISTRY/inside", lesson.REGISTRY_NOT_ASKED),
        ],
    ),
    "without_attestations": Ways(
        other=f"BUILDX_NO_DEFAULT_ATTESTATIONS=1 {BUILD} {BOTH} -t $REGISTRY/inside:bare",
        wrong=[
            (f"{BUILD} {BOTH} -t $REGISTRY/inside:bare", lesson.STILL_ATTESTED),
            (f"{BUILD} --provenance=false -t $REGISTRY/inside:bare", lesson.PLATFORMS_MISSING),
            (
                f"docker buildx build -q files/inside {BOTH} --provenance=false -t $REGISTRY/inside:bare",
                _pushed.NOT_PUSHED,
            ),
        ],
    ),
    "which_one": Ways(
        other="docker pull -q $REGISTRY/inside; docker run --rm $REGISTRY/inside uname -a",
        wrong=[
            ("uname -m", lesson.NOT_RUN),
            ("docker run --rm busybox:1.38 uname -m", lesson.NOT_RUN),
            ("docker run --rm --pull always -q --platform $HERE $REGISTRY/inside", lesson.PLATFORM_NAMED),
            ("docker run --rm --pull always -q $REGISTRY/inside true", lesson.NOT_MINE),
            (
                f"{BUILD} --provenance=false --platform $OTHER -t $REGISTRY/inside; "
                "docker run --rm --pull always $REGISTRY/inside",
                lesson.WARNED,
            ),
        ],
        spoils=("see_index",),
    ),
    "release": Ways(
        other=f"digest=$({RAW} | sha256sum | cut -c-64)\n"
        "docker buildx imagetools create --tag $REGISTRY/inside:v1 $REGISTRY/inside@sha256:$digest",
        wrong=[
            (f"{BUILD} --no-cache {BOTH} -t $REGISTRY/inside:v1", lesson.NOT_THE_TESTED),
            (f"{BUILD} -t $REGISTRY/inside:v1", lesson.PLATFORMS_LOST),
            (
                "docker image rm -f $REGISTRY/inside; docker pull -q $REGISTRY/inside; "
                "docker tag $REGISTRY/inside $REGISTRY/inside:v1; docker push -q $REGISTRY/inside:v1",
                lesson.PLATFORMS_LOST,
            ),
            (
                "docker buildx imagetools create --annotation index:org.example.released=yes "
                "-t $REGISTRY/inside:v1 $REGISTRY/inside",
                lesson.NEW_INDEX,
            ),
        ],
    ),
    "stitch": Ways(
        other="docker buildx imagetools create -t $REGISTRY/stitch:all $REGISTRY/stitch:arm64; "
        "docker buildx imagetools create --append -t $REGISTRY/stitch:all $REGISTRY/stitch:amd64",
        wrong=[
            ("docker buildx imagetools create -t $REGISTRY/stitch:all $REGISTRY/stitch:amd64", lesson.PART_MISSING),
            (
                "docker buildx build -q --no-cache --platform linux/amd64,linux/arm64 -t $REGISTRY/stitch:all --push "
                "files/multi-platform",
                lesson.REBUILT,
            ),
        ],
        seeds=(1, 2, 3),
    ),
    "mend_release": Ways(
        other="digest=$(docker buildx imagetools inspect --raw $REGISTRY/kiosk:tested | sha256sum | cut -c-64)\n"
        "docker buildx imagetools create --tag $REGISTRY/kiosk:v2 $REGISTRY/kiosk@sha256:$digest",
        wrong=[
            (f"{BUILD} --no-cache {BOTH} -t $REGISTRY/kiosk:v2", lesson.NOT_THE_TESTED),
            (f"{BUILD} --platform linux/amd64 -t $REGISTRY/kiosk:v2", lesson.PLATFORMS_LOST),
            (
                "docker buildx imagetools create -t $REGISTRY/kiosk:tested $REGISTRY/kiosk:v2",
                _inside_the_index.TESTED_CHANGED,
            ),
            (
                "docker buildx imagetools create --annotation index:org.example.released=yes "
                "-t $REGISTRY/kiosk:v2 $REGISTRY/kiosk:tested",
                lesson.NEW_INDEX,
            ),
        ],
        seeds=(1, 2, 3),
        symptom=(
            "for p in amd64 arm64; do docker pull --quiet --platform linux/$p $REGISTRY/kiosk:v2; done",
            "Error response from daemon: no matching manifest for linux/",
        ),
    ),
}
