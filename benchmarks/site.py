"""The site against mkdocs-jupyter on the same executed notebooks: build time, weight of a page, requests.

Prints one line a measure. It needs the run in `build/tour` (or $LAB_TOUR); mkdocs-jupyter goes into an environment of
its own in `build/benchmark`, and is left out, with a word, where it cannot be had. Chromium counts the requests.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOUR = Path(os.environ.get("LAB_TOUR", ROOT / "build" / "tour")).absolute()
OTHER = ROOT / "build" / "benchmark" / "mkdocs-jupyter"
CONFIG = """site_name: other
site_url: http://127.0.0.1/
theme: {name: material, font: false}
plugins: [search, {mkdocs-jupyter: {execute: false}}]
"""


def timed(command: list[str], cwd: Path) -> float:
    """Seconds that a build takes; its own words where it fails."""
    env = os.environ | {"LAB_TOUR": str(TOUR), "NO_MKDOCS_2_WARNING": "1"}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=env, check=False, capture_output=True, text=True, timeout=600)
    if done.returncode:
        sys.exit(f"The build failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - start


def ours(folder: Path) -> Path:
    """Build the site twice: with nothing drawn yet, and with diagrams and cards of the first time."""
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "-q",
        "-f",
        str(ROOT / "mkdocs.yml"),
        "-d",
        str(folder / "ours"),
    ]
    cold, warm = timed(command, folder), timed(command, folder)
    pages = len(list((folder / "ours").rglob("index.html")))
    print(f"this site          build {cold:5.1f} s cold, {warm:5.1f} s again ({pages} pages with guide and reference)")
    return folder / "ours"


def other(folder: Path, notebooks: list[Path]) -> Path | None:
    """Build the lessons alone with mkdocs-jupyter; None where it cannot be installed."""
    python = OTHER / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", OTHER], check=True, timeout=120)
        install = [
            str(python),
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "mkdocs-jupyter",
            "mkdocs-material",
        ]
        if subprocess.run(install, check=False, timeout=600).returncode:
            shutil.rmtree(OTHER)
            print("mkdocs-jupyter     cannot be installed here: no comparison")
            return None
    project = folder / "project"
    (project / "docs").mkdir(parents=True)
    (project / "mkdocs.yml").write_text(CONFIG, encoding="utf-8")
    (project / "docs" / "index.md").write_text("# Lessons\n", encoding="utf-8")
    for path in notebooks:
        shutil.copy(path, project / "docs")
    seconds = timed([str(python), "-m", "mkdocs", "build", "-q", "-d", str(folder / "other")], project)
    print(f"mkdocs-jupyter     build {seconds:5.1f} s ({len(notebooks)} pages)")
    return folder / "other"


def weight(name: str, site: Path, pages: list[str]) -> float:
    """Print the size of the lessons' HTML; its median in KB."""
    texts = [(site / page / "index.html").read_bytes() for page in pages]
    sizes = [len(text) / 1024 for text in texts]
    packed = statistics.median(len(gzip.compress(text)) / 1024 for text in texts)
    median = statistics.median(sizes)
    print(f"{name:18} HTML of a lesson: median {median:.0f} KB, most {max(sizes):.0f} KB; compressed {packed:.0f} KB")
    return median


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A static host that says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The site on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def visit(name: str, site: Path, page: str, chromium: str) -> None:
    """Open a lesson for the first time; requests to other hosts are counted and refused."""
    from playwright.sync_api import Request, Response, sync_playwright

    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        asked: list[Request] = []
        answers: list[Response] = []
        tab.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - playwright binds no builtin
        tab.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108
        tab.route(lambda url: not url.startswith((address, "data:", "blob:")), lambda route: route.abort())
        start = time.perf_counter()
        tab.goto(f"{address}/{page}/", wait_until="load")
        loaded = time.perf_counter() - start
        tab.wait_for_load_state("networkidle")
        foreign = {request.url for request in asked if not request.url.startswith((address, "data:", "blob:"))}
        kilobytes = sum(len(gzip.compress(answer.body())) for answer in answers if answer.ok) / 1024
        print(
            f"{name:18} first visit: {len(asked)} requests, {len(foreign)} to other hosts, "
            f"{kilobytes:.0f} KB compressed, loaded in {loaded:.2f} s"
        )
        browser.close()


def main() -> None:
    """Build both, weigh both, visit both."""
    notebooks = sorted(TOUR.glob("[0-9][0-9]-*.ipynb"))
    if not notebooks:
        sys.exit(f"There is no run in {str(TOUR)!r}: `lab tour --yes --output build/tour` makes one.")
    chromium = next(
        filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))),
        None,
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sites = [("this site", ours(folder), [f"lessons/{path.stem.partition('-')[2]}" for path in notebooks])]
        if there := other(folder, notebooks):
            sites.append(("mkdocs-jupyter", there, [path.stem for path in notebooks]))
        medians = [weight(*site) for site in sites]
        for name, site, pages in sites:
            if chromium:
                visit(name, site, pages[2], chromium)
        if len(medians) > 1:
            print(f"ratio              a lesson's HTML: {medians[1] / medians[0]:.1f} to 1")


if __name__ == "__main__":
    main()
