"""Sites for tests: executed notebooks of a stated outcome, and the site that MkDocs builds from them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from pages import diagram

from lab import course
from lab.learning.tour import step_name
from lab.model.facts import Evidence
from lab.model.results import MIME, Result, Status

ROOT = Path(__file__).parent.parent.parent
STAMP = {
    "engine": "28.5.2",
    "store": "containerd",
    "buildx": "0.29.1",
    "platform": "linux/amd64",
    "date": "2026-11-25T13:10:57+00:00",
}
# what the steps that the notes' map needs must have printed, in short
PRINTED = {
    "uname": "x86_64\n",
    "build_test": "#7 pushing manifest for localhost:5000/build-test:latest done\n",
    "registry_list": "latest\n  OS/ARCH\n  linux/amd64\n",
    "see_warning": "WARNING: The requested image's platform (linux/arm64) does not match the detected host platform "
    "(linux/amd64/v3) and no specific platform was requested\nexec /bin/uname: exec format error\n",
    "buildx_version": "github.com/docker/buildx 0.29.1\n",
    "list_builders": "NAME/NODE  DRIVER/ENDPOINT  STATUS  BUILDKIT  PLATFORMS\n\033[32mdefault*\033[0m  docker\n",
    "inspect_builder": "Name: default\nDriver: docker\nPlatforms: linux/amd64\n",
    "create_builder": "multi-builder\n",
    "see_inactive": "NAME/NODE  DRIVER/ENDPOINT  STATUS\n \\_ multi-builder0  \\_ default  inactive\n",
    "bootstrap_builder": "#1 [internal] booting buildkit\nStatus:  running\nPlatforms:  linux/amd64, linux/arm64\n",
    "multi_push": "#6 [linux/amd64 1/2] FROM busybox\n#8 [linux/arm64 1/2] FROM busybox\n",
    "registry_rows": "latest [MULTI-PLATFORM]\n linux/arm64\n linux/amd64\n",
}


def passed(name, **changes):
    """A result of that step."""
    step = course.step(name)
    asked = (Evidence("docker info", '{"x": "<y>"}'), Evidence(step.solution, "the command's own output"))
    values = {"step": name, "lesson": step.lesson, "status": Status.PASSED, "goal": step.goal, "message": "Done."}
    return Result(**(values | {"evidence": asked, "next_step": "later"} | changes))


def outputs(name, result):
    """A cell's outputs: what was printed, and the result where there is one."""
    printed = [{"output_type": "stream", "name": "stdout", "text": PRINTED.get(name, f"printed by {name}\n")}]
    data = {MIME: result.to_json(), "text/plain": "x"} if result else {}
    return printed + ([{"output_type": "display_data", "data": data, "metadata": {}}] if result else [])


def executed(lesson, folder, *, results=None, **stamp):
    """Write the executed copy of a lesson; `results` replaces the results of some steps (None: it left none)."""
    notebook = json.loads(lesson.notebook.read_text(encoding="utf-8"))
    notebook["metadata"]["lab"] = STAMP | {"source": course.fingerprint(lesson)} | stamp
    for cell in notebook["cells"]:
        if name := step_name("".join(cell["source"])):
            cell["outputs"] = outputs(name, (results or {}).get(name, passed(name)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / lesson.notebook.name).write_text(json.dumps(notebook), encoding="utf-8")
    return notebook


def build(tour, site):
    """Run `mkdocs build --strict` as `make site` does; the finished process."""
    env = os.environ | {"LAB_TOUR": str(tour), "NO_MKDOCS_2_WARNING": "1", "SITE_URL": "https://lab.example/"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(site)]
    return subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True, timeout=300)


def whole(folder):
    """A site of all lessons, built from stated runs; its folder."""
    for lesson in course.lessons():
        executed(lesson, folder / "tour")
    before = pictures()
    done = build(folder / "tour", folder / "site")
    assert done.returncode == 0, done.stderr
    assert pictures() == before, "A diagram was drawn anew: keep it (git add tools/site/drawn)."
    return folder / "site"


def pictures(folder=diagram.KEPT):
    """The diagrams that a folder keeps: name and text."""
    return {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.svg")}
