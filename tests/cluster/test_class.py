"""A class on a real Kubernetes of two nodes: by the files of `deploy/`, through the hub, as learners use it.

`make test-cluster` runs it, about three minutes once Kubernetes is compiled; the nightly job does, and no other. The tests build on
one another: the last ones kill what the first ones made.
"""

import contextlib
import json
import os
import threading
import time

import pytest
from support.cluster import hub as hubs
from support.cluster import nodes, schemas
from support.cluster.place import KEY, NODES, REGISTRY

from lab.sandbox.host import process

STEP = "build_test"
PASSES = f"""
get_ipython().run_cell_magic("step", "{STEP}", "cd files/one-platform; docker build -t $REGISTRY/build-test . --push")
"""
TELL = """
import json, subprocess
done = subprocess.run(["bash", "-c", {script!r}], capture_output=True, text=True)
print("<<" + json.dumps([done.returncode, done.stdout, done.stderr]) + ">>")
"""


def told(learner, script, seconds=180):
    """A script in a learner's own kernel: exit status, output, complaints."""
    said = learner.run(TELL.format(script=script), seconds)
    assert "<<" in said, said
    return json.loads(said[said.index("<<") + 2 : said.rindex(">>")])


def does(learner, script, seconds=180):
    """What a script that works prints."""
    status, out, complaints = told(learner, script, seconds)
    assert status == 0, out + complaints
    return out.strip()


def begins(learner, script):
    """A script in a kernel of its own, which goes on meanwhile; what becomes of it does not matter."""

    def cell():
        with contextlib.suppress(OSError, TypeError):  # its kernel is gone, or its socket is closed
            told(learner, script, 900)

    running = threading.Thread(target=cell, daemon=True)
    running.start()
    return running


def pod(cluster, name):
    """A learner's pod."""
    return cluster.get("pod", f"jupyter-{name}", "--namespace=lab")


def test_the_record_is_what_the_running_server_answers(cluster):
    """The form that `make test` holds `deploy/` to; LAB_RENEW=yes writes it anew."""
    manifests = [one for path in schemas.MANIFESTS for one in schemas.read(path)]
    wanted = [*manifests, {"apiVersion": "v1", "kind": "Pod"}]
    answers = [
        json.loads(cluster.kubectl("get", "--raw", f"/openapi/v3/{one}")) for one in schemas.group_versions(wanted)
    ]
    found = schemas.trimmed(answers, wanted)
    if os.environ.get("LAB_RENEW") == "yes":
        schemas.API.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert found == json.loads(schemas.API.read_text(encoding="utf-8"))


def test_each_learner_passes_a_step_through_the_hub(cluster, learners):
    """Login, page, kernel and websocket, a build and a push on an engine of one's own; the check says passed."""
    for learner in learners.values():
        said = learner.run(PASSES)
        assert does(learner, f"lab check {STEP}"), said
    engines = {does(one, "docker info --format '{{.ID}}'") for one in learners.values()}
    assert len(engines) == len(learners)


def test_only_the_engine_of_a_pod_is_privileged(cluster, learners):
    """As the values say it, after JupyterHub, KubeSpawner and the API server had their say."""
    for name in learners:
        spec = pod(cluster, name)["spec"]
        held = {one["name"]: one.get("securityContext", {}) for one in (*spec["containers"], *spec["initContainers"])}
        assert [each for each, rights in held.items() if rights.get("privileged")] == ["engine"]
        assert held["notebook"]["runAsUser"] == 1000
        assert held["notebook"]["allowPrivilegeEscalation"] is False


def test_a_learner_has_no_rights_over_the_class(cluster, learners):
    """With the token of their own pod: other pods, secrets and builders of the hub's namespace are refused."""
    ask = (
        "curl() { python3 - \"$1\" <<'E'\n"
        "import os, ssl, sys, urllib.error, urllib.request\n"
        "own = '/var/run/secrets/kubernetes.io/serviceaccount/'\n"
        "url = 'https://' + os.environ['KUBERNETES_SERVICE_HOST'] + ':' + os.environ['KUBERNETES_SERVICE_PORT'] + sys.argv[1]\n"
        "request = urllib.request.Request(url, headers={'Authorization': 'Bearer ' + open(own + 'token').read()})\n"
        "try:\n"
        "    print(urllib.request.urlopen(request, context=ssl.create_default_context(cafile=own + 'ca.crt')).status)\n"
        "except urllib.error.HTTPError as error:\n"
        "    print(error.code)\n"
        "E\n}\n"
    )
    paths = [f"/api/v1/namespaces/lab/{kind}" for kind in ("pods", "secrets", "persistentvolumeclaims")]
    refused = [
        *paths,
        "/api/v1/namespaces/lab-builders/secrets",
        "/api/v1/nodes",
        "/apis/apps/v1/namespaces/lab/deployments",
    ]
    allowed = "/api/v1/namespaces/lab-builders/pods"
    lines = "".join(f"curl {path}\n" for path in [*refused, allowed])
    assert does(learners["ana"], ask + lines).split() == ["403"] * len(refused) + ["200"]


def test_one_learner_does_not_reach_anothers_registry_or_engine(cluster, learners):
    """What was pushed is on the other's loopback, and the engine listens at no port."""
    address = pod(cluster, "ben")["status"]["podIP"]
    port = does(learners["ben"], "lab status --json").split('"registry": "localhost:')[1].split('"')[0]
    for each in (port, "2375", "2376"):
        status, _, said = told(learners["ana"], f"timeout 5 bash -c '</dev/tcp/{address}/{each}'")
        assert status, f"port {each} answers"
        assert "refused" in said


BUILDER = f"""
set -e
mkdir -p ~/build; cd ~/build
printf '[registry."{REGISTRY}"]\\n  http = true\\n[registry."docker.io"]\\n  mirrors = ["{REGISTRY}"]\\n' > buildkitd.toml
printf 'FROM busybox:1.38\\nARG TARGETPLATFORM\\nENV FOR=$TARGETPLATFORM\\n' > Dockerfile
options=namespace=lab-builders,image=moby/buildkit:buildx-stable-1,timeout=60s
docker buildx create --name class --node class-a --driver kubernetes --platform linux/amd64 --buildkitd-config buildkitd.toml \\
  --driver-opt "$options,\\"nodeselector=kubernetes.io/hostname={NODES[0]}\\"" --bootstrap
docker buildx create --name class --append --node class-b --driver kubernetes --platform linux/arm64 --buildkitd-config buildkitd.toml \\
  --driver-opt "$options,\\"nodeselector=kubernetes.io/hostname={NODES[1]}\\"" --bootstrap
docker buildx build --builder class --platform linux/amd64,linux/arm64 -t {REGISTRY}/class:1 --push .
docker buildx imagetools inspect --builder class {REGISTRY}/class:1
"""


def test_a_learner_builds_on_buildkit_pods_of_two_nodes(cluster, learners):
    """With the rights of `deploy/builders.yaml` alone: made, found, used from inside the learner's pod, and removed."""
    said = does(learners["ana"], BUILDER)
    assert "linux/amd64" in said
    assert "linux/arm64" in said
    pods = cluster.get("pods", "--namespace=lab-builders")["items"]
    own = {one["spec"]["nodeName"] for one in pods if one["metadata"]["name"].startswith("class-")}
    assert own == set(NODES)
    does(learners["ana"], "docker buildx rm class")
    left = cluster.get("deployments", "--namespace=lab-builders")["items"]
    assert [one["metadata"]["name"] for one in left if one["metadata"]["name"].startswith("class-")] == []


def remote(buildkits, folder):
    """A builder of both BuildKits, by keys in that folder; each has a name and an address, since there is no name service."""
    lines = []
    for arch, address in sorted(buildkits.items()):
        keys = ",".join(
            f"{option}={folder}/{file}"
            for option, file in (("cacert", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem"))
        )
        append = "--append " if lines else ""
        lines.append(
            f"docker buildx create --name far {append}--node far-{arch} --driver remote --platform linux/{arch} "
            f"--driver-opt {keys},servername=buildkitd-{arch}.lab-builders tcp://{address}:1234"
        )
    return "set -e; " + "; ".join(lines) + "; "


def test_a_learner_builds_on_the_owners_buildkits_by_key(cluster, learners, buildkits):
    """The driver `remote` over mutual TLS, with the keys that the learner's pod was given."""
    build = "mkdir -p ~/far; cd ~/far; printf 'FROM scratch\\nCOPY Dockerfile /\\n' > Dockerfile; "
    build += (
        "docker buildx build --builder far --platform linux/amd64,linux/arm64 -o type=local,dest=out . 2>&1; ls out"
    )
    said = does(learners["ana"], remote(buildkits, "/run/builder-keys") + build)
    assert {"linux_amd64", "linux_arm64"} <= set(said.split())
    does(learners["ana"], "docker buildx rm far")


def test_without_a_key_of_theirs_nobody_builds(cluster, learners, buildkits):
    """A learner's own authority gets nothing."""
    make = (
        "set -e; mkdir -p ~/mine; python3 -c \"import trustme; ca = trustme.CA(); ca.cert_pem.write_to_path('mine/ca.pem'); "
        "pair = ca.issue_cert('me'); pair.cert_chain_pems[0].write_to_path('mine/cert.pem'); "
        "pair.private_key_pem.write_to_path('mine/key.pem')\"; cp /run/builder-keys/ca.pem mine/; "
    )
    does(learners["ben"], "cd ~; " + make + remote(buildkits, "$HOME/mine"))
    status, _, said = told(
        learners["ben"], "printf 'FROM scratch\\nCOPY . /\\n' | timeout 60 docker buildx build --builder far -"
    )
    assert status
    assert "context deadline exceeded" in said or "certificate" in said
    does(learners["ben"], "docker buildx rm far")


def test_what_a_learner_costs(cluster, learners, capsys):
    """Measured, and told to whoever runs this; docs/cluster.md has the figures of one run."""
    rows = []
    for node in NODES:
        summary = json.loads(cluster.kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/stats/summary"))
        for one in summary["pods"]:
            if one["podRef"]["namespace"] == "lab":
                used = {each["name"]: each["memory"]["workingSetBytes"] // 2**20 for each in one["containers"]}
                rows.append((one["podRef"]["name"], node, used))
    assert {name for name, *_ in rows} == {f"jupyter-{name}" for name in learners}
    with capsys.disabled():
        print()  # noqa: T201
        for name, node, used in sorted(rows):
            print(f"{name} on {node}: {used} MiB")  # noqa: T201
        for what, seconds in cluster.took.items():
            print(f"{what}: {seconds} s")  # noqa: T201


def test_a_hub_that_is_started_again_finds_its_learners(cluster, learners):
    """Their servers go on meanwhile: the kernel's engine has the same containers."""
    before = pod(cluster, "ana")["metadata"]["uid"]
    process.stop(KEY, "hub")
    hubs.start(cluster)
    learners["ana"].arrive()
    assert does(learners["ana"], f"lab check {STEP}")
    assert pod(cluster, "ana")["metadata"]["uid"] == before


def test_a_pod_that_is_killed_loses_no_progress(cluster, learners):
    """In the middle of a cell: the next login has the home, the step that was passed, and an engine that is new."""
    learner = learners["ben"]
    before = pod(cluster, "ben")["metadata"]["uid"]
    since = passed(does(learner, "lab progress --json"))
    assert since
    cell = begins(learner, "echo begun > ~/lessons/notes.txt; sleep 600")
    does(learner, "until [ -s ~/lessons/notes.txt ]; do sleep 0.2; done")
    cluster.kubectl("delete", "pod", "jupyter-ben", "--namespace=lab", "--grace-period=0", "--force")
    comes_back(cluster, learner)
    cell.join(60)
    assert not cell.is_alive()
    assert pod(cluster, "ben")["metadata"]["uid"] != before
    assert does(learner, "cat ~/lessons/notes.txt") == "begun"
    assert passed(does(learner, "lab progress --json")) == since
    assert does(learner, f"lab check {STEP}")  # what was pushed is in the home, too


def test_a_node_that_dies_loses_no_progress(cluster, learners):
    """As without power. The cluster's owner says that it is out of service, and the learner comes back on the other node."""
    node = pod(cluster, "ana")["spec"]["nodeName"]
    learner = learners["ana"]
    does(learner, "echo begun > ~/lessons/notes.txt")
    nodes.kill(node)
    cluster.wait("the dead node is noticed", lambda: not cluster.node_up(node))
    cluster.kubectl("taint", "node", node, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute")
    comes_back(cluster, learner)
    assert pod(cluster, "ana")["spec"]["nodeName"] != node
    assert does(learner, "cat ~/lessons/notes.txt") == "begun"
    assert passed(does(learner, "lab progress --json"))


def passed(progress):
    """Since when the step counts as passed in `lab progress --json`; empty where it does not."""
    return next(one["passed"] for one in json.loads(progress)["steps"] if one["step"] == STEP)


def comes_back(cluster, learner, seconds=180):
    """As a person does who reloads the page until it works."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            learner.arrive(20)
            learner.ask("api/status")
        except (OSError, AssertionError, StopIteration):
            time.sleep(1)
        else:
            return
    pytest.fail(f"{learner.name} does not come back\n{cluster.trouble()}")
