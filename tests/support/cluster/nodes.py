"""A node: containerd and kubelet, in mounts of their own, so that all that they mount goes with them."""

import json
import subprocess
from pathlib import Path

from support.cluster import images
from support.cluster.place import ADDRESS, BRIDGE, KEY, NETWORK, node_address, number

from lab.sandbox.host import cgroups, process

_CONTAINERD = """\
version = 3
root = "{own}/containerd"
state = "{own}/run/containerd"
[grpc]
address = "{own}/run/containerd.sock"
[ttrpc]
address = "{own}/run/containerd.sock.ttrpc"
[plugins.'io.containerd.nri.v1.nri']
disable = true
[plugins.'io.containerd.internal.v1.opt']
path = "{own}/opt"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "{pause}"
[plugins.'io.containerd.cri.v1.runtime']
disable_hugetlb_controller = true
restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["{tree}/usr/lib/cni"]
conf_dir = "{own}/cni"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = false
"""
# Folders that kubelet and containerd use whatever they are told: empty ones, which nobody else sees.
_HIDDEN = "for i in /run /var/lib /var/log; do mount -t tmpfs lab-cluster $i; done; mkdir -p /run/netns"


def up(place, node):
    """Start its containerd; kubelet comes once there is an API server."""
    own = place.at(node)
    for name in ("run", "cni"):
        place.at(f"{node}/{name}")
    address = node_address(node)
    subprocess.run(["ip", "addr", "add", f"{address}/24", "dev", BRIDGE], check=True, capture_output=True)
    (own / "cni/10-lab.conflist").write_text(json.dumps(_network(own, node)), encoding="utf-8")
    (own / "containerd.toml").write_text(
        _CONTAINERD.format(own=own, tree=place.tree, pause=images.PAUSE), encoding="utf-8"
    )
    (own / "kubelet.json").write_text(json.dumps(_kubelet(place, node)), encoding="utf-8")
    (own / "resolv.conf").touch()
    _groups(group(node))
    script = f"{_HIDDEN}; exec {place.tree}/usr/bin/containerd --config {own}/containerd.toml"
    place.start(f"containerd-{node}", "unshare", "--mount", "--propagation", "private", "sh", "-c", script)


def join(place, node):
    """Start its kubelet, in the mounts of its containerd."""
    own, keys = place.at(node), place.at("keys")
    inside = ["nsenter", "--mount", f"--target={_containerd(node)}"]
    flags = {
        "config": own / "kubelet.json",
        "kubeconfig": keys / f"{node}.json",
        "root-dir": own / "kubelet",
        "cert-dir": own / "kubelet-keys",
        "hostname-override": node,
        "node-ip": node_address(node),
    }
    words = [f"--{name}={value}" for name, value in flags.items()]
    place.start(f"kubelet-{node}", *inside, place.program, "kubelet", *words)


def load(place, node, archives):
    """Give its containerd the images of these archives."""
    for archive in archives:
        done = subprocess.run(
            [*_ctr(place, node), "images", "import", archive], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def ready(place, node):
    """Whether its containerd answers."""
    return not subprocess.run([*_ctr(place, node), "version"], capture_output=True, check=False).returncode


def kill(node):
    """As a machine that loses its power: nothing of it says goodbye."""
    for role in (f"kubelet-{node}", f"containerd-{node}"):
        process.stop(KEY, role, grace=0)
    cgroups.kill(group(node))


def down(node):
    """End what runs on it, and it."""
    process.stop(KEY, f"kubelet-{node}")
    cgroups.kill(group(node))
    process.stop(KEY, f"containerd-{node}")
    cgroups.kill(group(node))
    cgroups.remove(group(node))


def group(node):
    """The control group of all its pods."""
    return f"lab-cluster-{number(node)}"


def _ctr(place, node):
    return [
        place.tree / "usr/bin/ctr",
        "--address",
        place.folder / node / "run/containerd.sock",
        "--namespace",
        "k8s.io",
    ]


def _containerd(node):
    """The process itself: its children (the shims) carry the same mark."""
    found = [one.pid for one in process.find(KEY, f"containerd-{node}")]
    return next(pid for pid in found if Path(f"/proc/{pid}/comm").read_text().strip() == "containerd")


def _groups(name):
    for root in cgroups.roots(Path("/proc/self/mounts").read_text()):
        (root / name).mkdir(exist_ok=True)
        for kind in ("cpus", "mems"):  # a new group of version 1 has neither, and takes nobody then
            file = f"cpuset.{kind}"
            if (root / "cgroup.clone_children").exists() and (root / file).exists():
                (root / name / file).write_text((root / file).read_text())


def _network(own, node):
    first = number(node) * 60
    base = ADDRESS.rpartition(".")[0]
    pool = {"subnet": NETWORK, "rangeStart": f"{base}.{first}", "rangeEnd": f"{base}.{first + 59}", "gateway": ADDRESS}
    addresses = {
        "type": "host-local",
        "dataDir": str(own / "addresses"),
        "ranges": [[pool]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": False, "ipMasq": False, "ipam": addresses}
    return {"cniVersion": "1.0.0", "name": "lab", "plugins": [bridge]}


def _kubelet(place, node):
    own, keys = place.at(node), place.at("keys")
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{own}/run/containerd.sock",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{group(node)}",
        "failSwapOn": False,
        "address": node_address(node),
        "port": 16250,
        "healthzPort": 0,
        "readOnlyPort": 0,
        "tlsCertFile": f"{keys}/{node}.crt",
        "tlsPrivateKeyFile": f"{keys}/{node}.key",
        "authentication": {"x509": {"clientCAFile": f"{keys}/ca.crt"}, "anonymous": {"enabled": False}},
        "authorization": {"mode": "Webhook"},
        "resolvConf": f"{own}/resolv.conf",
        "podLogsDir": f"{own}/pod-logs",
        "volumePluginDir": f"{own}/volume-plugins",
        "makeIPTablesUtilChains": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "200Mi"},
        "serializeImagePulls": False,
        # A dead node is noticed within seconds, and not within a minute.
        "nodeStatusUpdateFrequency": "2s",
        "nodeLeaseDurationSeconds": 8,
    }
