"""Whose log it is: tools, hosts, CPUs, the names in it, and commands in the words of the tool."""

import pytest

from lab.explainer.scene import names, scene, spoken
from lab.explainer.ways import EngineFacts, Remedy


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("STEP 2/3: RUN apk add curl", {"podman", "build"}),
        ("  Warning  Failed  5s  kubelet  Error: ErrImagePull", {"kubernetes", "remote"}),
        ("(service web) was unable to place a task: CannotPullContainerError", {"ecs", "remote"}),
        ("s6-rc: info: service legacy-services: starting", {"home-assistant", "remote"}),
        ("##[error]Process completed with exit code 1.", {"github"}),
        ("Running with gitlab-runner 16.0", {"gitlab"}),
        ("me@mini % uname -m", {"mac"}),
        ("Linux raspberrypi 6.12.47+rpt-rpi-2712 #1 SMP aarch64 GNU/Linux", {"pi", "on-arm64"}),
        ("PS C:\\Users\\me> docker version", {"windows"}),
        ("x86_64", {"on-amd64"}),
        ("armv7l", {"on-arm"}),
        ("a path with x86_64 in it", set()),
        ("run the tests", set()),
        ("the record of the secs", set()),
    ],
)
def test_words_for_where_a_log_comes_from(line, words):
    """A CPU counts where it is printed alone or by `uname`, a tool where its own words stand."""
    assert scene([line]) == words


def test_an_engine_at_hand_is_not_remote():
    """`kind` and `kubectl` beside `docker` mean a machine of one's own."""
    assert "remote" not in scene(["$ docker pull redis", "kubelet: ErrImagePull"])


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('Pulling image "example/app:1"', {"image": "example/app:1"}),
        ("$ docker run --rm --platform linux/arm64 -it example/app:2 uname", {"image": "example/app:2", "platform": "linux/arm64"}),
        ("docker buildx build -t example/app:3 --builder mine .", {"image": "example/app:3", "builder": "mine"}),
        ("[+] Building 30.1s (2/2) FINISHED   docker-container:cool_cray", {"builder": "cool_cray"}),
        ("#9 ERROR: failed to push example.com/app:4: denied", {"image": "example.com/app:4"}),
        ("nothing is named here", {}),
    ],
)  # fmt: skip
def test_names_that_a_log_speaks_of(line, found):
    """Commands and events name image, platform and builder."""
    assert names([line]) == found


def test_the_first_of_each_name_counts():
    """Later commands are about something else."""
    assert names(["docker pull a/b:1", "docker pull c/d:2"]) == {"image": "a/b:1"}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("docker pull x", "podman pull x"),
        ("docker buildx imagetools inspect --raw a/b:1", "skopeo inspect --raw docker://a/b:1"),
        (
            "docker buildx build --platform linux/amd64,linux/arm64 -t a --push .",
            "podman build --platform linux/amd64,linux/arm64 --manifest a . && podman manifest push --all a",
        ),
        (
            "docker run --privileged --rm tonistiigi/binfmt --install arm64",
            "sudo podman run --privileged --rm docker.io/tonistiigi/binfmt --install arm64",
        ),
        ("docker version --format '{{.Server.Os}}/{{.Server.Arch}}'", "podman info --format '{{.Host.OS}}/{{.Host.Arch}}'"),
        ("uname -m", "uname -m"),
    ],
)  # fmt: skip
def test_commands_are_said_in_the_tools_own_words(command, said):
    """Podman and nerdctl have their own; beside Docker, Docker's are kept."""
    assert spoken(command, frozenset({"podman"})) == said
    assert spoken(command, frozenset({"podman", "docker"})) == command
    assert spoken(command, frozenset()) == command


def test_nerdctl_pushes_all_platforms():
    """Its builder and its push are two commands."""
    said = spoken("docker buildx build --platform linux/arm64 -t a --push .", frozenset({"nerdctl"}))
    assert said == "nerdctl build --platform linux/arm64 -t a . && nerdctl push --all-platforms a"


@pytest.mark.parametrize(
    ("way", "words", "fits"),
    [
        ({}, set(), True),
        ({"on": ("kubernetes",)}, set(), False),
        ({"on": ("kubernetes",)}, {"kubernetes", "remote"}, True),
        ({"off": ("mac",)}, {"mac"}, False),
        ({"run": ("docker run x",)}, {"remote"}, False),
        ({"run": ("docker buildx build .",)}, {"remote"}, True),
        ({"run": ("docker run x",), "on": ("ecs",)}, {"ecs", "remote"}, True),
    ],
)
def test_a_way_out_is_offered_where_it_is_of_use(way, words, fits):
    """No engine is at hand in a cluster; a way that is for it says so."""
    assert Remedy(say="do", **way).fits(frozenset(words)) is fits
    assert Remedy(say="do", **way).holds(EngineFacts())
