"""A registry that does not answer as one should: blocked, in bounded time and memory, and never wrong."""

from __future__ import annotations

import dataclasses
import json

import pytest
from support import fake_registry

from lab.errors import BadInput, Blocked
from lab.images import registry as client
from lab.probes import registry


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
