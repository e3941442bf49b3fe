"""Errors that a real engine is brought to, each by a script, and the cause that `lab explain` must name first."""

from dataclasses import dataclass

import pytest
from support.ways_out import BUILDER, FROM

COPY_RUN = "printf 'FROM busybox:1.38\\nCOPY %s /x\\n%s\\n' "


@dataclass(frozen=True, kw_only=True)
class Case:
    """A script that ends in an error, and the cause that `explain` must name first (or among several)."""

    name: str
    entry: str
    script: str
    certain: bool = True
    builder: bool = False
    native: bool = False  # only where no emulator hides the error


def case(name, entry, script, **more):
    return pytest.param(Case(name=name, entry=entry, script=script, **more), id=name)


ANYWHERE = [
    case(
        "run-foreign",
        "exec-format-error",
        "docker run --rm --platform linux/arm64 busybox:1.38 uname -m",
        native=True,
    ),
    case(
        "build-foreign",
        "exec-format-error",
        FROM + "'RUN uname -m' > Dockerfile; docker build --no-cache --platform linux/arm64 .",
        native=True,
    ),
    case(
        "warning-then-error",
        "exec-format-error",
        FROM + '\'CMD ["uname", "-m"]\' > Dockerfile; docker build -q --platform linux/arm64 -t real-foreign . >&2;'
        " docker run --rm real-foreign",
        native=True,
    ),
    case(
        "base-lacks-platform",
        "no-match-for-platform",
        FROM + "'' > Dockerfile; docker build --platform linux/mips64le .",
    ),
    case(
        "pull-lacks-platform",
        "no-match-for-platform",
        "docker pull --platform linux/mips64le $REGISTRY/library/busybox:1.38",
    ),
    case(
        "foreign-program-on-right-label",
        "binary-is-not-what-the-label-says",
        "printf 'FROM busybox:1.38\\nCOPY hello-arm64 /app\\nENTRYPOINT [\"/app\"]\\n' > Dockerfile;"
        " docker build -q -t real-false . >&2; docker image inspect real-false | grep Architecture;"
        " python3 -c \"print('hello-arm64: ELF 64-bit LSB executable, ARM aarch64')\"; docker run --rm real-false",
        native=True,
    ),
    case(
        "shell-reads-program",
        "shell-reads-a-program",
        COPY_RUN + "hello-arm64 'RUN /x' > Dockerfile; docker build --no-cache .",
        native=True,
    ),
    case(
        "no-shebang",
        "script-without-shebang",
        "echo 'echo hello' > start.sh; chmod +x start.sh;"
        " printf 'FROM busybox:1.38\\nCOPY start.sh /start.sh\\nENTRYPOINT [\"/start.sh\"]\\n' > Dockerfile;"
        " docker build -q -t real-script . >&2; docker run --rm real-script",
        certain=False,
    ),
    case(
        "error-page",
        "downloaded-error-page",
        "echo 'Not Found' > tool; chmod +x tool; " + COPY_RUN + "tool 'RUN /x --version' > Dockerfile;"
        " docker build --no-cache .",
    ),
    case(
        "error-page-html",
        "downloaded-error-page",
        "printf '<html>\\n<h1>404 Not Found</h1>\\n</html>\\n' > tool; chmod +x tool; "
        + COPY_RUN
        + "tool 'RUN /x --version' > Dockerfile; docker build --no-cache .",
    ),
    case(
        "error-page-as-entrypoint",
        "downloaded-error-page",
        "printf '<!DOCTYPE html>\\n<h1>404 Not Found</h1>\\n' > tool; chmod +x tool; head -1 tool;"
        " printf 'FROM busybox:1.38\\nCOPY tool /tool\\nENTRYPOINT [\"/tool\"]\\n' > Dockerfile;"
        " docker build -q -t real-page . >&2; docker run --rm real-page",
    ),
    case(
        "go-archive",
        "go-archive-not-program",
        "printf '!<arch>\\n__.PKGDEF       0' > app; chmod +x app; head -c 8 app;"
        " printf 'FROM busybox:1.38\\nCOPY app /app\\nENTRYPOINT [\"/app\"]\\n' > Dockerfile;"
        " docker build -q -t real-archive . >&2; docker run --rm real-archive",
    ),
    case(
        "glibc-program",
        "interpreter-or-loader-missing",
        "printf 'FROM busybox:1.38\\nCOPY dynamic-amd64 /app\\nENTRYPOINT [\"/app\"]\\n' > Dockerfile;"
        " docker build -q -t real-glibc . >&2; docker run --rm real-glibc",
    ),
    case(
        "glibc-program-in-a-shell",
        "interpreter-or-loader-missing",
        COPY_RUN + "dynamic-amd64 'RUN /x' > Dockerfile; docker build --no-cache .",
        certain=False,
    ),
    case(
        "no-x-bit",
        "not-executable",
        "printf '#!/bin/sh\\necho hello\\n' > start.sh; chmod 644 start.sh;"
        " printf 'FROM busybox:1.38\\nCOPY start.sh /start.sh\\nENTRYPOINT [\"/start.sh\"]\\n' > Dockerfile;"
        " docker build -q -t real-bit . >&2; docker run --rm real-bit",
    ),
    case(
        "legacy-buildplatform",
        "empty-buildplatform",
        "echo 'FROM --platform=$BUILDPLATFORM busybox:1.38' > Dockerfile; DOCKER_BUILDKIT=0 docker build .",
    ),
    case(
        "legacy-two-platforms",
        "legacy-builder-one-platform",
        "echo 'FROM busybox:1.38' > Dockerfile; DOCKER_BUILDKIT=0 docker build --platform linux/amd64,linux/arm64 .",
    ),
    case("no-plugin", "buildx-missing", "mkdir c; DOCKER_CONFIG=$PWD/c docker buildx version"),
    case(
        "no-plugin-flag",
        "buildx-missing",
        "mkdir c; DOCKER_CONFIG=$PWD/c docker buildx build --platform linux/arm64 .",
    ),
    case("driver-docker", "docker-driver-is-built-in", "docker buildx create --driver docker --name real-docker"),
    case(
        "builder-twice",
        "builder-already-there",
        "docker buildx create --name real-twice; docker buildx create --name real-twice; docker buildx rm real-twice >&2",
    ),
    case(
        "star-in-ls",
        "star-and-plus-in-ls",
        "docker buildx create --name real-star --platform linux/arm64 >&2; docker buildx ls; docker buildx rm real-star >&2",
    ),
    case(
        "tls-environment",
        "tls-data-from-environment",
        "mkdir certs; cd certs; openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout key.pem -out cert.pem 2>&-;"
        " cp cert.pem ca.pem; cd ..; DOCKER_HOST=tcp://127.0.0.1:2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$PWD/certs"
        " docker buildx create --name real-tls",
    ),
    case(
        "empty-arg",
        "empty-arg-in-from",
        "printf 'ARG TAG\\nFROM busybox:${TAG}\\n' > Dockerfile; docker build .",
    ),
    case(
        "empty-arg-whole",
        "empty-arg-in-from",
        "printf 'ARG BASE\\nFROM ${BASE}\\n' > Dockerfile; docker build .",
    ),
    case(
        "targetarch-unset",
        "targetarch-empty",
        FROM + "'RUN set -u; echo $TARGETARCH' > Dockerfile; docker build --no-cache .",
    ),
    case(
        "bake-set",
        "bake-platform-key",
        "printf 'target \"default\" {}\\n' > docker-bake.hcl; docker buildx bake --set '*.platforms=linux/arm64'",
    ),
    case(
        "bake-flag",
        "bake-platform-key",
        "printf 'target \"default\" {}\\n' > docker-bake.hcl; echo '$ docker buildx bake --platform linux/arm64';"
        " docker buildx bake --platform linux/arm64",
    ),
    case(
        "digest-elsewhere",
        "digest-not-found",
        f"docker buildx imagetools create --builder {BUILDER} -t $REGISTRY/real-new $REGISTRY/library/busybox@sha256:"
        + "4bcf" * 16,
        builder=True,
        certain=False,
    ),
    case(
        "local-base",
        "local-from-not-found",
        FROM + "'' > Dockerfile; docker build -q -t real-base . >&2; echo FROM $REGISTRY/real-base > Dockerfile;"
        f" docker buildx build --builder {BUILDER} .",
        builder=True,
        certain=False,
    ),
    case(
        "no-output",
        "no-output-specified",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} .",
        builder=True,
    ),
    case(
        "bake-no-output",
        "no-output-specified",
        FROM + "'' > Dockerfile; printf 'target \"default\" {}\\n' > docker-bake.hcl;"
        f" docker buildx bake --builder {BUILDER}",
        builder=True,
    ),
    case(
        "localhost-in-builder",
        "localhost-inside-the-builder",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} -t localhost:$PORT/real-push --push .",
        builder=True,
    ),
    case(
        "tag-by-digest",
        "tag-overwritten-by-matrix",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER}"
        " --output type=image,name=$REGISTRY/real-digest:1,push-by-digest=true,push=true .",
        builder=True,
    ),
    case(
        "attestations",
        "unknown-unknown",
        FROM + f"'' > Dockerfile; docker buildx build -q --builder {BUILDER} --platform linux/amd64,linux/arm64"
        f" -t $REGISTRY/real-multi --push . >&2; docker buildx imagetools inspect --builder {BUILDER} $REGISTRY/real-multi",
        builder=True,
    ),
    case(
        "manifest-list",
        "is-a-manifest-list",
        FROM + f"'' > Dockerfile; docker buildx build -q --builder {BUILDER} --platform linux/amd64"
        " -t $REGISTRY/real-part --push . >&2;"
        " docker manifest create --insecure $REGISTRY/real-whole $REGISTRY/real-part",
        builder=True,
    ),
    case(
        "plain-http-imagetools",
        "http-response-to-https-client",
        "docker buildx imagetools inspect $HTTP/library/busybox",
    ),
    case("plain-http", "http-response-to-https-client", "docker pull $HTTP/library/busybox:1.38"),
    case(
        "plain-http-builder",
        "http-response-to-https-client",
        f"echo FROM $HTTP/library/busybox:1.38 > Dockerfile; docker buildx build --builder {BUILDER} .",
        builder=True,
    ),
    case(
        "load-two-platforms",
        "load-several-platforms",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} --platform linux/amd64,linux/arm64"
        " --output type=docker,dest=x.tar .",
        builder=True,
    ),
    case(
        "list-from-before",
        "manifest-list-exists",
        FROM + f"'' > Dockerfile; docker buildx build -q --builder {BUILDER} --provenance=false --platform linux/amd64"
        " -t $REGISTRY/real-plain --push . >&2;"
        " docker manifest create --insecure $REGISTRY/real-list $REGISTRY/real-plain >&2;"
        " docker manifest create --insecure $REGISTRY/real-list $REGISTRY/real-plain",
        builder=True,
    ),
    case(
        "push-without-tag",
        "push-without-a-tag",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} --push .",
        builder=True,
    ),
    case(
        "blank-in-list",
        "blank-in-platform-list",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} --platform 'linux/amd64, linux/arm64' .",
        builder=True,
    ),
    case(
        "no-such-platform-name",
        "unknown-platform-name",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} --platform x64 .",
        builder=True,
    ),
    case("no-such-builder", "builder-not-found", "echo 'FROM busybox:1.38' | docker buildx build --builder nobody -"),
    case("reserved-name", "builder-name-reserved", "docker buildx create --name default"),
    case(
        "config-for-the-engines-own",
        "driver-does-not-take-config",
        "docker buildx create --name real-option --driver docker-container --driver-opt netwrok=host",
    ),
    case(
        "insecure-step",
        "entitlement-not-allowed",
        "printf '# syntax=docker/dockerfile:1\\nFROM busybox:1.38\\nRUN --network=host true\\n' | sed 1d > Dockerfile;"
        f" docker buildx build --builder {BUILDER} .",
        builder=True,
    ),
    case(
        "folder-of-another-cpu",
        "fixed-library-path",
        FROM + "'COPY --from=busybox:1.38 /usr/lib/x86_64-linux-gnu/libssl.so.3 /x' > Dockerfile; docker build .",
    ),
    case(
        "copied-emulator", "qemu-static-copied", FROM + "'COPY qemu-arm-static /usr/bin/' > Dockerfile; docker build ."
    ),
    case(
        "annotated-index",
        "annotation-on-one-platform",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} --provenance=false"
        " --annotation index:a=b --output type=image .",
        builder=True,
    ),
]

CLASSIC = [
    case(
        "flag-of-a-newer-buildx",
        "buildx-too-old-for-flag",
        "docker buildx imagetools create --platform linux/amd64 -t $REGISTRY/real-none $REGISTRY/library/busybox:1.38",
    ),
    case(
        "oci-output",
        "exporter-docker-driver",
        FROM + "'' > Dockerfile; docker build --output type=oci,dest=x.tar .",
    ),
    case(
        "by-digest-with-the-engines-own",
        "push-by-digest-docker-driver",
        FROM
        + "'' > Dockerfile; docker build --output type=image,name=$REGISTRY/real-d,push-by-digest=true,push=true .",
    ),
    case(
        "two-platforms",
        "multi-platform-docker-driver",
        FROM + "'' > Dockerfile; docker build --platform linux/amd64,linux/arm64 .",
    ),
    case(
        "cache-export",
        "cache-export-docker-driver",
        FROM + "'' > Dockerfile; docker build --cache-to type=local,dest=cache .",
    ),
    case(
        "other-platform-holds-the-tag",
        "found-but-other-platform",
        "docker pull -q --platform linux/arm64 busybox:1.38 >&2;"
        " docker run --rm --pull never --platform linux/amd64 busybox:1.38 uname -m",
    ),
]

CONTAINERD = [
    case(
        "platform-not-in-the-index",
        "imagetools-no-such-platform",
        f"docker buildx imagetools create --builder {BUILDER} --platform linux/mips64le -t $REGISTRY/real-none"
        " $REGISTRY/library/busybox:1.38",
        builder=True,
    ),
    case(
        "targetarch-undeclared",
        "targetarch-empty",
        FROM + "'ENV KIND=$TARGETARCH' > Dockerfile; docker build .",
    ),
    case(
        "single-platform-base",
        "wrong-base-platform-accepted",
        FROM + "'' > Dockerfile; docker build -q --provenance=false --platform linux/amd64 -t $REGISTRY/real-one . >&2;"
        " docker push -q $REGISTRY/real-one >&2; echo FROM $REGISTRY/real-one > Dockerfile;"
        " docker build --pull --platform linux/arm64 .",
    ),
    case(
        "push-what-is-not-here",
        "content-digest-not-found",
        "docker image rm -f $REGISTRY/real-index >/dev/null 2>&1; docker buildx imagetools create"
        f" --builder {BUILDER} -t $REGISTRY/real-index $REGISTRY/library/busybox:1.38 >&2;"
        " docker pull -q $REGISTRY/real-index >&2;"
        " docker tag $REGISTRY/real-index $REGISTRY/other/real-index; docker push $REGISTRY/other/real-index",
        builder=True,
    ),
    case(
        "other-platform-holds-the-tag",
        "found-but-other-platform",
        FROM + "'' > Dockerfile; docker build -q --platform linux/arm64 -t real-arm . >&2;"
        " docker run --rm --pull never --platform linux/amd64 real-arm uname -m",
    ),
]


EMULATED = [
    case(
        "mismatch-alone",
        "platform-does-not-match-host",
        FROM + '\'CMD ["uname", "-m"]\' > Dockerfile; docker build -q --platform linux/arm64 -t real-runs .;'
        " docker run --rm real-runs",
    ),
    case(
        "foreign-loader",
        "foreign-loader-missing",
        COPY_RUN + "dynamic-arm64 'RUN /x' > Dockerfile; docker build --no-cache --platform linux/amd64 .",
    ),
    case(
        "illegal-instruction",
        "qemu-signal-4",
        "printf 'FROM busybox:1.38\\nRUN QEMU_CPU=sa1100 /bin/true && echo well\\n' > Dockerfile;"
        " docker build --no-cache --platform linux/arm/v7 .",
    ),
]
