"""Where an image to audit may be: a registry, a layout, an archive of any age; what is damaged or hostile there."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.audited import bad_tag, elf, found, good

from lab.audit import audit
from lab.audit.report import ERROR
from lab.errors import BadInput, NotThere
from lab.images import build


def test_a_registry_a_layout_and_an_archive_say_the_same(audited, tmp_path):
    """One code path, whatever holds the image."""
    build.write_layout(tmp_path / "layout", bad_tag(), names=["app:x"])
    with (tmp_path / "image.tar").open("wb") as stream:
        build.write_archive(tmp_path / "layout", stream)
    reports = [audited(bad_tag()), audit(str(tmp_path / "layout")), audit(str(tmp_path / "image.tar"))]
    assert [found(report) for report in reports] == [[("entrypoint-foreign", ERROR, "linux/arm64")]] * 3
    assert len({report.digest for report in reports}) == 1


def old_archive(place, layers, *, linked=False, diff_ids=None, config=None):
    """What `docker save` wrote before engine 25."""
    wanted = diff_ids or [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    document = config or {
        "os": "linux", "architecture": "arm64", "config": {"Cmd": ["/app/server"]},
        "rootfs": {"type": "layers", "diff_ids": wanted},
    }  # fmt: skip
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    files = dict(zip(names, layers, strict=True))
    files["c.json"] = json.dumps(document).encode()
    files["manifest.json"] = json.dumps([{"Config": "c.json", "RepoTags": ["x:y"], "Layers": names}]).encode()
    with tarfile.open(place, "w") as tar:
        for number, (name, content) in enumerate(files.items()):
            info = tarfile.TarInfo(name)
            if linked and number == 0:
                info.name, elsewhere = "blob.tar", tarfile.TarInfo(name)
                elsewhere.type, elsewhere.linkname = tarfile.SYMTYPE, "../blob.tar"
                tar.addfile(elsewhere)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def plain_layer(machine):
    with build.layer({"app/server": elf(f"hello-{machine}")}, compress=False).open() as stream:
        return stream.read()


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize(
    ("machine", "wanted"), [("arm64", []), ("amd64", [("entrypoint-foreign", ERROR, "linux/arm64")])]
)
def test_an_archive_of_an_older_engine_is_read(tmp_path, machine, wanted, linked):
    """Plain layers under names of their own, or links to them."""
    old_archive(tmp_path / "old.tar", [plain_layer(machine)], linked=linked)
    assert found(audit(str(tmp_path / "old.tar"))) == wanted


def test_an_older_archives_layers_are_verified_packed_or_not(tmp_path):
    """The configuration's digests are of the plain bytes."""
    layer = plain_layer("arm64")
    digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    old_archive(tmp_path / "packed.tar", [gzip.compress(layer)], diff_ids=[digest])
    assert found(audit(str(tmp_path / "packed.tar"))) == []
    old_archive(tmp_path / "other.tar", [plain_layer("amd64")], diff_ids=[digest])
    with pytest.raises(BadInput, match="digest"):
        audit(str(tmp_path / "other.tar"))


def test_an_archive_with_one_platform_of_two_says_which_is_not_held(tmp_path):
    """`docker save` of the containerd store writes the whole index and only the blobs that it has."""
    tag = build.index([good("amd64"), good("arm64")])
    build.write_layout(tmp_path / "layout", tag)
    arm64 = tag.manifests[1].digest.partition(":")[2]
    (tmp_path / "layout" / "blobs" / "sha256" / arm64).unlink()
    assert found(audit(str(tmp_path / "layout"))) == [("not-held", ERROR, "linux/arm64")]


def test_what_holds_no_image_gets_one_clear_line(tmp_path):
    """Each with its own reason and what to give instead."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise.tar").write_bytes(os.urandom(5000))
    (tmp_path / "packed.tar").write_bytes(gzip.compress(b"x" * 1000))
    with tarfile.open(tmp_path / "other.tar", "w"):
        pass
    for name, says in (
        ("empty", "holds no image"),
        ("noise.tar", "not a tar"),
        ("packed.tar", "gunzip"),
        ("other.tar", "holds no image"),
    ):
        with pytest.raises(BadInput, match=says):
            audit(str(tmp_path / name))
    with pytest.raises(NotThere, match="no file"):
        audit(str(tmp_path / "none.tar"))


def test_a_layout_that_names_files_outside_is_refused(tmp_path):
    """A link in `blobs` to the learner's own files is not followed."""
    build.write_layout(tmp_path / "layout", good())
    secret = tmp_path / "secret"
    secret.write_text("{}")
    blob = next((tmp_path / "layout" / "blobs" / "sha256").iterdir())
    blob.unlink()
    blob.symlink_to(secret)
    with pytest.raises(BadInput, match="outside"):
        audit(str(tmp_path / "layout"))


def test_an_archive_that_climbs_out_is_refused(tmp_path):
    """By its own member's name, or by one in its manifest.json."""
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("../../x"))
    with pytest.raises(BadInput, match="leads out"):
        audit(str(tmp_path / "evil.tar"))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps([{"Config": "../secret.json", "Layers": []}]))
    with pytest.raises(BadInput, match="outside"):
        audit(f"{folder}/")


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("index.json", b"["), ("index.json", b"[]"), ("index.json", b"{}"), ("index.json", b'{"manifests": [1]}'),
        ("index.json", b'{"manifests": [{"digest": "sha256:../../x"}]}'), ("index.json", b'{"manifests": [{"digest": "x"}]}'),
        ("index.json", b"[" * 100_000), ("manifest.json", b"{}"), ("manifest.json", b"[1]"), ("manifest.json", b'[{"Config": "y"}]'),
    ],
)  # fmt: skip
def test_a_damaged_layout_gets_one_clear_line(tmp_path, place, content):
    """Whatever stands in its documents."""
    (tmp_path / place).write_bytes(content)
    with pytest.raises(BadInput) as refused:
        audit(f"{tmp_path}/")
    assert "\n" not in str(refused.value)


@settings(max_examples=60, deadline=None)
@given(st.integers(), st.integers(1, 6))
def test_archives_with_bytes_changed_never_make_it_fall_over(tmp_path_factory, seed, count):
    """A real archive, damaged anywhere: a report or one clear line."""
    folder = tmp_path_factory.mktemp("fuzz")
    build.write_layout(folder / "layout", bad_tag())
    with (folder / "image.tar").open("wb") as stream:
        build.write_archive(folder / "layout", stream)
    chance = random.Random(seed)  # noqa: S311
    data = bytearray((folder / "image.tar").read_bytes())
    for _ in range(count):
        data[chance.randrange(len(data))] = chance.randrange(256)
    (folder / "image.tar").write_bytes(data)
    try:
        report = audit(str(folder / "image.tar"))
    except (BadInput, NotThere) as refused:
        assert "\n" not in str(refused)  # noqa: PT017
    else:
        assert report.to_sarif()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        ["os", "architecture", "variant", "config", "rootfs", "Entrypoint", "Cmd", "Env", "WorkingDir", "Labels"]
    ),
    JSON,
)
def test_a_configuration_of_any_form_is_read_or_refused(tmp_path_factory, key, value):
    """Each field may hold anything."""
    folder = tmp_path_factory.mktemp("config")
    document = {"os": "linux", "architecture": "arm64", "rootfs": {"diff_ids": []}, "config": {"Cmd": ["x"]}}
    (document if key in ("os", "architecture", "variant", "config", "rootfs") else document["config"])[key] = value
    old_archive(folder / "x.tar", [], config=document)
    try:
        assert audit(str(folder / "x.tar")).to_json()
    except BadInput as refused:
        assert "\n" not in str(refused)  # noqa: PT017
