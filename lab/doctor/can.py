"""What a machine can build, worked out from a checkup: facts in, abilities out, nothing asked.

Any BuildKit can COPY and cross-compile for every platform. What differs is where a RUN step's program runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lab.doctor.facts import Checkup, Trouble
from lab.facts import Builder, Engine, Node
from lab.platforms import Platform

COMMON = tuple(
    Platform.parse(name)
    for name in (
        "linux/amd64", "linux/arm64", "linux/arm/v7", "linux/riscv64", "linux/s390x", "linux/ppc64le", "linux/386",
    )
)  # fmt: skip
_LAB_BRINGS = ("arm64", "arm", "riscv64", "amd64")  # with `lab up --emulators`
Way = Literal["native", "emulated", "bundled", "unsure", "unlisted", "no"]
_ORDER: tuple[Way, ...] = ("native", "emulated", "bundled", "unsure", "unlisted", "no")
_CANNOT = ("unlisted", "no")

_HELD = "yes; with RUN steps: yes, slowly, by an emulator in the BuildKit image of {builder}"
_TOLD = "yes; with RUN steps: yes according to {builder}, but it could not be tried"
_IF_HELD = (
    "yes without RUN steps (COPY, cross-compilation); with RUN steps: only if the BuildKit image of {builder} holds an "
    "emulator for it: {why}"
)
_NOT = "yes without RUN steps (COPY, cross-compilation); with RUN steps: no, {why}"
# (where no other builder is better, where one is)
_SENTENCES: dict[Way, tuple[str, str]] = {
    "native": ("yes, by {builder} itself; with RUN steps: yes, at full speed",) * 2,
    "emulated": (
        "yes, emulated by {builder}; with RUN steps: yes, slowly",
        "yes, emulated by {builder}; with RUN steps: yes, slowly (natively: --builder {better})",
    ),
    "bundled": (_HELD, _HELD + " (natively: --builder {better})"),
    "unsure": (_TOLD, _TOLD + " (natively: --builder {better})"),
    "unlisted": (_IF_HELD, _IF_HELD + "; yes with --builder {better}"),
    "no": (_NOT, _NOT + "; yes with --builder {better}"),
}
_STALE = "nothing here runs its programs, though {builder} still lists it"


@dataclass(frozen=True)
class Ability:
    """How RUN steps for `platform` fare on `builder`.

    Natively, by an emulator of the kernel's, by one that is bundled in the builder's BuildKit image, or not at all;
    "unsure": it lists the platform and nobody could try; "unlisted": it does not, and its image was not looked into.
    `better` names another builder that does natively what this one emulates or cannot. `why` says why not.
    """

    platform: Platform
    way: Way
    builder: str
    better: str = ""
    why: str = ""
    remedy: str = ""


def abilities(found: Checkup) -> tuple[Ability, ...]:
    """One for each common platform, this machine's first; none where there is no builder to ask about."""
    if isinstance(found.builders, Trouble) or not found.builders:
        return ()
    order = sorted(COMMON, key=lambda platform: platform.architecture != found.native)
    return tuple(_ability(found, found.builders, platform) for platform in order)


def _ability(found: Checkup, builders: tuple[Builder, ...], platform: Platform) -> Ability:
    current = found.current or builders[0]
    ways = {builder.name: way(found, builder, platform) for builder in [current, *builders]}
    own = ways[current.name]
    best = min(ways, key=lambda name: _ORDER.index(ways[name]))
    better = best if own != "native" == ways[best] or (own in _CANNOT and ways[best] not in _CANNOT) else ""
    why, remedy = _why_not(found, current, platform) if own in _CANNOT else ("", "")
    return Ability(platform, own, current.name, better, why, remedy)


def way(found: Checkup, builder: Builder, platform: Platform) -> Way:
    """The best that any of a builder's nodes offers for that platform."""
    return min((_on(found, builder, node, platform) for node in builder.nodes), key=_ORDER.index, default="no")


def _on(found: Checkup, builder: Builder, node: Node, platform: Platform) -> Way:
    if node.error:
        return "no"
    if found.is_here(builder, node.endpoint):
        tried = "native" if platform.architecture == found.native else _here(found, node, platform)
        return _inside(found, node, platform) if tried == "no" and builder.driver != "docker" else tried
    if platform in node.pinned:
        return "unsure"
    if platform not in node.platforms:
        return "unlisted"
    return "native" if platform.architecture == node.platforms[0].architecture else "emulated"


def _here(found: Checkup, node: Node, platform: Platform) -> Way:
    """On the engine that was asked, what was tried counts for more than what the node lists."""
    result = found.trial(platform.architecture).result
    if result == "untried":
        return "unsure" if platform in node.platforms else "no"
    if result != "ran":
        return "no"
    # Where no emulator is registered for it, the processor runs its relative's programs by itself.
    alone = found.local and found.seen and platform.architecture not in {one.architecture for one in found.emulators}
    return "native" if alone else "emulated"


def _inside(found: Checkup, node: Node, platform: Platform) -> Way:
    """Where nothing of the machine runs it, an emulator in the node's own BuildKit image may."""
    held = found.inside(node.name)
    if held is None:
        return "unlisted"
    return "bundled" if platform.architecture in held else "no"


def _why_not(found: Checkup, builder: Builder, platform: Platform) -> tuple[str, str]:
    if any(node.error for node in builder.nodes):
        return f"{builder.name} does not answer", f"`docker buildx inspect {builder.name}` says why."
    if not any(found.is_here(builder, node.endpoint) for node in builder.nodes):
        return f"{builder.name} does not list it", "Add a node that has it, or emulators on its machine."
    trial = found.trial(platform.architecture)
    if any(one.architecture == platform.architecture for one in found.emulators):
        return f"its emulator does not work ({trial.said})", ""  # the line about emulators has the remedy
    listed = any(platform in node.platforms for node in builder.nodes)
    why = _STALE.format(builder=builder.name) if listed else "nothing here runs its programs"
    return why, emulator_from(found, platform.architecture)


def emulator_from(found: Checkup, architecture: str) -> str:
    """How an emulator comes onto the engine's machine; `{names}` stands for the architectures."""
    if architecture in _LAB_BRINGS and found.local:
        return "`lab up --emulators` registers emulators."
    return "`docker run --privileged --rm tonistiigi/binfmt --install {names}` registers emulators."


def several(found: Checkup) -> tuple[bool, str, str] | None:
    """Whether one build may have several platforms: yes or no, in words, what helps. None: nobody can tell."""
    current = found.current
    if current is None or not isinstance(found.engine, Engine):
        return None
    classic = found.engine.store == "classic"
    if current.driver == "docker" and classic:
        said = f"no, {current.name} keeps one platform under a tag (classic image store)"
        return False, said, "`docker buildx create --use` makes a builder that can, with --push."
    if current.driver == "docker":
        return True, "yes, kept in the engine under one tag, or with --push", ""
    return True, "yes, with --push" if classic else "yes, with --push or --load", ""


def sentences(able: tuple[Ability, ...]) -> Iterator[tuple[tuple[Platform, ...], str, str]]:
    """(platforms, sentence, remedy): platforms of which the same is to be said stand together."""
    said: dict[tuple[str, str], list[Platform]] = {}
    for one in able:
        said.setdefault((sentence(one), one.remedy), []).append(one.platform)
    for (words, remedy), platforms in said.items():
        yield tuple(platforms), words, remedy.format(names=",".join(one.architecture for one in platforms))


def sentence(one: Ability) -> str:
    """What is to be said of a platform, without its name."""
    alone, beside = _SENTENCES[one.way]
    return (beside if one.better else alone).format(builder=one.builder, better=one.better, why=one.why)
