"""What plays CI in lesson 11: the builder that jobs build on, and the bake file as a colleague left it."""

from __future__ import annotations

from lab.course._given import GivenFile
from lab.course._seeded import chosen
from lab.errors import Blocked
from lab.model.world import World
from lab.probes import engine
from lab.sandbox.engine import adapt_new_builders

RUNNER = "runner"
FOLDER = "files/every-push"
BAKE_FILE = f"{FOLDER}/docker-bake.hcl"
JOB = f"{FOLDER}/job.sh"
IMAGE = "bakery"

_DRAFT = """\
# What every push builds, by Robin. REGISTRY comes from the environment.
variable "REGISTRY" {{}}

group "default" {{
  targets = ["bakery"]
}}

target "_common" {{
  {platforms} = ["linux/amd64", "linux/arm64"]
}}

target "bakery" {{
{inherits}  tags = ["${{REGISTRY}}/bakery:latest"]
}}
"""
_INHERITS = '  inherits = ["_common"]\n'
# Three slips that bake takes without a word: each leaves the target without platforms.
_SLIPS = (
    {"platforms": "platform", "inherits": _INHERITS},
    {"platforms": "platforms", "inherits": _INHERITS.replace("inherits", "inherit")},
    {"platforms": "platforms", "inherits": ""},
)


def draft(world: World) -> str:
    """The bake file with this learner's slip in it."""
    return _DRAFT.format(**chosen(world, "mend_bake", _SLIPS))


DRAFT = GivenFile(BAKE_FILE, draft)


def ready(world: World, name: str = RUNNER) -> None:
    """Write the builder down, where it is not known. Blocked where it cannot be."""
    if engine.known_builders(world).named(name):
        return
    status, _, err, _ = engine.docker(world, "buildx", "create", "--name", name, limit=60)
    if status:
        raise Blocked(f"The builder {name} could not be made: {err.strip()[-300:]}")
    adapt_new_builders()  # before its container is made: on an engine of one's own it gets a name of the lab's


def scene(world: World) -> None:
    """What the lesson begins with: the bake file and the builder. Blocked where it cannot be."""
    DRAFT.lay(world)
    ready(world)


_JOB = """\
cat > files/every-push/job.sh <<'END'
#!/usr/bin/env bash
# One job of the pipeline: `job.sh PLATFORM` builds for it, and hands the digest on in out/.
set -eu
cd "$(dirname "$0")"
mkdir -p out
docker buildx bake --builder runner --set "*.platform=$1" --set "*.tags=" \\
  --set "*.output=type=image,name=$REGISTRY/bakery,{digest}=true,name-canonical=true,push=true" \\
{cache}  --{file} "out/${{1##*/}}.json"
END
bash files/every-push/job.sh linux/amd64
bash files/every-push/job.sh linux/arm64
"""
_CACHE = """\
  --set "*.cache-from=type=registry,ref=$REGISTRY/bakery-cache:${1##*/}" \\
  --set "*.cache-to=type=registry,mode=max,ref=$REGISTRY/bakery-cache:${1##*/}" \\
"""


def job_script(digest: str = "push-by-digest", file: str = "metadata-file", *, cached: bool = False) -> str:
    """A cell that writes job.sh and runs it for both platforms."""
    return _JOB.format(digest=digest, file=file, cache=_CACHE if cached else "")
