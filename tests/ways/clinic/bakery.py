"""K05."""

from lab.course.clinic import bakery
from ways import Ways

CD = "cd files/clinic/bakery; base=$REGISTRY/library/busybox"
PUSH = "docker buildx build --quiet --platform linux/amd64,linux/arm64 -t $REGISTRY/bakery --push ."
ROW = "$(lab show --json library/busybox:1.38 | grep -o 'sha256:[0-9a-f]*' | sort -u)"

WAYS = {
    "bakery": Ways(
        # without a tag; the digest is that of the raw list's bytes
        other=f"{CD}; digest=sha256:$(docker buildx imagetools inspect --raw $base:1.38 | sha256sum | cut -d' ' -f1); "
        f'printf "FROM $base@$digest\\nCOPY bread.txt /\\nCMD [\\"cat\\", \\"/bread.txt\\"]\\n" > Dockerfile; {PUSH}',
        wrong=[
            (f"{CD}; sed -i 's/@sha256:.*//' Dockerfile; {PUSH}", bakery.NOT_PINNED),
            (
                f"{CD}; for one in {ROW}; do\n"
                "  docker pull --quiet --platform $OTHER $base@$one 2>&1 | grep -q 'does not provide\\|no match' || continue\n"
                "  docker buildx imagetools inspect --raw $base@$one | grep -q '\"manifests\"' && continue\n"
                f'  sed -i "s/@sha256:.*/@$one/" Dockerfile; break; done; {PUSH}',
                bakery.PINNED_ONE,
            ),
        ],
    ),
}
