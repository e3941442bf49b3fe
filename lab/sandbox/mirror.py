"""Where this machine's own distribution gets its packages: read from apt's configuration, never a literal."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.errors import Blocked

HOST = "host"  # the suite name that stands for the machine's own release
_KEYRINGS = Path("/usr/share/keyrings")
_CARRIED = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Max-FutureTime")


@dataclass(frozen=True)
class Mirror:
    """One archive: distribution ("debian" or "ubuntu"), release code name, address, components, keyring."""

    distribution: str
    codename: str
    uri: str
    components: tuple[str, ...]
    keyring: Path

    def suite(self, wanted: str) -> str:
        """The suite that `wanted` means here. Ubuntu's archive has no Debian suites: its own stands in."""
        return self.codename if wanted == HOST or self.distribution != "debian" else wanted


def host_mirror() -> Mirror:
    """The mirror of this machine's own distribution. Raises Blocked where there is none that can be read."""
    distribution, codename = _release()
    # Says what the next update would ask for: also on a machine where there was none yet.
    uri = pick(run(["apt-get", "--print-uris", "update"]), distribution, codename)
    if uri is None:
        raise Blocked(
            f"apt on this machine names no {distribution} mirror for {codename!r}.",
            "Look at /etc/apt/sources.list.d, or install Docker yourself and run `lab up` again.",
        )
    components = ("main", "universe") if distribution == "ubuntu" else ("main",)
    return Mirror(distribution, codename, uri, components, _keyring(distribution))


def pick(told: str, distribution: str, codename: str) -> str | None:
    """The address of the distribution's main archive out of what `apt-get --print-uris update` prints.

    Updates and security are `codename-…`. Other people's archives may have the same names, but not the same path.
    """
    suites = "|".join(map(re.escape, (codename, "stable", "oldstable", "testing")))
    lines = re.findall(rf"^'(\S+?)/*/dists/(?:{suites})/main/binary-[^']*'", told, re.MULTILINE)
    found = [uri for uri in lines if "security" not in uri]
    return next((uri for uri in found if uri.endswith(f"/{distribution}")), next(iter(found), None))


def host_architecture() -> str:
    """Debian's name of this machine's architecture, such as `amd64`."""
    return run(["dpkg", "--print-architecture"]).strip()


def carried_settings() -> list[str]:
    """Lines of this machine's apt configuration that the lab's must repeat: proxies, dates, time limits."""
    lines = run(["apt-config", "dump"]).splitlines()
    return [line for line in lines if line.startswith(_CARRIED) and not line.endswith('"";')]


def frozen() -> bool:
    """Whether the machine's own sources say that an archive's age does not matter (it is frozen in time)."""
    files = [*Path("/etc/apt").glob("sources.list"), *Path("/etc/apt/sources.list.d").glob("*.*")]
    says = ("check-valid-until=no", "check-valid-until: no")
    return any(word in file.read_text(errors="replace").lower() for file in files for word in says)


def run(command: list[str], *, timeout: float = 60) -> str:
    """Standard output of one of apt's or dpkg's tools. Raises Blocked with the tool's own first complaint."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except FileNotFoundError as error:
        raise Blocked(f"This machine has no {command[0]!r}.", "Install Docker yourself, then run `lab up`.") from error
    except subprocess.TimeoutExpired as error:
        raise Blocked(f"{command[0]!r} did not end within {timeout:.0f} s.", "Try `lab up` again.") from error
    if done.returncode:
        raise Blocked(f"{command[0]!r} failed: {complaint(done.stderr)}", "Fix that, then run `lab up` again.")
    return done.stdout


def complaint(stderr: str) -> str:
    """The line that matters in what apt or dpkg printed."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("E:").strip() for line in lines if line.startswith("E:")]
    return (errors or lines or ["no reason given"])[0]


def distribution() -> str:
    """This machine's distribution, "debian" or "ubuntu". Raises Blocked on any other."""
    return _release()[0]


def _release() -> tuple[str, str]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    distribution = release.get("ID", "")
    if distribution not in {"debian", "ubuntu"} or not shutil.which("apt-get"):
        raise Blocked(
            f"An engine can be unpacked on Debian and Ubuntu only; this is {distribution or 'unknown'!r}.",
            "Install Docker yourself, then run `lab up` again.",
        )
    return distribution, release.get("VERSION_CODENAME", "")


def _keyring(distribution: str) -> Path:
    found = sorted(_KEYRINGS.glob(f"{distribution}-archive-keyring.*"))
    if not found:
        raise Blocked(
            f"The keys of the {distribution} archive are missing.",
            f"Install the package {distribution}-archive-keyring (Ubuntu: ubuntu-keyring).",
        )
    return found[0]
