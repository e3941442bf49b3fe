"""An engine of the lab's own with one image store, and what scripts print that run against it."""

import os
import platform
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from support.ways_out import BUILDER

from lab import sandbox
from lab.probes.here import environment_of
from lab.sandbox import golang

DATA = Path(__file__).parent.parent / "data"
HERE = f"linux/{'arm64' if platform.machine() in ('aarch64', 'arm64') else 'amd64'}"


class Silent(BaseHTTPRequestHandler):
    """A server of plain HTTP that is not a registry."""

    def do_GET(self):
        self.send_response(404)
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html>\n<h1>404 Not Found</h1>\n")

    def do_HEAD(self):
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_):
        pass


def speaks_tls(socket, place, host):
    """The same socket, with a certificate that an authority of its own has signed: itself."""
    run = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}"]
    files = {"-keyout": place / "key.pem", "-out": place / "ca.pem"}
    more = [str(part) for pair in files.items() for part in pair]
    subprocess.run([*run, "-addext", f"subjectAltName=IP:{host}", *more], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["-out"], files["-keyout"])
    return context.wrap_socket(socket, server_side=True)


class Engine:
    """An engine of the lab's own with one image store, and the scripts that run against it."""

    def __init__(self, place, store, suite):
        self.place, self.store = place, store
        self.values = {"LAB_HOME": str(place / "home"), "LAB_LEARNER": str(place / "learner")}
        with environment_of(self.values):
            self.box = sandbox.up(private=True, emulators=False, store=store, suite=suite)
            self.env = sandbox.environment(self.box)
        host = self.box.registry.partition(":")[0]
        self.servers = [HTTPServer((host, 0), Silent) for _ in range(2)]
        self.servers[1].socket = speaks_tls(self.servers[1].socket, place, host)
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self.env |= {
            "HTTP": f"{host}:{self.servers[0].server_port}",
            "HTTPS": f"{host}:{self.servers[1].server_port}",
            "CA": str(place / "ca.pem"),
            "HERE": HERE,
            "OTHER": "linux/amd64" if HERE == "linux/arm64" else "linux/arm64",
            "PORT": self.box.registry.rpartition(":")[2],
            "LC_ALL": "C.UTF-8",
        }
        self.has_builder = False

    def builder(self):
        if not self.has_builder:
            self.says(
                f"docker buildx inspect {BUILDER} || docker buildx create --name {BUILDER} --driver docker-container;"
                f" docker buildx inspect --bootstrap {BUILDER}"
            )
            self.has_builder = True

    def compiles(self):
        """The base image `golang` is there."""
        with environment_of(self.values):
            assert golang.wait(900).state == "ready"

    def says(self, script):
        """What a script prints on both streams, and its folder's name nowhere in it."""
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            for name in ("hello-arm64", "dynamic-amd64", "dynamic-arm64", "hello-armv7"):
                shutil.copy(DATA / "elf" / name, folder)
            return ran(script, folder, self.env)

    @contextmanager
    def desk(self, builder):
        """A folder in which one script after the other runs, with settings of its own; builders that they make go with it."""
        with tempfile.TemporaryDirectory(dir=self.place) as place:
            folder, env = Path(place, "src"), dict(self.env)
            folder.mkdir()
            for name in ("BUILDX_CONFIG", "DOCKER_CONFIG"):
                env[name] = shutil.copytree(self.env[name], Path(place, name), symlinks=True)
            if builder:
                ran(f"docker buildx use {BUILDER}", folder, env)
            yield lambda script: ran(script, folder, env)
            for made in Path(env["BUILDX_CONFIG"]).glob("instances/*"):
                if made.name != BUILDER:
                    ran(f"docker buildx rm --force {made.name}", folder, env)

    def down(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        with environment_of(self.values):
            sandbox.down()


def ran(script, folder, env):
    """What a script prints; a program that an emulator holds for ever must not hold the tests."""
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        timer = threading.Timer(120, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        text = process.communicate()[0]
        timer.cancel()
    return text.replace(str(folder).encode(), b"/src")
