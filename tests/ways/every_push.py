"""Lesson 11."""

from lab.course import _rounds
from lab.course import every_push as lesson
from ways import Ways

FOLDER = "files/every-push"
BUILD = f"docker buildx build --builder runner --quiet {FOLDER}"
DIGEST = '--output "type=image,name=$REGISTRY/bakery,push-by-digest=true,name-canonical=true,push=true"'
LOOK = "docker buildx imagetools inspect --raw $REGISTRY/bakery:latest"
PUSH = f"{BUILD} -t $REGISTRY/bakery:latest --push"
PART = 'digest() { sed -n \'s|.*"containerimage.digest": "\\(.*\\)".*|\\1|p\' files/every-push/out/$1.json; }'
CREATE = "docker buildx imagetools create -t $REGISTRY/bakery"


def bake_file(platforms, tag="bakery:latest", name="bakery"):
    """A bake file with one target, written."""
    text = f"""
group "default" {{ targets = ["{name}"] }}
variable "REGISTRY" {{}}
target "{name}" {{
  platforms = [{platforms}]
  tags      = ["${{REGISTRY}}/{tag}"]
}}
"""
    return f"cat > {FOLDER}/docker-bake.hcl <<'END'{text}END"


def script(line):
    """Another job.sh, written."""
    return f"""cat > {FOLDER}/job.sh <<'END'
set -e; cd "$(dirname "$0")"; mkdir -p out
{line}
END
"""


def job(line):
    """The same, and run for both platforms."""
    return script(line) + f"for p in linux/amd64 linux/arm64; do bash {FOLDER}/job.sh $p; done"


def cached(*options):
    """A job that builds with these options for a cache; the check runs it."""
    words = " ".join(options)
    build = 'docker buildx build --builder runner --platform "$1" --metadata-file "out/${1##*/}.json"'
    return script(f"{build} {words} {DIGEST} .")


def pipeline(job, merge):
    """Another ci.sh, written."""
    return f"""cat > {FOLDER}/orchard/ci.sh <<'END'
set -e; image=$REGISTRY/orchard; platform=$2; name=${{2////-}}
job() {{ {job}; }}
merge() {{ {merge}; }}
"$1"
END"""


ORCHARD = 'docker buildx build --builder runner --platform "$platform" .'
REF = "type=registry,mode=max,ref=$REGISTRY/bakery-cache"

WAYS = {
    "print_first": Ways(
        other=f"docker buildx bake -f {FOLDER}/docker-bake.hcl --print bakery 2> /dev/null",
        wrong=[
            (f"cat {FOLDER}/docker-bake.hcl", lesson.NOT_PRINTED),
            (f"cd {FOLDER}/orchard; VERSION=1 docker buildx bake --print", lesson.OTHER_PLAN),
        ],
    ),
    "mend_bake": Ways(
        other=bake_file('"linux/arm64", "linux/amd64"'),
        wrong=[
            (
                f"cd {FOLDER}; docker buildx bake --print --set '*.platform=linux/amd64,linux/arm64'",
                lesson.NO_PLATFORMS,
            ),
            (bake_file('"linux/arm64"'), lesson.PLATFORM_NOT_PLANNED),
            (bake_file('"linux/amd64", "linux/arm64", "linux/s390x"'), lesson.MORE_PLANNED),
            (bake_file('"linux/amd64", "linux/arm64"', tag="bakery:both"), lesson.OTHER_TAGS),
            (bake_file('"linux/amd64", "linux/arm64"', name="bread"), lesson.NO_TARGET),
            (f"echo 'target {{' > {FOLDER}/docker-bake.hcl", lesson.BAKE_REFUSES),
        ],
        seeds=(1, 2, 4),
        symptom=(
            f"cd {FOLDER}; docker buildx bake --print | grep -q platforms || echo the plan has no platforms",
            "the plan has no platforms",
        ),
    ),
    "race": Ways(
        other=f"for p in arm64 amd64 amd64 arm64; do {PUSH} --platform linux/$p; "
        'last="$p$last"; case $last in a*a*) %s; last="";; esac; done' % LOOK,
        wrong=[
            (f"{PUSH} --platform linux/amd64; {PUSH} --platform linux/arm64; {LOOK}", lesson.ONE_ORDER),
            (f"{PUSH} --platform linux/amd64,linux/arm64; {LOOK}", lesson.BOTH_AT_ONCE),
        ],
    ),
    "by_digest": Ways(
        other=job(
            f'docker buildx build --builder runner --platform "$1" --metadata-file "out/${{1##*/}}.json" {DIGEST} .'
        ),
        wrong=[
            (
                job(
                    'docker buildx bake --builder runner --set "*.platform=$1" --push '
                    '--set "*.tags=$REGISTRY/bakery:${1##*/}" --metadata-file "out/${1##*/}.json"'
                ),
                lesson.TAGGED,
            ),
            (
                job(
                    f"docker buildx build --builder runner {DIGEST} --platform linux/amd64,linux/arm64 . --metadata-file out/x.json"
                ),
                lesson.ONE_BUILD,
            ),
            (
                job(
                    f"docker buildx build --builder runner {DIGEST} --platform linux/amd64 . --metadata-file out/x.json"
                ),
                lesson.NO_JOB,
            ),
        ],
    ),
    "merge": Ways(
        other=f"{PART}; {CREATE}:1 $REGISTRY/bakery@$(digest arm64); "
        f"{CREATE}:1 --append $REGISTRY/bakery@$(digest amd64)",
        wrong=[
            (f"{PART}; {CREATE}:1 $REGISTRY/bakery@$(digest arm64)", lesson.PART_MISSING),
            (f"{BUILD} --no-cache --push -t $REGISTRY/bakery:1 --platform linux/amd64,linux/arm64", lesson.REBUILT),
        ],
    ),
    "cache_each": Ways(
        costly=True,
        other=cached(f'--cache-from "{REF}:of-${{1##*/}}"', f'--cache-to "{REF}:of-${{1##*/}}"'),
        wrong=[
            (cached(f'--cache-from "{REF}"', f'--cache-to "{REF}"'), lesson.ONE_LANE_COLD),
            (cached("--cache-to type=inline", '--cache-from "type=registry,ref=$REGISTRY/bakery"'), lesson.NOT_KEPT),
        ],
    ),
    "test_then_tag": Ways(
        other=f"{PART}; a=$REGISTRY/bakery@$(digest amd64); b=$REGISTRY/bakery@$(digest arm64); "
        "docker run --rm -q --platform linux/arm64 $b && docker run --rm -q --platform linux/amd64 $a && "
        f"{CREATE}:tested $b $a",
        wrong=[
            (
                f"{PART}; {CREATE}:tested $REGISTRY/bakery@$(digest amd64) $REGISTRY/bakery@$(digest arm64); "
                "for a in amd64 arm64; do docker run --rm --quiet --platform linux/$a $REGISTRY/bakery@$(digest $a); done",
                lesson.TOO_EARLY,
            ),
            (
                f"{PART}; {CREATE}:tested $REGISTRY/bakery@$(digest amd64) $REGISTRY/bakery@$(digest arm64); "
                "for a in amd64 arm64; do docker run --rm --quiet --platform linux/$a $REGISTRY/bakery:tested; done",
                lesson.NOT_BY_DIGEST,
            ),
            (
                f"{PART}; docker run --rm --quiet --platform $HERE $REGISTRY/bakery@$(digest ${{HERE##*/}}); "
                f"{CREATE}:tested $REGISTRY/bakery@$(digest amd64) $REGISTRY/bakery@$(digest arm64)",
                lesson.NOT_TESTED,
            ),
        ],
    ),
    "whole_pipeline": Ways(
        costly=True,
        # with a tag for each part: right, and not as good
        other=pipeline(
            f'{ORCHARD} --push -t "$image:$VERSION-$name"',
            'docker buildx imagetools create -t "$image:$VERSION" "$image:$VERSION-linux-amd64" '
            '"$image:$VERSION-linux-arm64" "$image:$VERSION-linux-arm-v7"',
        ),
        wrong=[
            (pipeline(f'{ORCHARD} --push -t "$image:$VERSION"', "true"), _rounds.PLATFORM_LEFT_OUT),
            (
                pipeline(
                    f'mkdir -p out; {ORCHARD} --push -t "$image:part-$name" && touch "out/$name" || true',
                    'cd out; docker buildx imagetools create -t "$image:$VERSION" '
                    "$(for part in *; do echo $image:part-$part; done)",
                ),
                _rounds.HALF_A_RELEASE,
            ),
            (pipeline("docker buildx bake --builder ruhner", "true"), lesson.JOBS_FAIL),
        ],
    ),
}
