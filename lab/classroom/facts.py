"""What `lab class check` found out about the teacher's machine and the room: plain values, nothing asked here."""

from __future__ import annotations

from dataclasses import dataclass

from lab.doctor.facts import Disk
from lab.sandbox.overview import Overview


@dataclass(frozen=True)
class Door:
    """The board's door. `taken` says why its port cannot be had ("" where it is free, or the board runs).

    `hosts` are this machine's addresses towards others, the likeliest first; `reached` those of them at which the port
    answered, asked from this machine.
    """

    port: int
    running: bool = False
    taken: str = ""
    hosts: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Memory:
    """Bytes of this machine's memory: those that programs can still have, and all."""

    free: int
    total: int


@dataclass(frozen=True)
class Tour:
    """The last tour's notebooks in `folder`: how many of how many lessons are whole, the oldest day, the engine.

    `problem` is the first thing that is wrong with them, `remedy` what helps; `days` is their age.
    """

    folder: str
    whole: int
    lessons: int
    days: int = 0
    engine: str = ""
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Kit:
    """A kit's file, read whole: Docker's names of its platforms, Pythons ("3.12"), releases ("debian:12"); bytes.

    `problem` says in a sentence why it is of no use.
    """

    file: str
    platforms: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    size: int = 0
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Room:
    """All of it.

    `behind`: by how many seconds the clock is behind a file that the lab has written already. `downloaded`: bytes of
    the packages that the lab fetched onto this machine, 0 where it fetched none.
    """

    door: Door
    box: Overview
    disks: tuple[Disk, ...]
    memory: Memory | None
    tour: Tour
    behind: float = 0.0
    learners: int | None = None
    downloaded: int = 0
    kit: Kit | None = None
