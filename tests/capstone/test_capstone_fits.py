"""P8 from literal facts, and from files as people write them."""

from dataclasses import replace

import pytest

from lab.course.capstone import _laid, _parts, _texts, fits
from lab.course.capstone._faults import IMAGES
from lab.course.capstone._parts import COMPOSE, DEPLOY, NODES, Part, Parts
from lab.course.capstone.releases import Releases
from lab.errors import BadInput
from lab.probes.published import Published

DIGEST = f"sha256:{'f' * 64}"


def parts(file=COMPOSE, name="lamp", **changed):
    """Both files, right, but for one part."""
    known = [
        Part(file=where, name=image, image=f"$REGISTRY/lighthouse/{image}:2")
        for where in (COMPOSE, DEPLOY)
        for image in IMAGES
    ]
    return Parts(parts=tuple(replace(one, **changed) if (one.file, one.name) == (file, name) else one for one in known))


@pytest.fixture
def tags(fact):
    """The candidates; their index has the digest DIGEST."""
    return Releases(
        pairs=tuple(
            (fact.index("linux/amd64", name=f"r/lighthouse/{one}:2-rc"), Published(reference="x")) for one in IMAGES
        )
    )


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (parts(), None),
        (parts(image=f"r/lighthouse/lamp@{DIGEST}"), None),
        (parts(image="r/lighthouse/lamp:1"), fits.OTHER_VERSION),
        (parts(DEPLOY, "log", image="r/lighthouse/log:2-rc"), fits.OTHER_VERSION),
        (parts(image="r/lighthouse/lamp@sha256:00"), fits.OTHER_VERSION),
        (parts(platform="linux/amd64"), fits.PINNED),
        (parts(DEPLOY, "horn", nodes=frozenset({"amd64"})), fits.HALF_THE_NODES),
        (parts(DEPLOY, "horn", nodes=frozenset()), fits.HALF_THE_NODES),
        (Parts(parts=parts().parts[:4]), fits.PART_MISSING),
    ],
)
def test_what_starts_the_images_fits(says, tags, found, message):
    """Version, platform and nodes of each part."""
    assert says(fits.fits.step, found, tags) == message
    if message is None:
        assert fits.fits.step.check(found, tags).template == fits.FITS


def read(own, compose=None, deploy=None):
    """What the files say; those of the repository where no others are given."""
    place = own.workspace / _laid.REPOSITORY
    place.mkdir(parents=True, exist_ok=True)
    files = _texts.repository(own)
    (place / COMPOSE).write_bytes(files[COMPOSE] if compose is None else compose.encode())
    (place / DEPLOY).write_bytes(files[DEPLOY] if deploy is None else deploy.encode())
    return _parts.parts(own).parts


def test_the_strangers_files_are_held_on_one_platform(world):
    """As they were left."""
    found = read(world())
    assert len(found) == 6
    assert {one.platform for one in found if one.file == COMPOSE} == {"linux/amd64"}
    assert {one.nodes for one in found if one.file == DEPLOY} == {frozenset({"amd64"})}


def pod(*lines):
    """A deployment whose pod has these lines."""
    head = "spec:\n  template:\n    spec:\n      containers: [{name: lamp, image: r/lighthouse/lamp:2}]\n"
    return head + "".join(f"      {line}\n" for line in lines)


WANT = "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [%s]}}}"
ARCH = "{matchExpressions: [{key: kubernetes.io/arch, operator: %s}]}"


@pytest.mark.parametrize(
    ("lines", "nodes"),
    [
        ([], NODES),
        (["nodeSelector: {kubernetes.io/arch: arm64}"], ["arm64"]),
        (["nodeSelector: {beta.kubernetes.io/arch: arm}"], ["arm"]),
        (["nodeSelector: {kubernetes.io/os: linux}"], NODES),
        ([WANT % (ARCH % "In, values: [amd64, arm64, arm]")], NODES),
        ([WANT % (ARCH % "NotIn, values: [arm]")], ["amd64", "arm64"]),
        ([WANT % (ARCH % "Exists")], NODES),
        ([WANT % (ARCH % "DoesNotExist")], []),
        ([WANT % f"{ARCH % 'In, values: [amd64]'}, {ARCH % 'In, values: [arm]'}"], ["amd64", "arm"]),
        ([WANT % "{matchExpressions: [{key: zone, operator: In, values: [pier]}]}"], NODES),
        (["affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: []}}"], NODES),
    ],
)
def test_a_scheduler_is_simulated_by_its_rules(world, lines, nodes):
    """Selectors and required affinities, by the label of the architecture alone."""
    (found,) = [one for one in read(world(), deploy=pod(*lines)) if one.file == DEPLOY]
    assert (found.name, found.nodes) == ("lamp", frozenset(nodes))


@pytest.mark.parametrize(
    "text",
    ["a: [", "services: 7", "- a\n- b", "services: {lamp: 3}", "spec: {template: 1}", "spec: {template: {spec: {}}}",
     "&a [*a]", "!!python/object:os.system x", "\x00"],
)  # fmt: skip
def test_other_files_get_one_clear_line(world, text):
    """Half a file, another file, a hostile one."""
    with pytest.raises(BadInput, match="cannot be read"):
        read(world(), compose=text) if "services" in text else read(world(), deploy=text)


def test_a_bomb_of_aliases_does_no_harm(world):
    """Nothing that is no text is ever written out."""
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    bomb = "\n".join([*lines, "services: {lamp: {image: *a59, platform: *a59}}"])
    (found, *_) = read(world(), compose=bomb)
    assert (found.image, found.platform) == ("", "")


def test_a_second_part_of_the_same_image_is_looked_at_too(says, tags):
    """The first one alone tells nothing of it."""
    second = Part(file=COMPOSE, name="lamp", image="r/lighthouse/lamp:1")
    assert says(fits.fits.step, Parts(parts=(*parts().parts, second)), tags) == fits.OTHER_VERSION


def test_an_empty_file_starts_nothing(world):
    """That is no error of reading."""
    assert read(world(), compose="", deploy="---\n---\n") == ()
