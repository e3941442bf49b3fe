"""Ways out: what each one does, on which engines and with which tools it holds, and how its commands are filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PLACEHOLDER = re.compile(r"(?<!\{)\{(platform|arch|image|name|file|registry|builder|port|package)\}(?!\})")
_WHERE = {
    "store": "with the {} image store",
    "driver": "with the {} driver",
    "os": "on {}",
    "platform": "on {}",
    "version": "with engine {}",
}
_NAMES = {"linux": "Linux", "darwin": "a Mac", "windows": "Windows"}
_SAFE = re.compile(r"[A-Za-z0-9./][A-Za-z0-9._/:@+-]{0,199}")
# Where a cluster or an appliance runs the containers, there is no engine at hand for these.
_AT_HAND = re.compile(r"\bdocker (?:run|pull|create|image (?:ls|rm)|info|system|version|load|stop|start)\b")


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """What is known of the engine that the error came from; an empty word is "not known".

    `version` "28.5.2"; `store` "containerd" or "classic"; `driver` of the builder, "docker" or "docker-container"
    or another; `platform` of the host, "linux/amd64"; `os` where the learner sits, "linux", "darwin", "windows".
    """

    version: str = ""
    store: str = ""
    driver: str = ""
    platform: str = ""
    os: str = ""


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A way out: what it does, the commands, on which engines it holds, and for logs of which tools and hosts.

    `on` are words of the log's scene, one of which must be there; none of `off` may. `decide` replaces the entry's
    own command where the way fits, for a host on which that one cannot be typed.
    """

    say: str
    run: tuple[str, ...] = ()
    when: tuple[tuple[str, str], ...] = ()
    on: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    decide: str = ""
    decide_says: str = ""

    def holds(self, engine: EngineFacts) -> bool:
        """Whether nothing that is known of the engine speaks against it."""
        return all(getattr(engine, name) in ("", wanted) for name, wanted in self.when)

    def fits(self, scene: frozenset[str]) -> bool:
        """Whether it is of use where the log comes from."""
        if (self.on and not scene & {*self.on}) or scene & {*self.off}:
            return False
        return bool(self.on) or "remote" not in scene or not any(_AT_HAND.search(one) for one in self.run)

    def condition(self, engine: EngineFacts) -> str:
        """In words, what it needs and is not known to be so."""
        return ", ".join(
            _WHERE[name].format(_NAMES.get(wanted, wanted)) for name, wanted in self.when if not getattr(engine, name)
        )


def fill(text: str, found: Mapping[str, str]) -> str:
    """Put what a log named into a command; a name that no shell should see stays a word in capitals."""
    return _PLACEHOLDER.sub(lambda match: safe(found.get(match[1], "")) or match[1].upper(), text)


def safe(value: str) -> str:
    """The value where a learner may paste it into a shell, else nothing: logs can come from anybody."""
    value = value.rstrip(".,:;")
    return value if _SAFE.fullmatch(value) else ""
