"""How long `explain` reads, how much memory it takes, and how often it is right on the sample set.

Prints one line a measure. The logs are made here: a build's ordinary lines, with the error at the end.
"""

from __future__ import annotations

import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lab.explainer import Explanation, explain
from lab.explainer.data import entries

MEGABYTES = 50
RECORDINGS = Path(__file__).parent.parent / "tests" / "data" / "explain" / "real"
ERROR = b"#41 [linux/arm64 9/9] RUN make\n#41 0.211 exec /bin/sh: exec format error\n"
LINES = (
    "Get:{n} http://mirror.example/debian bookworm/main arm64 libfoo{n}-dev arm64 1.2.{n}-1 [{n} kB]",
    "Selecting previously unselected package libfoo{n}-dev:arm64.",
    "Preparing to unpack .../{n}-libfoo{n}-dev_1.2.{n}-1_arm64.deb ...",
    "Setting up libgpg-error0:arm64 (1.46-{n}) ...",
    "cc -O2 -Wall -Werror=format -Iinclude -c src/module_{n}.c -o build/module_{n}.o",
    "src/module_{n}.c:{n}:12: warning: unused variable 'platform' [-Wunused-variable]",
    "   Compiling tokio-util v0.7.{n}",
    "[{n}/99999] Building CXX object lib/CMakeFiles/manifest.dir/error_{n}.cc.o",
    "ok      example.com/pkg/driver/unit{n} 0.{n}s",
    "checking whether the linker accepts -Wl,--not-found{n}... no",
    "npm http fetch GET 200 https://registry.example/pkg-{n} {n}ms (cache hit)",
    "sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1 {n}.1MB / 99.9MB 3.1s done",
)


def log(megabytes: int, *, colour: bool = False) -> Iterator[bytes]:
    """An ordinary build's log in pieces of about a megabyte, with GitHub's time stamps, the error at its end."""
    lines = []
    for number in range(12_000):
        text = LINES[number % 5 if number % 3 else number % len(LINES)].format(n=number)
        text = f"\033[36m{text}\033[0m" if colour else text
        lines.append(f"2024-05-08T13:05:07.5361234Z #{number % 40} {number / 9:.3f} {text}\n")
    piece = "".join(lines).encode()
    for _ in range(megabytes * 1_000_000 // len(piece)):
        yield piece
    yield ERROR


def hostile(megabytes: int) -> Iterator[bytes]:
    """Lines made of the guide's own stems and of words that its patterns almost match."""
    stems = " ".join(stem for entry in entries() for stem in entry.stems)
    parts = [stems[at : at + 900] for at in range(0, len(stems), 900)]
    lines = "".join(f"#1 1.0 {part} exec /aaaa:{'linux/' * 90}\n" for part in parts).encode()
    piece = lines * (1_000_000 // len(lines))
    for _ in range(megabytes):
        yield piece


def timed(pieces: Iterator[bytes]) -> tuple[float, Explanation]:
    """Seconds for the quickest of three readings, without the making of the log, and what came of it."""
    made = list(pieces)
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        found = explain(made)
        taken.append(time.perf_counter() - start)
    return min(taken), found


def peak(megabytes: int) -> float:
    """Megabytes that one reading takes at most."""
    tracemalloc.start()
    explain(log(megabytes))
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size / 1e6


def recall() -> None:
    """How many samples are explained by their entry first; how many look-alikes are; what is taken for what."""
    right = total = false = looks = sure = 0
    confused: Counter[tuple[str, str]] = Counter()
    for entry in entries():
        for text in entry.samples:
            found = explain(text)
            first = found.causes[0].id if found.causes else "nothing"
            total += 1
            right += first == entry.id
            sure += first == entry.id and found.certain
            confused[entry.id, first] += first != entry.id
        for text in entry.not_samples:
            looks += 1
            false += explain(text).causes[:1] != () and explain(text).causes[0].id == entry.id
    print(f"samples: {right} of {total} explained by their entry first ({sure} of them as certain)")
    print(f"look-alikes: {false} of {looks} taken for the entry that they resemble")
    real = sorted(RECORDINGS.glob("*.log"))
    right = sum(explain(path.read_bytes()).causes[0].id == path.stem.split("--")[1] for path in real)
    print(f"recordings of real engines: {right} of {len(real)} explained by their entry first")
    for (was, taken), count in (+confused).items():
        print(f"  {count} times {was} taken for {taken}")


def main() -> None:
    """Print all measures."""
    explain("warm up the patterns")
    plain = 0.0
    for name, pieces in (
        ("plain", log(MEGABYTES)),
        ("coloured", log(MEGABYTES, colour=True)),
        ("hostile", hostile(50)),
    ):
        seconds, found = timed(pieces)
        plain = plain or seconds
        times = f"{seconds / plain:.1f} times a plain one"
        print(f"{name}: {found.size / 1e6:.0f} MB, {found.lines} lines in {seconds:.2f} s ({times})")
    small, large = peak(5), peak(MEGABYTES)
    print(f"memory: {small:.1f} MB for 5 MB of log, {large:.1f} MB for {MEGABYTES} MB")
    recall()


if __name__ == "__main__":
    main()
