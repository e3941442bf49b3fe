"""`status`: what is up, whose it is, and what it takes on the disk; asked, not remembered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from lab import paths
from lab.errors import BadInput, Blocked
from lab.model.facts import image_store
from lab.sandbox import engine, registry, state
from lab.sandbox.buildkit.journal import BuildProgress
from lab.sandbox.cache import disk_usage
from lab.sandbox.emulators import kernel
from lab.sandbox.emulators.kernel import Handler
from lab.sandbox.golang import Progress
from lab.sandbox.host import http
from lab.sandbox.host.run import printed
from lab.sandbox.model import Code, Sandbox
from lab.sandbox.report import amount
from lab.sandbox.state import State

_BUILDS = "being built in the background: {phase}"
_BUILDS_FOR = "being built in the background: {phase}, about {left:.0f} s left"


@dataclass(frozen=True)
class Overview:
    """What is up. Where something is down, `problem` says it in a line and `remedy` what to do; sizes in bytes.

    `engine` is "private" or "learner" ("" where no sandbox is up); `store` "containerd" or "classic"; `builders` are
    the names of buildx's builders, `images` the repositories of the lab's registry.
    """

    engine: Code | Literal[""] = ""
    host: str = ""
    version: str = ""
    store: str = ""
    platform: str = ""
    registry: str = ""
    registry_answers: bool = False
    emulators: tuple[Handler, ...] = ()
    builders: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    buildkit: BuildProgress = field(default_factory=lambda: BuildProgress("none"))
    golang: Progress = field(default_factory=lambda: Progress("none"))
    sandbox_bytes: int = 0
    cache_bytes: int = 0
    problem: str = ""
    remedy: str = ""

    @property
    def exit_status(self) -> int:
        """0 where all answers, else that of Blocked."""
        return Blocked.exit_status if self.problem else 0

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "buildkit": self.buildkit.to_json(), "golang": self.golang.to_json()}

    def as_text(self) -> str:
        """One screen."""
        return "\n".join(f"{name:<10} {text}".rstrip() for name, text in self._rows())

    def _rows(self) -> Iterator[tuple[str, str]]:
        if self.problem:
            yield "Blocked", f"{self.problem} {self.remedy}"
        if self.engine:
            whose = engine.whose(self.engine)
            yield "Engine", f"{whose}, {self.version or 'does not answer'}, {self.platform} {self.host}"
            yield "Image store", self.store or "?"
            answers = "" if self.registry_answers else " (does not answer)"
            yield "Registry", f"{self.registry}{answers}"
            yield "It holds", ", ".join(self.images) or "nothing yet"
            yield "Builders", ", ".join(self.builders) or "none"
            yield "BuildKit", _progress(self.buildkit)
            if self.golang.state != "none":  # with Docker Hub's there is nothing to tell
                yield "Go", self.golang.as_text()
        yield "Emulators", ", ".join(one.name + _whose(one) for one in self.emulators) or "none"
        yield "Disk", f"sandbox {amount(self.sandbox_bytes, 'B')}, downloads {amount(self.cache_bytes, 'B')}"


def _whose(handler: Handler) -> str:
    if not handler.ours:
        return ""
    return " (the lab's)" if handler.own else " (of another lab)"


def status(*, sizes: bool = True) -> Overview:
    """What is up. Never raises for what is down: that is what it tells. The sizes mean a look at each file there is."""
    nothing = Overview(emulators=tuple(kernel.registered()))
    if sizes:
        counted: set[tuple[int, int]] = set()  # what the sandbox shares with the cache is the cache's
        cached = disk_usage(paths.cache(), counted)
        nothing = replace(nothing, cache_bytes=cached, sandbox_bytes=disk_usage(paths.sandbox(), counted))
    try:
        now = state.read()
        box = state.load()
    except (BadInput, Blocked) as error:
        return replace(nothing, problem=error.message, remedy=error.remedy)
    assert now  # noqa: S101  # `load` has read it
    with ThreadPoolExecutor() as pool:
        builders = pool.submit(_builders, box)
        about = pool.submit(_about, box)
        return _told(replace(nothing, builders=builders.result()), now, box, about.result())


def _told(found: Overview, now: State, box: Sandbox, about: dict[str, Any]) -> Overview:
    from lab.sandbox import buildkit, golang

    answers = registry.all_answer(now.port, now.address)
    problem = "" if about.get("ServerVersion") else "The engine does not answer."
    problem = problem or ("" if answers else "The lab's registry does not answer.")
    return replace(
        found,
        engine=engine.of(box.engine).code,
        host=box.engine.host,
        version=about.get("ServerVersion", ""),
        store=_store(about),
        platform=f"{about.get('OSType', '?')}/{about.get('Architecture', '?')}",
        registry=box.registry,
        registry_answers=answers,
        images=_images(now),
        buildkit=buildkit.progress(),
        golang=golang.progress(),
        problem=problem,
        remedy="`lab up` starts it again." if problem else "",
    )


def _about(box: Sandbox) -> dict[str, Any]:
    text = printed([box.engine.docker, "info", "--format", "{{json .}}"], engine.environment(box))
    data = json.loads(text or "{}")
    return data if isinstance(data, dict) else {}


def _store(about: dict[str, Any]) -> str:
    return image_store(about) if about.get("ServerVersion") else ""


def _builders(box: Sandbox) -> tuple[str, ...]:
    text = printed([box.engine.docker, "buildx", "ls", "--format", "{{json .}}"], engine.environment(box))
    names = [json.loads(line).get("Name", "") for line in text.splitlines() if line.startswith("{")]
    return tuple(dict.fromkeys(names))


def _images(now: State) -> tuple[str, ...]:
    answer = http.get(f"127.0.0.1:{now.port}", "/v2/_catalog?n=1000") if now.port else None
    if answer is None or answer.status != 200:
        return ()
    return tuple(json.loads(answer.body).get("repositories") or ())


def _progress(now: BuildProgress) -> str:
    if now.state == "building":
        text = _BUILDS if now.seconds_left is None else _BUILDS_FOR
        return text.format(phase=now.phase, left=now.seconds_left)
    if now.state == "failed":
        return f"{now.error} {now.remedy}"
    words = {"ready": "ready", "hub": "comes from Docker Hub", "none": "not needed yet"}
    return words[now.state]
