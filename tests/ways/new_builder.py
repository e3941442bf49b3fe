"""Lesson 6."""

from lab.course import new_builder as lesson
from lab.course._text import COMMAND_FAILED
from ways import Ways

# buildx gives a remote builder no configuration, and says so where there is a default one
REMOTE = (
    "cd $BUILDX_CONFIG; mv buildkitd.default.toml aside; "
    "docker buildx create --driver remote {options} tcp://127.0.0.1:1; mv aside buildkitd.default.toml"
)

BOTH = "docker build --output type=cacheonly files/new-builder; docker buildx build --output type=cacheonly"

PUSH = "docker buildx build -t $REGISTRY/shop --push files/new-builder"

WAYS = {
    "why_a_builder": Ways(
        other="docker system info --format '{{.Driver}} {{.DriverStatus}}'",
        wrong=[
            ("lab status; echo io.containerd.snapshotter.v1 overlay2", lesson.STORE_NOT_ASKED),
            ("docker info --format '{{.ServerVersion}}'", lesson.STORE_NOT_SEEN),
            ("docker info; false", COMMAND_FAILED),
        ],
    ),
    "create_builder": Ways(
        other="docker buildx create --driver docker-container --name multi-builder; docker buildx use multi-builder",
        wrong=[
            ("docker buildx create --name multibuilder; docker buildx rm multibuilder", lesson.NO_SUCH_BUILDER),
            ("docker buildx create --name multi-builder; docker buildx use default", lesson.NOT_CURRENT),
            (REMOTE.format(options="--name multi-builder --use"), lesson.WRONG_DRIVER),
        ],
        spoils=("create_builder",),
    ),
    "see_inactive": Ways(
        other="docker buildx inspect multi-builder",
        wrong=[
            ("docker buildx inspect default", lesson.NOT_SEEN),
            ("echo multi-builder inactive", lesson.NOT_ASKED),
            ("docker buildx inspect nobody", COMMAND_FAILED),
        ],
    ),
    "bootstrap_builder": Ways(
        other="echo FROM scratch | docker buildx build --builder multi-builder --output type=cacheonly -",
        wrong=[
            (
                "docker buildx rm multi-builder; docker buildx create --name multi-builder --use;"
                " docker buildx inspect multi-builder",
                lesson.STILL_INACTIVE,
            ),
            ("docker buildx inspect --bootstrap; docker buildx stop multi-builder", lesson.STOPPED),
        ],
    ),
    "switch_builder": Ways(
        other="docker buildx use default && docker buildx ls && docker buildx use --global multi-builder",
        wrong=[
            ("docker buildx ls; echo 'default*'", lesson.NO_SWITCH),
            (
                "docker buildx use default; docker buildx use multi-builder; docker buildx ls",
                lesson.NO_SWITCH_SEEN,
            ),
            ("docker buildx use default; docker buildx ls", lesson.NOT_BACK),
        ],
    ),
    "who_built": Ways(
        other="cd files/new-builder; docker image build -q . && docker buildx build --load . && docker image rm -f $(docker images -qf dangling=true)",
        wrong=[
            ("docker buildx build --output type=cacheonly files/new-builder", lesson.NOT_BOTH_BUILDS),
            ("echo docker build; echo docker buildx build", lesson.NOT_BOTH_BUILDS),
            (f"{BOTH} --builder multi-builder files/new-builder", lesson.NAMED_ONE),
            (f"export BUILDX_BUILDER=multi-builder; {BOTH} files/new-builder", lesson.NO_RECORD),
            (
                f"export DOCKER_BUILDKIT=0; {BOTH.replace('--output type=cacheonly', '')} files/new-builder",
                lesson.NO_RECORD,
            ),
            (f"docker buildx use default; {BOTH} files/new-builder", lesson.NOT_CURRENT),
            (f"{BOTH} files/nowhere", COMMAND_FAILED),
        ],
        spoils=("create_builder",),
    ),
    "remove_builder": Ways(
        other="docker buildx create --name spare --node one >/dev/null; docker buildx rm --force spare",
        wrong=[
            ("docker buildx create --name spare", lesson.SPARE_STILL_THERE),
            ("docker buildx ls", lesson.NOTHING_REMOVED),
            ("echo spare removed", lesson.NOTHING_REMOVED),
        ],
    ),
    "mend_builder": Ways(
        other=f"docker buildx rm --force shop-builder; docker buildx create --name shop-builder --bootstrap; {PUSH} --builder=shop-builder",
        wrong=[
            (f"{PUSH} --builder shop-builder", lesson.NOTHING_PUSHED),
            (f"docker buildx stop shop-builder; {PUSH} --builder shop-builder", lesson.NOTHING_PUSHED),
            (f"{PUSH} --builder default", lesson.OTHERS_PUSH),
            (
                "docker buildx build --builder shop-builder --output type=cacheonly files/new-builder;"
                f" {PUSH} --builder default",
                lesson.OTHERS_PUSH,
            ),
            ("docker buildx rm shop-builder", lesson.NO_SUCH_BUILDER),
            (f"docker buildx rm shop-builder; {REMOTE.format(options='--name shop-builder')}", lesson.WRONG_DRIVER),
        ],
        seeds=(1, 2, 7),
        symptom=(f"{PUSH} --builder shop-builder", "ERROR: "),  # whose words they are depends on the seed
    ),
    "limited_builder": Ways(
        other="docker buildx create --name pi-builder --platform=linux/arm --bootstrap",
        wrong=[
            ("docker buildx create --name pi-builder", lesson.NOT_SET_BY_HAND),
            ("docker buildx create --name pi-builder --platform linux/arm64", lesson.SET_OTHERWISE),
            ("docker buildx create --name pi-builder --platform linux/arm/v7,linux/arm/v6", lesson.SET_OTHERWISE),
            (REMOTE.format(options="--name pi-builder --platform linux/arm/v7"), lesson.WRONG_DRIVER),
        ],
        spoils=("limited_builder",),
    ),
}
