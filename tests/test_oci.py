"""Images made without an engine: determinism, shapes, layouts, and pushes to a registry that misbehaves."""

import hashlib
import io
import json
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.errors import BadInput, Blocked, NotThere
from lab.images import build

HELLO = {"hello.txt": (b"hi\n", 0o644)}
NAMES = st.from_regex(r"[a-z0-9é._-]{1,20}", fullmatch=True).filter(lambda name: name not in (".", ".."))
FILES = st.dictionaries(NAMES, st.tuples(st.binary(max_size=200), st.integers(0, 0o7777)), max_size=8)


def members(layer):
    data = layer.content if isinstance(layer.content, bytes) else layer.content.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: member for member in tar}


def simple(platform="linux/amd64", **more):
    return build.image([build.layer(HELLO)], platform=platform, **more)


def test_digests_are_known():
    """The same file gives the same layer, image and index, on every machine and with every Python."""
    layer = build.layer(HELLO, compress=False)
    image = build.image([layer], platform="linux/arm/v7", config={"Cmd": ["sh"]})
    assert layer.digest == "sha256:ffeb13b155f7fcdeb9274589c048449447ddc14f30a738e31bd53d8b653a7c63"
    assert image.digest == "sha256:0f39b82374ae3d6b6b03d62b086638d479ecf4741458b4fb03d336e75a25bd07"
    assert build.layer(HELLO).diff_id == layer.digest


@given(FILES)
@settings(max_examples=60)
def test_order_and_place_do_not_matter(tmp_path_factory, files):
    """A layer depends on the files alone: not on their order, nor on where it is kept."""
    forwards = build.layer(files)
    backwards = build.layer(dict(reversed(files.items())), folder=tmp_path_factory.mktemp("layers"))
    assert (forwards.digest, forwards.size, forwards.diff_id) == (
        backwards.digest,
        backwards.size,
        backwards.diff_id,
    )
    assert backwards.content.read_bytes() == forwards.content


@given(FILES)
@settings(max_examples=60)
def test_what_goes_in_comes_out(files):
    """Every file is in the layer with its bytes and its mode, owned by root, of the year 1970."""
    layer = build.layer(files)
    with tarfile.open(fileobj=io.BytesIO(layer.content)) as tar:
        found = {member.name: (tar.extractfile(member).read(), member.mode) for member in tar}
        assert {(member.uid, member.gid, member.mtime) for member in tar} <= {(0, 0, 0)}
    assert found == files


@given(FILES, st.booleans())
@settings(max_examples=40)
def test_names_are_true(files, compress):
    """Digest and size are those of the bytes, and the diff id is that of the tar inside."""
    layer = build.layer(files, compress=compress)
    assert layer.digest == f"sha256:{hashlib.sha256(layer.content).hexdigest()}"
    assert layer.size == len(layer.content)
    assert (layer.digest == layer.diff_id) is not compress


def test_one_byte_or_one_bit_of_a_mode_is_another_layer():
    """Near misses have digests of their own."""
    digests = {build.layer({name: (data, mode)}).digest for name in "ab" for data in (b"", b"\0") for mode in (0, 1)}
    assert len(digests) == 8


def test_links_folders_and_parents():
    """Parents are made; a hard link stands after its target even where its name sorts before it."""
    files = {"bin/[": build.Link("bin/sh", hard=True), "bin/sh": (b"x", 0o755), "tmp": build.Folder(0o1777)}
    found = members(build.layer({**files, "env": build.Link("../bin/sh")}))
    assert list(found) == ["bin", "bin/sh", "env", "tmp", "bin/["]
    assert found["bin/["].islnk()
    assert found["bin/["].linkname == "bin/sh"
    assert found["env"].linkname == "../bin/sh"
    assert found["tmp"].mode == 0o1777


@pytest.mark.parametrize("path", ["", "/", "../x", "a/../../b", "a\0b"])
def test_a_path_that_leads_out_is_refused(path):
    """No layer of ours writes outside of its image."""
    with pytest.raises(BadInput, match="cannot be a path"):
        build.layer({path: (b"", 0o644)})


def test_a_folder_becomes_a_layer(tmp_path):
    """Modes and links are kept; what is no file is refused by name."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "run").write_bytes(b"#!")
    (tmp_path / "in" / "run").chmod(0o755)
    (tmp_path / "in" / "link").symlink_to("run")
    found = members(build.layer(build.files_of(tmp_path / "in")))
    assert found["run"].mode == 0o755
    assert found["link"].linkname == "run"


def test_a_socket_is_no_content(tmp_path):
    """What is neither file, folder nor link is named and refused."""
    import os

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="pipe"):
        build.files_of(tmp_path)


def test_an_index_lists_each_platform_as_it_is_told():
    """A platform is taken as written, an entry may lie about it, and an attestation has its annotation."""
    image = simple("linux/x86")
    attestation = simple("unknown/unknown").entry(annotations={"vnd.docker.reference.type": "attestation-manifest"})
    body = json.loads(build.index([image, image.entry(platform="linux/arm64/v8"), attestation]).blob.content)
    rows = body["manifests"]
    assert [row["platform"] for row in rows] == [
        {"architecture": "x86", "os": "linux"},
        {"architecture": "arm64", "os": "linux", "variant": "v8"},
        {"architecture": "unknown", "os": "unknown"},
    ]
    assert rows[2]["annotations"] == {"vnd.docker.reference.type": "attestation-manifest"}
    assert rows[0]["digest"] == rows[1]["digest"] == image.digest


@pytest.mark.parametrize("platform", ["", "arm64", "linux/", "/amd64", "a/b/c/d"])
def test_what_is_no_platform_is_refused(platform):
    """A slip of ours in a test or a lesson is named at once."""
    with pytest.raises(BadInput, match="is not a platform"):
        simple(platform)


def test_media_types_and_extra_fields_are_free():
    """A strange document is a matter of a keyword."""
    image = simple(media_type="a/b", config_type="c/d", extra={"schemaVersion": 1}, config_extra={"os": "windows"})
    assert image.blob.media_type == "a/b"
    assert json.loads(image.blob.content)["schemaVersion"] == 1
    assert json.loads(image.blobs[0].content)["os"] == "windows"


def test_a_layout_is_read_as_it_was_written(tmp_path):
    """An index goes through a folder without loss, and a second writing adds nothing."""
    index = build.index([simple("linux/amd64"), simple("linux/arm64")])
    build.write_layout(tmp_path, index, names=["busybox:1.38"])
    files = {path: path.stat().st_ino for path in (tmp_path / "blobs").rglob("*")}
    build.write_layout(tmp_path, index, names=["busybox:1.38"])
    found = build.read_layout(tmp_path)
    assert {path: path.stat().st_ino for path in (tmp_path / "blobs").rglob("*")} == files
    assert found.digest == index.digest
    assert [child.digest for child in found.manifests] == [child.digest for child in index.manifests]
    # A layer that is put into another image is named there as it was before it was compressed.
    layers = [[layer.diff_id for layer in child.blobs[1:]] for child in index.manifests]
    assert [[layer.diff_id for layer in child.blobs[1:]] for child in found.manifests] == layers
    top = json.loads((tmp_path / "index.json").read_bytes())["manifests"][0]
    assert top["annotations"]["io.containerd.image.name"] == "docker.io/library/busybox:1.38"


def test_no_layout_and_a_damaged_one(tmp_path):
    """Nothing there is not there; half of it is damaged, and the message names the folder."""
    with pytest.raises(NotThere):
        build.read_layout(tmp_path)
    image = simple()
    build.write_layout(tmp_path, image)
    (tmp_path / "blobs/sha256" / image.blobs[1].digest[7:]).write_bytes(b"cut")
    with pytest.raises(BadInput, match="damaged"):
        build.read_layout(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"manifests": [3]}', '{"manifests": [{"digest": "sha256:../../x"}]}']
)
def test_a_layout_of_nonsense_is_refused(tmp_path, text):
    """Whatever stands in `index.json`, the answer is one clear line."""
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(BadInput, match="damaged"):
        build.read_layout(tmp_path)


def test_an_archive_has_both_formats(tmp_path):
    """`docker load` of either image store finds the image and its name in the archive."""
    build.write_layout(tmp_path, simple(), names=["moby/buildkit:buildx-stable-1"])
    archive = io.BytesIO()
    build.write_archive(tmp_path, archive)
    archive.seek(0)
    with tarfile.open(fileobj=archive) as tar:
        (told,) = json.load(tar.extractfile("manifest.json"))
        assert told["RepoTags"] == ["moby/buildkit:buildx-stable-1"]
        assert {told["Config"], *told["Layers"], "index.json", "oci-layout"} < set(tar.getnames())


class Registry(BaseHTTPRequestHandler):
    """Enough of a registry to see what is sent to it; `server.refuse` maps a method to a status."""

    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        """One whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        """HEAD, POST and PUT, as the distribution API has them."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path))
        store, key = self.server.store, self.path.rpartition("/")[2]
        if self.server.login and self.headers.get("Authorization") != self.server.login:
            self.answer(401, WWW_Authenticate='Basic realm="r"')
        elif status := self.server.refuse.get(self.command):
            self.answer(status, json.dumps({"errors": [{"code": "NO", "message": "because"}]}).encode())
        elif self.command == "HEAD":
            self.answer(200 if key in store else 404, Docker_Content_Digest=store.get(key, ""))
        elif self.command == "POST":
            self.answer(202, Location=f"{self.path}one?_state=a%3D")
        else:
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
            store[self.path.partition("digest=")[2] or key] = digest
            self.answer(201)
        self.close_connection = self.close_connection or self.server.hangs_up

    do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815

    def log_message(self, *_words):
        """Nothing to standard error."""


@pytest.fixture
def registry():
    """A registry of the test's own, on a free port."""
    server = ThreadingHTTPServer(("localhost", 0), Registry)
    server.seen, server.store, server.refuse = [], {}, {}
    server.login, server.hangs_up = "", False
    server.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_push_sends_children_first_and_nothing_twice(registry):
    """Blobs before manifests, manifests before the index; a second push sends no blob again."""
    index = build.index([simple("linux/amd64"), simple("linux/arm64")])
    assert build.push(registry.url, "library/busybox", "1.38", index) == index.digest
    manifests = [path.rpartition("/")[2] for method, path in registry.seen if "/manifests/" in path]
    assert manifests == [index.manifests[0].digest, index.manifests[1].digest, "1.38"]
    registry.seen.clear()
    build.push(registry.url, "library/busybox", "1.38", index)
    assert not [path for method, path in registry.seen if "/uploads/" in path]
    assert build.exists(registry.url, "library/busybox", "1.38") == index.digest
    assert build.exists(registry.url, "library/busybox", "1.37") is None


@given(st.binary(max_size=3000))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_push_sends_the_very_bytes(registry, data):
    """What arrives has the digest that was announced."""
    image = build.image([build.layer({"f": (data, 0o644)})], platform="linux/amd64")
    build.push(registry.url, "a", "b", image)
    for blob in image.blobs:
        assert registry.store[blob.digest] == blob.digest


def test_a_large_blob_comes_out_of_its_file(registry, tmp_path):
    """A layer that is kept in a file is streamed from there."""
    layer = build.layer({"big": (bytes(3_000_000), 0o644)}, compress=False, folder=tmp_path)
    build.push(registry.url, "a", "b", build.image([layer], platform="linux/amd64"))
    assert registry.store[layer.digest] == layer.digest
    layer.content.unlink()
    registry.store.clear()
    with pytest.raises(BadInput, match="cannot be read"):
        build.push(registry.url, "a", "b", build.image([layer], platform="linux/amd64"))


@pytest.mark.parametrize(
    ("method", "status", "error"),
    [
        ("PUT", 400, BadInput),
        ("PUT", 413, BadInput),
        ("POST", 401, Blocked),
        ("POST", 403, Blocked),
        ("POST", 429, Blocked),
        ("PUT", 500, Blocked),
        ("PUT", 507, Blocked),
    ],
)
def test_a_refusal_says_who_and_why(registry, method, status, error):
    """The registry's own reason is in the one line; a login and a full disk are nobody's mistake."""
    registry.refuse[method] = status
    with pytest.raises(error, match=f"answered {status} to .*NO because"):
        build.push(registry.url, "a", "b", simple())


def test_a_push_uses_the_login_that_docker_keeps(registry, tmp_path, monkeypatch):
    """Reading and pushing are one client: what `docker login` kept opens both, and without it the push is blocked."""
    registry.login = "Basic YW5uOnB3"
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(Blocked, match="without a login"):
        build.push(registry.url, "a", "b", simple())
    auths = {registry.url.removeprefix("http://"): {"auth": "YW5uOnB3"}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    assert build.push(registry.url, "a", "b", simple()) == simple().digest
    assert registry.store["b"] == simple().digest


def test_a_registry_that_hangs_up_after_each_answer_gets_the_whole_push(registry):
    """A connection that was kept may be gone by the next question, and a body is then sent from its beginning."""
    registry.hangs_up = True
    image = simple()
    build.push(registry.url, "a", "b", image)
    assert registry.store == {**{blob.digest: blob.digest for blob in image.blobs}, "b": image.digest}


def test_nobody_listens():
    """A registry that is down blocks; the line names it."""
    with pytest.raises(Blocked, match="'localhost:1' does not answer"):
        build.push("localhost:1", "a", "b", simple())


def test_a_registry_that_says_nothing():
    """The wait is bounded."""
    import socket

    with socket.create_server(("localhost", 0)) as silent, pytest.raises(Blocked, match="does not answer"):
        build.exists(f"localhost:{silent.getsockname()[1]}", "a", "b", timeout=0.1)


@pytest.mark.parametrize("url", ["https://x", "docker.io/name", "http://[", "http://localhost:99999", "", "http://:5"])
def test_what_is_no_address_is_refused(url):
    """An account elsewhere or a slip is named, and nothing is asked."""
    with pytest.raises(BadInput, match="not a registry's address"):
        build.exists(url, "a", "b")


@pytest.mark.parametrize(
    ("repository", "tag"), [("Hello", "1"), ("a//b", "1"), ("a/../b", "1"), ("a", "a b"), ("a", "")]
)
def test_names_are_checked_before_anything_is_sent(registry, repository, tag):
    """A name that no registry takes never reaches one."""
    with pytest.raises(BadInput):
        build.push(registry.url, repository, tag, simple())
    assert registry.seen == []
