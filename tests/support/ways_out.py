"""Which ways out of the error guide are tried on an engine, how, and why the others are not: each of them stands here once.

A way out is named by its cause and by how it begins. `scene` prints the error; then the way's own commands are run as the guide
prints them, names filled in, with `put` for what is called otherwise here; `works` is what did not work before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FROM = "printf 'FROM busybox:1.38\\n%s\\n' "
PLAIN = FROM + "'' > Dockerfile; "
BUILDER = "explain-real"
MINE = {"multi-builder": "way-out"}
BOTH = "--platform linux/amd64,linux/arm64"
CACHE = "--output type=cacheonly ."


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A scene that prints an error, and a way out of it after which the same thing works.

    `only` are the commands that are run where they are one or the other, or not all can be run here (the first is 0). `do` comes
    before them, and in place of them where the way has none. `builder`: a builder in a container is the current one.
    `golang`: the lab's base image of that name has to be there.
    """

    entry: str
    way: str
    scene: str
    works: str
    put: dict[str, str] = field(default_factory=dict)
    only: tuple[int, ...] = ()
    do: str = ""
    builder: bool = False
    store: str = ""
    slow: bool = False
    emulated: bool = False
    golang: bool = False

    @property
    def name(self) -> str:
        """Of its test."""
        return f"{self.entry}: {self.way}"


def way(entry: str, begins: str, scene: str, works: str, **more: object) -> Tried:
    """The same, shorter."""
    return Tried(entry=entry, way=begins, scene=scene, works=works, **more)


START = (
    "printf 'FROM busybox:1.38\\nCOPY start.sh /start.sh\\nENTRYPOINT [\"/start.sh\"]\\n' > Dockerfile;"
    " docker build -q -t way-script . >/dev/null; docker run --rm way-script"
)
AGAIN = "docker build -q -t way-script . >/dev/null; docker run --rm way-script | grep hello"
NO_SHEBANG = f"echo 'echo hello' > start.sh; chmod +x start.sh; {START}"
NO_BIT = f"printf '#!/bin/sh\\necho hello\\n' > start.sh; chmod 644 start.sh; {START}"
SCRIPT = {"entrypoint.sh": "start.sh"}
LEGACY = "export DOCKER_BUILDKIT=0; "
TWICE = "docker buildx create --name way-twice; docker buildx create --name way-twice"
TWO = f"{PLAIN}docker build {BOTH} ."
PUSHED = "docker buildx build -q --provenance=false --platform linux/amd64 -t $REGISTRY/{name} --push . >&2; "
PART = f"{PLAIN}docker buildx build -q --platform linux/amd64 -t $REGISTRY/way-part --push . >&2; "
OLD_LIST = "docker manifest create --insecure $REGISTRY/{0} $REGISTRY/{1}"
EXISTS = (
    PLAIN
    + PUSHED.format(name="way-plain")
    + f"{OLD_LIST.format('way-list', 'way-plain')} >&2; {OLD_LIST.format('way-list', 'way-plain')}"
)
LOCAL_BASE = (
    PLAIN + "docker build -q -t $REGISTRY/{0} . >&2; echo FROM $REGISTRY/{0} > Dockerfile; docker buildx build ."
)
ONE_BASE = (
    PLAIN + "docker build -q --provenance=false --platform linux/amd64 -t $REGISTRY/way-one . >&2;"
    " docker push -q $REGISTRY/way-one >&2; echo FROM $REGISTRY/way-one > Dockerfile;"
    " docker build --pull --platform linux/arm64 ."
)
ELSEWHERE = (
    "docker image rm -f $REGISTRY/way-index >/dev/null 2>&1; docker buildx imagetools create -t $REGISTRY/way-index"
    " $REGISTRY/library/busybox:1.38 >&2; docker pull -q $REGISTRY/way-index >&2;"
    " docker tag $REGISTRY/way-index $REGISTRY/other/way-index; docker push $REGISTRY/other/way-index"
)
HELD = (
    PLAIN
    + f"docker buildx build -q --no-cache {BOTH} --label way={{0}} -t $REGISTRY/{{0}} --push . >&2; docker image rm -f $REGISTRY/{{0}} >/dev/null 2>&1;"
    " docker pull -q --platform linux/arm64 $REGISTRY/{0} >&2;"
    " docker run --rm --pull never --platform linux/amd64 $REGISTRY/{0} true"
)
RUNS = "docker create --pull never --platform linux/amd64 $REGISTRY/{0} true"
SAVED = (
    PLAIN + f"docker buildx build -q --no-cache {BOTH} --label way={{0}} -t $REGISTRY/{{0}} --push . >&2;"
    " docker pull -q --platform linux/amd64 $REGISTRY/{0} >&2;"
    " docker save --platform linux/arm64 -o x.tar $REGISTRY/{0}"
)
FOREIGN = (
    PLAIN + "docker buildx build -q --no-cache --provenance=false --platform {0} -t $REGISTRY/way-runs --push . >&2;"
    " docker image rm -f $REGISTRY/way-runs >/dev/null 2>&1; docker pull -q --platform $OTHER $REGISTRY/way-runs >&2;"
    " docker run --rm $REGISTRY/way-runs uname -m"
)
RUNS_THERE = {"IMAGE": "$REGISTRY/way-runs", "PLATFORM": "$OTHER"}
NO_WARNING = "docker run --rm $REGISTRY/way-runs true 2>&1 | tee said; ! grep -q 'does not match' said"
DIGEST = 'digest=$(python3 -c \'import json; print(json.load(open("m.json"))["containerimage.digest"])\'); '
BY_DIGEST = (
    PLAIN + "docker buildx build --output type=image,name=$REGISTRY/way-digest:1,push-by-digest=true,push=true ."
)
HELPER = (
    'python3 -c \'import json, os; path = os.environ["DOCKER_CONFIG"] + "/config.json"; data = json.load(open(path));'
    ' data["credsStore"] = "desktop"; json.dump(data, open(path, "w"), indent=1)\';'
    " docker pull -q busybox:1.38 >&2; docker tag busybox:1.38 $REGISTRY/way-helper; docker push $REGISTRY/way-helper"
)
GO = 'go() { docker run --rm -v $PWD:/src -w /src -e GOOS -e GOARCH golang:1.26 go "$@"; }; '
MODULE = "printf 'module example.com/app\\n\\ngo 1.26\\n' > go.mod; mkdir -p cmd/app; "
MAIN = "printf 'package main\\n\\nfunc main() {{ println(\"hello\") }}\\n' > {0}; "
COMPILES = (
    "printf 'FROM --platform=$BUILDPLATFORM golang:1.26 AS build\\n%s\\nWORKDIR /src\\nCOPY . .\\nRUN CGO_ENABLED=0 %s go build"
    ' -o /app .\\nFROM scratch\\nCOPY --from=build --chmod=755 /app /app\\nENTRYPOINT ["/app"]\\n\' {0} > Dockerfile; '
)
ARCHIVE = (
    MODULE
    + "printf 'package app\\n' > app.go; "
    + MAIN.format("cmd/app/main.go")
    + COMPILES.format("'' ''")
    + "docker build --progress=plain -t way-archive .; docker run --rm way-archive;"
    " id=$(docker create way-archive) && docker cp $id:/app - | tar -xO | head -c 8; docker rm $id"
)
GENERATE = (
    MODULE.replace("cmd/app", "gen")
    + "printf 'package main\\n\\n//go:generate go run ./gen\\n\\nfunc main() {}\\n' > main.go; "
    + MAIN.format("gen/main.go")
    + GO
    + "GOOS=linux GOARCH=s390x go generate ./..."
)
PAIR_OF_DOCKERS = (
    MODULE
    + MAIN.format("main.go")
    + COMPILES.format("'ARG TARGETPLATFORM' 'GOOS=linux GOARCH=${TARGETPLATFORM#linux/}'")
    + "docker build --progress=plain --platform linux/amd64/v2 --output type=cacheonly ."
)
GREEN = "docker build --no-cache . 2>&1 | tee said; ! grep -q {0} said"

TRIED = (
    # --- builders ---------------------------------------------------------------------------------------------------
    way("multi-platform-docker-driver", "Make a builder of its own", TWO, f"docker buildx build {BOTH} {CACHE}", put=MINE, store="classic"),
    way("cache-export-docker-driver", "Make a builder of its own", PLAIN + "docker build --cache-to type=local,dest=cache .",
        "docker buildx build --cache-to type=local,dest=cache . && ls cache", put=MINE, store="classic", slow=True),
    way("exporter-docker-driver", "Make a builder of its own", PLAIN + "docker build --output type=oci,dest=x.tar .",
        "docker buildx build --output type=oci,dest=x.tar . && ls x.tar", put=MINE, store="classic", slow=True),
    way("push-by-digest-docker-driver", "Use a builder in a container",
        PLAIN + "docker build --output type=image,name=$REGISTRY/way-d,push-by-digest=true,push=true .",
        "docker buildx build --output type=image,name=$REGISTRY/way-d,push-by-digest=true,push=true .",
        put=MINE, store="classic", slow=True),
    way("localhost-inside-the-builder", "Make the builder anew",
        PLAIN + "docker buildx create --name way-out --use >&2; docker buildx build -t localhost:$PORT/way-real --push .",
        "docker buildx build -t localhost:$PORT/way-real --push . 2>&1 | tee said; ! grep -q 'connection refused' said",
        put=MINE, slow=True),
    way("http-response-to-https-client", "For a builder in a container",
        "echo FROM $HTTP/library/busybox:1.38 > Dockerfile; docker buildx build .",
        "docker buildx build . 2>&1 | tee said; grep -q 'library/busybox:1.38: not found' said",
        put=MINE, builder=True, slow=True),
    way("builder-already-there", "Use the one that is there", TWICE, "docker buildx inspect | grep way-twice"),
    way("builder-already-there", "Or remove it first", TWICE, "docker buildx create --name way-twice", only=(0,)),
    way("docker-driver-is-built-in", "Use the one that is there", "docker buildx create --driver docker --name way-docker",
        "docker buildx inspect | grep -E 'Driver: +docker$'", builder=True, slow=True),
    way("docker-driver-is-built-in", "Or make one in a container", "docker buildx create --driver docker --name way-docker",
        "docker buildx inspect | grep -E 'Driver: +docker-container$'", put=MINE),
    way("tls-data-from-environment", "Make a context of the environment",
        "mkdir certs; cd certs; openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout key.pem -out cert.pem 2>&-;"
        " cp cert.pem ca.pem; cd ..; export DOCKER_HOST=tcp://127.0.0.1:2376 DOCKER_TLS_VERIFY=1"
        " DOCKER_CERT_PATH=$PWD/certs; docker buildx create --name way-tls",
        # no engine listens there, which is the next thing that it says
        "docker buildx create --name way-out tls-environment 2>&1 | tee said; ! grep -q 'TLS data' said", put=MINE,
        do="set +e; export DOCKER_HOST=tcp://127.0.0.1:2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$PWD/certs", slow=True),
    way("builder-settings-unreadable", "Mend the line",
        "echo '[registry.localhost:5000]' > buildkitd.toml; docker buildx create --name way-toml --driver docker-container --buildkitd-config buildkitd.toml",
        "docker buildx create --name way-toml --driver docker-container --buildkitd-config buildkitd.toml", put=MINE),
    way("builder-settings-unreadable", "If you named no file",
        "export BUILDX_CONFIG=$PWD/own; mkdir own; printf 'debug = true\\ndebug = true\\n' > own/buildkitd.default.toml; docker buildx create --name way-toml",
        "BUILDX_CONFIG=$PWD/own docker buildx create --name way-toml", do="export BUILDX_CONFIG=$PWD/own"),
    way("builder-not-found", "Make it, or use another one", "docker buildx use nobody; docker buildx build --builder nobody .",
        "docker buildx inspect nobody", only=(0,)),
    way("builder-name-reserved", "Take another name", "docker buildx create --name default",
        "docker buildx inspect way-out", put=MINE),
    way("builder-name-reserved", "To use a context's own builder", "docker buildx create --name default",
        "docker buildx inspect | grep -E 'Name: +default'", builder=True),
    way("driver-does-not-take-config", "Use a builder in a container",
        "echo '[log]' > buildkitd.toml; docker buildx create --name way-remote --driver remote --buildkitd-config buildkitd.toml tcp://127.0.0.1:1",
        "docker buildx inspect way-out | grep docker-container", put=MINE, slow=True),
    way("builder-does-not-trust-ca", "For a builder in a container",
        "echo FROM $HTTPS/library/busybox:1.38 > Dockerfile; docker buildx build .",
        "docker buildx build . 2>&1 | tee said; grep -q 'library/busybox:1.38: not found' said",
        put={**MINE, "/etc/ssl/company-ca.pem": "'$CA'"}, builder=True, slow=True),
    way("credential-helper-gone", "Rename the entry", HELPER,
        "docker push -q $REGISTRY/way-helper", put={"~/.docker": "$DOCKER_CONFIG"}, only=(0,), store="containerd"),
    way("entitlement-not-allowed", "Make a builder that grants it",
        FROM + "'RUN --network=host true' > Dockerfile; docker buildx build .",
        f"docker buildx build --allow network.host {CACHE}", put=MINE, builder=True),
    # --- building ---------------------------------------------------------------------------------------------------
    way("load-several-platforms", "Push instead of loading",
        PLAIN + f"docker buildx build {BOTH} --output type=docker,dest=x.tar .",
        "docker buildx imagetools inspect $REGISTRY/way-load | grep linux/arm64", put={"NAME": "way-load"}, builder=True),
    way("load-several-platforms", "Or load one platform", PLAIN + f"docker buildx build {BOTH} --output type=docker,dest=x.tar .",
        "docker image inspect way-load", put={"IMAGE": "way-load"}, builder=True, slow=True),
    way("no-output-specified", "Push it to a registry", PLAIN + "docker buildx build .",
        "docker buildx imagetools inspect $REGISTRY/way-output", put={"NAME": "way-output"}, builder=True, slow=True),
    way("no-output-specified", "Or load it into the engine", PLAIN + "docker buildx build .", "docker image inspect way-output",
        put={"IMAGE": "way-output"}, builder=True, slow=True),
    way("no-output-specified", "Or say that only the cache", PLAIN + "docker buildx build .",
        f"docker buildx build {CACHE} 2>&1 | tee said; ! grep -q 'No output' said", builder=True),
    way("local-from-not-found", "Push the base to a registry", LOCAL_BASE.format("way-pushed"), f"docker buildx build {CACHE}",
        put={"docker push": "docker push -q"}, builder=True),
    way("local-from-not-found", "Or build with the engine's own", LOCAL_BASE.format("way-own"), "true", builder=True),
    way("local-from-not-found", "Or hand the base over",
        LOCAL_BASE.format("way-named"), "true", do="docker tag $REGISTRY/way-named $REGISTRY/way-there; docker push -q $REGISTRY/way-there",
        put={"docker-image://REGISTRY/way-named:latest": "docker-image://$REGISTRY/way-there"}, builder=True, slow=True),
    way("no-match-for-platform", "Or leave the platform out", PLAIN + "docker build --platform linux/mips64le .", "true", store="containerd"),
    way("no-match-for-platform", "To run it here all the same",
        "docker image rm -f $REGISTRY/library/busybox:1.38 >/dev/null 2>&1; docker pull --platform linux/mips64le $REGISTRY/library/busybox:1.38", "true", put={"linux/amd64": "$HERE", "IMAGE": "$REGISTRY/library/busybox:1.38"}),
    way("wrong-base-platform-accepted", "Make it an error", ONE_BASE,
        "! docker build --pull --platform linux/arm64 . && docker build --pull --platform linux/amd64 .",
        do="sed -i '1i # check=error=true' Dockerfile", store="containerd", slow=True),
    way("wrong-base-platform-accepted", "If the stage is meant", ONE_BASE,
        "docker build --pull --platform linux/arm64 . 2>&1 | tee said; ! grep -q InvalidBaseImagePlatform said",
        do="sed -i 's/FROM/FROM --platform=$BUILDPLATFORM/' Dockerfile", store="containerd", slow=True),
    way("empty-buildplatform", "Install buildx",
        f"{LEGACY}echo 'FROM --platform=$BUILDPLATFORM busybox:1.38' > Dockerfile; docker build .", "true", only=(1,)),
    way("legacy-builder-one-platform", "Install buildx", f"{LEGACY}{TWO}",
        "docker buildx imagetools inspect $REGISTRY/app | grep linux/arm64", only=(1,), builder=True),
    way("buildkit-needed", "Install buildx",
        f"{LEGACY}{FROM}'RUN --mount=type=cache,target=/c true' > Dockerfile; docker build .", "true", only=(1,)),
    way("empty-arg-in-from", "Put the `ARG` before", "printf 'FROM busybox:${VERSION}\\n' > Dockerfile; docker build .",
        "docker build .", do="sed -i '1i ARG VERSION=1.38' Dockerfile", slow=True),
    way("empty-arg-in-from", "Or hand it over", "printf 'ARG VERSION\\nFROM busybox:${VERSION}\\n' > Dockerfile; docker build .",
        "true", put={"3.20": "1.38"}),
    way("targetarch-empty", "After each `FROM`", FROM + "'RUN set -u; echo is $TARGETARCH' > Dockerfile; docker build --no-cache .",
        "docker build --no-cache --progress=plain . 2>&1 | grep -E 'is (amd64|arm64)'", do="sed -i '1a ARG TARGETARCH' Dockerfile"),
    way("bake-platform-key", "On the command line",
        PLAIN + "printf 'target \"default\" {}\\n' > docker-bake.hcl; docker buildx bake --set '*.platforms=linux/arm64'",
        "docker buildx bake --print --set '*.platform=linux/arm64' | grep arm64", builder=True),
    way("bake-platform-key", "In the file",
        PLAIN + "printf 'target \"default\" {}\\n' > docker-bake.hcl; docker buildx bake --set '*.platforms=linux/arm64'",
        "docker buildx bake --print | grep arm64",
        do="printf 'target \"default\" {\\n  platforms = [\"linux/amd64\", \"linux/arm64\"]\\n}\\n' > docker-bake.hcl"),
    way("bake-platforms-not-a-subset", "Give the base target",
        PLAIN + "printf 'target \"base\" {\\n  platforms = [\"linux/amd64\", \"linux/arm/v7\"]\\n}\\ntarget \"app\" {\\n  contexts = {base = \"target:base\"}\\n"
        "  platforms = [\"linux/amd64\", \"linux/arm64\"]\\n}\\ngroup \"default\" {\\n  targets = [\"app\"]\\n}\\n' > docker-bake.hcl;"
        " docker buildx bake", "true", builder=True),
    way("blank-in-platform-list", "Take the blank out", PLAIN + "docker buildx build --platform 'linux/amd64, linux/arm64' .", "true",
        put={"IMAGE": "$REGISTRY/way-blank"}, builder=True, slow=True),
    way("unknown-platform-name", "Write it in full", PLAIN + "docker buildx build --platform x64 .", "true", builder=True),
    way("platform-flag-is-constant", "Leave `--platform` out",
        "echo 'FROM --platform=linux/amd64 busybox:1.38' > Dockerfile; docker build --no-cache .",
        GREEN.format("FromPlatformFlagConst"), do="sed -i 's/--platform=[^ ]* //' Dockerfile", store="containerd"),
    way("fixed-library-path", "Collect the files",
        FROM + "'COPY --from=busybox:1.38 /usr/lib/x86_64-linux-gnu/libssl.so.3 /x' > Dockerfile; docker build .",
        "docker build --no-cache .",
        do="printf 'FROM busybox:1.38 AS b\\nRUN mkdir -p /usr/lib/some-linux-gnu /out && touch /usr/lib/some-linux-gnu/libssl.so.3"
        " && cp /usr/lib/*-linux-gnu*/libssl.so.3 /out/\\nFROM busybox:1.38\\nCOPY --from=b /out/ /usr/local/lib/\\n' > Dockerfile"),
    way("output-to-a-terminal", "Name a file", PLAIN + "script -qec 'docker buildx build --output type=oci .' /dev/null", "ls image.tar",
        builder=True),
    # --- indexes, pushing, pulling ----------------------------------------------------------------------------------
    way("tag-overwritten-by-matrix", "In each job push by digest", BY_DIGEST,
        DIGEST + "docker buildx imagetools create -t $REGISTRY/app:way $REGISTRY/app@$digest",
        put={"--platform PLATFORM": "--metadata-file m.json"}, builder=True),
    way("tag-overwritten-by-matrix", "In a last job put the tag", BY_DIGEST,
        "docker buildx imagetools inspect $REGISTRY/app:latest | grep linux/arm64",
        do="for one in amd64 arm64; do docker buildx build --provenance=false --platform linux/$one --metadata-file $one.json --output"
        " type=image,name=$REGISTRY/app,push-by-digest=true,name-canonical=true,push=true . >&2; done",
        put={"sha256:… ": "$(grep -o 'sha256:[0-9a-f]*' amd64.json | tail -1) ",
             "sha256:…": "$(grep -o 'sha256:[0-9a-f]*' arm64.json | tail -1)"}, builder=True, slow=True),
    way("unknown-unknown", "Leave it",
        PLAIN + f"docker buildx build -q {BOTH} -t $REGISTRY/way-notes --push . >&2; docker buildx imagetools inspect $REGISTRY/way-notes",
        "docker buildx imagetools inspect $REGISTRY/way-notes | tee said; ! grep -q unknown/unknown said",
        put={"IMAGE": "$REGISTRY/way-notes"}, builder=True),
    way("found-but-other-platform", "Pull the platform", HELD.format("way-pulled"), RUNS.format("way-pulled"), builder=True, slow=True),
    way("found-but-other-platform", "If it is built here", HELD.format("way-built"), RUNS.format("way-built"), builder=True, slow=True),
    way("archive-lacks-platform", "Pull that platform first",
        SAVED.format("way-saved"), "ls image.tar",
        put={"IMAGE": "$REGISTRY/way-saved"}, store="containerd", builder=True, slow=True),
    way("archive-lacks-platform", "Or copy the whole index", SAVED.format("way-whole-saved"), "docker buildx imagetools inspect $REGISTRY/way-copied | grep linux/arm64",
        put={"IMAGE": "$REGISTRY/way-whole-saved", "NAME": "way-copied"}, store="containerd", builder=True, slow=True),
    way("load-of-an-oci-archive", "Write an archive", PLAIN + "docker buildx build --output type=oci,dest=image.tar . >&2; docker load -i image.tar",
        "true", store="classic", builder=True, slow=True),
    way("is-a-manifest-list", "Put the tag together", PART + OLD_LIST.format("way-whole", "way-part"),
        "docker buildx imagetools inspect $REGISTRY/app:latest | grep linux/arm64",
        do="for one in amd64 arm64; do docker buildx build -q --platform linux/$one -t $REGISTRY/app:latest-$one --push . >&2; done",
        builder=True),
    way("is-a-manifest-list", "Or build the parts without", PART + OLD_LIST.format("way-whole", "way-part"),
        OLD_LIST.format("way-whole", "way-part"), put={"NAME": "way-part"}, builder=True, slow=True),
    way("content-digest-not-found", "Push the one platform", ELSEWHERE,
        "docker buildx imagetools inspect $REGISTRY/other/way-index", put={"PLATFORM": "linux/amd64", "IMAGE": "$REGISTRY/other/way-index"}, store="containerd", builder=True),
    way("content-digest-not-found", "Or copy the whole index", ELSEWHERE,
        "docker buildx imagetools inspect $REGISTRY/way-copied | grep linux/arm64",
        put={"IMAGE": "$REGISTRY/way-index", "NAME": "way-copied"}, store="containerd", builder=True, slow=True),
    way("content-digest-not-found", "Or build and push in one go", ELSEWHERE + "; " + PLAIN,
        "docker buildx imagetools inspect $REGISTRY/other/way-index | grep linux/arm64",
        put={"IMAGE": "$REGISTRY/other/way-index"}, store="containerd", builder=True, slow=True),
    way("digest-not-found", "Push each platform by digest",
        PLAIN + "docker buildx imagetools create -t $REGISTRY/app:way $REGISTRY/app@sha256:" + "4bcf" * 16,
        DIGEST + "docker buildx imagetools create -t $REGISTRY/app:way $REGISTRY/app@$digest",
        put={"--platform PLATFORM": "--metadata-file m.json"}, builder=True, slow=True),
    way("manifest-list-exists", "Put the tag together", EXISTS, "docker buildx imagetools inspect $REGISTRY/app:latest | grep linux/arm64",
        do="for one in amd64 arm64; do docker buildx build -q --platform linux/$one -t $REGISTRY/app:latest-$one --push . >&2; done",
        builder=True, slow=True),
    way("manifest-list-exists", "Or forget the old list", EXISTS, OLD_LIST.format("way-list", "way-plain"),
        put={"/app:latest": "/way-list"}, builder=True),
    way("push-without-a-tag", "Name the image", PLAIN + "docker buildx build --push .",
        "docker buildx imagetools inspect $REGISTRY/app:1", builder=True, slow=True),
    way("imagetools-no-such-platform", "Ask only for platforms",
        PLAIN + PUSHED.format(name="way-some") + "docker buildx imagetools create --platform linux/arm64 -t $REGISTRY/way-none $REGISTRY/way-some",
        "docker buildx imagetools create --platform linux/arm64 -t $REGISTRY/way-none $REGISTRY/way-some",
        put={"PLATFORM": "linux/arm64", "IMAGE": "$REGISTRY/way-some"}, store="containerd", builder=True, slow=True),
    way("imagetools-repository-unclear", "Name the repository",
        "docker buildx imagetools create -t $REGISTRY/way-a:1 -t $REGISTRY/way-b:1 sha256:" + "4bcf" * 16,
        "docker buildx imagetools inspect $REGISTRY/app:latest",
        do=PLAIN + "docker buildx build -q --platform linux/amd64 --metadata-file m.json -t $REGISTRY/app:way --push . >&2; " + DIGEST,
        put={"sha256:… ": "$digest ", "sha256:…": "$digest", "ghcr.io/example/app": "$REGISTRY/app-too",
             "REGISTRY/app@sha256:… REGISTRY/app@sha256:…": "$REGISTRY/app@$digest"}, builder=True, slow=True),
    way("annotation-on-one-platform", "Annotate the manifest",
        PLAIN + "docker buildx build --provenance=false --annotation index:a=b --output type=image .",
        "docker buildx imagetools inspect --raw $REGISTRY/way-note | grep -q . ", put={"IMAGE": "$REGISTRY/way-note", "https://…": "https://example.com"},
        builder=True, slow=True),
    # --- running ----------------------------------------------------------------------------------------------------
    way("exec-format-error", "Or take the image for this machine",
        PLAIN + "docker buildx build -q --platform linux/s390x,$HERE -t $REGISTRY/way-foreign --push . >&2;"
        " docker pull -q --platform linux/s390x $REGISTRY/way-foreign >&2; echo $ docker run --platform linux/s390x $REGISTRY/way-foreign true;"
        " docker run --rm --platform linux/s390x $REGISTRY/way-foreign true",
        "docker run --rm $REGISTRY/way-foreign true", put={"IMAGE": "$REGISTRY/way-foreign"}, builder=True, slow=True),
    way("platform-does-not-match-host", "If that platform", FOREIGN.format("$OTHER"), "docker run --rm --platform $OTHER $REGISTRY/way-runs 2>&1 | tee said;"
        " ! grep -q 'does not match' said", put=RUNS_THERE, builder=True, emulated=True),
    way("platform-does-not-match-host", "If not, pull your own", FOREIGN.format("$HERE,$OTHER"), NO_WARNING, put=RUNS_THERE, builder=True, emulated=True, store="classic", slow=True),
    way("platform-does-not-match-host", "If it is your image", FOREIGN.format("$OTHER"), f"docker pull -q $REGISTRY/way-runs; {NO_WARNING}",
        put=RUNS_THERE, builder=True, emulated=True, slow=True),
    way("stale-local-image", "Pull before you run",
        "exec 3>&1 >/dev/null 2>&1; for one in old new; do printf 'FROM busybox:1.38\\nCMD [\"echo\", \"%s\"]\\n' $one > Dockerfile;"
        " docker buildx build -q -t $REGISTRY/way-stale --push .; [ $one = new ] || docker pull -q $REGISTRY/way-stale; done;"
        " [ $(docker run --rm $REGISTRY/way-stale) = old ] && echo 'docker run shows the old version although I pushed a new one' >&3",
        "docker run --rm $REGISTRY/way-stale | grep new", put={"IMAGE": "$REGISTRY/way-stale"}, builder=True),
    way("go-archive-not-program", "Name the folder", ARCHIVE,
        "docker build -q -t way-archive . >&2; docker run --rm way-archive 2>&1 | grep hello",
        do=GO + "sed -i 's,-o /app .$,-o /app ./cmd/app,' Dockerfile", only=(0,), golang=True, slow=True),
    way("go-host-tool-built-for-target", "Run host tools", GENERATE,
        "GOOS= GOARCH= go generate ./... 2>&1 | grep hello", do=GO + "export GOOS=linux GOARCH=s390x", only=(0,),
        golang=True, slow=True),
    way("go-unsupported-pair", "In the Dockerfile", PAIR_OF_DOCKERS,
        "docker build --platform linux/amd64/v2 --output type=cacheonly .",
        do="sed -i -e 's/^ARG .*/ARG TARGETOS TARGETARCH TARGETVARIANT/'"
        " -e 's/GOOS=.* go/GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} go/' Dockerfile", golang=True, slow=True),
    way("script-without-shebang", "Make `#!/bin/sh`", NO_SHEBANG, AGAIN, put=SCRIPT),
    way("script-without-shebang", "Or name the shell", NO_SHEBANG, AGAIN,
        do="sed -i 's,ENTRYPOINT.*,ENTRYPOINT [\"/bin/sh\"\\, \"/start.sh\"],' Dockerfile", slow=True),
    way("not-executable", "Set the bit while copying", NO_BIT, AGAIN, do="sed -i 's/COPY/COPY --chmod=755/' Dockerfile"),
    way("not-executable", "Or in the repository", NO_BIT, f"git ls-files -s start.sh | grep ^100755 && {AGAIN}",
        do="git init -q .; git add start.sh", put=SCRIPT, slow=True),
    way("interpreter-or-loader-missing", "A script: name a shell",
        f"printf '#!/bin/sh\\r\\necho hello\\r\\n' > start.sh; chmod +x start.sh; {START}", AGAIN, put=SCRIPT, slow=True),
    way("downloaded-error-page", "Let curl fail",
        "curl -sSL -o tool http://$HTTP/tool; chmod +x tool; printf 'FROM busybox:1.38\\nCOPY tool /x\\nRUN /x --version\\n' > Dockerfile;"
        " docker build --no-cache .", "test ! -s tool",
        do="rm tool; set +e", put={"https://…": "http://$HTTP/tool"}, only=(0,)),
)  # fmt: skip

# Each with the reason why no engine here tries it; a rule test finds those that stand nowhere.
NOT_TRIED = {
    "It fetches from a public registry, a package server or the web, and the tests are off line.": (
        "buildx-missing: Install the plugin",
        "builder-too-old-for-feature: Make the builder",
        "buildx-too-old-for-flag: Install a newer",
        "builder-may-not-mount-proc: Start BuildKit's container",
        "value-too-large: Compile on your",
        "iptables-under-emulation: Take the image",
        "cgo-m64: If it does",
        "wheel-built-from-source: Or keep the",
        "lock-file-lacks-platform: Write the lock",
        "lock-file-lacks-platform: Or name the",
        "prisma-binary-targets: Name every platform",
        "glibc-module-on-musl: Or install in",
        "venv-of-another-platform: Or fetch the",
        "cgo-foreign-assembler: If it does",
        "linker-of-the-wrong-platform: Rust: install the",
        "rust-target-missing: Add the target",
        "pkg-config-does-not-cross: Install the target's",
        "cross-compiler-missing: Install it in",
        "bundler-platforms: Add the platforms",
        "conda-not-for-platform: Add conda-forge, which",
        "too-many-requests: Log in; an",
        "too-many-requests: Or copy the",
        "test-before-publishing: Push to a",
        "test-before-publishing: Then copy that",
        "push-right-missing: Give the account",
        "push-right-missing: Amazon ECR: the",
        "login-expired-during-build: Log in right",
        "oauth-token-refused: Log in to",
        "mongodb-needs-armv8-2: Stay with the",
        "engine-unknown-variant: Install a newer",
        "seccomp-older-than-image: Upgrade the engine",
        "invalid-signature-raspberry-pi: Install a newer",
        "apt-ports-archive: For a foreign",
        "apt-foreign-architecture-missing: Add it, then",
    ),
    "It changes the kernel of the whole machine, or the emulators that are registered with it.": (
        "rootless-builder-not-permitted: Allow it on",
        "qemu-signal-11: Replace the registered",
        "qemu-signal-4: Replace the registered",
        "qemu-signal-4: Give emulated steps",
        "emulators-gone: Register them again",
        "emulators-gone: For good: let",
        "emulators-gone: In CI, look",
        "emulator-not-in-containers: Register the emulators",
        "emulator-not-in-containers: Then start the",
        "sudo-effective-uid: Or register the",
        "cannot-mount-binfmt-misc: Use a runner",
        "binfmt-already-registered: To replace it",
        "binfmt-register-refused: Mount the file",
        "binfmt-register-refused: On a kernel",
        "qemu-address-space: Lift the limits",
        "qemu-address-space: Or register a",
        "qemu-unsupported-call: Leave it if",
        "invalid-elf-for-emulator: Register the emulators",
        "qemu-static-copied: Delete that line",
        "ptrace-under-emulation: Debug the image",
        "iptables-under-emulation: Without emulation, use",
        "emulator-fails-buildkits-test: Register the emulators",
        "emulator-fails-buildkits-test: Then start the",
        "binfmt-does-not-know-the-name: Name it as",
        "binfmt-register-closed: Run the installer",
        "binfmt-register-closed: With an engine",
        "go-host-tool-built-for-target: Run the tests",
        "exec-format-error: Register an emulator",
        "exec-user-process-caused: Until then, run",
        "jemalloc-page-size: On a Raspberry",
    ),
    "It changes the settings of an engine or of the system, and restarts it.": (
        "multi-platform-docker-driver: Or switch the",
        "http-response-to-https-client: For the default",
        "cache-export-docker-driver: Or switch the",
        "exporter-docker-driver: Or switch the",
        "builder-does-not-trust-ca: For the engine",
        "load-several-platforms: Or switch the",
        "images-gone-after-store-switch: Switch back, save",
        "images-gone-after-store-switch: To free the",
        "too-many-requests: Or put a",
        "client-too-old-for-engine: Or let the",
        "html-in-place-of-a-manifest: Let the proxy",
        "classic-store-several-platforms: Or switch the",
    ),
    "It needs another machine: a Mac, Windows, a Pi, one that ssh reaches, one without memory, room or a way out.": (
        "duplicate-endpoint: Name another machine",
        "duplicate-endpoint: Or change the",
        "node-does-not-answer: Start BuildKit on",
        "node-does-not-answer: If it asks",
        "node-does-not-answer: Or take the",
        "buildx-missing: On a Mac",
        "append-with-another-driver: Name the builder's",
        "builder-died: Give the engine",
        "builder-died: Or let the",
        "builder-has-no-way-out: Make the builder",
        "builder-has-no-way-out: For names: `[dns]`",
        "ssh-node-refused: Give your key",
        "ssh-node-refused: Where `docker` is",
        "emulated-build-crawls: Or give the",
        "qemu-signal-11: On a Mac",
        "cannot-mount-binfmt-misc: Or build without",
        "binfmt-register-closed: Where neither is",
        "go-runtime-under-emulation: On a Mac",
        "jvm-crash-on-this-cpu: Switch SVE off",
        "windows-containers: Switch to Linux",
        "windows-version-mismatch: On Windows take",
        "login-expired-during-build: Or make the",
        "exec-format-error: Docker Desktop brings",
        "rosetta-refuses: Switch Rosetta off",
        "rosetta-refuses: Or take the",
        "cpu-level-too-low: Otherwise take an",
        "cpu-level-too-low: In a virtual",
        "mongodb-needs-armv8-2: Or move to",
        "illegal-instruction-on-this-cpu: Ask for the",
        "pi-32-bit-engine: Install the 64-bit",
        "pi-32-bit-engine: Until then ask",
        "mssql-on-arm: On a Mac",
        "mssql-on-arm: Otherwise run it",
        "invalid-signature-raspberry-pi: If the disk",
        "disk-full: Docker Desktop: give",
        "disk-full: Free what nobody",
        "disk-full-shown-by-df: Free what nobody",
        "out-of-memory: Give the engine",
        "out-of-memory: Build the platforms",
        "exit-137: Give it more",
    ),
    "It is about a service or a cluster: GitHub, GitLab, AWS, Kubernetes, Home Assistant, a registry's own rules.": (
        "buildx-missing: In GitHub Actions",
        "builder-does-not-trust-ca: On the cluster's",
        "rootless-builder-not-permitted: In a pod",
        "buildx-too-old-for-flag: In GitHub Actions",
        "builder-may-not-mount-proc: In a cluster",
        "no-match-for-platform: Build and push the image for the CPUs",
        "no-match-for-platform: Build and push the image for the task's",
        "no-match-for-platform: In Terraform name",
        "only-last-platform-cached: One cache for",
        "artifact-name-conflict: A name for",
        "gha-cache-service-gone: Or keep the",
        "gha-cache-service-gone: Take the current",
        "slash-in-artifact-name: Make a name",
        "runner-label-missing: Check the label's",
        "lambda-media-type: Build one platform",
        "cloud-needs-amd64: Build it for",
        "cache-manifest-refused: Or keep it",
        "immutable-tag: Push the platforms",
        "immutable-tag: Or take a",
        "registry-refuses-index: Or update the",
        "request-too-large: Lift the limit",
        "push-right-missing: In GitHub Actions",
        "oauth-token-refused: In GitHub Actions",
        "exec-format-error: Build and push the image for the CPUs",
        "exec-format-error: Build and push the image for the task's",
        "exec-format-error: kaniko builds one",
        "exec-format-error: In the add-on",
        "exec-format-error: In Terraform name",
        "exec-format-error: In GitHub Actions",
        "exec-format-error: In GitLab CI",
        "exec-user-process-caused: Build and push the image for the CPUs",
        "exec-user-process-caused: Build and push the image for the task's",
        "exec-user-process-caused: In Terraform name",
        "binary-is-not-what-the-label-says: In the add-on",
        "no-new-privileges: Or, where it",
        "lambda-wrong-architecture: Build for the",
        "lambda-wrong-architecture: Or set the",
        "disk-full: In GitHub Actions",
        "out-of-memory: In the cluster",
    ),
    "It is typed into a program that the lab does not bring: a compiler, a package manager, podman, ctr, kind, skopeo.": (
        "compose-platforms-without-platform: List it under",
        "kind-load-digest-not-found: Save one platform",
        "kind-image-of-another-platform: Load the cluster's",
        "cgo-m64: If the program",
        "node-modules-of-another-platform: Keep the folder",
        "wrong-elf-class: Look into the",
        "cgo-foreign-assembler: If the program",
        "linker-of-the-wrong-platform: C and C++",
        "chrome-has-no-arm64: Or build this",
        "skopeo-asks-for-own-system: Say for which",
        "skopeo-asks-for-own-system: Or copy all",
        "schema-1-refused: Take a newer",
        "load-of-an-oci-archive: Or copy it",
        "repository-missing: Make it once",
        "podman-manifest-name-taken: Remove what holds",
        "index-before-its-manifests: Pull all platforms",
        "index-before-its-manifests: Or push just",
        "index-before-its-manifests: Or copy from",
    ),
    "It is advice about one's own program, image or Dockerfile, with no command that belongs to a scene.": (
        "localhost-inside-the-builder: Or name the",
        "star-and-plus-in-ls: Nothing to mend",
        "credential-helper-gone: Or install the",
        "no-match-for-platform: Choose a base",
        "wrong-base-platform-accepted: Choose a base",
        "empty-buildplatform: With the old",
        "fixed-library-path: Or install the",
        "emulated-build-crawls: Compile on your",
        "qemu-signal-11: Or keep the",
        "qemu-signal-4: Or run the",
        "sudo-effective-uid: Stay root in",
        "value-too-large: Or keep Cargo's",
        "readdir-32-bit: Make the links",
        "readdir-32-bit: Better, download in",
        "qemu-unsupported-call: Or run the",
        "invalid-elf-for-emulator: Take the copied",
        "ptrace-under-emulation: Or let QEMU",
        "wheel-built-from-source: Take a base",
        "node-modules-of-another-platform: Where the source",
        "node-modules-of-another-platform: Or install for",
        "prisma-binary-targets: Or run `npx",
        "glibc-module-on-musl: Take a glibc",
        "venv-of-another-platform: Make the venv",
        "wheel-not-supported-on-platform: Name the package",
        "wheel-not-supported-on-platform: Or take a",
        "wrong-elf-class: Install the library",
        "glibc-too-old-in-last-stage: Build and run",
        "glibc-too-old-in-last-stage: Or link statically",
        "pkg-config-does-not-cross: Or do without",
        "cross-compiler-missing: Or let the",
        "chrome-has-no-arm64: Install Debian's Chromium",
        "node-heap-limit: Build what is",
        "node-heap-limit: Give node more",
        "dotnet-under-emulation: Build natively for",
        "dotnet-under-emulation: To run an",
        "go-runtime-under-emulation: Take the program's",
        "jvm-crash-on-this-cpu: Under an emulator",
        "no-wheel-and-no-compiler: Give the stage",
        "no-wheel-and-no-compiler: Or take a",
        "prebuilt-binary-missing: Take a version",
        "prebuilt-binary-missing: Or let it",
        "musl-module-on-glibc: Install in a",
        "musl-module-on-glibc: Or name the",
        "variant-normalised: Compare `linux/arm64` with",
        "variant-normalised: Where a name",
        "client-does-not-know-oci-index: Update the client",
        "windows-version-mismatch: On Linux look",
        "client-too-old-for-engine: Update that program",
        "request-too-large: Or make the",
        "exec-format-error: In a build",
        "binary-is-not-what-the-label-says: In the Dockerfile",
        "binary-is-not-what-the-label-says: Let only build",
        "downloaded-error-page: Then mend the",
        "foreign-loader-missing: Download by the",
        "foreign-loader-missing: If the tool",
        "shell-reads-a-program: Download by the",
        "interpreter-or-loader-missing: A program: link",
        "jemalloc-page-size: In your own",
        "illegal-instruction-on-this-cpu: In your own",
        "no-new-privileges: Do what needs",
        "seccomp-older-than-image: Where that is",
        "out-of-memory: Or compile natively",
        "apt-cache-lock: Let one wait",
        "apt-cache-lock: Or give each",
        "apt-ports-archive: Leave the image's",
        "download-lacks-platform: Translate the name",
        "download-lacks-platform: If the project",
    ),
    "Its error does not come up with the engines, builders, clients and registries of the tests.": (
        "builder-not-running: Start it anew",
        "builder-not-running: Or make it",
        "client-does-not-know-oci-index: Or write Docker's",
        "zstd-layers-refused: Upgrade the engine",
        "classic-store-several-platforms: Save each platform",
        "classic-store-several-platforms: Or let a",
        "digest-not-found: Where the digest",
        "manifest-blob-unknown: Put the tag",
        "cache-manifest-refused: Write the cache",
        "registry-refuses-index: Build without attestations",
        "manifest-without-platform: Say the platform",
        "manifest-without-platform: Or build all",
        "exec-user-process-caused: Build for the",
        "binary-is-not-what-the-label-says: Look into every",
        "engine-unknown-variant: Or pull the",
    ),
}
