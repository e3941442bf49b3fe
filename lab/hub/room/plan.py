"""What a room is made of, as the hub tells it to the process that makes it: plain values, in one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HOME = Path("/learner")  # in the room: the learner's own disk
CACHE = Path("/cache")  # in the room: the lab's downloads, shared by all rooms; what one changes, only that one sees
DOORS = Path("/doors")  # in the room: the sockets that lead out of it
SERVING = "* Starting JupyterLab"  # what a room says when all in it is ready but its server
FIRST = "first"  # the group of version 2 that the room's first processes are in
MANY = 65536  # users that a room has, from its first one on


@dataclass(frozen=True)
class Plan:
    """One room.

    `users` is the machine's user that is root in it, the first of `MANY`. `disk` is the image of the learner's disk,
    `shown` are folders of the machine to show at the same place, for reading; `cached` those of the lab's cache.
    `groups` are its control groups, by the place of their hierarchy in /sys/fs/cgroup ("memory"; "" for version 2).
    `doors` is a folder of sockets; `out` says which of them answers at which port of the room's own loopback.
    `into` is the file descriptor of a listening socket, whose callers are led to `port`. `command` is what runs in
    it, with `environment`.
    """

    users: int
    name: str
    disk: str
    shown: Sequence[str]
    cached: Sequence[str]
    groups: Mapping[str, str]
    doors: str
    out: Mapping[str, int]
    into: int
    port: int
    command: Sequence[str]
    environment: Mapping[str, str]

    def to_line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Plan:
        """Read what `to_line` made."""
        return cls(**json.loads(line))
