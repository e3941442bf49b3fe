"""Bake files as targets: HCL by `python-hcl2`, whose tree knows each attribute's line, and JSON.

`docker buildx bake --print` says more (variables and functions are worked out), and not this: a key that bake does not
know is left out without a word, and no value has a line. Nothing is worked out here; what is not written down as it is
counts as unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.errors import BadInput
from lab.model.platforms import Platform, given, listed
from lab.model.steps import Problem
from lab.ready import lined
from lab.ready.rule import BAKE, NOTE, SLOWS, STOPS, Found, rule

KEY = "Bake passes over `platform` without a word, its key is `platforms`: only the builder's own platform is built"
LACKS = "Target `{target}` is built for {found}, not for {wanted}"
NO_VARIANT = "linux/arm without a variant is read as linux/arm/v7, which older boards cannot run"
SHARED_CACHE = (
    "Targets `{first}` and `{target}` are for different platforms and write one cache: each overwrites the other's"
)


@dataclass(frozen=True)
class Attribute:
    """What a target says under a key: the texts in it, and whether they are all that it says."""

    name: str
    line: int
    texts: tuple[str, ...] = ()
    whole: bool = True

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms among the texts."""
        found = (given(part) for text in self.texts for part in text.split(","))
        return frozenset(one for one in found if one)


@dataclass(frozen=True)
class Target:
    """One target of a bake file."""

    name: str
    line: int
    attributes: tuple[Attribute, ...] = ()

    @property
    def named_for_one(self) -> bool:
        """Does its name say that it is for one platform, as `app-arm64` does?"""
        own = self.get("platforms")
        return own is not None and any(platform.architecture in self.name for platform in own.platforms)

    def get(self, name: str) -> Attribute | None:
        """What it says under a key."""
        return next((one for one in self.attributes if one.name == name), None)


@dataclass(frozen=True)
class Bake:
    """A bake file and the platforms that are wanted."""

    path: str
    targets: tuple[Target, ...]
    wanted: tuple[Platform, ...] = ()

    @property
    def named(self) -> frozenset[Platform]:
        """All platforms in its lists."""
        lists = (target.get("platforms") for target in self.targets)
        return frozenset(platform for one in lists if one for platform in one.platforms)


def read(text: str, path: str, wanted: tuple[Platform, ...]) -> Bake:
    """Read a bake file; BadInput where it is none."""
    targets = _json(text, path) if path.endswith(".json") else _hcl(text, path)
    return Bake(path, tuple(targets), wanted)


def _json(text: str, path: str) -> Iterator[Target]:
    for name, target in lined.read(text, path).get("target").pairs:
        keys = []
        for key, value in target.pairs:
            texts = tuple(one.text for one in value.texts())
            keys.append(Attribute(key.text, key.line, texts, not any("${" in one for one in texts)))
        yield Target(name.text, name.line, tuple(keys))


def _hcl(text: str, path: str) -> list[Target]:
    import hcl2

    try:
        tree = hcl2.parses_to_tree(text if text.endswith("\n") else f"{text}\n")
        return [_target(block) for block in _parts(_body(tree), "block") if _words(block)[:1] == ["target"]]
    except Exception as error:
        # Lark has several errors of its own, none of which a person can use beyond its place.
        if (line := getattr(error, "line", None)) is None and not isinstance(error, RecursionError):
            raise
        raise BadInput(f"{path!r} is no HCL{f': line {line} cannot be read' if line else ''}.") from error


def _parts(tree: Any, name: str) -> list[Any]:
    return [one for one in tree.children if getattr(one, "data", "") == name]


def _body(tree: Any) -> Any:
    return next(iter(_parts(tree, "body")), tree)


def _words(block: Any) -> list[str]:
    """A block's type and its labels."""
    heads = [one for one in block.children if getattr(one, "data", "") in ("identifier", "string")]
    return ["".join(map(str, one.scan_values(lambda token: str(token) != '"'))) for one in heads]


def _target(block: Any) -> Target:
    attributes = []
    for one in _parts(_body(block), "attribute"):
        name = "".join(map(str, one.children[0].children))
        expression = one.children[-1]
        texts = [
            "".join(map(str, part.scan_values(lambda token: str(token) != '"')))
            for part in expression.find_data("string")
        ]
        others = any(True for kind in _WORKED_OUT for _ in expression.find_data(kind))
        attributes.append(Attribute(name, one.meta.line, tuple(texts), not others))
    return Target("".join(_words(block)[1:2]), block.meta.line, tuple(attributes))


_WORKED_OUT = ("identifier", "function_call", "interpolation", "conditional", "for_tuple_expr", "for_object_expr")


@rule(BAKE, "bake-key", STOPS, "`platform` where `platforms` is meant", "every-push")
def bake_key(bake: Bake) -> Iterator[Found]:
    """A key that bake leaves out."""
    for target in bake.targets:
        if slip := target.get("platform"):
            yield Found(slip.line, Problem(KEY))


@rule(BAKE, "bake-lacks", STOPS, "A target is not built for a platform", "multi-platform")
def bake_lacks(bake: Bake) -> Iterator[Found]:
    """A list that is written down and lacks one that is wanted."""
    for target in bake.targets:
        one = target.get("platforms")
        if target.named_for_one:
            continue
        if one and one.whole and one.platforms and (lacking := set(bake.wanted) - one.platforms):
            found = {"target": target.name, "found": listed(one.platforms), "wanted": listed(lacking)}
            yield Found(one.line, Problem(LACKS, **found))


@rule(BAKE, "bake-variant", NOTE, "An Arm of 32 bits without a variant", "true-image")
def bake_variant(bake: Bake) -> Iterator[Found]:
    """`linux/arm` alone."""
    for target in bake.targets:
        one = target.get("platforms")
        if one and "linux/arm" in one.texts:
            yield Found(one.line, Problem(NO_VARIANT))


@rule(BAKE, "bake-cache", SLOWS, "One cache for targets of different platforms", "every-push")
def bake_cache(bake: Bake) -> Iterator[Found]:
    """Two targets that write to one place."""
    seen: dict[tuple[str, ...], Target] = {}
    for target in bake.targets:
        cache, own = target.get("cache-to"), target.get("platforms")
        if not cache or not cache.whole or not own or not cache.texts:
            continue
        first = seen.setdefault(cache.texts, target)
        other = first.get("platforms")
        if first is not target and other and not other.platforms & own.platforms:
            yield Found(cache.line, Problem(SHARED_CACHE, first=first.name, target=target.name))
