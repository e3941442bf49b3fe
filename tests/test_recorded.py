"""What engines of several versions really printed (`tests/data/engine-*`), read by what a learner meets it with."""

import json
from pathlib import Path

import pytest

from lab.course import mismatch, one_platform
from lab.explainer import explain
from lab.facts import Call, Containers, Engine, Image, Images, Index, Machine, Manifest, Ran, Transcript
from lab.platforms import Platform
from lab.steps import Problem, Proof

ENGINES = {path.name.partition("-")[2]: path for path in sorted((Path(__file__).parent / "data").glob("engine-*"))}
STORES = {"26.1.5": "classic", "28.5.2": "containerd", "29.9.3": "containerd"}
PC = Machine(name="x86_64", platform=Platform("linux", "amd64"))


def test_every_recording_is_known():
    """Each has a line in the table above."""
    assert ENGINES.keys() == STORES.keys()


@pytest.mark.parametrize("version", STORES)
def test_the_engine_says_its_version_and_store(version):
    """`docker info`; a distribution adds its own suffix."""
    engine = Engine.from_json(json.loads((ENGINES[version] / "info.json").read_text()))
    assert (engine.version.partition("+")[0], engine.store) == (version, STORES[version])
    assert engine.platform == PC.platform


@pytest.mark.parametrize("version", STORES)
def test_the_warning_is_seen_in_every_wording(version):
    """A foreign image that was run: the step passes, and the error guide knows what it is."""
    text = (ENGINES[version] / "mismatch.txt").read_text()
    printed = Transcript(step="see_warning", command="docker run …", output=text, exit_status=0)
    index = Index(
        reference="x:plain",
        digest="sha256:1",
        media_type="",
        is_index=False,
        manifests=(Manifest(digest="sha256:1", platform=Platform.parse("linux/arm64")),),
    )
    verdict = mismatch.see_warning.check(PC, index, printed, Containers(ran=(Ran(image="x:plain", exit_status=1),)))
    assert isinstance(verdict, Proof)
    assert explain(text).known


@pytest.mark.parametrize("version", STORES)
def test_an_images_own_platform_is_seen(version):
    """What `docker image inspect` prints is enough for the step that asks for the platform, and for its own alone."""
    text = (ENGINES[version] / "image-inspect.json").read_text()
    asked = Call(program="docker", words=("image", "inspect", "m"), exit_status=0)
    printed = Transcript(step="image_config", command="", output=text, exit_status=0, calls=(asked,))
    own, other = (("arm64", "amd64"), ("amd64", "arm64"))[version < "29"]
    assert isinstance(one_platform.image_config.check(tag(own), printed), Proof)
    assert isinstance(one_platform.image_config.check(tag(other), printed), Problem)


def tag(architecture):
    platform = Platform("linux", architecture)
    row = Manifest(digest="sha256:1", platform=platform)
    index = Index(reference="m", digest="sha256:0", media_type="", is_index=False, manifests=(row,))
    return Images(index=index, images=(Image(reference="m", digest="sha256:1", platform=platform),))


@pytest.mark.parametrize(
    ("version", "file", "cause"),
    [
        ("26.1.5", "several.txt", "classic image store"),
        ("26.1.5", "load-several.txt", "--load"),
        ("29.9.3", "refused.txt", "not for the platform that was asked for"),
    ],
)
def test_a_refusal_is_explained(version, file, cause):
    """The message differs with version and store; the explanation says what it is about."""
    assert cause in explain((ENGINES[version] / file).read_text()).causes[0].cause


def test_the_store_of_containerd_keeps_several_platforms():
    """Where the classic store refuses, this one builds and lists them: nothing there is an error."""
    assert not explain((ENGINES["29.9.3"] / "several.txt").read_text()).known
