"""One real Kubernetes for all tests of this folder, with the files of `deploy/` on it, a hub beside it, and two learners.

It changes settings of the kernel while it runs, so somebody must agree. What it leaves behind fails the run.
"""

import os
import re
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock
from support import machine_picture as machine
from support.cluster import cluster as clusters
from support.cluster import hub as hubs
from support.cluster import nodes
from support.cluster.place import KEY, NODES, sysctls
from support.cluster.schemas import DEPLOY, MANIFESTS, read

from lab import paths
from lab.probes.here import environment_of
from lab.sandbox.host import cgroups, process

_CLAIMS = 4
# In the minutes that a cluster is up, others of this machine make and leave groups, too.
_GROUPS = re.compile("lab-cluster|kube|k8s|cri|containerd|buildkit|docker")
NAMES = ("ana", "ben")


def pytest_itemcollected(item):
    """Everything in this folder needs the cluster."""
    item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def cluster():
    """Up for the session; afterwards the machine is as it was: processes, mounts, links, groups, settings, files."""
    if os.environ.get("LAB_TEST_CLUSTER") != "yes":
        pytest.skip("A cluster changes settings of the whole machine: `make test-cluster` says that you agree.")
    if os.geteuid():
        pytest.skip("A cluster needs root.")
    kept = paths.cache() / "kubernetes"
    kept.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="lab-cluster-"))
    with FileLock(kept / "one-at-a-time"), environment_of({"LAB_HOME": str(folder)}):
        before, settings = machine.take(), sysctls()
        with clusters.running(folder) as up:
            _furnish(up)
            assert machine.traces(before, patience=0)  # the picture does see a cluster
            yield up
        left = machine.traces(before)
        left["cgroups"] = [one for one in left.get("cgroups", ()) if _GROUPS.search(one)]
        assert {kind: lines for kind, lines in left.items() if lines} == {}
        assert sysctls() == settings
        assert process.find(KEY) == []
        assert [group for node in NODES for group in cgroups.here(nodes.group(node))] == []
        assert not folder.exists()


def _furnish(up):
    """The files of `deploy/`, as a cluster's owner applies them, and disks that both nodes reach."""
    for path in (DEPLOY / "namespace.yaml", *MANIFESTS):
        if path.name != "buildkitd.yaml":  # its nodes are of another kind: see there
            up.kubectl("apply", f"--filename={path}")
    standard = {"storageclass.kubernetes.io/is-default-class": "true"}
    up.apply(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "shared", "annotations": standard},
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
        *(_disk(up.place.at(f"disks/{number}"), number) for number in range(_CLAIMS)),
    )


def _disk(folder, number):
    """A folder of this machine, which is both nodes': it plays storage on the network."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(NODES)}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"disk-{number}"},
        "spec": {
            "capacity": {"storage": "4Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "shared",
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


@pytest.fixture(scope="session")
def keys(cluster):
    """The keys of `deploy/certificates.py`, as secrets."""
    import subprocess
    import sys

    folder = cluster.place.folder / "builder-keys"
    names = [f"buildkitd-{arch}.lab-builders" for arch in ("amd64", "arm64")]
    subprocess.run([sys.executable, DEPLOY / "certificates.py", folder, *names], check=True, timeout=60)
    for namespace, name, kind in (("lab-builders", "buildkitd", "server"), ("lab", "buildkit-client", "client")):
        cluster.kubectl("create", "secret", "generic", name, f"--namespace={namespace}", f"--from-file={folder / kind}")
    return folder


@pytest.fixture(scope="session")
def hub(cluster, keys):
    """JupyterHub, with few rights."""
    hubs.start(cluster)


@pytest.fixture(scope="session")
def learners(cluster, hub):
    """Two, both in JupyterLab, by name; they came at once."""
    from concurrent.futures import ThreadPoolExecutor

    found = {name: hubs.Learner(name) for name in NAMES}
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda one: one.log_in(), found.values()))
        try:
            cluster.took |= dict(zip(found, pool.map(lambda one: one.arrive(), found.values()), strict=True))
        except AssertionError as error:
            pytest.fail(f"{error}\n{cluster.trouble()}")
    return found


@pytest.fixture(scope="session")
def buildkits(cluster, keys):
    """The BuildKits of `deploy/buildkitd.yaml`, one on each node: address and name by architecture."""
    manifests = read(DEPLOY / "buildkitd.yaml")
    for one in manifests:
        if one["kind"] == "Deployment":  # both nodes are of this machine's architecture
            node = NODES[one["metadata"]["labels"]["arch"] == "arm64"]
            one["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/hostname": node}
    cluster.apply(*manifests)

    def ready():
        pods = cluster.get("pods", "--namespace=lab-builders", "--selector=app=buildkitd")["items"]
        up = [
            one for one in pods if all(c["ready"] for c in one["status"].get("containerStatuses", [{"ready": False}]))
        ]
        return len(up) == len(NODES) and {one["metadata"]["labels"]["arch"]: one["status"]["podIP"] for one in up}

    return cluster.wait("BuildKit on both nodes", ready)
