"""The files of the lighthouse as a stranger left them: with a learner's faults, or without."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping

from lab.course import lessons_dir
from lab.course.capstone import _faults, _stock
from lab.course.capstone._faults import IMAGES, planted
from lab.model.platforms import Platform
from lab.model.world import World

_LAMP = """\
# The lamp: one Go program.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY . .
ARG TARGETOS
ARG TARGETARCH{default}
ARG TARGETVARIANT
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM={level} go build -o /lamp .

FROM scratch
COPY --from=build /lamp /lamp
ENTRYPOINT ["/lamp"]
"""
_MAIN = """\
// Lamp says that it is lit, and for which kind of machine it was compiled.
package main

import "runtime"

func main() {
	println("lit, on", runtime.GOARCH)
}
"""
_HORN = """\
# The horn: a program that we vendor, one for each kind of machine. pick.sh takes the right one.
ARG REGISTRY=localhost:5000
FROM --platform=$BUILDPLATFORM busybox:1.38 AS tools
WORKDIR /tools
COPY vendor pick.sh ./
ARG TARGETARCH
ARG TARGETVARIANT
RUN sh pick.sh > /siren && chmod 755 /siren

FROM {platform}${{REGISTRY}}/lighthouse/base:2@{digest}
# The note that the horn plays. The harbour's check reads it from the image.
ENV HORN_KEY=B-flat
COPY --from=tools /siren /usr/bin/siren
CMD ["siren"]
"""
_PICK = """\
#!/bin/sh
# Prints the siren for the machine that the image is for. The makers have names of their own for machines.
"""
_PICK_FAULT = 'cat "siren-$(uname -m)"\n'
_PICK_RIGHT = """\
case $TARGETARCH$TARGETVARIANT in
  amd64) name=x86_64 ;;
  arm64) name=aarch64 ;;
  armv6) name=armv6l ;;
  *) echo "no siren for $TARGETARCH$TARGETVARIANT" >&2; exit 1 ;;
esac
cat "siren-$name"
"""
_LOG = """\
# The log: the tides, sorted, on our own base.
ARG REGISTRY=localhost:5000
FROM --platform=$BUILDPLATFORM busybox:1.38 AS tides
COPY tides.txt /
RUN sort /tides.txt > /sorted.txt

FROM ${{REGISTRY}}/lighthouse/base:{version}@{digest}
COPY --from=tides /sorted.txt /tides.txt
CMD ["keeper"]
"""
_BAKE = """\
# All three images: docker buildx bake -f docker-bake.hcl
variable "REGISTRY" {{ default = "localhost:5000" }}
variable "VERSION" {{ default = "1" }}

group "default" {{
  targets = ["lamp", "horn", "log"]
}}

target "_common" {{
  {key} = ["linux/amd64", "linux/arm64"]
  args = {{ REGISTRY = REGISTRY }}
}}
"""
_TARGET = """
target "{image}" {{
  inherits = ["_common"]
  context = "{image}"
  tags = ["${{REGISTRY}}/lighthouse/{image}:${{VERSION}}"]
}}
"""
_RELEASE = """\
#!/usr/bin/env bash
# The release, as CI runs it. $VERSION is the version of the candidate.
#   release.sh job PLATFORM    builds all images for one platform: a machine for each, all at once
#   release.sh merge           when all jobs have ended
#   release.sh promote FROM TO by hand, when the candidate has been tried: FROM becomes TO
set -eu
cd "$(dirname "$0")"
images="lamp horn log"
case $1 in
job)
{job}  ;;
merge)
{merge}  ;;
promote)
  for image in $images; do
    name=$REGISTRY/lighthouse/$image
{promote}  done
  ;;
esac
"""
_JOB = """\
  export VERSION{own}
  docker buildx bake -f docker-bake.hcl --builder lighthouse --push --set "*.platform=$2"
"""
_MERGE = """\
  for image in $images; do
    tag=$REGISTRY/lighthouse/$image:$VERSION
    docker buildx imagetools create -t "$tag" "$tag-amd64" "$tag-arm64"
  done
"""
_PROMOTE = '    docker buildx imagetools create -t "$name:$3" "$name:$2"\n'
_PROMOTE_FAULT = """\
    docker pull "$name:$2"
    docker tag "$name:$2" "$name:$3"
    docker push "$name:$3"
"""
_CLEAN = """\
#!/bin/sh
# Deletes what no tag of a repository leads to: clean.sh REPOSITORY LIST
# LIST is a file with the versions that have no tag, one a line: NAME DIGEST
set -eu
here=$(dirname "$0")
"""
_CLEAN_FAULT = """\
while read -r _ digest; do
  sh "$here/registry.sh" delete "$1" "$digest"
done < "$2"
"""
_CLEAN_RIGHT = """\
tags=$(sh "$here/registry.sh" tags "$1")
alive=$(for tag in $tags; do sh "$here/registry.sh" manifest "$1" "$tag"; done)
while read -r _ digest; do
  case $alive in
    *"$digest"*) ;;
    *) sh "$here/registry.sh" delete "$1" "$digest" ;;
  esac
done < "$2"
"""
_COMPOSE = "# To try it on one machine: docker compose up\nservices:\n"
_SERVICE = """\
  {image}:
    image: ${{REGISTRY}}/lighthouse/{image}:1
    platform: linux/amd64
"""
_DEPLOY = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {image}
spec:
  selector:
    matchLabels: {{ app: {image} }}
  template:
    metadata:
      labels: {{ app: {image} }}
    spec:
      nodeSelector:
        kubernetes.io/arch: amd64
      containers:
        - name: {image}
          image: ${{REGISTRY}}/lighthouse/{image}:1
"""
README = """\
# Lighthouse

Three images: the lamp (Go), the horn (a program that we vendor), and the log (our tides, on our own base).

- Build: `docker buildx bake -f docker-bake.hcl`. It builds for every machine that we have.
- Emulators have to be registered first, or the build for Arm fails.
- The rows `unknown/unknown` in the registry are broken builds. They can be switched off.
- The build warns of a secret in horn/Dockerfile. Nobody has looked into it.
- Release: `release.sh`. The jobs may end in any order.
- `clean.sh` only deletes what nobody can reach, as it has no tag.
"""


def dockerfiles(here: Platform, faults: Collection[str]) -> dict[str, str]:
    """The three Dockerfiles and the script that picks a program; `here` is the platform of those who wrote them."""
    version = 1 if _faults.BASE in faults else 2
    pinned = _stock.base_image(version, here) if _faults.PINNED in faults else _stock.base(version)
    return {
        "lamp/Dockerfile": _LAMP.format(
            default=f"={here.architecture}" if _faults.ARGUMENT in faults else "",
            level="7" if _faults.GOARM in faults else "${TARGETVARIANT#v}",
        ),
        "horn/Dockerfile": _HORN.format(
            platform="--platform=$BUILDPLATFORM " if _faults.STAGE in faults else "", digest=_stock.base(2).digest
        ),
        "horn/pick.sh": _PICK + (_PICK_FAULT if _faults.TOOLS in faults else _PICK_RIGHT),
        "log/Dockerfile": _LOG.format(version=version, digest=pinned.digest),
    }


def scripts(faults: Collection[str]) -> dict[str, str]:
    """What builds, releases and cleans."""
    race, by_hand, careless = (one in faults for one in (_faults.RACE, _faults.PROMOTE, _faults.CLEANER))
    return {
        "docker-bake.hcl": _BAKE.format(key="platform" if _faults.KEY in faults else "platforms")
        + "".join(_TARGET.format(image=image) for image in IMAGES),
        "release.sh": _RELEASE.format(
            job=_JOB.format(own="" if race else '="$VERSION-${2##*/}"'),
            merge='  echo "all jobs have pushed"\n' if race else _MERGE,
            promote=_PROMOTE_FAULT if by_hand else _PROMOTE,
        ),
        "clean.sh": _CLEAN + (_CLEAN_FAULT if careless else _CLEAN_RIGHT),
    }


def started() -> dict[str, str]:
    """What starts the images."""
    return {
        "compose.yaml": _COMPOSE + "".join(_SERVICE.format(image=image) for image in IMAGES),
        "deploy.yaml": "---\n".join(_DEPLOY.format(image=image) for image in IMAGES),
    }


def repository(world: World, faults: Collection[str] | None = None) -> dict[str, bytes]:
    """Every file of the repository by its place in it, with the learner's faults where no others are named."""
    own = planted(world) if faults is None else faults
    texts = {
        **dockerfiles(_faults.here(world), own),
        **scripts(own),
        **started(),
        "README.md": README,
        "lamp/go.mod": "module lamp\n\ngo 1.26\n",
        "lamp/main.go": _MAIN,
        "log/tides.txt": "low 12:31\nhigh 06:12\n",
    }
    vendored = {_faults.AMD: "x86_64", _faults.ARM: "aarch64", _faults.V6: "armv6l"}
    programs = {f"horn/vendor/siren-{name}": _stock.program(platform) for platform, name in vendored.items()}
    helper = (lessons_dir() / "files/release/registry.sh").read_bytes()
    return {name: text.encode() for name, text in texts.items()} | programs | {"registry.sh": helper}


LETTER = """\
# A letter

Hello,

you have the lighthouse from today on. Those who built it have left, and their README is not to be trusted.
By Friday it must run on our amd64 servers, on arm64 (Graviton), and on a Pi Zero (linux/arm/v6) at the pier.

- The images are `$REGISTRY/lighthouse/lamp`, `…/horn` and `…/log`. Version 1 must stay exactly as it is.
- First say what version 1 really is: fill in `survey.md`, from what the registry holds and not from the README.
- Then push the candidate, `2-rc`, for the three platforms. Start it here, each image once; then it becomes `2`.
- No build may emulate. It builds on the builder `lighthouse`, which is there, and so does CI.
- CI calls `release.sh` for each platform, in any order, and machines die. No half release, please.
- A second build must find its work again, also on a builder that is empty.
- `compose.yaml` and `deploy.yaml` have to fit version 2, on all three kinds of machine.
- The log's repository is full: `versions.txt` lists what has no tag. Clean it with `clean.sh`, which you have read.
- What is not wrong should stay. The audit wants pinned bases, and others read more from our images than you think.
- Then hand over: ten lines in `handover.md` for whoever comes next.

Good luck,
the harbour master
"""

_ROWS = [f"{image}:1 | {platform}" for image in IMAGES for platform in ("linux/amd64", "linux/arm64", "linux/arm/v6")]
SURVEY = """\
# What version 1 is

For each image and platform: `true` (its programs are for that platform), `false` (at least one is not) or `absent`.
The witness is the digest of the image in the index, at least its first 12 digits; for an absent one, `-`.
The last two rows: is it a `fault`, or `harmless`?

| What | Platform | Verdict | Witness |
|---|---|---|---|
""" + "".join(f"| {row} | ? | ? |\n" for row in (*_ROWS, "lamp:1 | unknown/unknown", "horn/Dockerfile | HORN_KEY"))

HANDOVER = "# For whoever comes next\n\n"


def beside(world: World) -> Mapping[str, bytes]:
    """What lies beside the repository: the letter, what is to be filled in, and the list of what has no tag."""
    texts = {"letter.md": LETTER, "survey.md": SURVEY, "handover.md": HANDOVER}
    return {name: text.encode() for name, text in texts.items()} | {
        _stock.VERSIONS: _stock.stock(world).listed.encode()
    }


def early(name: str, final: bytes) -> bytes:
    """How a file began: simple, for one machine."""
    begun = {
        "lamp/Dockerfile": """\
            FROM golang:1.26
            WORKDIR /src
            COPY . .
            RUN go build -o /lamp .
            ENTRYPOINT ["/lamp"]
        """,
        "log/Dockerfile": """\
            FROM busybox:1.38
            COPY tides.txt /
            CMD ["cat", "/tides.txt"]
        """,
        "README.md": "# Lighthouse\n\nThe lamp, so far.\n",
        "release.sh": '#!/usr/bin/env bash\ndocker build -t "$REGISTRY/lighthouse/lamp" --push lamp\n',
    }
    return textwrap.dedent(begun[name]).encode() if name in begun else final
