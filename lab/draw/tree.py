"""What a tag is made of: the index, its manifests, their configurations and layers, drawn with what they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.draw.parts import Blob, images_by_digest, parts, subject
from lab.draw.svg import BLUE, GREEN, GREY, ORANGE, Canvas, amount, fit
from lab.events.read import clean
from lab.model.digests import digits
from lab.model.facts import Image, Index, Manifest
from lab.model.picture import Picture

_ROWS, _BLOBS = 12, 36
_TALL, _STEP = 34.0, 40.0
_HIGH = 48.0  # three lines
_COLUMNS = ((2.0, 100.0), (132.0, 130.0), (298.0, 180.0))


@dataclass(frozen=True)
class _Row:
    """One image of the index: its platform, its manifest, and as many of its parts as are shown."""

    platform: str
    manifest: Manifest
    config: Blob | None
    layers: tuple[Blob, ...]
    hidden: int

    @property
    def blobs(self) -> tuple[tuple[str, Blob], ...]:
        """Its parts with what they are called."""
        config = (("config", self.config),) if self.config else ()
        return (*config, *((f"layer {n}", blob) for n, blob in enumerate(self.layers, 1)))


def tree(index: Index, images: Sequence[Image]) -> Picture:
    """Index → manifests → configuration and layers; at most 12 platforms and three dozen parts are drawn."""
    rows = list(_rows(index, images))
    owners = _owners(rows)
    kind = "an index of" if index.is_index else "one image, no index:"
    title = f"{clean(index.reference)}: {kind} {_few([row.platform for row in rows], 4) or 'nothing that runs'}"
    notes = [f"{len(index.images) - _ROWS} more platforms are left out."] if len(index.images) > _ROWS else []
    text = "\n".join([*_text(index, rows, owners), *notes])
    return _draw(index, rows, owners, title, text)


def _rows(index: Index, images: Sequence[Image]) -> Iterator[_Row]:
    known = images_by_digest(images)
    shown = index.images[:_ROWS]
    most = max(1, _BLOBS // max(1, len(shown)) - 1)
    for manifest in shown:
        image = known.get(manifest.digest)
        platform = manifest.platform or (image.platform if image else None)
        made_of = parts(image) if image else None
        layers = made_of.layers if made_of else ()
        yield _Row(
            platform=clean(str(platform)) if platform else "platform not said",
            manifest=manifest,
            config=made_of.config if made_of else None,
            layers=layers[:most],
            hidden=max(0, len(layers) - most),
        )


def _owners(rows: list[_Row]) -> dict[str, list[str]]:
    """Each part's digest → the platforms whose image has it, once each."""
    owners: dict[str, dict[str, None]] = {}
    for row in rows:
        for _, blob in row.blobs:
            owners.setdefault(blob.digest, {})[row.platform] = None
    return {digest: list(platforms) for digest, platforms in owners.items()}


def _about(blob: Blob) -> str:
    return digits(clean(blob.digest)) + ("" if blob.size is None else f"  {amount(blob.size)}")


def _attestations(index: Index) -> list[tuple[Manifest, str]]:
    rows = [row for row in index.manifests if row.is_attestation][:_ROWS]
    return [(row, clean(subject(row, index))) for row in rows]


def _text(index: Index, rows: list[_Row], owners: dict[str, list[str]]) -> Iterator[str]:
    indent = ""
    if index.is_index:
        yield f"index {digits(index.digest)}  {clean(index.reference)}"
        indent = "  "
    for row in rows:
        size = f"  {amount(row.manifest.size)}" if row.manifest.size else ""
        yield f"{indent}manifest {digits(clean(row.manifest.digest))}{size}  {row.platform}"
        for name, blob in row.blobs:
            others = [platform for platform in owners[blob.digest] if platform != row.platform]
            shared = f"  shared with {_few(others)}" if others else ""
            yield f"{indent}  {name:<8} {_about(blob):<22}{shared}".rstrip()
        if row.hidden:
            yield f"{indent}  and {row.hidden} more layers"
    for manifest, of in _attestations(index):
        size = f"  {amount(manifest.size)}" if manifest.size else ""
        yield f"{indent}attestation {digits(clean(manifest.digest))}{size}  for {of}; nothing runs from it"


def _few(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _draw(index: Index, rows: list[_Row], owners: dict[str, list[str]], title: str, text: str) -> Picture:
    canvas = Canvas(text)
    heads = ("index", "manifests", "configuration, layers")
    for (x, _), head in zip(_COLUMNS, heads, strict=True):
        if head != "index" or index.is_index:
            canvas.text(x, 12, head, size=12, bold=True)
    middles, y = _images(canvas, rows, owners)
    for manifest, of in _attestations(index):
        middles.append((y + _HIGH / 2, True))
        _attestation(canvas, y, f"for {of}", digits(clean(manifest.digest)))
        y += _HIGH + _STEP - _TALL
    if index.is_index and middles:
        first, last = middles[0][0], middles[-1][0]
        top = (first + last) / 2 - _TALL / 2
        _two_lines(canvas, 0, top, ("index", digits(clean(index.digest))))
        _links(canvas, top + _TALL / 2, middles)
    return canvas.picture(title, text, y + 2)


def _attestation(canvas: Canvas, y: float, of: str, digest: str) -> None:
    """A manifest among the manifests, its digest inside: it is neither a configuration nor a layer."""
    x, width = _COLUMNS[1]
    canvas.box(x, y, width, _HIGH, GREY, dashed=True, pattern="", rounded=4)
    canvas.text(x + 6, y + 14, "attestation", bold=True)
    canvas.text(x + 6, y + 28, fit(of, width - 10, letter=0.6), code=True)
    canvas.text(x + 6, y + 42, digest, code=True)


def _images(canvas: Canvas, rows: list[_Row], owners: dict[str, list[str]]) -> tuple[list[tuple[float, bool]], float]:
    """Draw manifests and parts; a part that several have is drawn once, and lines lead to it. Returns where."""
    places: dict[str, float] = {}
    middles: list[tuple[float, bool]] = []
    y = 22.0
    for row in rows:
        top = y
        own = [(name, blob) for name, blob in row.blobs if blob.digest not in places]
        for name, blob in own:
            if blob.digest not in places:
                places[blob.digest] = y + _TALL / 2
                shared = len(owners[blob.digest]) > 1
                tone = ORANGE if shared else GREY if name == "config" else GREEN
                words = f"{name}, shared" if shared else name
                _two_lines(canvas, 2, y, (words, _about(blob)), tone=tone, strong=shared)
                y += _STEP
        if row.hidden:
            canvas.text(_COLUMNS[2][0], y + 12, f"and {row.hidden} more layers", size=11)
            y += 20
        y = max(y, top + _STEP)
        middle = (top + y - (_STEP - _TALL)) / 2
        middles.append((middle, False))
        _two_lines(canvas, 1, middle - _TALL / 2, (row.platform, digits(clean(row.manifest.digest))))
        for digest in dict.fromkeys(blob.digest for _, blob in row.blobs):
            _link(canvas, 1, middle, places[digest], dashed=len(owners[digest]) > 1)
        y += 10
    return middles, y


def _links(canvas: Canvas, start: float, middles: list[tuple[float, bool]]) -> None:
    for middle, dashed in middles:
        _link(canvas, 0, start, middle, dashed=dashed)


def _link(canvas: Canvas, column: int, start: float, end: float, *, dashed: bool = False) -> None:
    x, width = _COLUMNS[column]
    canvas.line((x + width, start), (_COLUMNS[column + 1][0], end), dashed=dashed)


def _two_lines(  # noqa: PLR0913  # a box with two lines in it
    canvas: Canvas,
    column: int,
    y: float,
    words: tuple[str, str],
    *,
    tone: str = BLUE,
    strong: bool = False,
) -> None:
    x, width = _COLUMNS[column]
    canvas.box(x, y, width, _TALL, tone, strong=strong, pattern="", rounded=4)
    first, second = words
    canvas.text(x + 6, y + 14, fit(first, width - 10, 12, letter=0.58), bold=True)
    canvas.text(x + 6, y + 28, fit(second, width - 10, letter=0.6), code=True)
