"""Lesson 13."""

from lab.course import _alive, _cleaning, _promoted, _withdrawn
from lab.course import release as lesson
from lab.course._text import ANSWER_MISSING
from ways import Ways

CREATE = "docker buildx imagetools create"
FOUR = "--platform linux/amd64,linux/arm64,linux/arm/v7,linux/riscv64"
BUILD = "docker buildx build --quiet --push files/release/bakery"
CANDIDATE = f"{BUILD} {FOUR} -t $REGISTRY/bakery:rc"
ARM = (
    "$(docker buildx imagetools inspect $REGISTRY/bakery:2.0 --format "
    """'{{range .Manifest.Manifests}}{{if eq .Platform.Architecture "arm64"}}{{.Digest}}{{end}}{{end}}')"""
)
IMAGES = (
    "docker buildx imagetools inspect $REGISTRY/cafe:2.0.1 --format "
    """'{{range .Manifest.Manifests}}{{if ne .Platform.OS "unknown"}}{{println .Digest}}{{end}}{{end}}'"""
)
SORTED = lesson.who_is_alive.solution
CLEANER = _cleaning.CLEANER
MENDED = lesson.clean.solution
RECALLED = lesson.withdraw.solution
STAY_AND_BACK = "\n".join(RECALLED.splitlines()[:-1])


def cleaner(*lines):
    """The script, written anew, with these lines below its first ones."""
    text = "\n".join(("#!/bin/sh", 'here=$(dirname "$0")', *lines))
    return f"cat > {CLEANER} <<'END'\n{text}\nEND"


WAYS = {
    "promote": Ways(
        other=f"{CANDIDATE}\nfor tag in 2.0 2 latest; do {CREATE} -t $REGISTRY/bakery:$tag $REGISTRY/bakery:rc; done",
        wrong=[
            (f"{BUILD} -t $REGISTRY/bakery:rc", lesson.CANDIDATE_LACKS),
            (
                f"{CANDIDATE}\n{BUILD} --no-cache {FOUR} -t $REGISTRY/bakery:2.0",
                _promoted.COPY_DIFFERS,
            ),
            (
                f"{CANDIDATE}\ndocker pull -q $REGISTRY/bakery:rc; docker tag $REGISTRY/bakery:rc $REGISTRY/bakery:2.0; "
                "docker push -q --platform linux/amd64 $REGISTRY/bakery:2.0",
                _promoted.ROWS_LOST,
            ),
        ],
    ),
    "annotate": Ways(
        other=f"{CREATE} --annotation index:org.opencontainers.image.licenses=MIT "
        "--annotation index:org.opencontainers.image.source=https://example.com/bakery "
        "-t $REGISTRY/bakery:noted $REGISTRY/bakery:rc",
        wrong=[
            (
                f"{CREATE} -t $REGISTRY/bakery:noted $REGISTRY/bakery:2.0 "
                "--annotation index:org.opencontainers.image.url=https://example.com/bakery",
                lesson.NOT_ANNOTATED,
            ),
            (
                f"{CREATE} -t $REGISTRY/bakery:noted $REGISTRY/bakery:2.0 "
                "--annotation manifest-descriptor:org.opencontainers.image.source=https://example.com/bakery",
                lesson.ON_THE_ROWS,
            ),
        ],
    ),
    "narrow": Ways(
        other=f"{CREATE} --platform linux/arm64 --platform linux/amd64 -t $REGISTRY/bakery:cloud $REGISTRY/bakery:rc",
        wrong=[
            (f"{CREATE} -t $REGISTRY/bakery:cloud $REGISTRY/bakery:2.0", lesson.TOO_WIDE),
            (
                f"{BUILD} --no-cache --platform linux/amd64,linux/arm64 -t $REGISTRY/bakery:cloud",
                lesson.REBUILT,
            ),
        ],
    ),
    "copy_across": Ways(
        other="digest=$(docker buildx imagetools inspect --raw $REGISTRY/bakery:2.0 | sha256sum | cut -c-64)\n"
        f"{CREATE} --tag $REGISTRY/mirror/bakery:2.0 $REGISTRY/bakery@sha256:$digest",
        wrong=[
            (
                f"{CREATE} -t $REGISTRY/mirror/bakery:2.0 --platform linux/amd64 $REGISTRY/bakery:2.0",
                _promoted.ROWS_LOST,
            ),
            (
                f"{CREATE} -t $REGISTRY/mirror/bakery:2.0 --annotation index:org.example.from=bakery $REGISTRY/bakery:2.0",
                _promoted.OTHER_INDEX,
            ),
        ],
    ),
    "plain_consumer": Ways(
        other=f"cd files/release; sh registry.sh manifest bakery {ARM} > plain.json\n"
        "curl -sS --cacert $SSL_CERT_FILE -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' "
        "-T plain.json https://$REGISTRY/v2/bakery/manifests/function",
        wrong=[
            (f"{CREATE} -t $REGISTRY/bakery:function $REGISTRY/bakery@{ARM}", lesson.STILL_A_LIST),
            (
                f"{BUILD} --no-cache --provenance=false --platform linux/arm64 -t $REGISTRY/bakery:function",
                lesson.REBUILT,
            ),
        ],
    ),
    "who_is_alive": Ways(
        other=f"{SORTED}\nsed 's/^\\(v[1-8]\\) /\\1: /' answers.txt | tac > other.txt; mv other.txt answers.txt",
        wrong=[
            ("sed -i '$d' files/release/answers.txt; sed -i 's/$/ go/' files/release/answers.txt", ANSWER_MISSING),
            (f"{SORTED}\nsed -i 's/keep .*/keep it/' answers.txt", lesson.ANSWER_UNCLEAR),
            (f"{SORTED}\nsed -i 's/keep .*/go/' answers.txt", _alive.IN_USE),
            (f'{SORTED}\nsed -i "s/go/keep $(sh registry.sh tags depot | head -n 1)/" answers.txt', _alive.LEFT_OVER),
            (
                f'{SORTED}\nsed -i "s/keep .*/keep $(sh registry.sh tags depot | tail -n 1)/" answers.txt',
                lesson.OTHER_TAG,
            ),
        ],
        seeds=(1, 2, 3),
    ),
    "clean": Ways(
        other=cleaner(
            "set -eu",
            'for tag in $(sh "$here/registry.sh" tags "$1"); do',
            '  docker buildx imagetools inspect --raw "$REGISTRY/$1:$tag" | grep -o "sha256:[0-9a-f]*"',
            "done > alive.txt",
            'grep -vFf alive.txt "$2" | while read -r _ digest; do sh "$here/registry.sh" delete "$1" "$digest"; done',
        ),
        wrong=[
            (f"sh {CLEANER} depot files/release/versions.txt", _cleaning.ROWS_DEAD),
            (cleaner("exit 0"), lesson.STILL_THERE),
            (MENDED.replace('"$1"', "depot"), lesson.STILL_THERE),
            (MENDED.replace("done < ", "nonsense; done < "), lesson.SCRIPT_FAILED),
        ],
        symptom=(
            f"sh {CLEANER} depot files/release/versions.txt > /dev/null; tag=$(sh files/release/registry.sh tags depot | tail -n 1)\n"
            "for p in amd64 arm64; do docker pull --quiet --platform linux/$p $REGISTRY/depot:$tag; done; docker image rm -f $REGISTRY/depot:$tag",
            "not found",
        ),
    ),
    "local_rest": Ways(
        other="docker volume ls -q | grep -E '(winter|harvest|attic|cellar|garage|shed)0_state$' | xargs docker volume rm",
        wrong=[
            ("docker volume prune --force --filter label=lab.lesson=release", lesson.VOLUMES_LEFT),
            ("docker volume rm $(docker volume ls -q --filter name=buildx_buildkit_)", lesson.STATE_GONE),
            ("docker volume prune --all --force --filter label=lab.lesson=release", lesson.DATA_GONE),
        ],
        seeds=(1, 2, 3),
    ),
    "withdraw": Ways(
        other=f"""{STAY_AND_BACK}
{CREATE} -t $REGISTRY/cafe:2.0.1 $REGISTRY/cafe:stay
{CREATE} --append -t $REGISTRY/cafe:2.0.1 $REGISTRY/cafe:back""",
        wrong=[
            (f"{CREATE} -t $REGISTRY/cafe:2.0.1 $REGISTRY/cafe:2.0", _withdrawn.STILL_BAD),
            (f"{CREATE} -t $REGISTRY/cafe:2.0.1 $REGISTRY/cafe:1.9 $REGISTRY/cafe:2.0", lesson.NO_WITHDRAWAL),
            (
                f"{RECALLED}\n{CREATE} -t $REGISTRY/cafe:2.0 $REGISTRY/cafe:2.0.1",
                lesson.MOVED_A_RELEASE,
            ),
            (
                f'{RECALLED}\n{CREATE} -t $REGISTRY/cafe:2.0.1 $({IMAGES} | sed "s|^|$REGISTRY/cafe@|")',
                lesson.ATTESTATION_LOST,
            ),
        ],
        seeds=(1, 2, 3),
    ),
}
