"""The class of values.yaml without the chart: JupyterHub with KubeSpawner, on a machine that reaches the pods.

    LAB_HUB_ADDRESS=10.0.0.5 KUBECONFIG=hub.kubeconfig jupyterhub -f jupyterhub_config.py

`LAB_HUB_ADDRESS` is an address of this machine that pods reach; `KUBECONFIG` has the rights of hub.yaml. `LAB_VALUES`
may name a file of your own values, laid over values.yaml as `helm --values` does. `LAB_HUB_URL` is where browsers come
in. What only the chart can do (images pulled beforehand, network policies) is not done here.
"""

import os
import sys
from pathlib import Path
from typing import Any

import yaml

# What the chart calls a learner's setting, and what KubeSpawner does.
NAMES = {
    "cmd": "cmd",
    "defaultUrl": "default_url",
    "startTimeout": "start_timeout",
    "uid": "uid",
    "fsGid": "fs_gid",
    "extraEnv": "environment",
    "serviceAccountName": "service_account",
    "initContainers": "init_containers",
    "extraContainers": "extra_containers",
    "extraPodConfig": "extra_pod_config",
    "nodeSelector": "node_selector",
    "extraTolerations": "tolerations",
    "allowPrivilegeEscalation": "allow_privilege_escalation",
}
AMOUNTS = {"cpu": "cpu", "memory": "mem"}
NAMESPACE = "lab"
Table = dict[str, Any]


def over(below: Any, above: Any) -> Any:
    """Two tables as Helm lays one over the other: tables are merged, all else is replaced."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {name: over(below.get(name), above[name]) if name in above else below[name] for name in {**below, **above}}


def values() -> Any:
    """This folder's values.yaml, with one's own laid over it."""
    read = yaml.safe_load(Path(__file__).with_name("values.yaml").read_text(encoding="utf-8"))
    own = os.environ.get("LAB_VALUES")
    return over(read, yaml.safe_load(Path(own).read_text(encoding="utf-8"))) if own else read


def spawner(learner: Table) -> Table:
    """KubeSpawner's settings out of the chart's `singleuser`."""
    found = {trait: learner[name] for name, trait in NAMES.items() if name in learner}
    image = learner["image"]
    found["image"] = f"{image['name']}:{image['tag']}"
    if policy := image.get("pullPolicy"):
        found["image_pull_policy"] = policy
    for name, trait in AMOUNTS.items():
        found |= {f"{trait}_{which}": amount for which, amount in learner.get(name, {}).items()}
    return found | homes(learner["storage"])


def homes(storage: Table) -> Table:
    """A claim for each learner, and the volumes beside it."""
    claim = storage["dynamic"]
    name = claim["volumeNameTemplate"]
    home = {"name": name, "persistentVolumeClaim": {"claimName": "{pvc_name}"}}
    found = {
        "storage_pvc_ensure": True,
        "storage_capacity": storage["capacity"],
        "storage_access_modes": claim["storageAccessModes"],
        "pvc_name_template": claim["pvcNameTemplate"],
        "volumes": {name: home, **storage.get("extraVolumes", {})},
        "volume_mounts": {
            name: {"name": name, "mountPath": storage["homeMountPath"]},
            **storage.get("extraVolumeMounts", {}),
        },
    }
    return found | ({"storage_class": claim["storageClass"]} if "storageClass" in claim else {})


def culler(settings: Table, hub: str) -> tuple[Table, Table]:
    """The service that stops servers which nobody uses."""
    words = [sys.executable, "-m", "jupyterhub_idle_culler", f"--url={hub}/hub/api"]
    words += [f"--timeout={settings['timeout']}", f"--cull-every={settings['every']}"]
    rights = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    role = {"name": "culler", "scopes": rights, "services": ["culler"]}
    return {"name": "culler", "command": words}, role


def configure(c: Any) -> None:
    """Everything, in the words of JupyterHub."""
    read = values()
    hub = f"http://{os.environ['LAB_HUB_ADDRESS']}:8081"
    c.JupyterHub.bind_url = os.environ.get("LAB_HUB_URL", "http://127.0.0.1:8000")
    c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = hub
    c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
    c.JupyterHub.concurrent_spawn_limit = read["hub"]["concurrentSpawnLimit"]
    c.JupyterHub.cleanup_servers = False  # a hub that is started again finds its learners
    c.KubeSpawner.namespace = NAMESPACE
    c.KubeSpawner.update(spawner(read["singleuser"]))
    if read["cull"]["enabled"]:
        service, role = culler(read["cull"], hub)
        c.JupyterHub.services = [service]
        c.JupyterHub.load_roles = [role]
    for section, settings in read["hub"]["config"].items():
        c[section].update(settings)


if "get_config" in globals():
    configure(get_config())  # noqa: F821 - JupyterHub gives it
