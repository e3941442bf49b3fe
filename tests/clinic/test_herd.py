"""K20: a mixed cluster."""

import pytest

from lab.course import _pods
from lab.course.clinic import _rows
from lab.course.clinic import herd as cases
from lab.course.clinic.herd import Rollout
from lab.errors import BadInput, NotThere

BOTH = ("linux/amd64", "linux/arm64")
TRUE = {"amd64": "amd64", "arm64": "arm64"}
ALL = tuple(cases.NODES)
IMAGE = "localhost:5000/herd:1"


@pytest.mark.parametrize(
    ("image", "nodes", "platforms", "programs", "message"),
    [
        (IMAGE, ALL, BOTH, TRUE, None),
        ("", ALL, (), {}, cases.NO_IMAGE),
        (IMAGE, ALL[:1], BOTH, TRUE, cases.NODES_LEFT_OUT),
        (IMAGE, (), BOTH, TRUE, cases.NODES_LEFT_OUT),
        (IMAGE, ALL, (), {}, cases.NO_SUCH_IMAGE),
        (IMAGE, ALL, BOTH[:1], {"amd64": "amd64"}, cases.SAME_FAULT),
        (IMAGE, ALL, BOTH[1:], {"arm64": "arm64"}, cases.SAME_FAULT),
        (IMAGE, ALL, BOTH, {"amd64": "amd64", "arm64": "amd64"}, _rows.NOT_WHAT_IT_SAYS),
    ],
)
def test_every_node_may_run_it_and_can(tagged, says, image, nodes, platforms, programs, message):
    """The selector lets the pods go everywhere, and the index has a true row for each node."""
    index = tagged.index(*platforms, name=image) if platforms else None
    held = tagged.holds("herd", **programs) if platforms else None
    assert says(cases.herd.step, Rollout(image=image, nodes=nodes, index=index, programs=held)) == message


def test_the_pass_names_nodes_and_rows(tagged):
    """All three."""
    found = Rollout(image=IMAGE, nodes=ALL, index=tagged.index(*BOTH), programs=tagged.holds("herd", **TRUE))
    assert cases.herd.step.check(found).template == cases.MENDED


def affinity(operator, *values):
    """A required affinity of one rule."""
    rule = {"key": "kubernetes.io/arch", "operator": operator, "values": list(values)}
    term = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}}


@pytest.mark.parametrize(
    ("pod", "amd", "arm"),
    [
        ({}, True, True),
        ({"nodeSelector": {"kubernetes.io/arch": "amd64"}}, True, False),
        ({"nodeSelector": {"disk": "ssd"}}, True, True),
        (affinity("In", "amd64", "arm64"), True, True),
        (affinity("In", "arm64"), False, True),
        (affinity("NotIn", "arm64"), True, False),
        (affinity("Exists"), True, True),
        (affinity("DoesNotExist"), False, False),
        (affinity("Purple", "amd64", "arm64"), False, False),
        ({"affinity": "none", "nodeSelector": ["x"]}, True, True),
    ],
)
def test_a_selector_and_an_affinity_are_read_as_a_scheduler_does(pod, amd, arm):
    """What is of another form keeps no pod away."""
    assert _pods.allowed(pod, "amd64") == amd
    assert _pods.allowed(pod, "arm64") == arm


@pytest.mark.parametrize(
    "text", ["a: [", "- one", "just words", "{a: &a [*a]}: x", "!!python/object:os.system x", "\x00"]
)
def test_what_is_no_yaml_is_one_clear_line(world, text):
    """Half a file, a list, hostile tags: never a traceback."""
    place = world.workspace / "files" / "clinic" / "herd"
    place.mkdir(parents=True)
    (place / "deployment.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"deployment.yaml"):
        cases.rollout(world)


def test_a_missing_file_is_not_there(world):
    """Not attempted, then."""
    with pytest.raises(NotThere):
        cases.rollout(world)
