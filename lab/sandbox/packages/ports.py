"""Where Ubuntu keeps the packages of processors that this machine's mirror has none for.

Debian's mirrors have all of them. Ubuntu's are in two archives; which is where stands in a list of Ubuntu's own, which
is on the machine or comes in a package of it: it is not written down here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lab.errors import Blocked
from lab.sandbox.packages import mirror

LIST = Path("/usr/share/python-apt/templates/Ubuntu.info")
PACKAGE = "python-apt-common"


def archive(host: mirror.Mirror, architecture: str, listed: Callable[[], str]) -> mirror.Mirror:
    """The archive that has packages of `architecture`: the machine's mirror `host`, or Ubuntu's other one.

    `listed` gives Ubuntu's list, where it is needed. Raises Blocked where there is none to be found.
    """
    if host.distribution != "ubuntu" or architecture == mirror.host_architecture():
        return host
    addresses = read(listed())
    wanted = addresses.get(architecture) or addresses.get("")
    if wanted is None:
        raise Blocked(f"Ubuntu's list of archives names none for {architecture}.", "Install Docker yourself.")
    same = wanted == (addresses.get(mirror.host_architecture()) or addresses.get(""))
    return host if same else replace(host, uri=wanted)


def read(text: str) -> dict[str, str]:
    """Address by architecture ("" for all others) in the first kind of binary archive of such a list."""
    for stanza in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        if fields.get("RepositoryType") == "deb" and "BaseURI" in fields:
            named = {
                key.removeprefix("BaseURI"): uri.strip() for key, uri in fields.items() if key.startswith("BaseURI")
            }
            return {key.removeprefix("-"): uri for key, uri in named.items()}
    return {}
