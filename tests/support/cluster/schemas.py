"""What the chart and the API server say a file of `deploy/` may hold, recorded; no cluster is asked.

The chart's schema and values are those of Zero to JupyterHub 4.4.0 as it was published (BSD-3-Clause, the licence lies beside it). The API
server's is what its `/openapi/v3` answers, trimmed to the kinds that `deploy/` uses and to what decides: `make test-cluster`
compares it with the running one, and `LAB_RENEW=yes make test-cluster` writes it anew.
"""

import importlib.util
import json
from pathlib import Path

import jsonschema
import yaml
from support.cluster.program import VERSION

ROOT = Path(__file__).parent.parent.parent.parent
DEPLOY = ROOT / "deploy"
DATA = ROOT / "tests/data"
CHART = DATA / "zero-to-jupyterhub-4.4.0"
API = DATA / f"kubernetes-{VERSION.removeprefix('v')}/openapi.json"
VALUES = DEPLOY / "values.yaml"
MANIFESTS = sorted(path for path in DEPLOY.glob("*.yaml") if path != VALUES)
_SAID = ("description", "default", "example")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_POINTER = "#/components/schemas/"


def read(path):
    """Each document of a file of YAML."""
    return [one for one in yaml.load_all(path.read_text(encoding="utf-8"), _LOADER) if one]


def chart_complaints(values):
    """What the chart's own check says against these values, laid over the chart's own as Helm lays them."""
    (schema,), (own,) = (read(CHART / f"{name}.yaml") for name in ("values.schema", "values"))
    checker = jsonschema.Draft7Validator(schema)
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(config().over(own, values))]


def config():
    """`deploy/jupyterhub_config.py` as a module."""
    spec = importlib.util.spec_from_file_location("deployed", DEPLOY / "jupyterhub_config.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def api_complaints(manifest):
    """What the API server would say against a manifest, with unknown fields counted as `kubectl apply` counts them."""
    known = json.loads(API.read_text(encoding="utf-8"))
    name = next((name for name, part in known.items() if _kind(manifest) in part.get("kinds", ())), None)
    if name is None:
        return [f"{_kind(manifest)} is not among the kinds that were recorded"]
    return complaints(known, name, manifest)


def complaints(known, name, value):
    """What is wrong with a value of the type `name`."""
    schema = {"$ref": _POINTER + name, "components": {"schemas": {each: _strict(part) for each, part in known.items()}}}
    checker = jsonschema.Draft202012Validator(schema)
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(value)]


def trimmed(documents, manifests):
    """Of the API server's documents, the types that these manifests are made of."""
    types = {name: part for one in documents for name, part in one["components"]["schemas"].items()}
    wanted = {_kind(manifest) for manifest in manifests}
    kinds = {name: sorted(wanted & set(map(_named, _kinds(part)))) for name, part in types.items()}
    due, kept = [name for name, own in kinds.items() if own], {}
    while due:
        name = due.pop()
        if name not in kept:
            kept[name] = _short(types[name]) | ({"kinds": kinds[name]} if kinds[name] else {})
            due += _pointed(kept[name])
    return dict(sorted(kept.items()))


def group_versions(manifests):
    """Where the API server answers for the kinds of these manifests: `api/v1`, `apis/apps/v1`."""
    return sorted({f"api/{one}" if "/" not in one else f"apis/{one}" for one in (m["apiVersion"] for m in manifests)})


def _kinds(part):
    return part.get("x-kubernetes-group-version-kind", ())


def _named(kind):
    return "/".join(filter(None, (kind["group"], kind["version"], kind["kind"])))


def _kind(manifest):
    return f"{manifest['apiVersion']}/{manifest['kind']}"


def _short(part):
    """A type without its explanations."""
    if isinstance(part, list):
        return [_short(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: {field: _short(one) for field, one in value.items()} if name == "properties" else _short(value)
        for name, value in part.items()
        if name not in _SAID and not name.startswith("x-kubernetes")
    }


def _pointed(part):
    if isinstance(part, list):
        return [name for one in part for name in _pointed(one)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"].removeprefix(_POINTER)] if isinstance(part.get("$ref"), str) else []
    return own + [name for one in part.values() for name in _pointed(one)]


def _strict(part):
    return {**part, "additionalProperties": False} if "properties" in part else part
