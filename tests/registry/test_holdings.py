"""What a registry holds, read as facts: names, indexes, images, programs, tags."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import fake_registry
from support.registry_images import AMD64, ARM64, image, two_platforms

from lab.errors import BadInput, Blocked, NotThere
from lab.images import build
from lab.images import registry as client
from lab.images.reference import parse
from lab.model.platforms import listed
from lab.probes import registry

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("hello", "docker.io/library/hello:latest"),
        ("hello:multi", "docker.io/library/hello:multi"),
        ("owner/name:v1.2-rc_1", "docker.io/owner/name:v1.2-rc_1"),
        ("docker.io/busybox", "docker.io/library/busybox:latest"),
        ("index.docker.io/library/busybox:1", "docker.io/library/busybox:1"),
        ("localhost/x", "localhost/x:latest"),
        ("localhost:5000/a/b:t", "localhost:5000/a/b:t"),
        (f"localhost:5000/x@{DIGEST}", f"localhost:5000/x@{DIGEST}"),
        (f"ghcr.io/o/n:t@{DIGEST}", f"ghcr.io/o/n:t@{DIGEST}"),
        ("[::1]:5000/x", "[::1]:5000/x:latest"),
        (" hello ", "docker.io/library/hello:latest"),
        ("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest"),
    ],
)
def test_a_name_is_read_as_docker_reads_it(text, full):
    """Short names get what Docker adds to them."""
    assert str(parse(text)) == full


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ":", "hello:", "hello:bad tag", "Hello", "hello/World", "a//b", "/a", "a/", "-a", "a_-b", "hello@sha256:12",
        "hello@", f"hello@md5:{'ab' * 16}", "ab" * 32, "x" * 256, "host:port/x", "localhost:5000/", "hello:" + "t" * 129,
        "https://localhost/x", "a/b@c@d", "hello:a:b", "../x", "hello\n", "localhost:5000/x?y=z", "ex_ample.com:80/x",
    ],
)  # fmt: skip
def test_what_is_no_name_gets_one_clear_line(text):
    """Refused where Docker refuses; the line quotes what was given."""
    if text.strip() != text and text.strip():
        assert str(parse(text)) == "docker.io/library/hello:latest"  # blanks around a name are the terminal's
        return
    with pytest.raises(BadInput) as refused:
        parse(text)
    assert "\n" not in str(refused.value)
    assert refused.value.remedy


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_fall_over(text):
    """Either a name or one clear refusal; what is read can be read again."""
    try:
        found = parse(text)
    except BadInput:
        return
    assert parse(str(found)) == found


def test_a_lesson_names_images_of_its_own_registry():
    """`hello:multi` in a step is `$REGISTRY/hello:multi`; a name with a registry stays as it is."""
    assert str(parse("hello:multi", within="localhost:5000")) == "localhost:5000/hello:multi"
    assert str(parse("hello", within="docker.io/ann")) == "docker.io/ann/hello:latest"
    assert str(parse("docker.io/library/x", within="localhost:5000")) == "docker.io/library/x:latest"


def test_an_index_comes_with_its_platforms_and_the_raw_answer(world):
    """Rows, digest and the very question and answer, for whoever asks "says who?"."""
    found = registry.index("hello:multi")(world)
    assert found.is_index
    assert listed(found.platforms) == "linux/amd64, linux/arm64"
    assert found.digest == two_platforms().digest
    assert found.evidence[0].asked == "GET /v2/hello/manifests/multi"
    assert json.loads(found.evidence[0].answer)["schemaVersion"] == 2


def test_attestations_are_rows_but_no_platforms(server, world):
    """`unknown/unknown` is a row of the index that nothing runs from."""
    note = image({"os": "unknown", "architecture": "unknown"}).entry(
        annotations={"vnd.docker.reference.type": "attestation-manifest"}
    )
    server.add("hello", "attested", build.index([image(), note]))
    found = registry.images("hello:attested")(world)
    assert (len(found.index.manifests), listed(found.index.platforms)) == (2, "linux/amd64")
    assert len(found.images) == 1


def test_a_single_image_tells_its_platform_from_its_configuration(world):
    """A tag without a list has one platform all the same."""
    found = registry.index("hello:one")(world)
    assert (found.is_index, listed(found.platforms)) == (False, "linux/arm64")


def test_the_image_of_a_platform_and_none_for_another(world):
    """The configuration of the platform that was asked for; a missing one names those that are there."""
    found = registry.image("hello:multi", "linux/arm64/v8")(world)
    assert (found.platform, found.entrypoint, len(found.layers)) == (ARM64, ("/app/server",), 1)
    with pytest.raises(NotThere, match="linux/amd64, linux/arm64"):
        registry.image("hello:multi", "linux/s390x")(world)


def test_each_image_stands_beside_what_the_index_says_of_it(server, world):
    """A lying index can be told: the row says arm64, the image amd64."""
    server.add("hello", "lie", build.index([image().entry(platform="linux/arm64")]))
    ((row, one),) = registry.images("hello:lie")(world).pairs
    assert (row.platform, one.platform) == (ARM64, AMD64)


def test_tags_are_listed_and_a_repository_may_be_absent(world):
    """No repository is no tags, and no error."""
    assert registry.tags("hello")(world).names == ("multi", "one")
    assert registry.tags("nothing")(world).names == ()


def test_a_tag_that_is_missing_names_those_that_exist(world):
    """The message helps to see a slip in the name."""
    with pytest.raises(NotThere, match=r"no hello:mutli in .*multi, one"):
        registry.index("hello:mutli")(world)
    with pytest.raises(NotThere, match="nothing else under that name"):
        registry.index("other")(world)


def test_delete_takes_the_tag_away_and_says_whether_there_was_one(world):
    """Reset works twice."""
    assert registry.delete(world, "hello:multi")
    assert not registry.delete(world, "hello:multi")
    with pytest.raises(NotThere):
        registry.index("hello:multi")(world)
    assert registry.index("hello:one")(world)


def test_delete_leaves_what_other_tags_lead_to(server, world):
    """A second name of an index, and a name of one of its images: the index stays whole under its own name."""
    one = image()
    server.add("shop", "rc", build.index([one]))
    server.add("shop", "released", build.index([one]))
    server.add("shop", "plain", one)
    for tag in ("released", "plain"):
        assert registry.delete(world, f"shop:{tag}")
        with pytest.raises(NotThere):
            registry.index(f"shop:{tag}")(world)
    assert registry.images("shop:rc")(world).images[0].digest == one.digest


def test_a_digest_is_deleted_where_no_tag_leads_to_it(server, world):
    """What a job pushed and nobody tagged may go; what a tag stands for stays, and the tag with it."""
    lost, kept = image(), image("linux/arm64")
    server.add("shop", lost.blob.digest, lost)
    server.add("shop", "rc", kept)
    server.add("shop", kept.blob.digest, kept)
    assert registry.delete(world, f"shop@{lost.blob.digest}")
    assert not registry.delete(world, f"shop@{kept.blob.digest}")
    assert registry.index("shop:rc")(world).digest == kept.blob.digest


def test_each_platforms_program_is_read_out_of_its_layers(server, world):
    """The entrypoint, or any path, in every platform's image; None where it is not there."""
    found = registry.binaries("hello:multi")(world)
    assert [(str(platform), str(program.platform)) for platform, program in found.programs] == [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm64", "linux/arm64"),
    ]
    assert found.of(ARM64).path == "/app/server"
    assert "linux/arm64: /app/server: elf linux/arm64" in found.evidence[-1].answer
    assert registry.binaries("hello:multi", "app/none")(world).of(AMD64) is None


def test_a_layer_that_two_platforms_share_is_read_once(server, world):
    """Layers are named by their digests."""
    server.add("hello", "same", build.index([image(), image("linux/arm64")]))
    server.asked.clear()
    registry.binaries("hello:same")(world)
    blobs = [path for path, _ in server.asked if "/blobs/" in path]
    assert len(blobs) == len(set(blobs)) == 3


@pytest.mark.parametrize(
    "fault", [fake_registry.cut, fake_registry.changed, fake_registry.status(404), fake_registry.hang]
)
def test_a_layer_that_does_not_arrive_whole_is_blocked(server, world, monkeypatch, fault):
    """The registry is to blame, and never the learner's image."""
    monkeypatch.setattr(client, "LIMIT", 0.5)
    layer = registry.image("hello:multi", "linux/amd64")(world).layers[0]
    server.faults[f"/blobs/{layer}"] = fault
    with pytest.raises(Blocked):
        registry.binaries("hello:multi")(world)
