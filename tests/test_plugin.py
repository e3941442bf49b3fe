"""`docker buildx …` of a check starts the plugin that docker would choose, and shows the command that people know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.probes import plugin
from lab.probes.command import ask

ASKED = ("docker", "buildx", "ls")


def program(place: Path, says: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f'#!/bin/sh\necho "{says} $*"\n')
    place.chmod(0o755)
    return place


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A docker in a prefix of its own, and a home."""
    program(tmp_path / "usr/bin/docker", "docker")
    return {"PATH": f"{tmp_path}/usr/bin:/usr/bin:/bin", "HOME": str(tmp_path / "home")}


def test_without_a_plugin_docker_is_asked(env: dict[str, str]) -> None:
    """It says itself that there is none."""
    assert plugin.direct(ASKED, env) == list(ASKED)
    assert ask(ASKED, env)[1] == "docker buildx ls\n"


def test_the_plugin_is_chosen_as_docker_chooses(env: dict[str, str], tmp_path: Path) -> None:
    """The system's, before it the one in the settings' folder, before that the folders that settings name."""
    for place in ("usr/libexec/docker/cli-plugins", "home/.docker/cli-plugins", "extra"):
        program(tmp_path / place / "docker-buildx", place)
        if place == "extra":
            (tmp_path / "home/.docker/config.json").write_text(
                json.dumps({"cliPluginsExtraDirs": [f"{tmp_path}/extra"]})
            )
        _, out, _, evidence = ask(ASKED, env)
        assert out == f"{place} ls\n"
        assert evidence.asked == "docker buildx ls"
    other = {**env, "DOCKER_CONFIG": str(tmp_path / "other")}
    assert ask(ASKED, other)[1].startswith("usr/libexec")


@pytest.mark.parametrize("settings", ["", "{", "[]", '{"cliPluginsExtraDirs": 5}', '{"cliPluginsExtraDirs": [7]}'])
def test_damaged_settings_are_dockers_business(env: dict[str, str], tmp_path: Path, settings: str) -> None:
    """They change nothing about the plugin that is there."""
    place = program(tmp_path / "home/.docker/cli-plugins/docker-buildx", "here")
    (place.parent.parent / "config.json").write_text(settings)
    assert plugin.direct(ASKED, env) == [str(place), "ls"]


def test_other_commands_and_a_missing_docker_are_left_alone(env: dict[str, str], tmp_path: Path) -> None:
    """Only buildx is a plugin here; where there is no docker, there is none to be put in its place."""
    program(tmp_path / "home/.docker/cli-plugins/docker-buildx", "here")
    assert plugin.direct(("docker", "image", "ls"), env) == ["docker", "image", "ls"]
    assert plugin.direct(ASKED, {**env, "PATH": str(tmp_path)}) == list(ASKED)
