"""Docker's own logins: `config.json`, credential helpers, and the tokens that registries hand out for them.

Nothing of a login goes into a message, into evidence or into a log. The challenge is parsed here, because the standard
library's `parse_keqv_list` raises at a word without a value, and keeps the blanks around a `=`. Sources: the
credential helpers' protocol (https://github.com/docker/docker-credential-helpers, "Development"); the token
specification (https://distribution.github.io/distribution/spec/auth/token/); RFC 9110, section 11.6.1.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import Blocked

if TYPE_CHECKING:
    from collections.abc import Mapping

_HUB_KEY = "https://index.docker.io/v1/"
_HELPER_LIMIT = 15.0
_PARAMETER = re.compile(r'([a-zA-Z_]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


@dataclass(frozen=True)
class Login:
    """A name and a password, or an identity token in their place."""

    name: str = ""
    secret: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The value of an `Authorization` header."""
        return "Basic " + base64.b64encode(f"{self.name}:{self.secret}".encode()).decode()


@dataclass(frozen=True)
class Challenge:
    """What a registry asks for when it says 401."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""

    @classmethod
    def parse(cls, header: str) -> Challenge:
        """Read a `WWW-Authenticate` header."""
        scheme, _, rest = header.strip().partition(" ")
        given = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(rest)}
        return cls(scheme.lower(), given.get("realm", ""), given.get("service", ""), given.get("scope", ""))


def login_for(host: str, env: Mapping[str, str]) -> Login | None:
    """The login that Docker would use for that registry; None where there is none.

    Raises Blocked where Docker's configuration or a helper cannot be read.
    """
    config = _config(env)
    keys = _keys(host)
    for key in keys:
        if helper := (config.get("credHelpers") or {}).get(key):
            return _from_helper(helper, key, env)
    if store := config.get("credsStore"):
        found = next((login for key in keys[:2] if (login := _from_helper(store, key, env))), None)
        if found:
            return found
    auths = config.get("auths") or {}
    return next((login for key in keys if (login := _from_entry(auths.get(key)))), None)


def _keys(host: str) -> tuple[str, ...]:
    if host == "docker.io":
        return (_HUB_KEY, "docker.io", "index.docker.io", "https://index.docker.io")
    return (host, f"https://{host}", f"https://{host}/", f"https://{host}/v1/", f"https://{host}/v2/", f"http://{host}")


def _config(env: Mapping[str, str]) -> dict[str, Any]:
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    place = Path(env.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    try:
        data = json.loads(place.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Blocked(f"Docker's configuration {str(place)!r} cannot be read.", "Fix it, or log in again.") from error
    tables = ("auths", "credHelpers")
    if not isinstance(data, dict) or not all(isinstance(data.get(key) or {}, dict) for key in tables):
        raise Blocked(
            f"Docker's configuration {str(place)!r} does not have the form that Docker writes.", "Log in again."
        )
    return data


def _from_entry(entry: Any) -> Login | None:
    if not isinstance(entry, dict):
        return None
    if token := entry.get("identitytoken"):
        return Login(identity_token=str(token))
    try:
        name, _, secret = base64.b64decode(str(entry.get("auth") or "")).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, secret = name or str(entry.get("username") or ""), secret or str(entry.get("password") or "")
    return Login(name, secret.rstrip("\0")) if name and secret else None


def _from_helper(helper: Any, key: str, env: Mapping[str, str]) -> Login | None:
    program = f"docker-credential-{helper}"
    if not re.fullmatch(r"[A-Za-z0-9._-]+", str(helper)):
        raise Blocked(
            f"Docker's configuration names the credential helper {helper!r}.", "That is not the name of a program."
        )
    try:
        done = subprocess.run(
            [program, "get"], input=key.encode(), capture_output=True, timeout=_HELPER_LIMIT, check=False, env=dict(env)
        )
    except subprocess.TimeoutExpired:
        raise Blocked(
            f"The credential helper {program!r} gave no answer.", "It may be waiting for an answer in another window."
        ) from None
    except OSError as error:
        raise Blocked(f"The credential helper {program!r} cannot be run: {error.strerror}.", "Install it.") from error
    if done.returncode:
        return None
    try:
        data = json.loads(done.stdout)
        name, secret = str(data["Username"]), str(data["Secret"])
    except (ValueError, KeyError, TypeError):
        # Not chained: what it printed may hold the secret.
        raise Blocked(
            f"The credential helper {program!r} gave an answer that cannot be used.", "Log in again."
        ) from None
    return Login(identity_token=secret) if name == "<token>" else Login(name, secret)
