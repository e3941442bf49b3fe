"""A tag as Docker Hub's page shows it: OS/ARCH, compressed size, digest, and a label where platforms are several."""

from __future__ import annotations

import html
from collections.abc import Sequence

from lab.draw.parts import images_by_digest, parts
from lab.draw.svg import amount, figure, table
from lab.events.read import clean
from lab.model.digests import digits
from lab.model.facts import Image, Index
from lab.model.picture import Picture

LABEL = "MULTI-PLATFORM"
_HEADS = ("OS/ARCH", "Compressed size", "Digest")
_MOST = 40


def hub(index: Index, images: Sequence[Image]) -> Picture:
    """The table of one tag. Attestations are no rows; a note says how many there are."""
    repository, tag = _named(index)
    label = LABEL if len(index.platforms) > 1 else ""
    rows = _rows(index, images)
    notes = _notes(index)
    head = f"{tag}  [{label}]" if label else tag
    text = "\n".join([repository, "", head, *(f"  {line}" for line in table([_HEADS, *rows], right=frozenset({1})))])
    if notes:
        text += "\n\n" + "\n".join(notes)
    title = f"{repository}: the tag {tag}"
    return Picture(title, text, figure(title, _table(title, tag, label, rows, notes), text))


def _named(index: Index) -> tuple[str, str]:
    name, _, digest = clean(index.reference).partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, ""
    return repository, tag or digits(digest or index.digest)


def _rows(index: Index, images: Sequence[Image]) -> list[tuple[str, str, str]]:
    known = images_by_digest(images)
    rows = []
    for manifest in index.images[:_MOST]:
        image = known.get(manifest.digest)
        size = parts(image).size if image else None
        platform = manifest.platform or (image.platform if image else None)
        said = clean(str(platform)) if platform else "not said"
        rows.append((said, "not known" if size is None else amount(size), digits(clean(manifest.digest))))
    return rows or [("none", "", "")]


def _notes(index: Index) -> list[str]:
    notes = []
    if len(index.images) > _MOST:
        notes.append(f"{len(index.images) - _MOST} more rows are left out.")
    if hidden := len(index.manifests) - len(index.images):
        one = "1 attestation is not shown: it says how the image was made."
        notes.append(one if hidden == 1 else f"{hidden} attestations are not shown: they say how the images were made.")
    return notes


def _table(title: str, tag: str, label: str, rows: list[tuple[str, str, str]], notes: list[str]) -> str:
    badge = (
        ' <span style="border:1px solid currentColor;border-radius:.3em;padding:0 .4em;font-size:.8em;'
        f'font-weight:600">{label}</span>'
        if label
        else ""
    )
    cell = 'style="text-align:{};padding:.2em .9em .2em 0;border-bottom:1px solid #7a7f87"'
    ways = ("left", "right", "left")
    heads = "".join(f'<th scope="col" {cell.format(way)}>{name}</th>' for name, way in zip(_HEADS, ways, strict=True))
    body = "".join(
        "<tr>"
        + "".join(
            f"<td {cell.format(way)}>{_code(value, column)}</td>"
            for column, (value, way) in enumerate(zip(row, ways, strict=True))
        )
        + "</tr>"
        for row in rows
    )
    said = "".join(f"<div>{html.escape(note)}</div>" for note in notes)
    return (
        f"<div><strong>{html.escape(tag)}</strong>{badge}</div>"
        f'<div style="overflow-x:auto"><table aria-label="{html.escape(title)}" style="border-collapse:collapse">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{said}"
    )


def _code(value: str, column: int) -> str:
    escaped = html.escape(value)
    return f"<code>{escaped}</code>" if column == 2 and value else escaped
