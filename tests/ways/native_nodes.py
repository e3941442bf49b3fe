"""Lesson 12."""

from lab.course import native_nodes as lesson
from ways import Ways

CREATE = "BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create"
BUILD = "docker buildx build --quiet --output type=cacheonly"
CRATE = "files/native-nodes"
BOTH = "--platform linux/amd64,linux/arm64"
PUSH = f"docker buildx build --quiet --builder pair {BOTH} -t $REGISTRY/crate --push {CRATE}"
KEYS = "cacert=$NODES/client/ca.pem,cert=$NODES/client/cert.pem,key=$NODES/client/key.pem"
FIRST = f"lab nodes up node-a node-b; {CREATE} --name pair --driver remote"
# TLS that proves who the node is, and asks nobody for a key; and TLS that asks.
_SECTION = '[grpc.tls]\\n cert = "/etc/buildkit/tls/cert.pem"\\n key = "/etc/buildkit/tls/key.pem"\\n'
_AT_WORK = ">> $NODES/node-c/buildkitd.toml; lab nodes restart node-c"
ASKS = f"printf '{_SECTION}' {_AT_WORK}"
LOCK = f"printf '{_SECTION} ca = \"/etc/buildkit/tls/ca.pem\"\\n' {_AT_WORK}"
SAFE = f"{CREATE} --name safe --driver remote"
FARM = f"{CREATE} --name farm"
HARVEST = f"docker buildx build --quiet --builder farm -t $REGISTRY/harvest {CRATE}"
FIVE = "--platform linux/amd64,linux/386,linux/arm64,linux/arm/v7,linux/riscv64"

WAYS = {
    "two_nodes": Ways(
        # the other way round, and with names that buildx gives
        other=f"{FIRST} --platform=linux/arm64 $NODE_B; {CREATE} --append --name=pair --platform=linux/amd64 $NODE_A",
        wrong=[
            (
                f"{FIRST} --platform linux/arm64 $NODE_A; {CREATE} --name pair --append --platform linux/amd64 $NODE_B",
                lesson.PINS_OTHERWISE,
            ),
            ("docker buildx create --name pair --platform linux/amd64", lesson.WRONG_DRIVER),
        ],
        spoils=("two_nodes",),
    ),
    "where_built": Ways(
        other=f"export BUILDX_BUILDER=pair; for p in amd64 arm64; do {BUILD} --platform linux/$p {CRATE}; done",
        wrong=[
            (f"{BUILD} --builder pair --platform linux/amd64 {CRATE}; lab nodes", lesson.NOTHING_BUILT),
            (
                f"{CREATE} --name solo --driver remote $NODE_A; {BUILD} --builder solo {BOTH} {CRATE};"
                " docker buildx rm solo",
                lesson.ALL_ON_ONE,
            ),
        ],
    ),
    "pins_are_wishes": Ways(
        other=f"cd {CRATE}; BUILDX_BUILDER=pair {BUILD} --platform=linux/s390x .",
        wrong=[
            (f"{BUILD} --builder pair --platform linux/arm64 {CRATE}", lesson.NOTHING_BUILT),
            ("echo node-a built linux/s390x; lab nodes", lesson.NOTHING_BUILT),
        ],
    ),
    "stopped_node": Ways(
        other="docker stop --time 1 $(docker ps --quiet --filter name=lab-node-b);"
        f" timeout 2 docker buildx build --builder pair --platform=linux/arm64 {CRATE};"
        " docker start $(docker ps --all --quiet --filter name=lab-node-b)",
        wrong=[
            (f"{BUILD} --builder pair --platform linux/arm64 {CRATE}", lesson.STILL_ON),
            (
                f"lab nodes stop node-b; {BUILD} --builder pair --platform linux/amd64 {CRATE}; lab nodes up",
                lesson.NOT_TRIED,
            ),
        ],
    ),
    "takes_away": Ways(
        other=f"{CREATE} --name greedy --driver remote --node a --platform linux/arm64 --platform linux/amd64 $NODE_A;"
        f" {CREATE} --name greedy --append --node b $NODE_B;"
        f" {CREATE} --name greedy --node b --platform linux/arm64 $NODE_B",
        wrong=[
            (
                f"{CREATE} --name greedy --driver remote --platform linux/amd64 $NODE_A;"
                f" {CREATE} --name greedy --append --platform linux/arm64 $NODE_B",
                lesson.PINNED_ONCE,
            ),
            (
                f"{CREATE} --name greedy --driver remote $NODE_A; {CREATE} --name greedy --append $NODE_B",
                lesson.NOT_PINNED,
            ),
        ],
        spoils=("takes_away",),
    ),
    "remote_config": Ways(
        other=f"lab nodes down; lab nodes up; {PUSH}",
        wrong=[
            (f"echo 'debug = true' >> $BUILDX_CONFIG/buildkitd.default.toml; {PUSH}", lesson.NOT_READ_THERE),
            ("cp $NODES/node-a/buildkitd.toml $NODES/node-b/buildkitd.toml", lesson.NOT_RESTARTED),
            (
                f"cp $NODES/node-a/buildkitd.toml $NODES/node-b/; lab nodes restart node-b; {CREATE} --name solo"
                f" --driver remote $NODE_A; {PUSH.replace('pair', 'solo')}; docker buildx rm solo",
                lesson.OTHER_MAKER,
            ),
        ],
        seeds=(1, 2, 3),
        symptom=(PUSH, "failed to push"),
        spoils=("remote_config",),
    ),
    "tls": Ways(
        other=f"{LOCK}; {SAFE} --driver-opt cacert=$NODES/client/ca.pem --driver-opt cert=$NODES/client/cert.pem"
        " --driver-opt key=$NODES/client/key.pem --platform linux/riscv64 $NODE_C",
        wrong=[
            (f"{SAFE} $NODE_C", lesson.STILL_OPEN),
            (f"{ASKS}; {SAFE} --driver-opt cacert=$NODES/client/ca.pem $NODE_C", lesson.NO_KEY_ASKED),
            (f"{LOCK}; {SAFE} $NODE_C", lesson.NOT_LET_IN),
        ],
        spoils=("tls",),
    ),
    "farm": Ways(
        costly=True,
        other=f"{FARM} --driver remote --driver-opt {KEYS} --platform linux/riscv64 $NODE_C;"
        f" {FARM} --append --platform linux/arm64,linux/arm $NODE_B;"
        f" {FARM} --append --platform linux/amd64,linux/386 $NODE_A; {HARVEST} {FIVE} --output type=registry",
        wrong=[
            (
                f"{FARM} --driver remote {FIVE} $NODE_A; {FARM} --append {FIVE} $NODE_B;"
                f" {FARM} --append {FIVE} --driver-opt {KEYS} $NODE_C; {HARVEST} {FIVE} --push",
                lesson.LAST_ONE_WINS,
            ),
            (f"{FARM} --driver remote {FIVE} $NODE_A", lesson.NODES_MISSING),
        ],
        spoils=("farm",),
    ),
}
