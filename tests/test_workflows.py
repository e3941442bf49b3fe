"""The workflow files of lesson 11: whole, of the documented form, and the same pipeline as the lesson's scripts."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.workflows import FILES, FOLDER, matrix, read, scripts

from lab.course import every_push as lesson
from lab.course._runner import RUNNER
from lab.course.multi_platform import PAIR
from lab.model.platforms import Platform

ROOT = Path(__file__).parent.parent
SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}
BAKE = (FOLDER / "docker-bake.hcl").read_text(encoding="utf-8")
EACH = pytest.mark.parametrize("place", FILES)


def validated(schema, path):
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


@EACH
def test_it_is_of_the_documented_form(place):
    """By the schema that editors use, from a package: nothing is fetched."""
    done = validated(SCHEMAS[place], FILES[place])
    assert done.returncode == 0, done.stdout


@EACH
def test_the_schema_would_see_a_slip(place, tmp_path):
    """A key that the place does not know."""
    slip = tmp_path / "slip.yml"
    words = {"github": ("runs-on:", "run-on:"), "gitlab": ("script:", "skript:")}[place]
    slip.write_text(FILES[place].read_text(encoding="utf-8").replace(*words), encoding="utf-8")
    assert validated(SCHEMAS[place], slip).returncode == 1


def planned():
    """The platforms that the bake file lists."""
    listed = re.search(r"platforms = \[(.*)\]", BAKE)
    return {Platform.parse(name) for name in re.findall(r'"([^"]+)"', listed[1])}


@EACH
def test_a_job_for_each_platform_of_the_bake_file(place):
    """Each on a machine of that kind, each with a name of its own for its artifact and its cache."""
    rows = matrix(place)
    assert {Platform.parse(row["platform"]) for row in rows} == planned() == PAIR
    assert len({row["arch"] for row in rows}) == len({row["machine"] for row in rows}) == len(rows)
    for row in rows:
        assert (row["arch"] == "arm64") == ("arm" in row["machine"].replace("amd", ""))


@EACH
def test_it_does_what_the_scripts_of_the_lesson_do(place):
    """The job pushes by digest, with a cache of its own name and no tag, and tests before the one merge."""
    build, merge = ("\n".join(scripts(place, job)) for job in ("build", "merge"))
    for option in re.findall(r'--set "\*\.[a-z-]+=[^"]*"', lesson.cache_each.solution):
        assert option.replace("${1##*/}", "$ARCH").replace("$1", "$PLATFORM") in build, option
    assert f"--builder {RUNNER}" in build
    assert build.index("bake --print") < build.index("--metadata-file") < build.index("docker run")
    assert "imagetools" not in build
    assert "docker run" not in merge
    assert merge.count("imagetools create") == 1
    assert 'target "bakery"' in BAKE


def test_the_merge_waits_for_every_job():
    """Where one fails there is no merge, and so no tag."""
    assert read("github")["jobs"]["merge"]["needs"] == "build"
    stages = read("gitlab")["stages"]
    assert stages.index(read("gitlab")["build"]["stage"]) < stages.index(read("gitlab")["merge"]["stage"])


def test_artifacts_do_not_overwrite_each_other():
    """On GitHub a second artifact of one name is refused; the merge takes all of them."""
    steps = [step for job in read("github")["jobs"].values() for step in job["steps"]]
    named = [step["with"] for step in steps if "artifact" in step.get("uses", "")]
    assert named[0]["name"] == "digest-${{ matrix.arch }}"
    assert named[1] == {"pattern": "digest-*", "path": "out", "merge-multiple": True}


def test_actions_are_pinned_by_commit():
    """A tag can be moved, a commit cannot."""
    text = FILES["github"].read_text(encoding="utf-8")
    for used in re.findall(r"uses: (.*)", text):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def test_the_token_may_do_no_more_than_it_must():
    """Nothing by default; a job that pushes may write packages."""
    workflow = read("github")
    assert workflow["permissions"] == {}
    assert all(job["permissions"]["packages"] == "write" for job in workflow["jobs"].values())


@EACH
def test_its_shell_is_sound(place, tmp_path):
    """What a job runs is read by shellcheck, as one script."""
    for job in ("build", "merge"):
        script = tmp_path / f"{job}.sh"
        script.write_text("#!/bin/bash\n" + "\n".join(scripts(place, job)), encoding="utf-8")
        shellcheck = Path(sys.executable).parent / "shellcheck"
        # variables of the place, and one word for each part
        done = subprocess.run(
            [shellcheck, "-e", "SC2154,SC2086", script], capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0, done.stdout


def test_what_is_said_of_them_in_the_docs_is_so():
    """docs/ci.md names both files, and shows the options that they have."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    for path in FILES.values():
        assert f"lessons/files/every-push/{path.name}" in text
    assert "push-by-digest=true" in text
    assert json.dumps(sorted(row["machine"] for row in matrix("github")))[2:-2] == 'ubuntu-24.04", "ubuntu-24.04-arm'
