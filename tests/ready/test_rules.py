"""Each rule finds its fault in a file, on its line, and passes the nearest file that is right."""

from __future__ import annotations

import pytest
from support.places import ROOT

from lab.model.platforms import Platform
from lab.ready.rule import KINDS, NOTE, SLOWS, STOPS, TABLE

PI = (Platform("linux", "amd64"), Platform("linux", "arm", "v6"))
GO = "FROM --platform=$BUILDPLATFORM golang:1.26 AS build\n"
END = 'FROM alpine:3\nCOPY --from=build /x /x\nCMD ["/x"]\n'
HUB = ".github/workflows/image.yml"
LAB = ".gitlab-ci.yml"


def job(matrix, given, steps=""):
    """A workflow with one job that builds an image."""
    spread = f"    strategy:\n      matrix:\n{matrix}" if matrix else ""
    said = "".join(f"          {line}\n" for line in given)
    return (
        f"jobs:\n  image:\n    runs-on: ubuntu-latest\n{spread}    steps:\n{steps}"
        f"      - uses: docker/build-push-action@v6\n        with:\n{said}"
    )


ROWS = "        platform: [linux/amd64, linux/arm64]\n"
EACH = "platforms: ${{ matrix.platform }}"
TAG = ("push: true", "tags: ghcr.io/o/app:1")
DIGEST = "outputs: type=image,name=ghcr.io/o/app,push-by-digest=true,push=true"

# What is found: rule, severity, line; then the file, its text.
FAULTS = {
    "constant": ("platform-constant", STOPS, 1, "Dockerfile", "FROM --platform=linux/amd64 alpine:3\nRUN true\n"),
    "constant by an argument": (
        "platform-constant", STOPS, 2, "Dockerfile", "ARG P=linux/amd64\nFROM --platform=$P alpine:3\nRUN true\n",
    ),
    "constant in a child": (
        "platform-constant", STOPS, 1, "Dockerfile", "FROM --platform=linux/amd64 alpine:3 AS a\nFROM a\nRUN true\n",
    ),
    "constant beside": (
        "platform-constant", SLOWS, 1, "Dockerfile",
        "FROM --platform=linux/amd64 alpine:3 AS build\nRUN touch /x\n" + END,
    ),
    "constant for files": (
        "platform-constant", NOTE, 1, "Dockerfile", "FROM --platform=linux/amd64 web:1 AS build\n" + END,
    ),
    "last on build": (
        "last-on-build", STOPS, 1, "Dockerfile", 'FROM --platform=$BUILDPLATFORM alpine:3\nCMD ["/x"]\n',
    ),
    "last begins on build": (
        "last-on-build", STOPS, 2, "Dockerfile", 'FROM --platform=$BUILDPLATFORM alpine:3 AS a\nFROM a\nCMD ["/x"]\n',
    ),
    "files from build": ("last-on-build", NOTE, 1, "Dockerfile", "FROM --platform=$BUILDPLATFORM scratch\nCOPY x /\n"),
    "owner": ("base-for-one", STOPS, 1, "Dockerfile", "FROM arm64v8/alpine:3\n"),
    "tag": ("base-for-one", STOPS, 2, "Dockerfile", "ARG V=12-amd64\nFROM debian:$V\n"),
    "shadowed": ("arg-shadowed", STOPS, 3, "Dockerfile", "FROM alpine:3\nRUN true\nARG TARGETARCH=amd64\n"),
    "shadowed before": ("arg-shadowed", STOPS, 1, "Dockerfile", "ARG TARGETARCH=amd64\nFROM alpine:3\n"),
    "shadowed without harm": ("arg-shadowed", NOTE, 2, "Dockerfile", "FROM alpine:3\nARG TARGETOS=linux\n"),
    "undeclared": (
        "arg-undeclared", STOPS, 3, "Dockerfile", "FROM alpine:3\nRUN true \\\n  && get x-$TARGETARCH\n",
    ),
    "undeclared in another": (
        "arg-undeclared", STOPS, 4, "Dockerfile",
        "FROM alpine:3 AS a\nARG TARGETARCH\nFROM alpine:3\nCOPY x-${TARGETARCH} /x\n",
    ),
    "own": ("arg-own", STOPS, 2, "Dockerfile", "FROM alpine:3\nARG ARCH=amd64\nCOPY x-$ARCH /x\n"),
    "own before": ("arg-own", STOPS, 1, "Dockerfile", 'ARG ARCH="amd64"\nFROM busybox-$ARCH:1\n'),
    "own without a value": (
        "arg-own", STOPS, 1, "Dockerfile", "ARG IMAGE_ARCH\nFROM ${IMAGE_ARCH}/debian:12\n",
    ),
    "download": (
        "name-fixed", STOPS, 3, "Dockerfile",
        "FROM alpine:3\nRUN apk add curl && \\\n    curl -L https://host/v1/tool-linux-x86_64.tar.gz | tar xz\n",
    ),
    "download in a heredoc": (
        "name-fixed", STOPS, 4, "Dockerfile",
        "FROM alpine:3\nRUN <<EOF\nset -e\nwget https://host/tool_amd64.deb\nEOF\n",
    ),
    "added": ("name-fixed", STOPS, 2, "Dockerfile", "FROM alpine:3\nADD https://host/tool-amd64 /usr/bin/tool\n"),
    "copied": ("name-fixed", STOPS, 2, "Dockerfile", "FROM alpine:3\nCOPY dist/tool-x86_64 /usr/bin/tool\n"),
    "folder": (
        "name-fixed", STOPS, 2, "Dockerfile", "FROM debian:12\nENV LD_LIBRARY_PATH=/opt:/usr/lib/x86_64-linux-gnu\n",
    ),
    "package": ("name-fixed", STOPS, 2, "Dockerfile", "FROM debian:12\nRUN apt-get install -y libc6:amd64\n"),
    "tool of the build": (
        "name-fixed", NOTE, 2, "Dockerfile", f"{GO}RUN curl https://host/protoc-x86_64.zip && make x\n{END}",
    ),
    "aimed": ("target-fixed", STOPS, 2, "Dockerfile", f"{GO}RUN GOOS=linux GOARCH=amd64 go build -o /x .\n{END}"),
    "aimed by ENV": ("target-fixed", STOPS, 2, "Dockerfile", f"{GO}ENV GOARCH=arm64\nRUN go build -o /x .\n{END}"),
    "aimed by an option": (
        "target-fixed", STOPS, 2, "Dockerfile",
        "FROM rust:1 AS build\nRUN cargo build --target x86_64-unknown-linux-musl\n" + END,
    ),
    "asks": (
        "asks-build-machine", STOPS, 2, "Dockerfile",
        'FROM --platform=$BUILDPLATFORM alpine:3 AS build\nRUN curl "https://host/x-$(uname -m)" -o /x\n' + END,
    ),
    "asks for a tool": (
        "asks-build-machine", NOTE, 3, "Dockerfile",
        f"{GO}ARG TARGETARCH\nRUN curl https://host/tool-$(uname -m) && GOARCH=$TARGETARCH go build -o /x .\n{END}",
    ),
    "no target": ("not-crossed", STOPS, 2, "Dockerfile", f"{GO}RUN go build -o /x .\n{END}"),
    "emulated": (
        "compile-emulated", SLOWS, 3, "Dockerfile", "FROM golang:1.26 AS build\nRUN cd /src && \\\n go build -o /x .\n" + END,
    ),
    "emulated assets": (
        "compile-emulated", SLOWS, 2, "Dockerfile", "FROM node:24 AS build\nRUN npm ci && npm run build\n" + END,
    ),
    "emulated C": ("compile-emulated", NOTE, 2, "Dockerfile", "FROM gcc:15 AS build\nRUN make all\n" + END),
    "bake key": (
        "bake-key", STOPS, 2, "docker-bake.hcl", 'target "app" {\n  platform = ["linux/amd64", "linux/arm64"]\n}\n',
    ),
    "bake key in JSON": (
        "bake-key", STOPS, 2, "docker-bake.json", '{"target": {"app": {\n  "platform": ["linux/arm64"]}}}\n',
    ),
    "bake lacks": (
        "bake-lacks", STOPS, 4, "docker-bake.hcl",
        'variable "V" { default = "1" }\ntarget "app" {\n  tags = ["app:${V}"]\n  platforms = ["linux/amd64"]\n}\n',
    ),
    "bake variant": (
        "bake-variant", NOTE, 2, "docker-bake.hcl",
        'target "app" {\n  platforms = ["linux/amd64", "linux/arm64", "linux/arm"]\n}\n',
    ),
    "bake cache": (
        "bake-cache", SLOWS, 7, "docker-bake.hcl",
        'target "app-amd64" {\n  platforms = ["linux/amd64"]\n  cache-to = ["type=registry,ref=r/c"]\n}\n'
        'target "app-arm64" {\n  platforms = ["linux/arm64"]\n  cache-to = ["type=registry,ref=r/c"]\n}\n',
    ),
    "compose pin": (
        "compose-pinned", STOPS, 4, "compose.yaml", "services:\n  db:\n    image: mysql:8\n    platform: linux/amd64\n",
    ),
    "compose pin by default": (
        "compose-pinned", STOPS, 3, "compose.yaml", "services:\n  db:\n    platform: ${P:-linux/amd64}\n",
    ),
    "compose pin by an anchor": (
        "compose-pinned", STOPS, 2, "compose.yaml",
        "x-all: &all\n  platform: linux/amd64\nservices:\n  db:\n    <<: *all\n    image: mysql:8\n",
    ),
    "compose lacks": (
        "compose-lacks", STOPS, 5, "docker-compose.yml",
        "services:\n  app:\n    build:\n      platforms:\n        - linux/amd64\n",
    ),
    "compose name": ("compose-for-one", STOPS, 3, "compose.yaml", "services:\n  db:\n    image: arm64v8/redis:8\n"),
    "push lacks": ("push-lacks", STOPS, 7, HUB, job("", ("platforms: linux/amd64", *TAG))),
    "push lacks by env": (
        "push-lacks", STOPS, 9, HUB, "env:\n  P: linux/amd64\n" + job("", ("platforms: ${{ env.P }}", *TAG)),
    ),
    "push unset": ("push-lacks", STOPS, 5, HUB, job("", TAG)),
    "push by hand": (
        "push-lacks", STOPS, 5, HUB,
        "jobs:\n  image:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker build -t o/app . && docker push o/app\n",
    ),
    "race": ("tag-race", STOPS, 8, HUB, job(ROWS, (EACH, *TAG))),
    "race by metadata": (
        "tag-race", STOPS, 11, HUB,
        job(
            ROWS,
            (EACH, "push: true", "tags: ${{ steps.meta.outputs.tags }}"),
            "      - uses: docker/metadata-action@v5\n        id: meta\n        with: {images: ghcr.io/o/app}\n",
        ),
    ),
    "race of runners": (
        "tag-race", STOPS, 8, HUB,
        job("        runner: [ubuntu-24.04, ubuntu-24.04-arm]\n", TAG).replace("ubuntu-latest", "${{ matrix.runner }}"),
    ),
    "race of two jobs": (
        "tag-race", STOPS, 13, HUB,
        job("", ("platforms: linux/amd64", *TAG))
        + job("", ("platforms: linux/arm64", *TAG)).removeprefix("jobs:\n").replace("image:", "other:", 1),
    ),
    "race in GitLab": (
        "tag-race", STOPS, 6, LAB,
        "image:\n  parallel:\n    matrix:\n      - PLATFORM: [linux/amd64, linux/arm64]\n  script:\n"
        "    - docker buildx build --platform $PLATFORM --push -t $CI_REGISTRY_IMAGE:1 .\n",
    ),
    "one cache": ("one-cache", SLOWS, 13, HUB, job(ROWS, (EACH, DIGEST, "cache-from: type=gha", "cache-to: type=gha"))),
}  # fmt: skip

RIGHT = {
    "crossed": ("Dockerfile", f"{GO}ARG TARGETOS TARGETARCH\nRUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /x\n{END}"),
    "with xx": ("Dockerfile", f"FROM --platform=$BUILDPLATFORM tonistiigi/xx AS xx\n{GO}COPY --from=xx / /\nARG TARGETPLATFORM\nRUN xx-go build -o /x\n{END}"),
    "target platform": ("Dockerfile", "FROM --platform=$TARGETPLATFORM alpine:3\nRUN true\n"),
    "a default for the platform": ("Dockerfile", "FROM --platform=${TARGETPLATFORM:-linux/amd64} alpine:3\nRUN true\n"),
    "chosen": (
        "Dockerfile",
        "FROM alpine:3\nARG TARGETARCH\nRUN case $TARGETARCH in amd64) a=x86_64;; *) a=aarch64;; esac; \\\n"
        "  if [ $a = x86_64 ]; then curl https://host/x-x86_64.tgz; else curl https://host/x-aarch64.tgz; fi\n",
    ),
    "asked where it runs": ("Dockerfile", "FROM alpine:3\nRUN curl https://host/x-$(uname -m).tgz\n"),
    "a stage for each": (
        "Dockerfile", "FROM alpine:3 AS for-amd64\nFROM debian:12 AS for-arm64\nFROM for-$TARGETARCH\nRUN true\n",
    ),
    "inherited": ("Dockerfile", "FROM alpine:3 AS a\nARG TARGETARCH\nFROM a\nRUN echo $TARGETARCH\n"),
    "the shell's own": ("Dockerfile", "FROM alpine:3\nRUN TARGETARCH=$(uname -m) && echo $TARGETARCH\n"),
    "every name in a comment": ("Dockerfile", "# FROM --platform=linux/amd64\nFROM alpine:3\n# ARG TARGETARCH=amd64\n"),
    "words in a heredoc": ("Dockerfile", "FROM alpine:3\nCOPY <<EOF /notes\nFROM --platform=linux/amd64 x\nARG TARGETARCH=1\nEOF\n"),
    "another escape": ("Dockerfile", "# escape=`\nFROM mcr.microsoft.com/windows/nanoserver:ltsc2025\nCOPY x-amd64.exe C:\\\\\n"),
    "fetching is not compiling": ("Dockerfile", "FROM golang:1.26\nRUN go mod download\nRUN npm ci\n"),
    "programs for all on purpose": (
        "Dockerfile", f"{GO}RUN GOARCH=amd64 go build -o /x-amd64 . && GOARCH=arm64 go build -o /x-arm64 .\n"
        "FROM alpine:3\nCOPY --from=build /x-amd64 /x-arm64 /\n",
    ),
    "an argument that nobody uses": ("Dockerfile", "FROM alpine:3\nARG ARCH=amd64\n"),
    "an argument with the builder's value": (
        "Dockerfile", "FROM alpine:3\nARG TARGETARCH\nARG ARCH=$TARGETARCH\nCOPY x-$ARCH /x\n",
    ),
    "bake": ("docker-bake.hcl", 'target "app" {\n  platforms = ["linux/amd64", "linux/arm64"]\n}\n'),
    "bake by a variable": ("docker-bake.hcl", 'variable "P" {}\ntarget "app" {\n  platforms = split(",", P)\n}\n'),
    "bake, one of each": (
        "docker-bake.hcl",
        'target "a-amd64" {\n  platforms = ["linux/amd64"]\n}\ntarget "a-arm64" {\n  platforms = ["linux/arm64"]\n}\n',
    ),
    "bake's matrix": ("docker-bake.hcl", 'target "app" {\n  matrix = {\n    platform = ["linux/amd64"]\n  }\n  name = "a"\n}\n'),
    "compose": ("compose.yaml", "services:\n  db:\n    image: mysql:8\n  app:\n    build: .\n    image: app:1\n"),
    "compose for one": ("compose.arm64.yaml", "services:\n  db:\n    platform: linux/arm64\n"),
    "by digest": (
        HUB,
        job(ROWS, (EACH, DIGEST, "cache-to: type=gha,scope=${{ matrix.platform }}")),
    ),
    "a tag for each": (HUB, job(ROWS, (EACH, "push: true", "tags: ghcr.io/o/app:1-${{ matrix.platform }}"))),
    "all at once": (HUB, job("", ("platforms: linux/amd64,linux/arm64", *TAG, "cache-to: type=gha"))),
    "not pushed": (HUB, job(ROWS, (EACH, "push: false", "tags: app:test"))),
    "from an input": (HUB, job("", ("platforms: ${{ inputs.platforms }}", *TAG))),
    "a matrix of versions": (
        HUB, job("        go: ['1.25', '1.26']\n", ("platforms: linux/amd64,linux/arm64", "push: true", "tags: app:${{ matrix.go }}")),
    ),
    "two jobs, two tags": (
        HUB,
        job("", ("platforms: linux/amd64", "push: true", "tags: app:amd64"))
        + job("", ("platforms: linux/arm64", "push: true", "tags: app:arm64")).removeprefix("jobs:\n").replace("image:", "other:", 1),
    ),
    "GitLab by digest": (
        LAB,
        "image:\n  parallel:\n    matrix:\n      - PLATFORM: [linux/amd64, linux/arm64]\n  script:\n"
        "    - docker buildx build --platform $PLATFORM --output type=image,name=$I,push-by-digest=true,push=true .\n",
    ),
}  # fmt: skip


def of_rule(report, rule):
    return [(one.severity, one.line) for one in report.findings if one.rule == rule]


@pytest.mark.parametrize("case", FAULTS)
def test_a_rule_finds_its_fault(repository, case):
    """By its name, as bad as it is, on its line; the exit status follows."""
    rule, severity, line, path, text = FAULTS[case]
    report = repository({path: text})
    assert (severity, line) in of_rule(report, rule), report.as_text()
    stops = any(finding.severity == STOPS for finding in report.findings)
    assert report.exit_status == int(stops)
    assert stops or severity != STOPS


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_passes(repository, case):
    """In one line."""
    path, text = RIGHT[case]
    report = repository({path: text})
    assert report.findings == (), report.as_text()
    assert report.exit_status == 0
    assert "nothing found" in report.as_text()
    assert "\n" not in report.as_text()


ARM = f"{GO}ARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build -o /x .\n{END}"


def test_goarm_matters_only_for_an_older_arm(repository):
    """Asked for here, or by the repository's own list; set, it is no finding."""
    assert of_rule(repository({"Dockerfile": ARM}), "goarm-unset") == []
    assert of_rule(repository({"Dockerfile": ARM}, wanted=PI), "goarm-unset") == [(STOPS, 3)]
    named = {"docker-bake.hcl": 'target "a" {\n platforms = ["linux/amd64", "linux/arm64", "linux/arm/v6"]\n}\n'}
    assert of_rule(repository({"Dockerfile": ARM, **named}), "goarm-unset") == [(STOPS, 3)]
    with_it = ARM.replace("GOARCH=", "GOARM=${TARGETVARIANT#v} GOARCH=").replace("ARCH\n", "ARCH TARGETVARIANT\n", 1)
    assert of_rule(repository({"Dockerfile": with_it}, wanted=PI), "goarm-unset") == []


def test_a_file_for_one_platform_by_its_name_is_only_named(repository):
    """What is fixed in it is meant so."""
    report = repository({"Dockerfile.arm64": "FROM arm64v8/alpine:3\nARG TARGETARCH=arm64\nCOPY x-aarch64 /x\n"})
    assert [(one.rule, one.severity) for one in report.findings] == [("named-for-one", NOTE)]


def test_other_platforms_can_be_asked_for(repository):
    """A list that is enough for the pair is not for a third."""
    files = {"docker-bake.hcl": RIGHT["bake"][1]}
    assert repository(files).findings == ()
    report = repository(files, wanted=(Platform("linux", "riscv64"),))
    assert "linux/riscv64" in report.findings[0].text


@pytest.mark.parametrize("case", ["owner", "own", "download", "copied", "aimed", "compose name", "constant"])
def test_what_is_fixed_to_the_one_that_is_wanted_is_no_finding(repository, case):
    """A repository that is to run on one platform may say so."""
    rule, _, _, path, text = FAULTS[case]
    arm = text.replace("amd64", "arm64").replace("x86_64", "aarch64")
    assert of_rule(repository({path: arm}, wanted=PI[:1]), rule) != []
    assert of_rule(repository({path: arm}, wanted=(Platform("linux", "arm64"),)), rule) == []


def test_every_rule_is_tried_and_told():
    """Each has a fault above or with the registries, and a row on its page."""
    page = (ROOT / "docs/ready.md").read_text(encoding="utf-8")
    tried = {rule for rule, *_ in FAULTS.values()} | {"goarm-unset", "named-for-one", "base-absent", "base-pinned"}
    assert tried == set(TABLE)
    assert [name for name in TABLE if f"| `{name}` " not in page] == []
    assert {rule.kind for rule in TABLE.values()} == set(KINDS)
