"""A Kubernetes of two nodes on this machine: up, asked, and down without a trace. Linux, root.

Both nodes share this machine's kernel and disk, there is no kube-proxy and no name service: pods are reached at their addresses.
"""

import contextlib
import json
import shutil
import subprocess
import time
from pathlib import Path

from support.cluster import images, keys, nodes, program, programs
from support.cluster.place import ADDRESS, API_PORT, BRIDGE, KEY, NODES, REGISTRY, SERVICES, Place, sysctls

from lab.images import build
from lab.sandbox.host import http, process

_ETCD = "http://127.0.0.1:16379"
_PEER = "http://127.0.0.1:16380"
HERE = "127.0.0.1:15000"
_SETTINGS = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: '{folder}'}}}}
http: {{addr: '{address}'}}
"""


class Cluster:
    """One that is up."""

    def __init__(self, place):
        self.place = place
        self.took = {}

    def kubectl(self, *words, stdin=None, check=True):
        """What kubectl prints, with all rights."""
        command = [self.place.program, "kubectl", f"--kubeconfig={self.place.folder}/keys/admin.json", *words]
        home = {"HOME": str(self.place.folder), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300, check=False, env=home)
        assert not check or done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout if check else done.stdout + done.stderr

    def get(self, *words):
        """Objects as JSON."""
        return json.loads(self.kubectl("get", *words, "--output=json"))

    def apply(self, *manifests):
        """Give the API server these, as a file of YAML would."""
        whole = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        return self.kubectl("apply", "--filename=-", stdin=json.dumps(whole))

    def wait(self, what, holds, seconds=120):
        """Until it holds; how long that took is noted."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if found := holds():
                self.took[what] = round(time.monotonic() - begun, 1)
                return found
            time.sleep(0.2)
        raise AssertionError(f"{what}: not within {seconds} s\n{self.trouble()}")

    def trouble(self):
        """What a person would look at."""
        events = self.kubectl("get", "events,pods,nodes", "--all-namespaces", "--output=wide", check=False)
        logs = [f"{log.name}: {process.tail(log, 4)}" for log in sorted(self.place.at("logs").glob("*.log"))]
        return "\n".join([events[-6000:], *logs])

    def node_up(self, node):
        """Whether the API server counts a node as ready."""
        conditions = self.get("node", node)["status"]["conditions"]
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


@contextlib.contextmanager
def running(folder):
    """A cluster in that folder, up; whatever happens, it is down afterwards, and the kernel's settings are as they were."""
    before = sysctls()
    place = Place(folder, program.make(), programs.node_tree(folder / "tree"))
    try:
        yield _up(place)
    finally:
        _down(place, before)


def _up(place):
    cluster = Cluster(place)
    bases = images.make(place.at("images"))
    keys.make(place.at("keys"))
    for words in (["add", BRIDGE, "type", "bridge"], ["set", BRIDGE, "up"]):
        subprocess.run(["ip", "link", *words], check=True)
    subprocess.run(["ip", "addr", "add", f"{ADDRESS}/24", "dev", BRIDGE], check=True)
    for node in NODES:
        nodes.up(place, node)
    _control_plane(place)
    _registry(cluster, bases)
    archives = sorted(place.at("images").glob("*.tar"))
    for node in NODES:
        cluster.wait(f"containerd of {node}", lambda node=node: nodes.ready(place, node))
        nodes.load(place, node, archives)
    cluster.wait("API server", lambda: cluster.kubectl("get", "--raw=/readyz", check=False) == "ok")
    _followers(place)
    for node in NODES:
        nodes.join(place, node)
    for node in NODES:
        cluster.wait(node, lambda node=node: _has(cluster, "node", node) and cluster.node_up(node))
    cluster.wait("service account", lambda: _has(cluster, "serviceaccount", "default"))
    return cluster


def _has(cluster, *words):
    return "NotFound" not in (said := cluster.kubectl("get", *words, "--output=name", check=False)) and "/" in said


def _control_plane(place):
    own = place.at("keys")
    place.kubernetes(
        "etcd",
        "--unsafe-no-fsync",
        data_dir=place.at("etcd"),
        listen_client_urls=_ETCD,
        advertise_client_urls=_ETCD,
        listen_peer_urls=_PEER,
        initial_advertise_peer_urls=_PEER,
        initial_cluster=f"default={_PEER}",
        log_level="warn",
    )
    place.kubernetes(
        "kube-apiserver",
        etcd_servers=_ETCD,
        bind_address=ADDRESS,
        advertise_address=ADDRESS,
        secure_port=API_PORT,
        tls_cert_file=own / "apiserver.crt",
        tls_private_key_file=own / "apiserver.key",
        client_ca_file=own / "ca.crt",
        kubelet_client_certificate=own / "admin.crt",
        kubelet_client_key=own / "admin.key",
        kubelet_certificate_authority=own / "ca.crt",
        kubelet_preferred_address_types="InternalIP",
        service_account_issuer=keys.API,
        service_account_key_file=own / "accounts.key",
        service_account_signing_key_file=own / "accounts.key",
        service_cluster_ip_range=SERVICES,
        authorization_mode="Node,RBAC",
        enable_admission_plugins="NodeRestriction",
        allow_privileged="true",
        cert_dir=place.at("apiserver"),
        # Pods of a node that is gone are given up after seconds, and not after five minutes.
        default_not_ready_toleration_seconds=5,
        default_unreachable_toleration_seconds=5,
    )


def _followers(place):
    own = place.at("keys")
    place.kubernetes(
        "kube-controller-manager",
        kubeconfig=own / "controllers.json",
        service_account_private_key_file=own / "accounts.key",
        root_ca_file=own / "ca.crt",
        use_service_account_credentials="true",
        leader_elect="false",
        bind_address="127.0.0.1",
        secure_port=16257,
        cert_dir=place.at("controllers"),
        flex_volume_plugin_dir=place.at("volume-plugins"),
        node_monitor_period="2s",
        node_monitor_grace_period="12s",
    )
    place.kubernetes(
        "kube-scheduler",
        kubeconfig=own / "scheduler.json",
        leader_elect="false",
        bind_address="127.0.0.1",
        secure_port=16259,
        cert_dir=place.at("scheduler"),
    )


def _registry(cluster, bases):
    """On the bridge, in plain HTTP: it plays Docker Hub for the engines, and takes what the builders push.

    A second process serves the same images on loopback, where the lab's own client speaks plain HTTP.
    """
    place = cluster.place
    program = programs.engine_tree() / "usr/bin/docker-registry"
    for name, address in (("registry", REGISTRY), ("registry-here", HERE)):
        settings = place.folder / f"{name}.yml"
        settings.write_text(_SETTINGS.format(folder=place.at("registry"), address=address), encoding="utf-8")
        place.start(name, program, "serve", settings, OTEL_TRACES_EXPORTER="none")
        cluster.wait(name, lambda address=address: (answer := http.get(address, "/v2/")) and answer.status == 200)
    for (repository, tag), image in bases.items():
        build.push(f"http://{HERE}", repository, tag, image, timeout=120)


def _down(place, before):
    for role in ("hub", "kube-scheduler", "kube-controller-manager"):
        process.stop(KEY, role)
    for node in NODES:
        nodes.down(node)
    process.stop(KEY)
    subprocess.run(["ip", "link", "delete", BRIDGE], check=False, capture_output=True)
    for name, value in before.items():
        Path("/proc/sys", name).write_text(value, encoding="ascii")
    shutil.rmtree(place.folder, ignore_errors=True)
