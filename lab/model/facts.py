"""Facts: plain frozen values that a probe brings back. They know nothing of how they were found.

Each carries its evidence, the exact command (or request) and its raw answer, so that a learner can ask "says who?".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from lab.errors import BadInput
from lab.model.platforms import Platform

ATTESTATION = "vnd.docker.reference.type"
REFERS_TO = "vnd.docker.reference.digest"


@dataclass(frozen=True)
class Evidence:
    """What was asked, word for word, and what came back."""

    asked: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that is so, and the evidence for it."""

    evidence: tuple[Evidence, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Machine(Fact):
    """The computer that the notebook runs on. `name` is what `uname -m` prints there."""

    name: str
    platform: Platform

    @property
    def linux(self) -> Platform:
        """What its containers are for: `linux/arm64` on a Mac too."""
        return Platform.of("linux", self.platform.architecture)


# The storage drivers of the store that Docker had before containerd's.
_CLASSIC = ("overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs", "aufs", "devicemapper", "windowsfilter")


def image_store(info: dict[str, Any]) -> str:
    """Which store an engine keeps its images in, by what `docker info` says: `containerd`, `classic` or `unknown`."""
    rows = info.get("DriverStatus")
    pairs = [row for row in rows if isinstance(row, list) and len(row) == 2] if isinstance(rows, list) else []
    kind = next((str(value) for name, value in pairs if name == "driver-type"), "")
    if not kind and info.get("Driver") in _CLASSIC:
        return "classic"
    return "containerd" if kind.startswith("io.containerd") else "unknown"


@dataclass(frozen=True, kw_only=True)
class Engine(Fact):
    """A Docker engine. `store` is `containerd`, `classic` or `unknown`; `platform` is where its containers run."""

    version: str
    platform: Platform
    store: str
    name: str = ""

    @classmethod
    def from_json(cls, info: dict[str, Any], evidence: tuple[Evidence, ...] = ()) -> Engine:
        """Read what `docker info --format '{{json .}}'` answers."""
        return cls(
            version=_text(info, "ServerVersion"),
            platform=Platform.of(_text(info, "OSType"), _text(info, "Architecture")),
            store=image_store(info),
            name=str(info.get("OperatingSystem", "")),
            evidence=evidence,
        )


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One row of an index: a platform's manifest, or an attestation (then `platform` is unknown/unknown).

    `written` is the platform as it stands there, before it was normalised: `linux/arm64/v8`, `linux/arm`. `os_version`
    is what rows for Windows name beside it (`10.0.20348.1`).
    """

    digest: str
    platform: Platform | None
    media_type: str = ""
    size: int = 0
    annotations: tuple[tuple[str, str], ...] = ()
    written: str = ""
    os_version: str = ""

    @property
    def is_attestation(self) -> bool:
        """Build attestations say how an image was made; nothing runs from them."""
        return ATTESTATION in dict(self.annotations)

    @property
    def about(self) -> str:
        """The digest of the image that an attestation is about; "" where the row says nothing of it."""
        return dict(self.annotations).get(REFERS_TO, "")

    @classmethod
    def from_json(cls, data: Any) -> Manifest:
        """Read one entry of an index's `manifests`."""
        if not isinstance(data, dict):
            raise BadInput(f"An index holds {data!r} where a manifest should be.")
        given = data.get("platform")
        platform, written, version = None, "", ""
        if isinstance(given, dict):
            version = str(given.get("os.version") or "")
            parts = [str(given.get(part) or "") for part in ("os", "architecture", "variant")]
            platform, written = Platform.of(*parts), "/".join(filter(None, parts))
        return cls(
            digest=_text(data, "digest"),
            platform=platform,
            media_type=str(data.get("mediaType", "")),
            size=data["size"] if isinstance(data.get("size"), int) else 0,
            annotations=annotations_of(data),
            written=written,
            os_version=version,
        )


def annotations_of(data: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The annotations of an index, of a manifest or of a row, sorted; BadInput where they are no table."""
    notes = data.get("annotations") or {}
    if not isinstance(notes, dict):
        raise BadInput(f"A manifest's annotations are {notes!r}, not a table.")
    return tuple(sorted((str(key), str(value)) for key, value in notes.items()))


@dataclass(frozen=True, kw_only=True)
class Index(Fact):
    """What a tag stands for in a registry.

    `is_index` is false where the tag is one image and no list; then `manifests` has that one image, its platform
    read from its configuration. `annotations` are the notes that the document has about itself.
    """

    reference: str
    digest: str
    media_type: str
    is_index: bool
    manifests: tuple[Manifest, ...]
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def images(self) -> tuple[Manifest, ...]:
        """The manifests that a machine can run: attestations are left out."""
        return tuple(m for m in self.manifests if not m.is_attestation)

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms on offer, normalised; attestations do not count."""
        return frozenset(m.platform for m in self.images if m.platform)

    def manifest(self, platform: Platform) -> Manifest | None:
        """The manifest for that platform, if there is one."""
        return next((m for m in self.images if m.platform == platform), None)


@dataclass(frozen=True, kw_only=True)
class Tags(Fact):
    """The tags of a repository, sorted; none where there is no such repository."""

    repository: str
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Image(Fact):
    """One platform's image: what its configuration says. `layers` are digests, lowest first.

    `env` are lines such as `PATH=/bin`; `workdir` is where its program starts; `history` are the Dockerfile's
    lines as the builder wrote them down, first one first.
    """

    reference: str
    digest: str
    platform: Platform
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    workdir: str = ""
    layers: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    created: str = ""
    history: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, config: Any, **known: Any) -> Image:
        """Read an OCI image configuration; `known` gives reference, digest, layers, evidence."""
        if not isinstance(config, dict):
            raise BadInput(f"An image's configuration is {type(config).__name__}, not a table.")
        inner = config.get("config") or {}
        if not isinstance(inner, dict) or not all(
            isinstance(inner.get(key) or (), kind)
            for key, kind in (
                ("Entrypoint", list | tuple),
                ("Cmd", list | tuple),
                ("Env", list | tuple),
                ("Labels", dict | tuple),
            )
        ):
            raise BadInput("An image's configuration is not of the form that the OCI describes.")
        return cls(
            platform=Platform.of(_text(config, "os"), _text(config, "architecture"), str(config.get("variant", ""))),
            entrypoint=tuple(map(str, inner.get("Entrypoint") or ())),
            cmd=tuple(map(str, inner.get("Cmd") or ())),
            env=tuple(map(str, inner.get("Env") or ())),
            workdir=str(inner.get("WorkingDir") or ""),
            labels=tuple(sorted((str(k), str(v)) for k, v in (inner.get("Labels") or {}).items())),
            created=str(config.get("created", "")),
            history=tuple(_history(config.get("history"))),
            **known,
        )


@dataclass(frozen=True, kw_only=True)
class Images(Fact):
    """A tag's index and the image behind each of its rows, in the same order; attestations are left out."""

    index: Index
    images: tuple[Image, ...]

    @property
    def pairs(self) -> tuple[tuple[Manifest, Image], ...]:
        """What the index says of an image, beside what the image says of itself."""
        return tuple(zip(self.index.images, self.images, strict=True))


@dataclass(frozen=True, kw_only=True)
class Binary(Fact):
    """A program's own first bytes, read.

    `kind` is `elf`, `script`, `empty`, `html`, `text`, `archive`, `pe`, `mach-o`, `wasm`, `damaged` (an ELF file
    cut short) or `unknown`. `platform` is None for what is no ELF file; of a 32-bit Arm program that does not say
    which Arm it needs, the variant is "". `interpreter` is the loader that a dynamic program asks the kernel for
    ("" for a static one), or what stands after a script's `#!`. `level` is the x86-64 level that the program says
    it needs (0 where it says nothing). `runnable` is whether it has the x bit. `needed` are the libraries that it
    asks its loader for, as far as they were read; `relocatable` is what no kernel starts as it is (`.o`, `.ko`).
    """

    path: str
    kind: str
    platform: Platform | None = None
    interpreter: str = ""
    level: int = 0
    runnable: bool = True
    needed: tuple[str, ...] = ()
    relocatable: bool = False


@dataclass(frozen=True, kw_only=True)
class Binaries(Fact):
    """One program in each platform's image of a tag.

    The platform is what the index says; the program is None where the image has no such file.
    """

    reference: str
    programs: tuple[tuple[Platform, Binary | None], ...]

    def of(self, platform: Platform) -> Binary | None:
        """The program in that platform's image."""
        return dict(self.programs).get(platform)


@dataclass(frozen=True, kw_only=True)
class Node:
    """One BuildKit of a builder. `status` is as buildx prints it: `running`, `inactive`, `stopped`, …

    `pinned` are the platforms that were set by hand when it was made (buildx marks them with a star).
    """

    name: str
    endpoint: str = ""
    status: str = ""
    buildkit: str = ""
    platforms: tuple[Platform, ...] = ()
    pinned: tuple[Platform, ...] = ()
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Builder(Fact):
    """A builder of buildx: driver, nodes, whether it is the current one, and what buildx says is wrong with it."""

    name: str
    driver: str
    nodes: tuple[Node, ...] = ()
    current: bool = False
    error: str = ""

    @property
    def platforms(self) -> frozenset[Platform]:
        """All that its nodes say they can build."""
        return frozenset(platform for node in self.nodes for platform in node.platforms)


@dataclass(frozen=True, kw_only=True)
class Tool(Fact):
    """A program and its version, as it prints it."""

    name: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Builders(Fact):
    """All builders that buildx knows, in its order."""

    known: tuple[Builder, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(builder.name for builder in self.known)

    @property
    def current(self) -> Builder | None:
        """The one that builds when none is named."""
        return next((builder for builder in self.known if builder.current), None)

    @property
    def current_name(self) -> str:
        """The current builder's name, or `none`."""
        return self.current.name if self.current else "none"

    def named(self, name: str) -> Builder | None:
        """The one of that name, if there is one."""
        return next((builder for builder in self.known if builder.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A program that was called: its name, its words as the shell gave them, and where.

    `exit_status` is None where it had not ended, or was killed.
    """

    program: str
    words: tuple[str, ...] = ()
    folder: str = ""
    exit_status: int | None = None

    @property
    def worked(self) -> bool:
        """It ended, and well."""
        return self.exit_status == 0

    def says(self, *wanted: str) -> bool:
        """Do these words stand among its words, in this order?"""
        words = iter(self.words)
        return all(word in words for word in wanted)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A container that the engine ran: the image as it was named, and how it ended (None: it has not).

    `when` is when it was created, in seconds since 1970 by the engine's clock.
    """

    image: str
    exit_status: int | None = None
    when: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Containers(Fact):
    """The containers that the engine ran while a step was tried, the first one first."""

    ran: tuple[Ran, ...] = ()

    def of(self, image: str) -> tuple[Ran, ...]:
        """Those that were started from that image, whether it was named by its tag, its digest or both."""
        return tuple(one for one in self.ran if same_image(one.image, image))


@dataclass(frozen=True, kw_only=True)
class Build:
    """A build in a builder's own record: its name there, and when it began (seconds since 1970, the engine's clock)."""

    builder: str
    name: str = ""
    when: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Builds(Fact):
    """What builders recorded. `own` is the engine's own builder, which is called like the engine's context."""

    own: str = "default"
    done: tuple[Build, ...] = ()

    def by(self, builder: str) -> tuple[Build, ...]:
        """The builds of that builder."""
        return tuple(one for one in self.done if one.builder == builder)


@dataclass(frozen=True, kw_only=True)
class Exported(Fact):
    """What one builder handed out: the digests of images and indexes, and how many of its builds worked or did not."""

    builder: str
    digests: tuple[str, ...] = ()
    worked: int = 0
    refused: int = 0


@dataclass(frozen=True, kw_only=True)
class Transcript(Fact):
    """What a learner ran in a step, what it printed and how it ended (`exit_status`; 130 when interrupted).

    `calls` are the programs that were called, in the order in which they ended. `containers` are those that the engine
    ran meanwhile, `builds` those that builders recorded (None: nobody was asked). `began` and `ended` are seconds since
    1970, by this machine's clock.
    """

    step: str
    command: str
    output: str
    exit_status: int
    seconds: float = 0.0
    started: str = ""
    began: float = 0.0
    ended: float = 0.0
    calls: tuple[Call, ...] = ()
    containers: tuple[Ran, ...] | None = None
    builds: tuple[Build, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values; the evidence is not kept."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "evidence"}
        ran = None if self.containers is None else [vars(one) for one in self.containers]
        built = None if self.builds is None else [vars(one) for one in self.builds]
        return {**values, "calls": [vars(one) for one in self.calls], "containers": ran, "builds": built}

    @classmethod
    def from_json(cls, data: Any) -> Transcript:
        """Read what `to_json` made. Raises TypeError where it is something else."""
        calls = tuple(Call(**{**one, "words": tuple(one["words"])}) for one in data.get("calls") or ())
        ran = data.get("containers")
        containers = None if ran is None else tuple(Ran(**one) for one in ran)
        built = data.get("builds")
        builds = None if built is None else tuple(Build(**one) for one in built)
        return cls(**{**data, "calls": calls, "containers": containers, "builds": builds})


def same_image(given: str, wanted: str) -> bool:
    """Do both names mean the same repository and tag? A name that gives a digest means any tag of its repository."""
    (name, tag, digest), (other, other_tag, _) = _parts(given), _parts(wanted)
    return name == other and (tag == other_tag or bool(digest))


def _parts(image: str) -> tuple[str, str, str]:
    """Repository, tag (`latest` where there is none) and digest of a name as people write it."""
    name, _, digest = image.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, "latest"
    return repository.removeprefix("docker.io/").removeprefix("library/"), tag, digest


def _history(rows: Any) -> Iterator[str]:
    """What made each layer, as far as the configuration tells: it need not, and nothing runs by it."""
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("created_by"), str):
            yield row["created_by"]


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise BadInput(f"{key!r} is missing or is no text: {value!r}.")
    return value
