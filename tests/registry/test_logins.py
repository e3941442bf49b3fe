"""Docker's own logins, and where plain HTTP is spoken."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest
from support import fake_registry
from support.registry_images import ARM64, image

from lab.errors import Blocked
from lab.images import connection
from lab.images.login import Challenge, login_for
from lab.model.platforms import listed
from lab.probes import registry

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
