"""A learner's script, rehearsed: what it prints with another engine, and what it would build, with nothing built."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import NotThere
from lab.model.facts import Call, Evidence, Fact
from lab.model.platforms import Platform
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes.command import ask
from lab.sandbox.host.run import end

_SAID = 4000  # bytes of what a script printed
# What chooses an engine, besides `DOCKER_HOST`.
_CHOICES = ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")

_NOBODY = "tcp://127.0.0.1:1"  # where no engine listens

# Notes a build or a push and does nothing; asks the engine what it is as usual.
_DOCKER = """\
#!/bin/sh
case " $* " in
  *" build "*|*" push "*|*" bake "*)
    printf '%s\\0' "${DOCKER_DEFAULT_PLATFORM-}" "$PWD" "$#" "$@" >>"$LAB_REHEARSAL" ;;
  *) exec "$LAB_DOCKER" "$@" ;;
esac
"""


@dataclass(frozen=True, kw_only=True)
class Printed(Fact):
    """What a script printed with the engine here, with one of another platform, and with none; and how it ended."""

    path: str
    here: str
    there: str
    other: Platform
    status: int = 0
    other_status: int = 0
    alone: str = ""
    alone_status: int = 1


@dataclass(frozen=True, kw_only=True)
class Rehearsed(Fact):
    """The builds that a script would start, each with what `DOCKER_DEFAULT_PLATFORM` says then ("" for nothing)."""

    path: str
    status: int
    builds: tuple[tuple[Call, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ended(Fact):
    """How a script ended (`status` None: it had not, when its time was up), and the last that it said."""

    path: str
    status: int | None
    said: str = ""


def run(world: World, path: str, words: Sequence[str], *, limit: float) -> Ended:
    """Run a script of the learner's folder with these words; it, and all that it started, ends after `limit` seconds.

    NotThere where there is no such script.
    """
    _find(world, path)
    command = ["sh", path, *words]
    with tempfile.TemporaryFile() as heard:
        script = subprocess.Popen(
            command,
            env=dict(world.env),
            cwd=world.workspace,
            stdin=subprocess.DEVNULL,
            stdout=heard,
            stderr=heard,
            start_new_session=True,
        )
        try:
            status: int | None = script.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            end(script)
        heard.seek(0, os.SEEK_END)
        heard.seek(max(0, heard.tell() - _SAID))
        said = heard.read().decode("utf-8", "replace").strip()
    return Ended(path=path, status=status, said=said, evidence=(Evidence(" ".join(command), said),))


def printed(path: str) -> Probe[Printed]:
    """Run a script of the learner's folder: here, before an engine that says it is for linux/riscv64, and before none.

    The second engine answers what it is, and nothing else. NotThere where there is no such script.
    """

    def probe(world: World) -> Printed:
        from lab.probes.played import engine_for

        other = Platform.parse("linux/riscv64")
        status, here, evidence = _said(world, path, dict(world.env))
        env = {name: value for name, value in world.env.items() if name not in _CHOICES}
        alone_status, alone, unheard = _said(world, path, {**env, "DOCKER_HOST": _NOBODY})
        with engine_for(other) as address:
            other_status, there, seen = _said(world, path, {**env, "DOCKER_HOST": address})
        asked = Evidence(f"{seen.asked} (with an engine for {other})", seen.answer)
        in_vain = Evidence(f"{unheard.asked} (where no engine answers)", unheard.answer)
        return Printed(
            path=path,
            here=here,
            there=there,
            other=other,
            status=status,
            other_status=other_status,
            alone=alone,
            alone_status=alone_status,
            evidence=(evidence, asked, in_vain),
        )

    return probe


def builds(path: str) -> Probe[Rehearsed]:
    """Run a script with a `docker` that notes builds and pushes and does nothing. NotThere where there is no script."""

    def probe(world: World) -> Rehearsed:
        with tempfile.TemporaryDirectory(prefix="lab-rehearsal-") as place:
            docker, notes = Path(place) / "docker", Path(place) / "notes"
            docker.write_text(_DOCKER, encoding="utf-8")
            docker.chmod(0o755)
            path_of = world.env.get("PATH", "")
            real = shutil.which("docker", path=path_of) or "docker"
            env = {"PATH": f"{place}:{path_of}", "LAB_REHEARSAL": str(notes), "LAB_DOCKER": real}
            status, _, err, _ = _run(world, path, {**world.env, **env})
            found = tuple(_read(notes.read_text(encoding="utf-8"))) if notes.exists() else ()
        said = [f"DOCKER_DEFAULT_PLATFORM={default} docker {' '.join(call.words)}" for call, default in found]
        told = Evidence(f"what {path} would run", "\n".join((*said, err.strip())).strip())
        return Rehearsed(path=path, status=status, builds=found, evidence=(told,))

    return probe


def _said(world: World, path: str, env: dict[str, str]) -> tuple[int, str, Evidence]:
    """How the script ended and what it printed; of one that failed, what it said of that."""
    status, out, err, evidence = _run(world, path, env)
    return status, ((err if status else out) or out).strip(), evidence


def _run(world: World, path: str, env: dict[str, str]) -> tuple[int, str, str, Evidence]:
    _find(world, path)
    return ask(["bash", path], env, folder=world.workspace)


def _find(world: World, path: str) -> None:
    if not (world.workspace / path).is_file():
        raise NotThere(f"{path} is not there.", "`lab start` puts missing files back.")


def _read(notes: str) -> Iterator[tuple[Call, str]]:
    texts = iter(notes.split("\0")[:-1])
    for default in texts:
        folder, count = next(texts), int(next(texts))
        words = tuple(next(texts) for _ in range(count))
        if "push" not in words:
            yield Call(program="docker", words=words, folder=folder, exit_status=0), default
