"""What a node reads when it starts, and the keys that open it: one folder a node, as `/etc/buildkit` of its machine.

The authority that signs is made with the keys, and nobody keeps its own: there is one for the node that asks for keys,
one for whoever may connect, and no other one can be had.
"""

from __future__ import annotations

from pathlib import Path

from lab import paths
from lab.sandbox import certificates, state
from lab.sandbox.model import NODES
from lab.storage import write_text

PLACE = "/etc/buildkit"  # where the node itself has the folder
CLIENT = "client"
FILE = "buildkitd.toml"
_HEAD = """\
# Read by {name} when it starts: `lab nodes restart {name}`. On a machine of its own, this is {place}/{file}.
"""


def folder(name: str = "") -> Path:
    """The folder of that node, of the client, or (without a name) of all."""
    return paths.sandbox() / "nodes" / name


def file(name: str) -> Path:
    """The settings of that node."""
    return folder(name) / FILE


def text(name: str, sections: str | None = None) -> str:
    """A node's settings; `sections` stand there in place of those that make the lab's registry known."""
    head = _HEAD.format(name=name, place=PLACE, file=FILE)
    return f"{head}\n{own_sections() if sections is None else sections}"


def write(name: str, sections: str | None = None) -> None:
    """Write a node's settings anew (see `text`)."""
    write_text(file(name), text(name, sections))


def read(name: str) -> str:
    """What stands in a node's settings; empty where they cannot be read."""
    try:
        return file(name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def written(name: str) -> float:
    """When they were written last, in seconds since 1970; 0 where there are none."""
    try:
        return file(name).stat().st_mtime
    except OSError:
        return 0.0


def own_sections() -> str:
    """What makes the lab's registry known to BuildKit."""
    from lab.sandbox.engine import config

    now = state.read()
    port, address = (now.port, now.address) if now else (None, None)
    return "\n".join(config.registries(port, address, f"{PLACE}/registry.pem"))


def ensure() -> None:
    """Make what is missing of all nodes: settings, the registry's authority, keys. What is there stays."""
    for name in NODES:
        if not file(name).is_file():
            write(name)
        if certificates.authority().is_file():
            write_text(folder(name) / "registry.pem", certificates.authority().read_text(encoding="ascii"))
    if not all((_keys(name) / "key.pem").is_file() for name in (*NODES, CLIENT)):
        _make_keys()


def _make_keys() -> None:
    import trustme

    ca = trustme.CA(organization_name="multiplatform-lab nodes")
    for place, name in enumerate((*NODES, CLIENT), 1):
        made = ca.issue_cert(CLIENT if name == CLIENT else state.node_address(place))
        write_text(_keys(name) / "ca.pem", ca.cert_pem.bytes().decode())
        write_text(_keys(name) / "cert.pem", made.cert_chain_pems[0].bytes().decode())
        write_text(_keys(name) / "key.pem", made.private_key_pem.bytes().decode())


def _keys(name: str) -> Path:
    return folder(CLIENT) if name == CLIENT else folder(name) / "tls"
