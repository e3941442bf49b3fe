"""The puzzle of lesson 5: a team's list of builders, another one for each learner, and what its rows decide."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.course._seeded import shuffled
from lab.model.platforms import Platform
from lab.model.world import World

TEAM = ("anvil", "bellows", "chisel", "hammer")
_NODES = ("ash", "birch", "cedar", "elm", "fir", "oak")
# Status, version and platforms of each node, as `docker buildx ls` prints them: four platforms, then `(N more)`.
_FINDS = ("running", "v0.29.0", "linux/amd64 (+4), linux/arm64, linux/riscv64, linux/386")
_PC = ("running", "v0.30.0", "linux/amd64 (+4), linux/386")
_ARM = ("running", "v0.30.0", "linux/arm64, linux/arm (+2)")
_NEVER = ("inactive", "", "")
_CUT = ("running", "v0.26.2", "linux/amd64 (+4), linux/arm64, linux/arm (+2), linux/ppc64le, (3 more)")
_BUILDERS = ((_PC, _FINDS), (_PC,), (_ARM, _NEVER), (_CUT,))
_HEAD = ("NAME/NODE", "DRIVER/ENDPOINT", "STATUS", "BUILDKIT", "PLATFORMS")
_OWN = (
    ("default*", "docker", "", "", ""),
    (r" \_ default", r" \_ default", "running", "v0.30.0", "linux/amd64 (+4)"),
)
_FOLDED = re.compile(r"\(\d+ more\)")

# Reads the list with awk, as people do who have many of them.
READ = """
    awk -v wanted=linux/riscv64 '
      function settle() {
        if (name == "" || name == "default") return
        if (yes != "") print name, "yes", yes
        else if (open != "") print name, "unknown", open
        else print name, "no", whole
      }
      NR == 1 { next }
      $1 != "\\\\_" { settle(); name = $1; sub(/[*]$/, "", name); yes = open = whole = ""; next }
      index($0, wanted) { yes = $2 }
      !/ running / || /[(][0-9]+ more[)]/ { open = $2 }
      { whole = $2 }
      END { settle(); print "copy-only all" }
    ' files/builders/team.txt > files/builders/answers.txt
"""


@dataclass(frozen=True)
class Reading:
    """What a list says of one builder and one platform: `yes`, `no` or `unknown`, and the nodes whose rows say so.

    `why` is `listed`, `whole`, `never ran` or `cut`.
    """

    answer: str
    nodes: frozenset[str]
    why: str


def team(world: World) -> str:
    """The list, as `docker buildx ls` would print it."""
    nodes = iter(shuffled(world, "nodes", _NODES))
    named = {
        name: sorted((next(nodes), row) for row in rows)
        for name, rows in zip(shuffled(world, "team", TEAM), _BUILDERS, strict=True)
    }
    lines: list[tuple[str, ...]] = [_HEAD]
    for name in TEAM:
        lines.append((name, "docker-container", "", "", ""))
        lines += [(rf" \_ {node}", rf" \_ ssh://{node}.test", *row) for node, row in named[name]]
    lines += _OWN
    widths = [max(len(line[column]) for line in lines) + 3 for column in range(len(_HEAD))]
    shown = ("".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "\n".join(shown) + "\n"


def read(table: str, builder: str, platform: Platform) -> Reading:
    """What the rows of a builder's nodes decide."""
    rows = _rows(table, builder)
    shown = {node for node, row in rows.items() if str(platform) in re.split(r"[\s,*]+", row)}
    if shown:
        return Reading("yes", frozenset(shown), "listed")
    if silent := {node for node, row in rows.items() if "running" not in row.split()}:
        return Reading("unknown", frozenset(silent), "never ran")
    if cut := {node for node, row in rows.items() if _FOLDED.search(row)}:
        return Reading("unknown", frozenset(cut), "cut")
    return Reading("no" if rows else "unknown", frozenset(rows), "whole" if rows else "never ran")


def nodes(table: str, builder: str) -> frozenset[str]:
    """The names of a builder's nodes."""
    return frozenset(_rows(table, builder))


def _rows(table: str, builder: str) -> dict[str, str]:
    rows, inside = {}, False
    for line in table.splitlines():
        if line.startswith(" \\_"):
            if inside:
                rows[line.split()[1]] = line
        else:
            inside = line.partition(" ")[0].rstrip("*") == builder
    return rows


def said(answer: str) -> tuple[str, str]:
    """The word and the node of an answer, whichever comes first; "" for what is missing."""
    words = re.split(r"[\s,:()]+", answer.lower())
    word = next((one for one in words if one in ("yes", "no", "unknown")), "")
    return word, " ".join(one for one in words if one and one != word)
