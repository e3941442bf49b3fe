"""The files of the lab's own image: what CI runs is lesson 11's way, nothing is emulated, and the lab's own judges agree."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from support.doors import ROOT, commands

from lab.course import every_push as lesson
from lab.ready import ready, recipe

FOLDER = ROOT / "deploy" / "image"
WORKFLOW = ROOT / ".github" / "workflows" / "image.yml"
WORKFLOWS = sorted(WORKFLOW.parent.glob("*.yml"))
JOBS = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
BAKE = (FOLDER / "docker-bake.hcl").read_text(encoding="utf-8")
DEV = ROOT / ".devcontainer" / "devcontainer.json"
SCHEMAS = ROOT / "tests" / "data" / "devcontainers-spec-c95ffeed"


def script(job):
    """What a job runs, as one script."""
    return "\n".join(step["run"] for step in JOBS[job]["steps"] if "run" in step)


# --- the Dockerfile ---------------------------------------------------------------------------------------------------


def stages():
    from lab.course.multi_platform import PAIR

    return recipe.read((FOLDER / "Dockerfile").read_text(encoding="utf-8"), "Dockerfile", tuple(sorted(PAIR, key=str)))


def test_nothing_is_run_on_the_target_platform():
    """So no emulator is needed, whatever is built where."""
    read = stages()
    run = {read.side(stage) for stage in read.stages if any(stage.of("RUN"))}
    assert run == {recipe.BUILD}
    assert read.side(read.last) == recipe.TARGET


def test_it_runs_as_an_ordinary_user_whose_home_is_their_own():
    """A hub gives its own command, so there is no entry point."""
    last = stages().last
    (user,) = last.of("USER")
    environment = {name: value for one in last.of("ENV") for name, value in one.variables}
    assert user.text.strip() == "1000:1000"
    assert environment["HOME"] == "/home/learner"
    assert not list(last.of("ENTRYPOINT"))


def test_what_it_copies_is_not_ignored():
    """And the rest of a checkout (.venv, .git, what was built) is not sent to the builder."""
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    copied = {
        word.replace("${LOCK}", "requirements*.lock")
        for stage in stages().stages
        for one in stage.of("COPY")
        if not one.flag("from")
        for word in one.words[:-1]
    } - {"requirements-uv.lock"}
    assert copied == kept
    assert "*" in ignored


def test_every_lock_that_is_named_is_there():
    """The one that is the default, and the one that uv comes from."""
    (default,) = re.findall(r'variable "LOCK" \{[^}]*default\s+= "([^"]+)"', BAKE)
    for text in (default, "requirements-uv.lock"):
        assert (ROOT / text).is_file()


def test_the_lab_finds_nothing_in_its_own_repository(tmp_path):
    """But in the lessons, which hold what is wrong on purpose."""
    for name in ("deploy", ".github", "Makefile", "action.yml"):
        kind = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        kind(ROOT / name, tmp_path / name)
    report = ready(str(tmp_path), online=False)
    assert [(one.file, one.line, one.rule) for one in report.findings] == []
    assert not report.unreadable
    assert {"deploy/image/Dockerfile", "deploy/image/docker-bake.hcl"} <= report.kinds.keys()
    assert report.exit_status == 0


# --- the workflow -----------------------------------------------------------------------------------------------------


def test_the_workflows_are_of_the_documented_form():
    """By the schema that editors use, from a package: nothing is fetched."""
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_actions_are_pinned_by_commit():
    """A tag can be moved, a commit cannot; the project's own action comes with the checkout."""
    for used in re.findall(r"uses: (.*)", "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)):
        assert used == "./" or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def test_a_job_for_each_platform_on_a_machine_of_its_kind():
    """Those of the bake file; names of artifacts and caches differ."""
    rows = JOBS["build"]["strategy"]["matrix"]["include"]
    (planned,) = re.findall(r'target "lab" \{[^}]*platforms = (\[.*?\])', BAKE)
    assert [row["platform"] for row in rows] == json.loads(planned)
    assert [row["machine"].endswith("-arm") for row in rows] == [row["arch"] == "arm64" for row in rows]


def test_it_goes_the_way_of_lesson_eleven():
    """By digest, a cache for each, tested and audited before the one merge; the bases' digests are the same for all."""
    build, merge = script("build"), script("merge")
    for option in re.findall(r'--set "\*\.[a-z-]+=[^"]*"', lesson.cache_each.solution):
        ours = option.replace("${1##*/}", "$ARCH").replace("$1", "$PLATFORM")
        ours = ours.replace("$REGISTRY/bakery", "$IMAGE")
        assert ours in build, ours
    order = [step.get("id") or step.get("uses") or step["run"] for step in JOBS["build"]["steps"]]
    assert order.index("build") < order.index("./") < order.index('deploy/image/try.sh "$BUILT"')
    assert (JOBS["merge"]["needs"], JOBS["build"]["needs"]) == ("build", "bases")
    assert "imagetools create" not in build
    assert merge.count("imagetools create") == 1
    assert {"PYTHON_BASE", "DOCKER_BASE", "REGISTRY_BASE"} <= JOBS["build"]["env"].keys()


def test_the_token_may_do_no_more_than_it_must():
    """Nothing by default; only jobs that push may write packages."""
    assert yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["permissions"] == {}
    writers = {name for name, job in JOBS.items() if job["permissions"].get("packages") == "write"}
    assert writers == {name for name in JOBS if "docker/login-action" in json.dumps(JOBS[name])} == {"build", "merge"}


@pytest.mark.parametrize("job", JOBS)
def test_its_shell_is_sound(job, tmp_path):
    """What a job runs is read by shellcheck; its variables come from the workflow."""
    file = tmp_path / f"{job}.sh"
    file.write_text(f"#!/bin/bash\n{script(job)}\n", encoding="utf-8")
    words = [Path(sys.executable).parent / "shellcheck", "-e", "SC2154", file]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stdout


# --- the dev container ------------------------------------------------------------------------------------------------


def test_the_dev_container_is_of_the_published_form():
    """By the specification's schema; a slip would be seen."""
    schema = json.loads((SCHEMAS / "devContainer.base.schema.json").read_text(encoding="utf-8"))
    judge = jsonschema.Draft201909Validator(schema)
    dev = json.loads(DEV.read_text(encoding="utf-8"))
    assert [error.message for error in judge.iter_errors(dev)] == []
    assert not judge.is_valid({**dev, "priviledged": True})


def test_the_dev_container_is_made_of_the_labs_image():
    """Its Dockerfile and context, its home for the engine, and the port that JupyterLab takes first."""
    dev = json.loads(DEV.read_text(encoding="utf-8"))
    assert (DEV.parent / dev["build"]["dockerfile"]).resolve() == FOLDER / "Dockerfile"
    assert (DEV.parent / dev["build"]["context"]).resolve() == ROOT
    assert dev["mounts"][0]["target"].startswith("/home/learner/")
    assert dev["forwardPorts"] == [8888]


# --- the pages --------------------------------------------------------------------------------------------------------


def test_both_pages_start_a_container_alike():
    """The two say one thing."""
    assert commands("start.md", "A container")[-1] == commands("image.md", "Your engine's socket")[0]


def test_the_page_names_the_bake_files_variables():
    """With their defaults."""
    text = (ROOT / "docs" / "image.md").read_text(encoding="utf-8")
    for name, default in re.findall(r'variable "(\w+)" \{[^}]*default\s+= "([^"]*)"', BAKE):
        row = next((line for line in text.splitlines() if line.startswith("| `") and f"`{name}`" in line), "")
        assert row or name in ("REVISION", "SOURCE"), name
        assert not row or not default or f"`{default}`" in row, name
