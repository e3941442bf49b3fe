"""The action and the hooks do what they say: their own lines are run here as they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lab import oci

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
ELF = Path(__file__).parent / "data" / "elf"
EXPRESSION = re.compile(r"\$\{\{ (?:inputs\.(\w+)|(github\.action_path)) \}\}")


def layout(place, machine):
    """An arm64 image with a program for `machine`."""
    layer = oci.layer({"app": ((ELF / f"hello-{machine}").read_bytes(), 0o755)})
    oci.write_layout(place, oci.image([layer], platform="linux/arm64", config={"Entrypoint": ["/app"]}))
    return str(place)


@pytest.fixture
def job(tmp_path):
    """Run the action's steps one after the other, as a runner does; what was printed, and the last status."""

    def run(**given):
        known = {name: one["default"] for name, one in ACTION["inputs"].items()} | given
        said, status = "", 0
        for step in ACTION["runs"]["steps"]:
            wanted = re.fullmatch(r"inputs\.(\w+) != ''", step.get("if", ""))
            if status == 0 and (not wanted or known[wanted[1]]):
                filled = {
                    k: EXPRESSION.sub(lambda m: known[m[1]] if m[1] else str(ROOT), v) for k, v in step["env"].items()
                }
                done = subprocess.run(
                    ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
                    env=runner(tmp_path) | filled, cwd=tmp_path, text=True, capture_output=True, check=False,
                )  # fmt: skip
                said, status = said + done.stdout + done.stderr, done.returncode
        return said, status

    return run


def runner(place):
    """The environment that a runner gives a composite action's step, with this Python first."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(place), "RUNNER_TEMP": str(place), "CI": "true",
        "GITHUB_PATH": str(place / "path"), "GITHUB_OUTPUT": str(place / "output"), "GITHUB_STEP_SUMMARY": str(place / "summary.md"),
        "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(place), "GITHUB_ACTION_PATH": str(ROOT),
    }  # fmt: skip


def test_the_action_finds_a_fault_and_ends_with_its_status(job, tmp_path):
    """Printed, on the run's page, and as SARIF; images are one a line."""
    good, bad = layout(tmp_path / "good", "arm64"), layout(tmp_path / "bad", "amd64")
    said, status = job(images=f"{good}\n\n  {bad}\n", sarif="audit.sarif")
    assert (status, said.count("exec format error")) == (1, 1)
    assert "exec format error" in (tmp_path / "summary.md").read_text()
    assert [one["ruleId"] for one in json.loads((tmp_path / "audit.sarif").read_text())["runs"][0]["results"]] == [
        "entrypoint-foreign"
    ]


@pytest.mark.parametrize(
    ("need", "status"), [("", 0), ("linux/arm64", 0), ("linux/arm64,linux/riscv64", 1), ("nonsense", 2)]
)
def test_the_actions_words_come_to_the_lab(job, tmp_path, need, status):
    """The platforms that are needed, and the lab's own exit status."""
    assert job(images=layout(tmp_path / "good", "arm64"), need=need)[1] == status


def test_the_action_explains_a_log(job, tmp_path):
    """Whether or not it is understood: that is no failure."""
    (tmp_path / "build.log").write_text("exec /bin/sh: exec format error\n")
    (tmp_path / "other.log").write_text("nothing that anybody knows\n")
    said, status = job(log="build.log")
    assert (status, "exec format error" in said) == (0, True)
    assert job(log="other.log")[1] == 0


def test_nothing_in_an_input_is_run(job, tmp_path):
    """What somebody writes into an input is a word, and never a command."""
    job(images='"; touch x; echo "$(touch y)', need="`touch z`")
    assert not [name for name in "xyz" if (tmp_path / name).exists()]
    assert not [step["name"] for step in ACTION["runs"]["steps"] if "${{" in step["run"]]


def test_the_action_uses_no_other_one_that_is_not_pinned():
    """A tag may be moved; a commit may not."""
    used = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]
    assert all(re.search(r"@[0-9a-f]{40}\Z", one) for one in used)
    assert ACTION["runs"]["using"] == "composite"


@pytest.mark.parametrize(("machine", "status"), [("arm64", 0), ("amd64", 1)])
def test_the_audits_hook_passes_and_fails(tmp_path, machine, status):
    """Its entry with the words of a configuration, as pre-commit runs it."""
    words = [*shlex.split(HOOKS["lab-audit"]["entry"]), layout(tmp_path / "image", machine)]
    done = subprocess.run(words, env=runner(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr


def test_the_explainers_hook_says_what_a_log_means(tmp_path):
    """By hand, with the log in its words."""
    (tmp_path / "build.log").write_text("exec /bin/sh: exec format error\n")
    words = [*shlex.split(HOOKS["lab-explain"]["entry"]), "build.log"]
    done = subprocess.run(words, env=runner(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "exec format error" in done.stdout) == (0, True)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_what_pre_commit_asks_for(name):
    """It is the console script of this package, and is not given the names of files."""
    assert {"id", "name", "entry", "language"} <= HOOKS[name].keys()
    assert (HOOKS[name]["language"], HOOKS[name]["pass_filenames"], HOOKS[name]["entry"].split()[0]) == (
        "python",
        False,
        "lab",
    )


def test_the_page_names_inputs_and_hooks_that_there_are():
    """An example that is copied from the page works."""
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    used = re.findall(r"uses: [^\n]*multiplatform-lab@\S+\n(?:\s+if: [^\n]*\n)?\s+with:\n((?:\s{10,}[^\n]*\n)+)", page)
    names = {name for block in used for name in re.findall(r"^ {10}(\w+):", block, re.MULTILINE)}
    assert names >= {"images", "need", "sarif", "log"}
    assert names <= ACTION["inputs"].keys()
    assert set(re.findall(r"- id: (lab-\w+)", page)) == HOOKS.keys()
