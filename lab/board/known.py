"""How a teacher's machine is known in the room: by a certificate of its own, made once and kept in a folder."""

from __future__ import annotations

import ssl
from pathlib import Path

from lab.board import code
from lab.sandbox import certificates
from lab.storage import write_text


def fingerprint(folder: Path) -> str:
    """The part of a code that stands for the certificate."""
    return code.fingerprint(certificate(folder))


def certificate(folder: Path) -> bytes:
    """The server's own certificate (DER), the first in its file."""
    _, _, later = _file(folder).read_text(encoding="ascii").partition(ssl.PEM_HEADER)
    own, _, _ = later.partition(ssl.PEM_FOOTER)
    return ssl.PEM_cert_to_DER_cert(f"{ssl.PEM_HEADER}{own}{ssl.PEM_FOOTER}")


def tls(folder: Path) -> ssl.SSLContext:
    """What a server needs to be known by it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(_file(folder))
    return context


def _file(folder: Path) -> Path:
    """The key and certificate, made at the first start."""
    path = folder / "certificate.pem"
    if not path.is_file():
        write_text(path, certificates.issue("localhost")[1])
    return path
