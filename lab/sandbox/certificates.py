"""A certificate for the registry on the lab's bridge, by an authority of the lab's own.

Nothing of the system's trust is touched: programs of the sandbox's environment find the authority through
`SSL_CERT_FILE`, builders through their own settings.
"""

from __future__ import annotations

import os
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
    """Make what is missing. A new address gets a new authority: nobody knows the old one any more."""
    if server(address).exists() and authority().exists() and bundle().exists():
        return
    import trustme

    ca = trustme.CA(organization_name="multiplatform-lab")
    made = ca.issue_cert(address, "localhost")
    known = _trusted_before()
    write_text(authority(), ca.cert_pem.bytes().decode())
    write_text(bundle(), known + ca.cert_pem.bytes().decode())
    write_text(server(address), made.private_key_and_cert_chain_pem.bytes().decode())


def _trusted_before() -> str:
    chosen = os.environ.get("SSL_CERT_FILE", "")
    for name in (chosen, *_SYSTEM):
        path = Path(name)
        if name and path != bundle() and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            return text if text.endswith("\n") else f"{text}\n"
    return ""


def _folder() -> Path:
    return paths.sandbox() / "certificates"
