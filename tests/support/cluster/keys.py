"""Certificates and configurations of those who talk to the API server."""

import base64
import json

import trustme
from support.cluster.place import ADDRESS, API_PORT, NODES, node_address

API = f"https://{ADDRESS}:{API_PORT}"
_SERVICE = ("kubernetes.default.svc", "kubernetes", "10.215.8.1", "127.0.0.1")
# Who is who by the names in a certificate: `common_name`, then `organization_name`.
_WHO = {
    "admin": ("lab-admin", "system:masters"),
    "controllers": ("system:kube-controller-manager", "lab"),
    "scheduler": ("system:kube-scheduler", "lab"),
    **{node: (f"system:node:{node}", "system:nodes") for node in NODES},
}


def make(folder):
    """Write them into `folder`: `ca.crt`, NAME.crt and .key, and NAME.json, which is what kubectl calls a kubeconfig."""
    authority = trustme.CA(organization_name="lab cluster of the tests")
    authority.cert_pem.write_to_path(folder / "ca.crt")
    names = {node: (node, node_address(node)) for node in NODES}
    for name, (common, organization) in _WHO.items():
        pair = authority.issue_cert(
            *names.get(name, (f"{name}.lab",)), common_name=common, organization_name=organization
        )
        _write(folder, name, pair)
        identity = {
            "client-certificate-data": _data(folder / f"{name}.crt"),
            "client-key-data": _data(folder / f"{name}.key"),
        }
        configuration(folder, name, identity)
    _write(folder, "apiserver", authority.issue_cert(ADDRESS, *_SERVICE, common_name="kube-apiserver"))
    _write(folder, "accounts", authority.issue_cert("accounts.lab"))


def configuration(folder, name, identity):
    """How `name` finds the API server, and by what it is known there."""
    cluster = {"server": API, "certificate-authority-data": _data(folder / "ca.crt")}
    whole = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": name, "user": identity}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": name}}],
    }
    place = folder / f"{name}.json"
    place.write_text(json.dumps(whole), encoding="utf-8")
    place.chmod(0o600)
    return place


def _write(folder, name, pair):
    pair.cert_chain_pems[0].write_to_path(folder / f"{name}.crt")
    pair.private_key_pem.write_to_path(folder / f"{name}.key")


def _data(path):
    return base64.b64encode(path.read_bytes()).decode()
