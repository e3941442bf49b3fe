"""A certificate for the registry on the lab's bridge, by an authority of the lab's own.

Nothing of the system's trust is touched: programs of the sandbox's environment find the authority through
`SSL_CERT_FILE`, builders through their own settings.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from lab import paths
from lab.storage import write_text

# Where Go, and so Docker, looks for the system's authorities.
_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
)


def authority() -> Path:
    """The authority's certificate."""
    return _folder() / "ca.pem"


def bundle() -> Path:
    """What the environment trusted before, and the lab's authority: what `SSL_CERT_FILE` names in the sandbox."""
    return _folder() / "bundle.pem"


def server(address: str) -> Path:
    """The key and certificate of the registry on `address`, in one file that only its owner can read."""
    return _folder() / f"registry-{address}.pem"


def ensure(address: str) -> None:
    """Make what is missing or damaged, and copy anew what the environment trusts beside the lab.

    A new address gets a new authority, whose key nobody keeps. What is whole stays: builders that were created
    trust that very authority. Certificates are good for centuries, so that no jump of the clock matters.
    """
    if not _fit(address):
        shutil.rmtree(_folder(), ignore_errors=True)
        trusted, pair = issue(address, "localhost")
        write_text(authority(), trusted)
        write_text(server(address), pair)
    if not (_inside() and bundle().is_file()):
        write_text(bundle(), _trusted_before() + authority().read_text(encoding="ascii"))


def of_the_system() -> str:
    """The authorities of the machine itself, as PEM, whatever `SSL_CERT_FILE` says; "" where it has none.

    This is what an image may hold: it is kept for all sandboxes, and the authority of none of them belongs in it.
    """
    return next(_texts(_SYSTEM), "")


def issue(*names: str) -> tuple[str, str]:
    """A new authority's certificate, and the key and certificate of a server of these names, each as PEM."""
    import trustme

    ca = trustme.CA(organization_name="multiplatform-lab")
    made = ca.issue_cert(*names)
    return ca.cert_pem.bytes().decode(), made.private_key_and_cert_chain_pem.bytes().decode()


def _fit(address: str) -> bool:
    """Whether the authority and the registry's pair are there, whole, and as long as this address has had them."""
    import ssl

    try:
        trusting = ssl.create_default_context(cafile=str(authority()))
        trusting.load_cert_chain(server(address))
    except (OSError, ValueError):
        return False
    return True


def _inside() -> bool:
    """Whether this is the sandbox's own environment, where what was trusted before stands in the bundle alone."""
    return os.environ.get("SSL_CERT_FILE") == str(bundle())


def _trusted_before() -> str:
    chosen = [] if _inside() else [os.environ.get("SSL_CERT_FILE", "")]
    return next(_texts(filter(None, (*chosen, *_SYSTEM))), "")


def _texts(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        try:
            text = Path(name).read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            continue
        yield text if text.endswith("\n") else f"{text}\n"


def _folder() -> Path:
    return paths.sandbox() / "certificates"
