"""An engine of somebody's, with things on it that no lab made: settings, images, containers, volumes, builders."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support import unprivileged

from lab import paths, sandbox
from lab.probes.here import environment_of
from lab.sandbox import buildkit, golang, state
from lab.sandbox.host import process
from lab.sandbox.packages.programs import find

_AWAY = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_CONFIG", "LAB_SANDBOX", "REGISTRY")
_THINGS = """
docker pull --quiet busybox:1.38
docker tag busybox:1.38 mine:1
docker tag busybox:1.38 localhost:5000/earlier:1
docker volume create data
docker run --detach --name running --volume data:/data mine:1 sh -c 'echo precious > /data/file; exec sleep 100000'
docker create --name kept localhost:5000/earlier:1
docker network create --internal --subnet 10.214.{third}.0/24 theirs
docker buildx create --name multi-builder --use --bootstrap
docker buildx create --name other --bootstrap
docker buildx create --name idle
docker stop buildx_buildkit_other0
"""


@dataclass(frozen=True)
class Engine:
    """An engine of somebody's, and the environment in which that somebody works."""

    env: dict[str, str]
    config: Path
    data: Path
    hub: str  # what a builder must be told so that the registry plays Docker Hub for it

    def run(self, script: str) -> str:
        """What a script of theirs prints."""
        done = subprocess.run(
            ["bash", "-euc", script], env=self.env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def picture(self) -> dict[str, object]:
        """All that is theirs, to the last byte: settings, builders, containers and since when they run, volumes."""
        files = {str(path): path.read_bytes() for path in sorted(self.config.rglob("*")) if path.is_file()}
        volumes = [path for path in (self.data / "volumes").glob("*/_data/**/*") if path.is_file()]
        inspect = "{{.Id}} {{.Name}} {{.Config.Image}} {{.State.Status}} {{.State.StartedAt}} {{.State.Pid}}"
        return {
            "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
            "volumes": self.run("docker volume ls --format '{{.Name}} {{.Labels}}' | sort"),
            "contents": {str(path): path.read_bytes() for path in volumes if "buildx_buildkit" not in str(path)},
            "images": self.run("docker image ls --all --no-trunc --digests --format '{{json .}}'").count("\n"),
            "names": sorted(self._images()),
            "containers": self.run(f"docker inspect --format '{inspect}' $(docker ps --all --quiet)"),
            "networks": self.run("docker network ls --no-trunc"),
        }

    def _images(self) -> list[str]:
        row = "{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}}"
        return self.run(f"docker image ls --all --no-trunc --digests --format '{row}'").splitlines()


@contextlib.contextmanager
def running(place: Path, store: str, way: str) -> Iterator[Engine]:
    """Bring it up, with things on it, and take it away."""
    own = {"LAB_HOME": str(place / "engine"), "LAB_CACHE": str(paths.cache())}
    try:
        with environment_of(own):
            box = sandbox.up(private=True, store=store, emulators=False)
            assert buildkit.wait(600).state in ("ready", "hub")
            assert golang.wait(600).state == "ready"  # this lab's registry plays Docker Hub
            env = {name: value for name, value in sandbox.environment(box).items() if name not in _AWAY}
        yield _furnished(box, env, place / "settings", way)
    finally:
        with environment_of(own):
            sandbox.down()


def _furnished(box: sandbox.Sandbox, env: dict[str, str], config: Path, way: str) -> Engine:
    assert box.engine.programs
    config.mkdir()
    programs = config.parent / "bin"
    programs.mkdir()
    (programs / "docker").symlink_to(find(box.engine.programs, "docker"))
    env["PATH"] = f"{programs}:{env['PATH']}"
    plugins = find(box.engine.programs, "docker-buildx").parent
    (config / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(plugins)]}))
    hub = (
        f'\n[registry."docker.io"]\n  mirrors = ["{box.registry}"]\n'
        f'[registry."{box.registry}"]\n  ca = ["{box.home}/certificates/ca.pem"]\n'
    )
    (config / "buildx").mkdir()
    (config / "buildx" / "buildkitd.default.toml").write_text(hub)
    (data,) = (box.home / "engine").glob("*-*")
    engine = Engine({**env, "DOCKER_CONFIG": str(config)}, config, data, hub)
    if way == "context":
        engine.run(f"docker context create work --docker host={box.engine.host} && docker context use work")
    else:
        engine.env["DOCKER_HOST"] = box.engine.host
    engine.run(_THINGS.format(third=box.registry.split(".")[2]))
    return engine


def daemon(engine: Engine) -> list[int]:
    """The number of its `dockerd`."""
    with environment_of({"LAB_HOME": str(engine.config.parent / "engine")}):
        return [one.pid for one in process.find(state.key()) if one.role == "engine" and _name(one.pid) == "dockerd"]


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def give_programs(engine: Engine, user: unprivileged.User, config: Path) -> None:
    """Copies of docker and its plugin: those of the engine lie in root's cache, which is closed to others."""
    settings = config / "config.json"
    known = json.loads(settings.read_text())
    (plugins,) = known.pop("cliPluginsExtraDirs")
    settings.write_text(json.dumps(known))
    (config / "cli-plugins").mkdir()
    shutil.copy(Path(plugins) / "docker-buildx", config / "cli-plugins")
    shutil.copy(engine.config.parent / "bin" / "docker", user.tools)


@contextlib.contextmanager
def open_to_all(engine: Engine, user: unprivileged.User) -> Iterator[unprivileged.User]:
    """Let the user's group talk to the engine, as membership in `docker` would."""
    with environment_of({"LAB_HOME": str(engine.config.parent / "engine")}):
        folder = state.runtime()
    user.env["DOCKER_HOST"] = f"unix://{folder}/docker.sock"
    folder.chmod(0o755)
    os.chown(folder / "docker.sock", -1, unprivileged.NOBODY)
    try:
        yield user
    finally:
        user.lab("down")  # whatever the test found
        folder.chmod(0o700)
        os.chown(folder / "docker.sock", -1, 0)
