"""Lesson 6."""

from lab.course import new_builder as lesson
from lab.course._text import COMMAND_FAILED
from ways import Ways

# buildx gives a remote builder no configuration, and says so where there is a default one
REMOTE = (
    "cd $BUILDX_CONFIG; mv buildkitd.default.toml aside; "
    "docker buildx create --driver remote {options} tcp://127.0.0.1:1; mv aside buildkitd.default.toml"
)

WAYS = {
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
            ("docker buildx ls", lesson.NO_SWITCH_SEEN),
            ("docker buildx use default; docker buildx ls", lesson.NOT_BACK),
        ],
    ),
    "remove_builder": Ways(
        other="docker buildx create --name spare --node one >/dev/null; docker buildx rm --force spare",
        wrong=[
            ("docker buildx create --name spare", lesson.SPARE_STILL_THERE),
            ("docker buildx ls", lesson.NOTHING_REMOVED),
        ],
    ),
    "limited_builder": Ways(
        other="docker buildx create --name pi-builder --platform=linux/arm --bootstrap",
        wrong=[
            ("docker buildx create --name pi-builder", lesson.NOT_LIMITED),
            ("docker buildx create --name pi-builder --platform linux/arm64", lesson.LIMITED_OTHERWISE),
            ("docker buildx create --name pi-builder --platform linux/arm/v7,linux/arm/v6", lesson.LIMITED_OTHERWISE),
            (REMOTE.format(options="--name pi-builder --platform linux/arm/v7"), lesson.WRONG_DRIVER),
        ],
        spoils=("limited_builder",),
    ),
}
