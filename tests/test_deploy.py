"""The files of `deploy/`: of the form that the chart and the API server publish, and in agreement with one another.

No cluster is asked: both forms were recorded (`support/cluster/schemas.py`). `make test-cluster` runs them on a real one.
"""

import copy
import json
import ssl
import subprocess
import sys

import pytest
import yaml
from support.cluster import schemas
from support.cluster.program import VERSION
from support.cluster.schemas import DEPLOY, MANIFESTS, VALUES, read

from lab import __version__

EACH = pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
CORE = "io.k8s.api.core.v1."


@pytest.fixture
def values():
    return read(VALUES)[0]


@pytest.fixture
def learner(values):
    return values["singleuser"]


@pytest.fixture(scope="module")
def known():
    return json.loads(schemas.API.read_text(encoding="utf-8"))


def test_the_chart_takes_the_values(values):
    """By the schema that the chart's own `helm install` uses."""
    assert schemas.chart_complaints(values) == []


@pytest.mark.parametrize(
    ("path", "wrong", "said"),
    [
        (("singleuser", "memory"), {"limits": "1G"}, "limits"),
        (("singleuser", "storage", "type"), "nfs", "nfs"),
        (("hub", "concurrentSpawnLimit"), "ten", "ten"),
        (("prepuller",), {}, "prepuller"),
    ],
)
def test_the_chart_would_refuse_a_slip(values, path, wrong, said):
    """A word that it does not know, a wrong kind of value, a wrong capital."""
    place = values
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = wrong
    assert any(said in one for one in schemas.chart_complaints(values))


@EACH
def test_the_api_server_takes_the_manifest(path):
    """Each document, to its last field."""
    documents = read(path)
    assert documents
    for one in documents:
        assert schemas.api_complaints(one) == [], one["metadata"]["name"]


def test_the_api_server_would_refuse_a_slip():
    """An unknown field, a wrong kind of value, a missing one, deep in a pod; and a kind that nobody recorded."""
    whole = next(one for one in read(DEPLOY / "buildkitd.yaml") if one["kind"] == "Deployment")
    container = ("spec", "template", "spec", "containers", 0)
    slips = [
        ((*container, "imagePullPolicies"), "Always"),
        ((*container, "securityContext", "privileged"), "yes"),
        ((*container, "ports", 0, "containerPort"), "1234"),
        (("spec", "selector"), None),
    ]
    for path, wrong in slips:
        broken = copy.deepcopy(whole)
        place = broken
        for name in path[:-1]:
            place = place[name]
        if wrong is None:
            del place[path[-1]]
        else:
            place[path[-1]] = wrong
        assert schemas.api_complaints(broken), path
    assert "not among" in schemas.api_complaints({**whole, "apiVersion": "apps/v1beta1"})[0]


def test_the_parts_of_a_learners_pod_are_the_api_servers(learner, known):
    """What the chart and KubeSpawner hand on as it stands: the engine, its volumes and mounts."""
    (engine,) = learner["initContainers"]
    assert schemas.complaints(known, f"{CORE}Container", engine) == []
    for volume in learner["storage"]["extraVolumes"].values():
        assert schemas.complaints(known, f"{CORE}Volume", volume) == []
    for mount in learner["storage"]["extraVolumeMounts"].values():
        assert schemas.complaints(known, f"{CORE}VolumeMount", mount) == []
    assert schemas.complaints(known, f"{CORE}Container", {**engine, "restartPolicies": "Always"})


def test_the_engine_and_the_learner_meet_at_one_socket(learner):
    """Its address, its folder in both, and the group that may use it."""
    (engine,) = learner["initContainers"]
    socket = learner["extraEnv"]["DOCKER_HOST"]
    assert f"--host={socket}" in engine["args"]
    assert f"--group={learner['fsGid']}" in engine["args"]
    assert f"--host={socket}" in engine["startupProbe"]["exec"]["command"]
    mount = learner["storage"]["extraVolumeMounts"]["engine-socket"]
    assert mount in engine["volumeMounts"]
    assert socket.startswith(f"unix://{mount['mountPath']}/")
    assert {one["name"] for one in engine["volumeMounts"]} < set(learner["storage"]["extraVolumes"])


def test_nothing_but_the_engine_is_privileged(learner):
    """The learner's own server is a user without rights."""
    (engine,) = learner["initContainers"]
    assert engine["securityContext"]["privileged"]
    assert learner["uid"] == 1000
    others = {name: part for name, part in learner.items() if name != "initContainers"}
    assert "privileged" not in yaml.safe_dump(others)
    assert not learner["cloudMetadata"]["blockWithIptables"]


def test_the_image_is_of_this_version(learner):
    """A release of the lab, and not whatever is newest."""
    assert learner["image"]["tag"] == __version__


def test_rights_are_given_to_those_who_are_there(learner):
    """Each binding names a role and an account of these files; each account is used."""
    every = [one for path in MANIFESTS for one in read(path)]
    names = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in every}
    for binding in (one for one in every if one["kind"] == "RoleBinding"):
        assert ("Role", binding["metadata"]["namespace"], binding["roleRef"]["name"]) in names
        for subject in binding["subjects"]:
            assert (subject["kind"], subject["namespace"], subject["name"]) in names
    assert ("ServiceAccount", "lab", learner["serviceAccountName"]) in names
    assert not any("*" in str(rule) for one in every for rule in one.get("rules", ()))


class Settings(dict):
    """As traitlets' own: a section is there as soon as somebody asks for it."""

    def __getattr__(self, name):
        return self.setdefault(name, Settings())

    def __getitem__(self, name):
        return getattr(self, name) if name not in self else super().__getitem__(name)

    def __setattr__(self, name, value):
        self[name] = value


def test_without_the_chart_the_settings_are_the_same(learner, monkeypatch, tmp_path):
    """`jupyterhub_config.py` reads values.yaml, and one's own file over it."""
    own = tmp_path / "own.yaml"
    own.write_text("singleuser: {memory: {limit: 2G}, image: {tag: '9'}}\n", encoding="utf-8")
    monkeypatch.setenv("LAB_VALUES", str(own))
    monkeypatch.setenv("LAB_HUB_ADDRESS", "10.0.0.5")
    found = Settings()
    schemas.config().configure(found)
    spawner = found["KubeSpawner"]
    assert spawner["image"] == f"{learner['image']['name']}:9"
    assert (spawner["mem_limit"], spawner["mem_guarantee"]) == ("2G", learner["memory"]["guarantee"])
    assert spawner["init_containers"] == learner["initContainers"]
    assert spawner["environment"] == learner["extraEnv"]
    assert spawner["pvc_name_template"] == learner["storage"]["dynamic"]["pvcNameTemplate"]
    homes = [
        one for one in spawner["volume_mounts"].values() if one["mountPath"] == learner["storage"]["homeMountPath"]
    ]
    assert len(homes) == 1
    assert {one["name"] for one in spawner["volume_mounts"].values()} <= set(spawner["volumes"])
    assert found["JupyterHub"]["authenticator_class"] == "shared-password"
    assert "--timeout=3600" in found["JupyterHub"]["services"][0]["command"]


def test_every_word_of_the_learners_settings_is_known_to_both(learner):
    """What the chart reads and this hub would not is named here, so that nothing is left out in silence."""
    config = schemas.config()
    read_otherwise = {"image", "storage", "cpu", "memory"}
    only_the_charts = {"cloudMetadata", "networkPolicy"}
    assert set(learner) <= {*config.NAMES} | read_otherwise | only_the_charts


def test_keys_fit_one_another_and_nobody_elses(tmp_path):
    """The server's certificate is for its names; a client of another authority is a stranger."""
    command = [sys.executable, DEPLOY / "certificates.py"]
    for name in ("ours", "theirs"):
        subprocess.run([*command, tmp_path / name, "buildkitd-amd64.lab-builders"], check=True, timeout=60)
    for name, fits in (("ours", True), ("theirs", False)):
        assert _meets(tmp_path / "ours/server", tmp_path / name / "client") is fits
    modes = {path.stat().st_mode & 0o077 for path in tmp_path.rglob("key.pem")}
    assert modes == {0}
    again = subprocess.run([*command, tmp_path / "ours", "x"], capture_output=True, text=True, check=False, timeout=60)
    assert again.returncode == 1
    assert again.stderr.startswith("No keys were made: ")
    assert again.stderr.count("\n") == 1


def _meets(server, client):
    """Whether a server with that key and a client with that one agree, without a socket."""
    listens, asks = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    listens.verify_mode = ssl.CERT_REQUIRED
    for context, place in ((listens, server), (asks, client)):
        context.load_cert_chain(place / "cert.pem", place / "key.pem")
        context.load_verify_locations(place / "ca.pem")
    to, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        listens.wrap_bio(to, back, server_side=True),
        asks.wrap_bio(back, to, server_hostname="buildkitd-amd64.lab-builders"),
    ]
    done = set()
    for _ in range(10):
        for end in ends:
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return len(done) == len(ends)


def test_the_record_is_of_the_kubernetes_that_is_built():
    """One version for the program and for the record."""
    assert schemas.API.parent.name == f"kubernetes-{VERSION.removeprefix('v')}"
