"""A registry is asked directly; what is down is blocked, what is not there is not there, and no login leaks."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import BadInput, Blocked, NotThere
from lab.images import build, connection
from lab.images import registry as client
from lab.images.login import Challenge, login_for
from lab.images.reference import parse
from lab.model.platforms import Platform, listed
from lab.probes import registry
from tests import fake_registry

ELF = Path(__file__).parent / "data" / "elf"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


def image(platform="linux/amd64", program="hello-amd64", **config):
    layer = build.layer({"app/server": ((ELF / program).read_bytes(), 0o755)})
    return build.image([layer], platform=platform, config={"Entrypoint": ["/app/server"], **config})


def two_platforms():
    return build.index([image(), image("linux/arm64", "hello-arm64")])


@pytest.fixture
def server():
    with fake_registry.running() as running:
        running.add("hello", "multi", two_platforms())
        running.add("hello", "one", image("linux/arm64", "hello-arm64"))
        yield running


@pytest.fixture
def world(world, server, tmp_path):
    return dataclasses.replace(world, registry=server.address, env={"PATH": str(tmp_path), "HOME": str(tmp_path)})


# --- names ----------------------------------------------------------------------------------------------------------

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


# --- what is there --------------------------------------------------------------------------------------------------


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


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (fake_registry.status(500), "answers 500"),
        (fake_registry.status(503), "answers 503"),
        (fake_registry.status(429), "too many requests"),
        (fake_registry.status(403), "without a login"),
        (fake_registry.status(401), "without a login"),
        (fake_registry.status(401, www_authenticate='Basic realm="x"'), "without a login"),
        (fake_registry.status(400), "plain HTTP"),
        (fake_registry.status(418), "answers 418"),
        (fake_registry.status(404, b"<html>nothing here</html>"), "Something other than a registry"),
        (fake_registry.status(404, b'{"detail": "Not Found"}'), "Something other than a registry"),
        (fake_registry.status(200, b"<html>Sign in</html>"), "not JSON"),
        (fake_registry.status(200, b"[" * 200_000), "not JSON"),
        (fake_registry.status(302, location="/v2/hello/manifests/multi"), "redirects too many times"),
        (fake_registry.status(302, location="file:///etc/passwd"), "not safe"),
        (fake_registry.status(302, location="http://[bad/"), "not HTTP"),
        (fake_registry.cut, "broke off"),
        (fake_registry.changed, "not what its digest says"),
        (fake_registry.no_http, "not HTTP"),
        (fake_registry.endless, "more than"),
        (fake_registry.hang, "not answer within"),
        (fake_registry.drip, "not answer within"),
    ],
)
def test_a_registry_in_trouble_is_blocked_never_wrong(server, world, monkeypatch, fault, says):
    """Each way of not answering is one clear line with what to do, in bounded time and memory."""
    monkeypatch.setattr(client, "LIMIT", 0.5)
    server.faults["manifests/multi"] = fault
    with pytest.raises(Blocked, match=says) as blocked:
        registry.index("hello:multi")(world)
    assert "\n" not in str(blocked.value)


@pytest.mark.parametrize("fault", [fake_registry.cut, fake_registry.changed, fake_registry.status(404)])
def test_a_damaged_configuration_is_the_registrys_fault(server, world, fault):
    """Content that is not what its digest says never becomes a fact."""
    server.faults["/blobs/"] = fault
    with pytest.raises(Blocked):
        registry.image("hello:multi", "linux/amd64")(world)


def test_nobody_listening_is_blocked_with_the_labs_own_remedy(world):
    """After `lab down` the same check says so."""
    with pytest.raises(Blocked, match="refuses the connection") as blocked:
        registry.index("hello")(dataclasses.replace(world, registry="127.0.0.1:1"))
    assert "lab up" in blocked.value.remedy


def test_a_registry_without_a_name_in_the_network_is_blocked(world):
    """No address, no traceback."""
    with pytest.raises(Blocked, match="has no address"):
        registry.index("registry.invalid/x")(world)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"manifests": {}},
        {"manifests": [1]},
        {"manifests": [{"platform": 3}]},
        {"config": 1},
        {"schemaVersion": 1},
        [],
    ],
)
def test_a_document_of_another_form_gets_one_clear_line(server, world, body):
    """Whatever was pushed, reading it never falls over."""
    server.faults["manifests/multi"] = fake_registry.status(200, json.dumps(body).encode())
    with pytest.raises(BadInput):
        registry.index("hello:multi")(world)


# --- logins ---------------------------------------------------------------------------------------------------------

SECRET = "hunter2-very-secret"  # noqa: S105


def log_in(tmp_path, server, **config):
    (tmp_path / ".docker").mkdir(exist_ok=True)
    import base64

    auth = base64.b64encode(f"ann:{SECRET}".encode()).decode()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(config or {"auths": {server.address: {"auth": auth}}}))


def guarded(server, scheme):
    """Let nobody see the manifests without the login's header."""

    def guard(handler):
        given = handler.headers.get("authorization", "")
        if given.startswith("Bearer good" if scheme == "Bearer" else "Basic YW5u"):
            handler.send(*server.lookup(handler.path))
            return
        realm = f'{scheme} realm="http://{server.address}/token",service="r",scope="repository:hello:pull"'
        handler.send(401, {"WWW-Authenticate": realm}, b"{}")

    def token(handler):
        known = handler.headers.get("authorization", "").startswith("Basic YW5u") or server.posted
        handler.send(*((200, {}, b'{"token": "good"}') if known else (401, {}, b"{}")))

    server.faults.update({"/manifests/": guard, "/token": token})


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_the_learners_own_login_is_used(server, world, tmp_path, scheme):
    """What `docker login` kept opens the registry; without it, blocked with the command that helps."""
    guarded(server, scheme)
    with pytest.raises(Blocked, match="without a login") as blocked:
        registry.index("hello:multi")(world)
    assert "docker login" in blocked.value.remedy
    log_in(tmp_path, server)
    found = registry.index("hello:multi")(world)
    assert found.is_index
    assert SECRET not in repr(found) + str(found.evidence)


def test_an_identity_token_is_exchanged(server, world, tmp_path):
    """Logins through a browser keep a token in place of a password."""
    guarded(server, "Bearer")
    log_in(tmp_path, server, auths={server.address: {"identitytoken": SECRET}})
    assert registry.index("hello:multi")(world).is_index
    assert "grant_type=refresh_token" in server.posted[0]


def helper(tmp_path, text):
    program = tmp_path / "docker-credential-test"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def test_a_credential_helper_is_asked(server, world, tmp_path):
    """`credHelpers` and `credsStore` go before what is written in the file."""
    guarded(server, "Bearer")
    helper(
        tmp_path, f"""read host; [ "$host" = {server.address} ] && echo '{{"Username":"ann","Secret":"{SECRET}"}}'"""
    )
    for config in ({"credHelpers": {server.address: "test"}}, {"credsStore": "test"}):
        log_in(tmp_path, server, **config)
        assert registry.index("hello:multi")(world).is_index


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"credsStore": "gone"}, "cannot be run"),
        ({"credsStore": "../../bin/sh"}, "not a program's name|credential helper"),
        ({"auths": []}, "not have the form|without a login"),
        ({"auths": {"x": 1}, "credHelpers": 3}, "not have the form"),
        ({"credsStore": "test"}, "gave an answer that cannot be used"),
    ],
)
def test_a_broken_login_is_blocked_and_says_nothing_secret(server, world, tmp_path, config, says):
    """A helper that fails prints no secret into the message, nor into the chain of the error."""
    guarded(server, "Bearer")
    helper(tmp_path, f"echo {SECRET}")
    log_in(tmp_path, server, **config)
    with pytest.raises(Blocked, match=says) as blocked:
        registry.index("hello:multi")(world)
    assert SECRET not in str(blocked.value)
    assert blocked.value.__cause__ is None or SECRET not in str(blocked.value.__cause__)


def test_a_configuration_cut_in_half_is_blocked(server, world, tmp_path):
    """Docker's own file is never written, and its damage is named."""
    guarded(server, "Bearer")
    log_in(tmp_path, server)
    place = tmp_path / ".docker" / "config.json"
    place.write_text(place.read_text()[:20])
    with pytest.raises(Blocked, match="cannot be read"):
        registry.index("hello:multi")(world)


def test_docker_hub_is_known_by_its_old_key(tmp_path):
    """`docker login` keeps Docker Hub's login under an address of another time."""
    log_in(tmp_path, None, auths={"https://index.docker.io/v1/": {"auth": "YW5uOnB3"}})
    found = login_for("docker.io", {"HOME": str(tmp_path)})
    assert (found.name, found.secret) == ("ann", "pw")
    assert "pw" not in repr(found).replace("ann", "")


def test_a_redirect_to_another_host_gets_no_login(server, world, tmp_path):
    """Blobs are kept elsewhere; who keeps them never sees the registry's token."""
    guarded(server, "Basic")
    log_in(tmp_path, server)
    with fake_registry.running() as other:
        other.add("hello", "one", image("linux/arm64", "hello-arm64"))

        def elsewhere(handler):
            handler.send(307, {"Location": f"http://{other.address}{handler.path}"}, b"")

        server.faults["/blobs/"] = elsewhere
        assert registry.index("hello:one")(world).platforms == {ARM64}
        assert other.asked
        assert all("authorization" not in {name.lower() for name in headers} for _, headers in other.asked)
    assert any("Authorization" in headers for _, headers in server.asked)


def test_a_challenge_is_read_whatever_its_order():
    """Quotes, blanks and case vary between registries."""
    found = Challenge.parse('bearer  scope="repository:a:pull,push" , REALM="https://auth/t",service=r')
    assert (found.scheme, found.realm, found.service, found.scope) == (
        "bearer", "https://auth/t", "r", "repository:a:pull,push",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("endpoint", "plain"),
    [
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("127.9.9.9:1", True),
        ("[::1]:5000", True),
        ("10.1.2.3:5000", False),
        ("ghcr.io", False),
        ("localhost.example.org", False),
    ],
)
def test_plain_http_only_where_docker_speaks_it(endpoint, plain):
    """On loopback; everything else is TLS, the lab's own registry on its bridge too."""
    assert connection.is_plain(endpoint) is plain


def test_tls_where_plain_http_answers_is_blocked(server, world, monkeypatch):
    """The other way round from "server gave HTTP response to HTTPS client"."""
    monkeypatch.setattr(connection, "is_plain", lambda *_: False)
    with pytest.raises(Blocked, match="plain HTTP"):
        registry.index("hello:multi")(world)


def test_the_labs_own_registry_is_asked_on_loopback_where_it_is_plain(server, world):
    """What `$REGISTRY` names on the bridge, over TLS, is the same registry; another address is not taken for it."""
    on_bridge = dataclasses.replace(world, registry="192.0.2.1:5000", mirror=server.address)
    assert listed(registry.index("hello:multi")(on_bridge).platforms) == "linux/amd64, linux/arm64"
    registry.index("192.0.2.1:5000/hello:multi")(on_bridge)
    assert server.asked
    before = len(server.asked)
    with pytest.raises(Blocked):
        registry.index("127.0.0.1:1/hello:multi")(on_bridge)
    assert len(server.asked) == before


def test_a_check_of_the_registry_needs_no_heavy_import():
    """A whole process for one check stays quick: no requests, no oras, no rich, no ELF library."""
    script = (
        "import sys; from lab.probes import registry; "
        "print([m for m in ('requests', 'oras', 'rich', 'elftools', 'asyncio', 'urllib.request') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "[]"
