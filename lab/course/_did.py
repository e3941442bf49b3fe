"""What a learner's commands did, by the calls that were noted: which program was asked, and about what.

A check that reads what was printed also looks here, so that the words alone prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.facts import Call, Containers, Transcript, same_image
from lab.platforms import Platform, given

# Programs that know what kind of machine this is.
_MACHINE = {"uname", "arch", "lscpu", "hostnamectl", "dpkg", "getconf", "sysctl", "python3"}
# Programs that show the first bytes of a file, or read them.
_HEADER = {"od", "hexdump", "xxd", "readelf", "objdump", "file"}
_DIGEST = {"sha256sum", "shasum", "openssl", "python3"}
# How a registry is asked for what a tag stands for, besides with docker.
_REGISTRY = {"skopeo", "crane", "regctl", "oras", "curl", "wget"}


def calls_of(printed: Transcript, program: str, *words: str) -> Iterator[Call]:
    """The calls of a program that worked and have these words, in this order."""
    return (call for call in printed.calls if call.program == program and call.worked and call.says(*words))


def called(printed: Transcript, program: str, *words: str) -> bool:
    """Was there such a call, and did it work?"""
    return any(calls_of(printed, program, *words))


def asked_the_machine(printed: Transcript) -> bool:
    """Did a program that knows the machine run?"""
    return any(call.program in _MACHINE and call.worked for call in printed.calls)


def asked_the_engine(printed: Transcript) -> bool:
    """Was the engine asked what it is (`docker version`, `docker info`)?"""
    return called(printed, "docker", "version") or called(printed, "docker", "info")


def read_the_header(printed: Transcript, path: str) -> bool:
    """Was the beginning of that file shown or read, with the system's programs or with `lab file`?"""
    name = path.rpartition("/")[2]
    readers = [call for call in printed.calls if call.program in _HEADER or call.words[:1] == ("file",)]
    return any(call.worked and any(word.rpartition("/")[2] == name for word in call.words) for call in readers)


def asked_the_registry(printed: Transcript, image: str) -> bool:
    """Was a registry asked for that image (`$REGISTRY/NAME:TAG`), by whatever client?"""
    shown = (*calls_of(printed, "docker", "imagetools", "inspect"), *calls_of(printed, "docker", "manifest", "inspect"))
    others = [call for call in printed.calls if call.program in _REGISTRY and call.worked]
    return any(names(call, image) for call in (*shown, *others, *calls_of(printed, "lab", "show")))


def computed_a_digest(printed: Transcript) -> bool:
    """Did a program that computes SHA-256 run?"""
    return any(call.program in _DIGEST and call.worked for call in printed.calls)


def names(call: Call, image: str) -> bool:
    """Is that image among the words of a call? The lab's own verbs may leave the registry's name out.

    An address of the registry's API (`…/v2/NAME/manifests/TAG`) is a name, too.
    """
    registry, _, name = image.partition("/")
    repository, _, tag = name.partition(":")
    api = f"{registry}/v2/{repository}/manifests/{tag or 'latest'}"
    return any(
        same_image(word.removeprefix("docker://"), image)
        or (call.program == "lab" and same_image(word, name))
        or api in word
        for word in call.words
    )


def platforms_of(call: Call) -> Iterator[Platform]:
    """The platforms that a call names with `--platform`; a word that is none is left out."""
    for word, following in zip(call.words, (*call.words[1:], ""), strict=True):
        listed = following if word == "--platform" else word.removeprefix("--platform=")
        if word.startswith("--platform"):
            yield from filter(None, map(given, listed.split(",")))


def read_the_programs(printed: Transcript, image: str) -> bool:
    """Did a command look at the programs inside that image, and not only at what its index says?"""
    calls = [call for call in printed.calls if call.worked and names(call, image)]
    by_lab = any(
        call.program == "lab" and (call.words[:1] == ("audit",) or {"show", "--programs"} <= set(call.words))
        for call in calls
    )
    inside = any(call.program == "docker" and _HEADER & set(call.words) for call in calls)
    copied = any(call.program == "docker" and {"create", "run", "save"} & set(call.words) for call in calls)
    read = any(call.program in _HEADER or call.words[:1] == ("file",) for call in printed.calls if call.worked)
    return by_lab or inside or (copied and read)


def named_containers(containers: Containers) -> str:
    """The images of the containers that ran, with how those ended that did not end well; `no container`."""
    named = (f"{one.image} (exit status {one.exit_status})" if one.exit_status else one.image for one in containers.ran)
    return ", ".join(named) or "no container"
