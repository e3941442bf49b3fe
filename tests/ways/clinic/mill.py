"""K16."""

from lab.course.clinic import mill
from ways import Ways

CREATE = "BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create --name"
RM = "docker buildx rm mill-builder"
AMD, ARM = "--platform linux/amd64", "--platform linux/arm64"
BOTH = "--platform linux/amd64,linux/arm64"


def build(builder="mill-builder"):
    """The team's build, with that builder."""
    return f"docker buildx build --builder {builder} {BOTH} --quiet -t $REGISTRY/mill --push files/clinic/mill"


def pinned(name, **nodes):
    """A builder of these nodes, in their order."""
    words = ("--driver remote", "--append")
    rows = [
        f"{CREATE} {name} {words[bool(place)]} --node {node} {platforms} ${node.upper()}"
        for place, (node, platforms) in enumerate(nodes.items())
    ]
    return "; ".join(rows).replace("node_", "node-").replace("$NODE-", "$NODE_")


WAYS = {
    "mill": Ways(
        # the other way round, and with a pin more
        other=f"{RM}; {pinned('mill-builder', node_b=ARM, node_a=f'{AMD},linux/386')}; {build()}",
        wrong=[
            (
                f"{RM}; {pinned('mill-builder', node_a=BOTH, node_b=BOTH)}; {build()}",
                mill.LAST_ONE_WINS,
            ),
            (f"{RM}; {pinned('mill-builder', node_b=ARM)}; {build()}", mill.AMD_ON_ARM),
            (
                f"{pinned('fresh', node_a=AMD, node_b=ARM)}; {build('fresh')}; docker buildx rm fresh",
                mill.NEXT_ONE_WRONG,
            ),
            (f"{RM}; {pinned('mill-builder', node_a=BOTH, node_b='')}; {build()}", mill.ARM_ON_AMD),
        ],
        seeds=(1, 2, 3),
    ),
}
