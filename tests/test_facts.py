"""Facts are read from what engines and registries answer; what is of another form is refused, not guessed at."""

import pytest

from lab.errors import BadInput
from lab.model.facts import (  # fmt: skip
    ATTESTATION,
    Binaries,
    Binary,
    Builder,
    Builders,
    Engine,
    Evidence,
    Image,
    Images,
    Index,
    Machine,
    Manifest,
    Node,
)
from lab.model.platforms import Platform

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
INFO = {
    "ServerVersion": "28.5.2",
    "OSType": "linux",
    "Architecture": "x86_64",
    "OperatingSystem": "Debian GNU/Linux 13",
}
SAID = (Evidence("docker info", "{}"),)


def test_the_containers_of_a_machine_are_for_linux():
    """On a Mac and on Windows too."""
    assert Machine(name="arm64", platform=Platform("darwin", "arm64")).linux == ARM64
    assert str(Machine(name="armv7l", platform=Platform.parse("linux/arm/v7")).linux) == "linux/arm/v7"


@pytest.mark.parametrize(
    ("more", "store"),
    [
        ({"Driver": "overlayfs", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}, "containerd"),
        (
            {"Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"], ["Using metacopy", "false"]]},
            "classic",
        ),
        ({"Driver": "vfs", "DriverStatus": None}, "classic"),
        ({"Driver": "zfs"}, "classic"),
        ({"Driver": "overlayfs", "DriverStatus": [["driver-type", "something.new"]]}, "unknown"),
        ({"Driver": "overlay2", "DriverStatus": [["driver-type", "something.new"]]}, "unknown"),
        ({"Driver": "overlay2", "DriverStatus": "a text"}, "classic"),
        ({"Driver": "vfs", "DriverStatus": ["ab", ["driver-type"], ["driver-type", "x", "y"]]}, "classic"),
        ({"Driver": "new-one"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_an_engine_says_which_image_store_it_has(more, store):
    """By its driver; a driver that nobody knows is unknown, not classic."""
    engine = Engine.from_json({**INFO, **more}, SAID)
    assert (engine.store, engine.version, engine.platform) == (store, "28.5.2", AMD64)
    assert (engine.name, engine.evidence) == ("Debian GNU/Linux 13", SAID)


def test_an_engine_may_lack_a_name_and_evidence():
    """Old engines name no system."""
    engine = Engine.from_json({key: value for key, value in INFO.items() if key != "OperatingSystem"})
    assert (engine.name, engine.evidence) == ("", ())


@pytest.mark.parametrize("key", ["ServerVersion", "OSType", "Architecture"])
@pytest.mark.parametrize("value", [None, "", 7, ["linux"]])
def test_an_engine_that_does_not_say_what_it_is_is_refused(key, value):
    """The message names what is missing and what stood there."""
    with pytest.raises(BadInput) as refused:
        Engine.from_json({**INFO, key: value})
    assert refused.value.message == f"{key!r} is missing or is no text: {value!r}."


ROW = {
    "digest": "sha256:ab", "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 669,
    "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"},
    "annotations": {"b": "2", "a": "1"},
}  # fmt: skip


def test_a_manifest_keeps_what_was_written():
    """The platform is normalised; how it was written is kept beside it."""
    one = Manifest.from_json(ROW)
    assert (one.digest, one.platform, one.written, one.size) == ("sha256:ab", ARM64, "linux/arm64/v8", 669)
    assert one.media_type == "application/vnd.oci.image.manifest.v1+json"
    assert (one.annotations, one.is_attestation) == ((("a", "1"), ("b", "2")), False)


def test_a_manifest_may_say_little():
    """Only the digest must be there; a size that is no number is none."""
    assert Manifest.from_json({"digest": "sha256:ab"}) == Manifest(digest="sha256:ab", platform=None)
    bare = Manifest.from_json({"digest": "sha256:ab", "size": "669", "platform": "linux/arm64", "annotations": None})
    assert (bare.size, bare.platform, bare.written, bare.media_type) == (0, None, "", "")
    partly = Manifest.from_json({"digest": "sha256:ab", "platform": {"os": "linux", "architecture": "arm"}})
    assert (str(partly.platform), partly.written) == ("linux/arm/v7", "linux/arm")
    empty = Manifest.from_json({"digest": "sha256:ab", "platform": {"architecture": "arm64", "os": None}})
    assert (empty.platform, empty.written) == (Platform("", "arm64"), "arm64")


def test_an_attestation_is_told_by_its_annotation():
    """Not by its platform, which others leave unknown too."""
    unknown = {"os": "unknown", "architecture": "unknown"}
    row = {"digest": "sha256:cd", "platform": unknown, "annotations": {ATTESTATION: "attestation-manifest"}}
    assert Manifest.from_json(row).is_attestation
    assert not Manifest.from_json({**row, "annotations": {"other": "attestation-manifest"}}).is_attestation


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("sha256:ab", "An index holds 'sha256:ab' where a manifest should be."),
        ({**ROW, "annotations": ["a"]}, "A manifest's annotations are ['a'], not a table."),
        ({**ROW, "digest": ""}, "'digest' is missing or is no text: ''."),
        ({}, "'digest' is missing or is no text: None."),
    ],
)
def test_what_is_no_manifest_is_refused(data, message):
    """One line that says what stood there."""
    with pytest.raises(BadInput) as refused:
        Manifest.from_json(data)
    assert refused.value.message == message


def _index() -> Index:
    notes = ((ATTESTATION, "attestation-manifest"),)
    rows = (
        Manifest(digest="sha256:1", platform=AMD64),
        Manifest(digest="sha256:2", platform=Platform("unknown", "unknown"), annotations=notes),
        Manifest(digest="sha256:3", platform=ARM64),
        Manifest(digest="sha256:4", platform=None),
    )
    return Index(reference="any", digest="sha256:0", media_type="", is_index=True, manifests=rows)


def test_an_index_offers_its_images_and_no_attestation():
    """What `unknown/unknown` is never counts as a platform."""
    index = _index()
    assert [one.digest for one in index.images] == ["sha256:1", "sha256:3", "sha256:4"]
    assert index.platforms == {AMD64, ARM64}
    assert index.manifest(ARM64) == index.manifests[2]
    assert index.manifest(Platform("linux", "s390x")) is None
    assert index.manifest(Platform("unknown", "unknown")) is None


CONFIG = {
    "os": "linux", "architecture": "arm", "variant": "v6", "created": "2026-01-01T00:00:00Z",
    "config": {
        "Entrypoint": ["/app"], "Cmd": ["serve"], "Env": ["PATH=/bin"], "WorkingDir": "/srv",
        "Labels": {"b": 2, "a": "1"},
    },
}  # fmt: skip


def test_an_image_says_what_it_runs_and_for_whom():
    """As the OCI's image configuration has it."""
    one = Image.from_json(CONFIG, reference="any", digest="sha256:1", layers=("sha256:9",))
    assert (str(one.platform), one.entrypoint, one.cmd, one.env) == (
        "linux/arm/v6",
        ("/app",),
        ("serve",),
        ("PATH=/bin",),
    )
    assert (one.workdir, one.labels, one.created) == ("/srv", (("a", "1"), ("b", "2")), "2026-01-01T00:00:00Z")
    assert (one.reference, one.digest, one.layers) == ("any", "sha256:1", ("sha256:9",))


@pytest.mark.parametrize("inner", [None, {}, {"Entrypoint": None, "Cmd": None, "Env": None, "Labels": None}])
def test_an_image_may_say_nothing_of_what_it_runs(inner):
    """`FROM scratch` and a COPY make such a one."""
    one = Image.from_json({"os": "linux", "architecture": "amd64", "config": inner}, reference="any", digest="sha256:1")
    assert one == Image(reference="any", digest="sha256:1", platform=AMD64)


@pytest.mark.parametrize("key", ["Entrypoint", "Cmd", "Env", "Labels"])
def test_an_image_of_another_form_is_refused(key):
    """A shell-form text where a list has to be, a number where a table has to be."""
    with pytest.raises(BadInput) as refused:
        Image.from_json({**CONFIG, "config": {**CONFIG["config"], key: "sh -c x"}}, reference="any", digest="sha256:1")
    assert refused.value.message == "An image's configuration is not of the form that the OCI describes."


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], "An image's configuration is list, not a table."),
        ({**CONFIG, "config": "x"}, "An image's configuration is not of the form that the OCI describes."),
        ({**CONFIG, "os": None}, "'os' is missing or is no text: None."),
        ({**CONFIG, "architecture": 64}, "'architecture' is missing or is no text: 64."),
    ],
)
def test_what_is_no_configuration_is_refused(config, message):
    """One line that says what stood there."""
    with pytest.raises(BadInput) as refused:
        Image.from_json(config, reference="any", digest="sha256:1")
    assert refused.value.message == message


def test_images_stand_beside_their_rows():
    """Attestations have no image; a row without its image is a slip of ours, and loud."""
    images = tuple(Image(reference="any", digest=one.digest, platform=AMD64) for one in _index().images)
    pairs = Images(index=_index(), images=images).pairs
    assert [(row.digest, image.digest) for row, image in pairs] == [(f"sha256:{n}", f"sha256:{n}") for n in (1, 3, 4)]
    with pytest.raises(ValueError, match="shorter"):
        _ = Images(index=_index(), images=images[:1]).pairs


def test_a_program_is_found_by_its_images_platform():
    """None where that image has no such file, and where there is no such image."""
    app = Binary(path="/app", kind="elf", platform=AMD64)
    both = Binaries(reference="any", programs=((AMD64, app), (ARM64, None)))
    assert (both.of(AMD64), both.of(ARM64)) == (app, None)
    assert both.of(Platform("linux", "s390x")) is None


def test_builders_are_found_by_name_and_by_being_current():
    """A builder has the platforms of all its nodes."""
    nodes = (Node(name="a0", platforms=(AMD64,)), Node(name="a1", platforms=(ARM64, AMD64)))
    farm, other = (
        Builder(name="farm", driver="docker-container", nodes=nodes),
        Builder(name="x", driver="docker", current=True),
    )
    known = Builders(known=(farm, other))
    assert farm.platforms == {AMD64, ARM64}
    assert known.names == ("farm", "x")
    assert (known.named("farm"), known.named("y"), known.current) == (farm, None, other)
    assert Builders(known=(farm,)).current is None
    assert (known.current_name, Builders(known=(farm,)).current_name) == ("x", "none")
