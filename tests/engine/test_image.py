"""The lab's own image, built off line for both platforms by BuildKit, and started as docs/start.md says.

Bases are made of the distribution's packages, and the wheels lie in a folder: what is built is otherwise the same as in
CI, by the same files. By day only the plan is looked at. The first run downloads both, for minutes; the cache keeps them.
"""

import json
import os
import shlex
import subprocess
import urllib.request

import pytest
from support import image_bases, image_wheels
from support.doors import ROOT, commands, learn
from support.nightly import nightly

from lab import audit, course, paths
from lab.model.platforms import Platform
from lab.probes import registry
from lab.probes.here import this_world
from lab.sandbox.engine import adapt_new_builders

BAKE = ["docker", "buildx", "bake", "-f", "deploy/image/docker-bake.hcl"]
PAIR = {Platform.parse(name) for name in image_bases.PLATFORMS}
BUILDER = "image-of-the-lab"


@pytest.fixture(scope="module")
def told(box):
    """The environment of a build: the sandbox's, with what the bake file's variables stand for off line."""
    bases = image_bases.push(box.mirror)
    wheels = image_wheels.folder("requirements-hub.lock", image_bases.python())
    own = {name: f"{box.registry}/{image}" for name, image in bases.items()}
    return {
        **this_world().env,
        **own,
        "BUILDX_BAKE_ENTITLEMENTS_FS": "0",  # the wheels are outside of the project's folder
        "WHEELS": str(wheels),
        "IMAGE": f"{box.registry}/multiplatform-lab",
        "VERSION": "test",
    }


@pytest.fixture(scope="module")
def run(told):
    """Run a command in the project's folder; what it prints."""

    def run(words, **more):
        done = subprocess.run(
            words, cwd=ROOT, env={**told, **more}, capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def built(run, told, tmp_path_factory):
    """The image of both platforms in the registry: its reference by digest. The SBOM's scanner cannot be had off line."""
    run(["docker", "buildx", "create", "--name", BUILDER])
    adapt_new_builders()
    about = tmp_path_factory.mktemp("built") / "lab.json"
    attested = ["--set", "*.attest=type=provenance,mode=max", "--set", "*.attest=type=sbom,disabled=true"]
    run([*BAKE, "--builder", BUILDER, *attested, "--push", "--metadata-file", str(about)])
    yield f"{told['IMAGE']}@{json.loads(about.read_text())['lab']['containerimage.digest']}"
    run(["docker", "buildx", "rm", BUILDER])


@pytest.mark.usefixtures("box")
def test_the_plan_is_what_ci_and_the_page_say():
    """Both platforms with attestations where it is published, this one alone where it is for here."""
    env = {**this_world().env, "VERSION": "1", "REVISION": "abc"}
    done = subprocess.run(
        [*BAKE, "--print", "lab", "here"], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    plan = json.loads(done.stdout)["target"]
    assert set(plan["lab"]["platforms"]) == {str(one) for one in PAIR}
    assert {one["type"] for one in plan["lab"]["attest"]} == {"provenance", "sbom"}
    assert plan["here"]["platforms"] == ["local"]
    assert "contexts" not in plan["lab"]
    assert plan["lab"]["labels"]["org.opencontainers.image.revision"] == "abc"


@nightly
def test_both_platforms_are_what_their_label_says(built):
    """The lab's own judge on the lab's own image: native modules, loaders, what is started."""
    report = audit.audit(built, need=frozenset(PAIR), world=this_world())
    assert [one for one in report.findings if one.severity == "error"] == []
    index = registry.index("multiplatform-lab:test")(this_world())
    assert (index.platforms, built.endswith(index.digest)) == (PAIR, True)
    assert sum(one.is_attestation for one in index.manifests) == len(PAIR)


@nightly
def test_it_starts_and_a_step_is_done_in_it(built, run):
    """As in CI: on an engine's socket, not as root; JupyterLab answers, a step passes, and all is taken away."""
    before = run(["docker", "ps", "--all", "--format", "{{.Names}}"])
    said = run(["deploy/image/try.sh", built])
    assert "JupyterLab answers." in said
    assert "The user is 1000." in said
    assert "passed" in said.lower() or "✔" in said
    assert run(["docker", "ps", "--all", "--format", "{{.Names}}"]) == before
    assert run(["docker", "run", "--rm", built, "jupyterhub-singleuser", "--version"]).strip()  # a hub's own command


@nightly
def test_a_container_as_the_page_says(run, told):
    """Built for here, started on the engine's socket, and taken away, by the page's own lines; nobody has a terminal here."""
    env = {name: value for name, value in told.items() if name not in ("IMAGE", "VERSION")}
    socket = env["DOCKER_HOST"].removeprefix("unix://")
    build, *_ = commands("start.md", "A container")
    start, down, forget = (
        line.replace("run --rm -it", "run --rm")
        .replace("-v /var/run/docker.sock:", f"-v {socket}:")
        .replace("stat -c %g /var/run/docker.sock", f"stat -c %g {socket}")
        for line in commands("image.md", "Your engine's socket")
    )
    subprocess.run(["bash", "-c", build], cwd=ROOT, env=env, check=True, capture_output=True, timeout=600)
    assert learn(start, ROOT, env) == "01-machine.ipynb"
    assert "Removed: " in run(["bash", "-c", down])
    assert run(["bash", "-c", forget]).strip() == "multiplatform-lab"


@pytest.fixture
def dev(built, run):
    """A container as a tool makes it of devcontainer.json, with the downloads of this machine: its file, and its name."""
    file = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    (mount,) = file["mounts"]
    name = f"dev-{os.getpid()}"
    words = ["docker", "run", "--detach", "--name", name, "--user", file["containerUser"]]
    words += ["--init"] * file["init"] + ["--privileged"] * file["privileged"]
    words += [
        "--volume",
        f"{name}:{mount['target']}",
        "--volume",
        f"{paths.cache()}:/home/learner/.cache/multiplatform-lab",
    ]
    run([*words, built, "sleep", "infinity"])
    yield file, name
    run(["docker", "rm", "--force", name])
    run(["docker", "volume", "rm", name])


@nightly
def test_the_dev_container_ends_at_lesson_one(dev, run):
    """Its commands in their order: an engine of its own is up, and JupyterLab answers where the editor forwards a port."""
    file, name = dev
    inside = ["docker", "exec", name, "sh", "-c"]
    assert "The sandbox is up." in run([*inside, file["postStartCommand"]])
    run(["docker", "exec", "--detach", name, "sh", "-c", f"{file['postAttachCommand']} > /tmp/said 2>&1"])
    address = run(
        [
            *inside,
            "for _ in $(seq 120); do grep -o 'http://127[^ ]*' /tmp/said && exit; sleep 1; done; cat /tmp/said; exit 1",
        ]
    ).strip()
    host = run(
        ["docker", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name]
    ).strip()
    with urllib.request.urlopen(address.replace("127.0.0.1", host), timeout=30) as page:  # noqa: S310
        assert b"<title>JupyterLab</title>" in page.read()
    assert f":{file['forwardPorts'][0]}/lab/tree/01-machine.ipynb" in address
    assert "passed" in run([*inside, f"lab run engine_platform {shlex.quote(course.step('engine_platform').solution)}"])
    run([*inside, "lab down"])


@nightly
def test_without_privileges_there_is_one_clear_page(built, run):
    """As root in an ordinary container: no engine of the lab's own can be started, and nothing is left half done."""
    words = [
        "docker",
        "run",
        "--rm",
        "--user",
        "root",
        "--volume",
        f"{paths.cache()}:/home/learner/.cache/multiplatform-lab",
    ]
    said = run([*words, built, "sh", "-c", "lab learn --private 2>&1; test $? = 3 && lab down"])
    assert "run it with --privileged" in said
