"""The registry's certificates: made once, private, trusted beside what was trusted before, and nowhere else."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from lab.errors import Blocked
from lab.images import build
from lab.sandbox import certificates, images, registry, state
from lab.sandbox.engine import config
from lab.sandbox.host import process
from lab.sandbox.host.process import Daemon
from lab.sandbox.report import quiet

ADDRESS = "10.213.7.1"
THEIRS = "-----BEGIN CERTIFICATE-----\na company's own\n-----END CERTIFICATE-----"


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle that the learner's environment names."""
    file = tmp_path / "company.pem"
    file.write_text(THEIRS)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


def picture() -> dict[str, bytes]:
    """All files of the certificates, and what stands in them."""
    return {file.name: file.read_bytes() for file in certificates.authority().parent.iterdir()}


def test_only_the_owner_can_read_a_key_and_no_key_of_the_authority_is_kept(theirs: Path) -> None:
    """One private key, the registry's; files 0600, their folder 0700."""
    certificates.ensure(ADDRESS)
    assert [name for name, text in picture().items() if b"PRIVATE KEY" in text] == [f"registry-{ADDRESS}.pem"]
    folder = certificates.authority().parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_what_was_trusted_before_is_still_trusted(theirs: Path) -> None:
    """The bundle is the environment's own and the lab's authority; the environment's is not touched."""
    certificates.ensure(ADDRESS)
    text = certificates.bundle().read_text()
    assert text == THEIRS + "\n" + certificates.authority().read_text()
    assert theirs.read_text() == THEIRS


def test_the_systems_authorities_are_taken_where_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of the usual places that can be read; with none, the lab's authority stands alone."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    (tmp_path / "system.crt").write_text(THEIRS + "\n")
    monkeypatch.setattr(certificates, "_SYSTEM", (str(tmp_path / "none"), str(tmp_path / "system.crt")))
    certificates.ensure(ADDRESS)
    assert certificates.bundle().read_text().startswith(THEIRS + "\n-----BEGIN")
    monkeypatch.setattr(certificates, "_SYSTEM", ())
    certificates.ensure(ADDRESS)
    assert certificates.bundle().read_text() == certificates.authority().read_text()


def test_no_sandboxs_authority_gets_into_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images are kept for all sandboxes. They are made in one's environment, and hold what the system trusts."""
    system = tmp_path / "system.crt"
    system.write_text(THEIRS)
    monkeypatch.setattr(certificates, "_SYSTEM", (str(system),))
    certificates.ensure(ADDRESS)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.bundle()))
    (held,) = images.certificates().values()
    assert held == build.File(f"{THEIRS}\n".encode())
    system.unlink()
    assert images.certificates() == {}


def test_inside_the_sandbox_the_bundle_is_not_copied_into_itself(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`lab up` in a terminal of the sandbox keeps what the learner's environment trusted."""
    certificates.ensure(ADDRESS)
    before = picture()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.bundle()))
    certificates.ensure(ADDRESS)
    assert picture() == before


def test_the_authority_stays_as_long_as_the_address_does(theirs: Path) -> None:
    """Builders that were created trust it; a lost bundle or another trusted file is no reason for a new one."""
    certificates.ensure(ADDRESS)
    before = picture()
    certificates.bundle().unlink()
    certificates.ensure(ADDRESS)
    assert picture() == before
    theirs.write_text("other")
    certificates.ensure(ADDRESS)
    assert certificates.authority().read_bytes() == before["ca.pem"]
    assert certificates.bundle().read_text().startswith("other\n")
    certificates.ensure("10.213.8.1")
    assert certificates.authority().read_bytes() != before["ca.pem"]
    assert sorted(picture()) == ["bundle.pem", "ca.pem", "registry-10.213.8.1.pem"]


@pytest.mark.parametrize("name", ["ca.pem", f"registry-{ADDRESS}.pem"])
@pytest.mark.parametrize("keep", [0, 100])
def test_a_damaged_file_is_made_anew(theirs: Path, name: str, keep: int) -> None:
    """Empty or cut: a pair that works stands there again."""
    certificates.ensure(ADDRESS)
    file = certificates.authority().with_name(name)
    file.write_bytes(file.read_bytes()[:keep])
    certificates.ensure(ADDRESS)
    context = ssl.create_default_context(cafile=certificates.authority())
    context.load_cert_chain(certificates.server(ADDRESS))


def test_tls_is_spoken_on_the_bridge_and_not_on_loopback(theirs: Path) -> None:
    """Builders are told of each address as it is."""
    assert "tls:" in registry.configuration(ADDRESS, 5000)
    assert "tls:" not in registry.configuration(registry.LOOPBACK, 5000)
    told = config.builder_settings(5000, ADDRESS)
    assert f'[registry."{ADDRESS}:5000"]\n  ca = ["{certificates.authority()}"]' in told
    assert '[registry."localhost:5000"]\n  http = true' in told


def test_a_registry_of_ours_that_hangs_is_ended_and_keeps_its_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that answers is left alone, and so is another lab's: its mark is another one."""
    ended: list[tuple[str, str]] = []
    monkeypatch.setattr(process, "find", lambda _key: [Daemon(1, "registry-127.0.0.1"), Daemon(2, "engine")])
    monkeypatch.setattr(process, "stop", lambda key, role, **_: ended.append((key, role)))
    monkeypatch.setattr(registry, "_free", lambda *_: True)
    monkeypatch.setattr(registry, "answers", lambda *_: True)
    assert registry.choose_port([registry.LOOPBACK], 5077) == 5077
    assert ended == []
    monkeypatch.setattr(registry, "answers", lambda *_: False)
    assert registry.choose_port([registry.LOOPBACK, ADDRESS], 5077) == 5077
    assert ended == [(state.key(), "registry-127.0.0.1")]


def test_a_port_that_is_taken_while_the_registry_starts_is_left(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sandboxes that come up at once find the same port free; the slower one goes on to another."""
    others: list[socket.socket] = []

    def start(_programs: Path, port: int, _addresses: list[str]) -> None:
        if not others:
            others.append(socket.create_server((registry.LOOPBACK, port)))
            raise Blocked("The registry does not start.")

    monkeypatch.setattr(registry, "start", start)
    port = registry.bring_up(theirs, [registry.LOOPBACK], None, quiet)
    taken = others[0].getsockname()[1]
    others[0].close()
    assert port != taken
    assert state.remembered()["port"] == port


def test_a_registry_that_does_not_start_on_a_free_port_is_blocked(
    theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another port would be no help."""
    tried: list[int] = []

    def start(_programs: Path, port: int, _addresses: list[str]) -> None:
        tried.append(port)
        raise Blocked("The registry does not start.")

    monkeypatch.setattr(registry, "start", start)
    with pytest.raises(Blocked):
        registry.bring_up(theirs, [registry.LOOPBACK], None, quiet)
    assert len(tried) == 1
