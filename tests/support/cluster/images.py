"""The cluster's images, made without a builder and without a registry, as archives for containerd.

One image is all that the class runs: Debian's Python and shell, the lab with JupyterHub, Docker's programs. It stands in for the
lab's own image and, under another name, for Docker's `dind`; its engine asks the registry on the bridge instead of Docker Hub.
"""

import json
import platform
import shutil

from support import debian
from support.cluster import programs
from support.cluster.place import REGISTRY, UID
from support.cluster.schemas import ROOT, VALUES, read

from lab.images import build
from lab.model.platforms import Platform
from lab.sandbox import images
from lab.sandbox.buildkit import maker
from lab.sandbox.packages import apt, mirror
from lab.sandbox.packages.programs import find

PAUSE = "lab.test/pause:1"
VENV = "opt/lab"
# What a lesson's cells use, and Python; what these need comes with them.
_PACKAGES = (
    "python3",
    "bash",
    "coreutils",
    "findutils",
    "grep",
    "sed",
    "gzip",
    "tar",
    "procps",
    "libzmq5",
    "ca-certificates",
)
_HOME = "home/learner"
# Asked for in the image as the image of Docker's own asks: the engine's words are in deploy/values.yaml.
_DAEMON = {
    "iptables": False,
    "ip6tables": False,
    "bip": "172.30.0.1/24",
    "registry-mirrors": [f"http://{REGISTRY}"],
    "insecure-registries": [REGISTRY],
}
_REGISTRY = b"""\
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/registry}}
http: {addr: ":5000"}
"""


def names():
    """What `deploy/values.yaml` calls the lab's image, and the engine's."""
    learner = read(VALUES)[0]["singleuser"]
    return f"{learner['image']['name']}:{learner['image']['tag']}", learner["initContainers"][0]["image"]


def make(folder):
    """Write the archives into `folder`; the base images for the registry: repository and tag → what it is."""
    tree = programs.engine_tree()
    layers = folder / "layers"
    layers.mkdir()
    base = build.layer(_base(layers / "base"), compress=False, folder=layers)
    lab = build.layer(_lab(), compress=False, folder=layers)
    docker = build.layer(_docker(tree), compress=False, folder=layers)
    busybox = images.busybox_binary(apt.fetch(["busybox-static"])["busybox-static"]).content
    small = build.layer(images.busybox_files(busybox), compress=False, folder=layers)
    registry = build.layer(
        {"etc/registry.yml": build.File(_REGISTRY), **_at("usr/bin", [find(tree, "docker-registry")])}
    )
    whole = _image([base, lab, docker], {"User": f"{UID}:{UID}", "WorkingDir": f"/{_HOME}", "Env": _environment()})
    _write(folder / "lab", whole, [*names()])
    _write(folder / "pause", _image([small], {"Entrypoint": ["/bin/sleep", "2147483647"]}), [PAUSE])
    _write(folder / "buildkit", maker.make(), [f"docker.io/{images.BUILDKIT}"])
    serve = {"Entrypoint": ["/usr/bin/docker-registry", "serve", "/etc/registry.yml"]}
    return {
        ("library/busybox", "1.38"): images.busybox().index,
        ("library/registry", "3"): _image([base, registry], serve),
        ("moby/buildkit", "buildx-stable-1"): maker.make(),
    }


def _image(layers, config):
    here = str(Platform.of("linux", platform.machine()))
    return build.image(layers, platform=here, config=config)


def _write(folder, image, called):
    build.write_layout(folder, image, names=called)
    with folder.with_suffix(".tar").open("wb") as archive:
        build.write_archive(folder, archive)
    shutil.rmtree(folder)


def _base(tree):
    """Debian's packages, unpacked and not installed, and a learner in /etc/passwd."""
    version = next(programs.environment().glob("lib/python3.*")).name
    debs = debian.closure(_PACKAGES, mirror.host_architecture())
    return debian.unpacked(debs, tree) | {
        "etc/passwd": build.File(
            f"root:x:0:0:root:/root:/bin/sh\nlearner:x:{UID}:{UID}::/{_HOME}:/bin/bash\n".encode()
        ),
        "etc/group": build.File(f"root:x:0:\nlearner:x:{UID}:\n".encode()),
        "usr/bin/python3": build.Link(version),
        "root": build.Folder(0o700),
        "run": build.Folder(),
        _HOME: build.Folder(0o777),
    }


def _lab():
    """The virtual environment at a place of its own, with this very lab in it."""
    place = programs.environment()
    found = {
        f"{VENV}/{name}": entry for name, entry in build.files_of(place).items() if not name.startswith("bin/python")
    }
    found |= {f"{VENV}/bin/{name}": build.Link("/usr/bin/python3") for name in ("python", "python3")}
    packages = next(place.glob("lib/python3*/site-packages")).relative_to(place)
    own = {f"{VENV}/{packages}/lab/{name}": one for name, one in _sources("lab").items()}
    own |= {f"{VENV}/{packages}/lab/_lessons/{name}": one for name, one in _sources("lessons").items()}
    command = b"#!/opt/lab/bin/python\nimport sys\nfrom lab.cli import main\nsys.exit(main())\n"
    return found | own | {f"{VENV}/bin/lab": build.File(command, 0o755)}


def _sources(folder):
    found = build.files_of(ROOT / folder)
    return {name: one for name, one in found.items() if "__pycache__" not in name}


def _docker(tree):
    """Docker's programs, client and engine, and the engine's settings."""
    inside = (
        "docker",
        "dockerd",
        "docker-proxy",
        "docker-init",
        "containerd",
        "containerd-shim-runc-v2",
        "runc",
        "docker-registry",
    )
    files = _at("usr/bin", [find(tree, name) for name in inside])
    files |= _at("usr/libexec/docker/cli-plugins", [find(tree, "docker-buildx")])
    files |= {
        f"usr/lib/{path.relative_to(tree / 'usr/lib')}": build.File(path.read_bytes(), 0o755)
        for path in _libraries(tree)
    }
    return files | {
        "etc/docker/daemon.json": build.File(json.dumps(_DAEMON).encode()),
        "var/lib/docker": build.Folder(),
    }


def _libraries(tree):
    return [path for path in (tree / "usr/lib").rglob("*.so*") if path.is_file()]


def _at(folder, found):
    return {f"{folder}/{path.name}": build.File(path.read_bytes(), 0o755) for path in found}


def _environment():
    return [images.SEARCH_PATH.replace("PATH=", f"PATH=/{VENV}/bin:"), f"HOME=/{_HOME}", "LANG=C.UTF-8"]
