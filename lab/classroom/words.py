"""What `lab class check` says of a room: a line for each thing, with a remedy where something is off. Asks nothing."""

from __future__ import annotations

from collections.abc import Iterator

from lab.board import line as lines_of_board
from lab.board.store import MOST_LEARNERS
from lab.classroom.facts import Door, Kit, Memory, Room, Tour
from lab.doctor.words import Line, disk
from lab.sandbox.engine.daemon import NEEDED
from lab.sandbox.overview import Overview
from lab.sandbox.report import amount

# free bytes: a sandbox with JupyterLab takes a few hundred MB (docs/hub.md has figures), builds and a browser the rest
LOW_MEMORY = 1_000_000_000
OLD = 30  # days, after which a tour says little of this machine
_SLACK = 60.0  # seconds: file systems and clocks round
_LAPTOPS = ("linux/amd64", "linux/arm64")
_JOIN = "lab join {host}{port} CODE"


def lines(found: Room) -> Iterator[Line]:
    """About eight of them."""
    yield _sandbox(found.box)
    yield disk(found.disks)
    yield _memory(found.memory)
    yield _board(found.door)
    if found.door.hosts and not found.door.taken:
        yield _network(found.door)
    yield _tour(found.tour, found.box)
    yield _emulators(found.box)
    yield _clock(found.behind)
    if found.kit:
        yield _kit(found.kit)
    if found.learners is not None:
        yield from _learners(found.learners, found)


def _sandbox(box: Overview) -> Line:
    if not box.engine:
        return Line("Sandbox", "mend", box.problem, box.remedy)
    if box.problem:
        return Line("Sandbox", "blocked", box.problem, box.remedy)
    if box.buildkit.state == "failed":
        return Line("Sandbox", "mend", f"up, without BuildKit's image. {box.buildkit.error}", box.buildkit.remedy)
    if box.buildkit.state == "building":
        return Line("Sandbox", "note", "up; BuildKit's image is still being built", "`lab status` says how far it is.")
    return Line("Sandbox", "fine", f"up, engine {box.version}, {box.platform}, registry {box.registry}")


def _memory(memory: Memory | None) -> Line:
    if memory is None:
        return Line("Memory", "note", "how much there is cannot be told here")
    text = f"{amount(memory.free, 'B')} of {amount(memory.total, 'B')} free"
    if memory.free < LOW_MEMORY:
        return Line("Memory", "mend", text, f"Close programs until {amount(LOW_MEMORY, 'B')} are free.")
    return Line("Memory", "fine", text)


def _board(door: Door) -> Line:
    if door.taken:
        remedy = "Stop what uses it, or choose another one: `lab board --port N`."
        return Line("Board", "mend", f"port {door.port} cannot be used: {door.taken}", remedy)
    if not door.hosts:
        remedy = "Connect it to the room's network, then check again."
        return Line("Board", "mend", "this machine has no address that others could reach", remedy)
    tail = "" if door.port == lines_of_board.PORT else f":{door.port}"
    first, *others = door.reached or door.hosts
    more = f" (it has other addresses, too: {', '.join(others)})" if others else ""
    learners = _JOIN.format(host=first, port=tail)
    if door.running:
        return Line("Board", "fine", f"running; learners type `{learners}`{more}")
    return Line("Board", "fine", f"not running, its port {door.port} is free; learners will type `{learners}`{more}")


def _network(door: Door) -> Line:
    """What of the way to the board can be seen from here."""
    silent = [host for host in door.hosts if host not in door.reached]
    if silent and not door.reached:
        why = "the board listens elsewhere, or this machine's firewall stops it"
        remedy = "Start `lab board` without --listen, and let its port in." if door.running else "Let the port in."
        return Line("Network", "mend", f"{silent[0]} does not answer at port {door.port}: {why}", remedy)
    text = f"this machine reaches itself at {door.reached[0]}; whether the room does, only another machine can tell"
    return Line("Network", "note", text, "In the room, join from a second machine before people come.")


def _tour(tour: Tour, box: Overview) -> Line:
    if not tour.whole and not tour.problem:
        remedy = f"`lab tour --yes --output {tour.folder}` runs all lessons here."
        return Line("Lessons", "mend", f"no tour was found in {tour.folder}", remedy)
    if tour.problem:
        text = f"{tour.whole} of {tour.lessons} lessons have a whole run. {tour.problem}"
        return Line("Lessons", "mend", text, tour.remedy)
    age = "today" if not tour.days else "1 day ago" if tour.days == 1 else f"{tour.days} days ago"
    text = f"all {tour.lessons} passed {age}, on engine {tour.engine}"
    if box.version and tour.engine != box.version:
        return Line("Lessons", "note", f"{text}; this one is {box.version}", "Run `lab tour` again.")
    if tour.days > OLD:
        return Line("Lessons", "note", text, "Run `lab tour` again.")
    return Line("Lessons", "fine", text)


def _emulators(box: Overview) -> Line:
    if not box.emulators:
        remedy = "Decide with the room: `lab up --emulators`, the same for everybody."
        return Line("Emulators", "note", "none in this kernel; steps that need one are blocked", remedy)
    return Line("Emulators", "fine", ", ".join(one.name for one in box.emulators))


def _clock(behind: float) -> Line:
    if behind > _SLACK:
        text = f"{behind / 60:.0f} minutes behind a file that the lab has written"
        return Line("Clock", "mend", text, "Set the clock: package archives are refused by a clock that is wrong.")
    return Line("Clock", "fine", "not behind anything that the lab has written")


def _kit(kit: Kit) -> Line:
    if kit.problem:
        return Line("Kit", "mend", kit.problem, kit.remedy or "`lab kit make` makes another one.")
    text = (
        f"{kit.file} is sound, {amount(kit.size, 'B')}: for {', '.join(kit.platforms)}; Python {', '.join(kit.pythons)}"
    )
    text += f"; an engine for {', '.join(kit.releases)}" if kit.releases else "; no engine"
    missing = [one for one in _LAPTOPS if one not in kit.platforms]
    if missing:
        remedy = f"`lab kit make --platform {','.join(_LAPTOPS)}` makes one for both."
        return Line("Kit", "note", f"{text}. Laptops of {missing[0]} cannot use it", remedy)
    return Line("Kit", "fine", text)


def _download(count: int, found: Room) -> Line:
    kit = found.kit
    if kit and not kit.problem:
        text = f"none from the internet: a copy of the kit each, {amount(kit.size * count, 'B')} from your machine"
        return Line("Download", "fine", text)
    if found.downloaded:
        each, everybody = amount(found.downloaded, "B"), amount(found.downloaded * count, "B")
        text = f"{each} of packages each, as on this machine: {everybody} through the room's line, and Python's besides"
    else:
        text = "not known: the lab has fetched no packages onto this machine"
    return Line("Download", "note", text, "Have everybody run `lab up` the day before, elsewhere, or make a kit.")


def _learners(count: int, found: Room) -> Iterator[Line]:
    if count > MOST_LEARNERS:
        yield Line("Class", "mend", f"{count} learners; a board takes {MOST_LEARNERS}", "Split the class.")
    else:
        yield Line("Class", "fine", f"{count} learners; a board takes {MOST_LEARNERS}")
    yield _download(count, found)
    own = f", and {amount(found.box.sandbox_bytes, 'B')} here now" if found.box.sandbox_bytes else ""
    yield Line("Their disks", "note", f"{amount(NEEDED, 'B')} free are wanted for a sandbox{own}")
