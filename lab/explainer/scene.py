"""Where a log comes from: the tool that wrote it, the host, the CPU, and the names that it speaks of.

A way out that fits the scene is worth more than one that is merely true: `docker run --platform` is of no use to a
kubelet. The commands of other tools are said in their own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

WIDE, MANY = 400, 400  # characters of a line, and lines, that are looked at
_WORDS = {
    "podman": r"\bpodman\b|exec container process|/etc/containers/|^\[?\d*/?\d*\]? ?STEP \d+(?:/\d+)?:|\bbuildah\b",
    "kaniko": r"\bkaniko\b|^error building image: |Unpacking rootfs as cmd",
    "nerdctl": r"\bnerdctl\b",
    "skopeo": r"\bskopeo\b",
    "kubernetes": r"\bkubelet\b|\bkubectl\b|ErrImagePull|ImagePullBackOff|CrashLoopBackOff|"
    r"code = \w{1,20} desc = failed to pull|failed to create containerd task|\bcri-?o\b|\bk3s\b|\bpod/\w",
    "ecs": r"CannotPullContainer|\bECS\b|\bFargate\b|EssentialContainerExited|\becs[ -]",
    "home-assistant": r"home ?assistant|hassio|s6-rc: |bashio|\badd-?on\b.{0,40}(?:start|build)|HassOS",
    "terraform": r"\bterraform\b|^\W{0,3}Error: .{0,80}\bdocker_(?:image|registry_image|container)\b|with docker_\w+\.",
    "github": r"##\[\w{1,20}\]|\bGITHUB_\w|runner GitHub Actions|/opt/hostedtoolcache|Process completed with exit code",
    "gitlab": r"gitlab-runner|section_(?:start|end):|ERROR: Job failed|\bCI_JOB_",
    "mac": r"\bdarwin/|OS darwin\b|/Users/\w|\bmacos-\d|\bmac ?os x\b|^\S{1,60} % |"
    r"^% |\bcolima\b|Apple (?:M\d|Silicon)|\bOrbStack\b|\bRosetta\b",
    "desktop": r"Docker Desktop|\bdesktop-linux\b",
    "windows": r"^PS [A-Z]:|\b[A-Z]:\\\w|\bwindows/amd64\b|microsoft-standard-WSL|/mnt/c/",
    "pi": r"raspberr|\braspi|\brpt-rpi|\bBCM2[78]|^pi@|\bRPi ?[1-5]\b",
    "docker": r"^\W{0,3}docker |\$ docker|% docker|# docker|^docker: |response from daemon|"
    r"\bbuildx\b|^ ?=> |\bdocker:default\b",
    "build": r"failed to solve|error building|\bdocker (?:buildx )?build|\bRUN |^#\d+ \[|^ ?=> |\bSTEP \d|^Step \d+/",
    "push": r"\bpushing (?:layers|manifest)|\bdocker push|The push refers to|failed to push|manifest push",
    "pull": r"\bdocker pull|Pulling from |Failed to pull|Trying to pull|image pull",
    "run": r"\bdocker (?:run|compose|start|exec)|docker-compose|exited with code|^[\w.-]{1,60} {1,20}\| ",
}
_KNOWN = {
    word: re.compile(pattern, 0 if word in ("ecs", "build") else re.IGNORECASE) for word, pattern in _WORDS.items()
}
_PRINTED = (
    r"^\s{0,4}(?:%s)\s{0,4}$|^Linux \S{1,80} .{0,200}\b(?:%s)\b|Architecture: {1,20}(?:%s)$|"
    r"host platform \(linux/(?:%s)"
)
_CPUS = {
    "amd64": ("x86_64|amd64", r"x86_64|amd64"),
    "arm64": ("aarch64|arm64", r"aarch64|arm64"),
    "arm": ("armv[67]l|armhf", r"armv[67]l|arm/v[67]"),
}
_CPU = {f"on-{name}": re.compile(_PRINTED % (a, a, a, b)) for name, (a, b) in _CPUS.items()}
_NAMES = (
    re.compile(r"""\bPulling image "(?P<image>[\w./:@-]{2,200})"|^\s*Image: {1,20}(?P<image2>[\w./:@-]{2,200})$"""),
    re.compile(
        r"\bdocker (?:container )?(?:run|pull|create)"
        r"(?: -{1,2}[\w-]{1,30}(?:=\S{1,100}| (?:\"[^\"]{0,100}\"|linux/\S{1,20}|[\w./:-]{1,60}(?= -)))?){0,12}"
        r" (?P<image>[a-z0-9][\w./:@-]{1,200})(?:\s|$)"
    ),
    re.compile(r"\b(?:build|buildx build)\b.{0,200} (?:-t|--tag)[ =](?P<image>[\w./:@-]{2,200})"),
    re.compile(r"--platform[ =]\"?(?P<platform>linux/[a-z0-9]{3,8}(?:/v\d)?)(?![\w,/])"),
    re.compile(r"--builder[ =](?P<builder>[\w.-]{1,60})|\bdocker-container:(?P<builder2>[\w.-]{1,60})"),
    re.compile(r"(?:failed to push|pushing manifest for|for image) (?P<image>[\w./:@-]{2,200}?)(?:@sha|:? |$)"),
)
_CLUSTER = frozenset({"kubernetes", "ecs", "home-assistant"})


def scene(lines: Iterable[str]) -> frozenset[str]:
    """The words for where the lines come from: tools, hosts, what was being done, `on-amd64` and the like."""
    kept = _few(lines)
    found = {word for word, pattern in {**_KNOWN, **_CPU}.items() if any(pattern.search(line) for line in kept)}
    if found & _CLUSTER and "docker" not in found:
        found.add("remote")
    return frozenset(found)


def names(lines: Iterable[str]) -> dict[str, str]:
    """Image, platform and builder that commands and events in the lines name; the first of each."""
    found: dict[str, str] = {}
    for line in _few(lines):
        for pattern in _NAMES:
            for name, value in match.groupdict().items() if (match := pattern.search(line)) else ():
                if value:
                    found.setdefault(name.rstrip("2"), value)
    return found


def _few(lines: Iterable[str]) -> list[str]:
    """Different lines, as many and as much of each as tells where a log comes from."""
    return list(dict.fromkeys(line[:WIDE] for line in lines))[:MANY]


_ALIKE = (
    (
        r"docker run --privileged --rm tonistiigi/binfmt",
        r"sudo {tool} run --privileged --rm docker.io/tonistiigi/binfmt",
    ),
    (r"docker buildx imagetools inspect (?:--raw )?(\S+)", r"skopeo inspect --raw docker://\1"),
    (
        r"docker version --format '\{\{\.Server\.Os\}\}/\{\{\.Server\.Arch\}\}'",
        "{tool} info --format '{{.Host.OS}}/{{.Host.Arch}}'",
    ),
    (r"docker (run|pull|push|image|save|load|tag|create|cp|rm|login)\b", r"{tool} \1"),
)
_SPOKEN = {
    "podman": (
        (
            r"docker buildx build --platform (\S+) -t (\S+) --push \.",
            r"podman build --platform \1 --manifest \2 . && podman manifest push --all \2",
        ),
        (r"docker buildx build (.*?) ?--load \.", r"podman build \1 ."),
        *_ALIKE,
    ),
    "nerdctl": (
        (
            r"docker buildx build --platform (\S+) -t (\S+) --push \.",
            r"nerdctl build --platform \1 -t \2 . && nerdctl push --all-platforms \2",
        ),
        (r"docker buildx build (.*?) ?--load \.", r"nerdctl build \1 ."),
        *_ALIKE,
    ),
}


@lru_cache(maxsize=8)
def _table(tool: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(wanted), said.replace("{tool}", tool)) for wanted, said in _SPOKEN[tool])


def spoken(command: str, words: frozenset[str]) -> str:
    """The command in the words of the tool that wrote the log; as it is, where that is Docker."""
    for tool in _SPOKEN:
        if tool in words and "docker" not in words:
            for wanted, said in _table(tool):
                command = wanted.sub(said, command)
            return command
    return command
