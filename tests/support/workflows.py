"""The workflow files of lesson 11, read."""

import yaml

from lab import course

FOLDER = course.lessons_dir() / "files" / "every-push"
FILES = {"github": FOLDER / "github.yml", "gitlab": FOLDER / "gitlab-ci.yml"}


def read(place):
    """A workflow file as a table."""
    return yaml.safe_load(FILES[place].read_text(encoding="utf-8"))


def matrix(place):
    """What the jobs of the matrix are given: their platform, and the word that their files and cache are called by."""
    build = read(place)["jobs"]["build"] if place == "github" else read(place)["build"]
    rows = build["strategy"]["matrix"]["include"] if place == "github" else build["parallel"]["matrix"]
    return [{name.lower(): value for name, value in row.items()} for row in rows]


def scripts(place, job):
    """The shell lines of a job, in their order."""
    if place == "gitlab":
        return read(place)[job]["script"]
    return [step["run"] for step in read(place)["jobs"][job]["steps"] if "run" in step]
