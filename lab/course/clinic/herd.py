"""K20: pods run on some nodes of a cluster, and not on others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.course import _pods, _yaml
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import DOCKERFILE, Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.errors import BadInput, NotThere
from lab.model.digests import brief
from lab.model.facts import Binaries, Fact, Index
from lab.model.platforms import listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry

HERD = "herd"
NODES = {"ash": _rows.AMD, "birch": _rows.ARM, "cedar": _rows.ARM}

NO_IMAGE = "deployment.yaml names no image."
NO_SUCH_IMAGE = "The registry does not have the image that deployment.yaml names, {image}."
NODES_LEFT_OUT = "The pods may no longer go to {nodes}: what the cluster has there stands idle."
SAME_FAULT = "The pods may go to {node}, and {image} has no image for it, however often they are started again."
MENDED = "deployment.yaml lets pods go to {nodes}, and {image}, {digest}, has an image for each: {rows}."

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: herd
spec:
  replicas: 3
  selector:
    matchLabels: {{app: herd}}
  template:
    metadata:
      labels: {{app: herd}}
    spec:
      containers:
        - name: herd
          image: {registry}/herd:1
"""
_CLUSTER = """\
#!/bin/sh
# Stands for a cluster of three nodes. It is simulated: no Kubernetes runs here. Like a scheduler it goes by the node
# selector, and like a node's engine it asks the registry for an image of the node's platform.
cd "$(dirname "$0")" || exit 1
image=$(sed -n 's/^[- ]*image: *//p' deployment.yaml | tr -d '"')
wanted=$(sed -n 's|^ *kubernetes.io/arch: *||p' deployment.yaml | tr -d '"')
rows=$(docker buildx imagetools inspect "$image" | grep 'Platform:')
for node in ash/amd64 birch/arm64 cedar/arm64; do
  arch=${node#*/}
  if [ -n "$wanted" ] && [ "$wanted" != "$arch" ]; then
    echo "${node%/*}  $arch  (the selector leaves it out)"
  elif echo "$rows" | grep -q "linux/$arch"; then
    echo "${node%/*}  $arch  Running"
  else
    echo "${node%/*}  $arch  ImagePullBackOff: no match for platform in manifest"
  fi
done
"""
_BENCH = Bench(
    HERD,
    texts=lambda world: {
        "Dockerfile": DOCKERFILE,
        "deployment.yaml": _DEPLOYMENT.format(registry=world.registry),
        "cluster.sh": _CLUSTER,
    },
    programs=(("hello-amd64", "amd64"), ("hello-arm64", "arm64")),
)


@dataclass(frozen=True, kw_only=True)
class Rollout(Fact):
    """What a deployment says: its image, the nodes that its pods may go to, and what the registry has of the image."""

    image: str
    nodes: tuple[str, ...]
    index: Index | None = None
    programs: Binaries | None = None


def rollout(world: World) -> Rollout:
    """Read deployment.yaml as a scheduler does, and ask the registry for its image."""
    documents, evidence = _yaml.read(world, f"{_BENCH.folder}/deployment.yaml")
    pod: Any = next((spec for one in documents if (spec := _yaml.at(one, "spec", "template", "spec"))), {})
    image = next((_yaml.word(one.get("image")) for one in _yaml.tables(_yaml.at(pod, "containers"))), "")
    nodes = tuple(name for name, platform in NODES.items() if _pods.allowed(pod, platform.architecture))
    try:
        index, programs = (registry.index(image)(world), registry.binaries(image)(world)) if image else (None, None)
    except (NotThere, BadInput):
        index, programs = None, None
    return Rollout(image=image, nodes=nodes, index=index, programs=programs, evidence=evidence)


def scene(world: World) -> None:
    """An image for amd64 alone is deployed on a mixed cluster. Blocked where it cannot be."""
    _BENCH.lay(world)
    _scenes.build(world, f"{HERD}:1", [_rows.AMD], _BENCH.place(world))


@case(
    number=20,
    hurts="Since the cluster got new nodes, some pods run and others do not. They are all of one deployment.",
    minutes=10,
    entry="no-match-for-platform",
    lessons=("multi-platform", "mismatch"),
    symptom=Symptom(
        story="“We pay less for the new nodes, so they are to be used. Restarting the pods helps for some of them. The "
        "cluster is simulated here, by cluster.sh.”",
        script="sh files/clinic/herd/cluster.sh",
        sign="ImagePullBackOff",
    ),
    causes="The image has a row for amd64 alone, and nothing keeps its pods away from the arm64 nodes.",
    points=(
        "You put two lists side by side: the nodes' platforms, and the image's rows.",
        "A restart changes neither of them.",
        "A selector hides it; a row mends it.",
    ),
)
@step(
    rollout,
    solution="""
        docker buildx build --platform linux/amd64,linux/arm64 -t $REGISTRY/herd:1 --push files/clinic/herd
        sh files/clinic/herd/cluster.sh
    """,
    hints=[
        "What do the nodes have in common on which it does not run?",
        "Compare the platforms of the nodes with the rows of the image.",
        "All three nodes are to be used: so the image has to have what they need.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag("herd:1"), _BENCH],
)
def herd(found: Rollout) -> Verdict:
    """Mend what files/clinic/herd/deployment.yaml deploys, so that its pods run on all three nodes."""
    if not found.image:
        return Problem(NO_IMAGE, found="no image", wanted="$REGISTRY/herd:1")
    left_out = [name for name in NODES if name not in found.nodes]
    if left_out:
        nodes, wanted = ", ".join(found.nodes) or "no node", ", ".join(NODES)
        return Problem(NODES_LEFT_OUT, found=nodes, wanted=wanted, nodes=" and ".join(left_out))
    if found.index is None or found.programs is None:
        return Problem(NO_SUCH_IMAGE, found="no such tag", wanted=found.image, image=found.image)
    for node, platform in NODES.items():
        if platform not in found.index.platforms:
            held = listed(found.index.platforms)
            return Problem(SAME_FAULT, found=held, wanted=platform, node=node, image=found.image)
    if problem := _rows.foreign(found.programs):
        return problem
    digest, rows = brief(found.index.digest), _rows.rows(found.index)
    return Proof(MENDED, nodes=", ".join(found.nodes), image=found.image, digest=digest, rows=rows)
