"""JupyterLab as `lab learn` starts it, in a real Chromium."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect, sync_playwright

from lab import paths

LAB = [sys.executable, "-c", "from lab.cli import main; main()"]
# Chromium's own background work asks other hosts; a test that the lab asks none needs it still.
STILL = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def pytest_itemcollected(item):
    """Everything in this folder drives a browser, on a real engine."""
    item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """The machine's own Chromium."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if not program:
        pytest.skip("There is no Chromium on this machine.")

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=STILL)
        yield browser
        browser.close()


class Server:
    """A running `lab learn`: where it is, and the folders that it uses."""

    def __init__(self, place, env):
        self.place, self.env = place, env
        self.folder = place / "lessons"
        self.log = place / "learn.log"
        with self.log.open("wb") as log:
            command = [*LAB, "learn", str(self.folder), "--private", "--no-emulators"]
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.url = self._address()
        self.root, _, self.token = re.match(r"(http://[^/]+)(.*token=)(\S+)", self.url).groups()

    def _address(self):
        until = time.monotonic() + 180
        while time.monotonic() < until:
            if found := re.search(r"http://127\S+", self.log.read_text()):
                return found[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        pytest.fail(f"`lab learn` printed no address:\n{self.log.read_text()}")

    @property
    def theme(self):
        """Where JupyterLab keeps the theme that was chosen."""
        settings = Path(self.env["LAB_HOME"]) / "jupyter" / "settings" / "@jupyterlab" / "apputils-extension"
        return settings / "themes.jupyterlab-settings"

    def lab(self, *arguments):
        """Run a verb in a terminal beside it."""
        done = subprocess.run(
            [*LAB, *arguments], env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        return done.stdout + done.stderr

    def ask(self, path, method="GET"):
        """Jupyter's own interface."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.root}/api/{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read() or "null")

    def anew(self):
        """No kernel, no progress, lessons as the lab ships them."""
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", "DELETE")
        home = Path(self.env["LAB_HOME"])
        for name in ("progress.json", "predictions.json", "recalls.json"):
            (home / name).unlink(missing_ok=True)
        self.theme.unlink(missing_ok=True)
        # the folder itself is where the server runs: it must stay
        for name in (home / "transcripts", home / "jupyter" / "workspaces", *self.folder.iterdir()):
            if name.is_dir():
                shutil.rmtree(name)
            else:
                name.unlink(missing_ok=True)
        self.lab("start", str(self.folder))

    def close(self):
        """As Ctrl-C does, and the sandbox too."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self.lab("down")


@pytest.fixture(scope="session")
def server():
    """One for all tests, with folders of its own, gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="lab-browser-"))
    kept = {name: value for name, value in os.environ.items() if name not in ("LAB_LEARNER", "LAB_WORKSPACE")}
    own = {"LAB_HOME": str(place / "home"), "HOME": str(place), "LAB_CACHE": str(paths.cache())}
    running = Server(place, {**kept, **own})
    try:
        yield running
    finally:
        running.close()
        shutil.rmtree(place, ignore_errors=True)


class Lesson:
    """A lesson that is open in a page, as a learner sees it."""

    def __init__(self, page, server):
        self.page, self.server = page, server
        self.hosts, self.errors, self.dropped = set(), [], []
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        # Chromium drops what it is fetching when a container anywhere brings a network link up or down
        page.on("requestfailed", lambda request: self.dropped.append(request.failure or ""))
        page.on("websocket", lambda socket: socket.on("socketerror", lambda why: self.dropped.append(why)))  # noqa: PLW0108 - no built-in
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, name, workspace="default"):
        """The notebook, with its kernel at rest; a second page has a workspace of its own, as JupyterLab gives it."""
        for _ in range(5):
            self._forget_drops()
            try:
                self.page.goto(f"{self.server.root}/lab/workspaces/{workspace}/tree/{name}?token={self.server.token}")
                self.page.wait_for_selector(".jp-Notebook .jp-CodeCell, .jp-Dialog", timeout=60_000)
            except Error:
                if not self._was_dropped():
                    raise
            if not self._was_dropped():
                break
        self.ready(name)

    def _forget_drops(self):
        self.dropped.clear()
        self.errors.clear()

    def _was_dropped(self):
        return any("NETWORK_CHANGED" in str(reason) for reason in self.dropped)

    def ready(self, name="01-machine.ipynb"):
        """Cells are there, the page is connected to the kernel, and that is at rest."""
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            kernels = [one["kernel"] for one in self.server.ask("sessions") if one["path"] == name]
            if any(kernel["connections"] and kernel["execution_state"] == "idle" for kernel in kernels):
                self.page.wait_for_timeout(300)
                return
            time.sleep(0.1)
        pytest.fail("The kernel does not come to rest.")

    def cell(self, text):
        """The code cell with that text in it."""
        return self.page.locator(".jp-CodeCell", has=self.page.locator(".cm-content", has_text=text))

    def run(self, text, body=None):
        """Run the cell, after writing `body` into it where one is given."""
        editor = self.cell(text).locator(".cm-content")
        editor.click()
        if body is not None:
            self.page.keyboard.press("Control+a")
            self.page.keyboard.insert_text(body)
        self.page.keyboard.press("Control+Enter")
        return self.cell(text.splitlines()[0])

    def load(self):
        """Run the first cell and wait for the panel."""
        self.run("%load_ext lab")
        try:
            self.panel.wait_for(timeout=30_000)
        except Error:
            if not self.dropped:
                raise
            self.page.reload()
            self.ready()
            self.run("%load_ext lab")
            self.panel.wait_for(timeout=30_000)
        self.page.locator(".lab-machine, .lab-problem").first.wait_for(timeout=30_000)

    @property
    def panel(self):
        """The panel at the top."""
        return self.page.locator(".lab-panel")

    def card(self, step):
        """The card under a step's cell."""
        return self.cell(f"%%step {step}").locator(".lab-card").first

    def press(self, step, words):
        """A button of a step's card, by keyboard."""
        button = self.cell(f"%%step {step}").locator(".lab-buttons button", has_text=words)
        expect(button).to_be_enabled()  # it is told so after what was shown, and disabled it takes no key
        button.focus()
        self.page.keyboard.press("Enter")

    def theme(self, name):
        """JupyterLab Light or JupyterLab Dark, as its settings menu would write it; for the page that is opened next."""
        self.server.theme.parent.mkdir(parents=True, exist_ok=True)
        self.server.theme.write_text(json.dumps({"theme": name}))

    def restart(self):
        """A new kernel, as the toolbar's button makes one."""
        self.page.locator('[data-jp-item-name="restart"] button, [data-jp-item-name="restart"] jp-button').first.click()
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")
        self.ready()


@pytest.fixture
def lesson(chromium, server, request):
    """A fresh page, a fresh copy, no progress."""
    server.anew()
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)  # a check takes its time where several tests share two cores
    yield Lesson(page, server)
    if where := os.environ.get("LAB_SHOTS"):
        page.screenshot(path=Path(where) / f"{request.node.name}.png")
    page.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """axe-core's script, fetched with npm; skipped where it cannot be had."""
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("npm is not here, so axe-core cannot be fetched.")
    place = tmp_path_factory.mktemp("axe")
    command = [
        npm,
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(place),
        "axe-core@4",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not answer.")
    script = place / "node_modules" / "axe-core" / "axe.min.js"
    if done.returncode or not script.is_file():
        pytest.skip(f"axe-core cannot be fetched: {done.stderr.strip()[-200:]}")
    return script
