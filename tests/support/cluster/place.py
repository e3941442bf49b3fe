"""Where a cluster of the tests is: its folder, its network, its names. One at a time on a machine, since these are fixed."""

from dataclasses import dataclass
from pathlib import Path

from lab.sandbox.host import process

KEY = "cluster-of-tests"  # by which its processes are found, and nothing else's
BRIDGE = "lab-cluster"
ADDRESS = "10.215.7.1"  # of this machine on the bridge: pods reach the API server, the hub and the registry there
NETWORK = "10.215.7.0/24"
SERVICES = "10.215.8.0/24"
API_PORT = 16443
HUB_PORT = 8081
REGISTRY = f"{ADDRESS}:15000"
NODES = ("lab-node-1", "lab-node-2")
UID = 1000
# Of the kernel, for the whole machine: kubelet and the network's plugins set them.
SYSCTLS = (
    "kernel/keys/root_maxbytes", "kernel/keys/root_maxkeys", "kernel/panic", "kernel/panic_on_oops",
    "net/ipv4/ip_forward", "vm/overcommit_memory", "vm/panic_on_oom",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A folder of the cluster's own, and what runs from it."""

    folder: Path
    program: Path  # all of Kubernetes
    tree: Path  # containerd, ctr, the network's plugins

    def at(self, name):
        """A folder in it, made."""
        found = self.folder / name
        found.mkdir(parents=True, exist_ok=True)
        return found

    def start(self, role, *command, **env):
        """A process of the cluster, in the background."""
        paths = f"{self.tree}/usr/bin:{self.tree}/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        libraries = ":".join(str(path) for path in self.tree.glob("usr/lib/*-linux-gnu"))
        own = {"PATH": paths, "LD_LIBRARY_PATH": libraries, "HOME": str(self.folder), **env}
        process.start([str(word) for word in command], key=KEY, role=role, log=self.at("logs") / f"{role}.log", env=own)

    def kubernetes(self, part, *words, **options):
        """A part of Kubernetes in the background, with its options as Go wants them."""
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        self.start(part, self.program, part, *words, *flags)


def sysctls():
    """What they are now."""
    found = {name: Path("/proc/sys", name) for name in SYSCTLS}
    return {name: path.read_text(encoding="ascii").strip() for name, path in found.items() if path.exists()}


def number(node):
    """1 for the first node."""
    return NODES.index(node) + 1


def node_address(node):
    """Where its kubelet listens."""
    return f"{ADDRESS.rpartition('.')[0]}.{number(node) + 1}"
