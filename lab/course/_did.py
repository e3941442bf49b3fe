"""What a learner's commands did, by the calls that were noted: which program was asked, and about what.

A check that reads what was printed also looks here, so that the words alone prove nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.model.facts import Call, Containers, Transcript, same_image
from lab.model.platforms import Platform, given

# Programs that know what kind of machine this is.
_MACHINE = {"uname", "arch", "lscpu", "hostnamectl", "dpkg", "getconf", "sysctl", "python3"}
# Programs that show the first bytes of a file, or read them.
_HEADER = {"od", "hexdump", "xxd", "readelf", "objdump", "file", "python3"}
# Words of `docker` commands that have a `version` or a container of their own.
_OTHERS = {"buildx", "compose", "run", "exec"}
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
    """Was the engine asked what it is: by `docker version`, `docker info`, or at its socket?"""
    asked = (*calls_of(printed, "docker", "version"), *calls_of(printed, "docker", "info"))
    socket = any("docker.sock" in " ".join(call.words) for call in calls_of(printed, "curl"))
    return socket or any(not _OTHERS.intersection(call.words) for call in asked)


def read_the_header(printed: Transcript, path: str) -> bool:
    """Was the beginning of that file shown or read, with the system's programs or with `lab file`?

    A program that names no file reads what it is given, so then the command has to name it.
    """
    name = path.rpartition("/")[2]
    readers = [call for call in printed.calls if call.program in _HEADER or call.words[:1] == ("file",)]
    given = [" ".join(call.words) if _names_a_file(call) else printed.command for call in readers if call.worked]
    return any(re.search(rf"(^|[\s/'\"]){re.escape(name)}($|[\s'\";|&)])", words) for words in given)


def _names_a_file(call: Call) -> bool:
    return call.program == "lab" or any("/" in word or (len(word) > 3 and word[0].isalpha()) for word in call.words)


def asked_the_registry(printed: Transcript, image: str) -> bool:
    """Was a registry asked for that image (`$REGISTRY/NAME:TAG`), by whatever client?"""
    shown = (*calls_of(printed, "docker", "imagetools", "inspect"), *calls_of(printed, "docker", "manifest", "inspect"))
    others = [call for call in printed.calls if call.program in _REGISTRY and call.worked]
    return any(names(call, image) for call in (*shown, *others, *calls_of(printed, "lab", "show")))


def read_the_configuration(printed: Transcript, image: str, *digests: str) -> bool:
    """Was that image's configuration shown, by the engine or by a client of the registry?

    The engine takes the beginning of one of the image's digests for its name, too.
    """
    shown = [call for call in calls_of(printed, "docker", "inspect") if "manifest" not in call.words]
    shown = [call for call in shown if "imagetools" not in call.words or ".Image" in " ".join(call.words)]
    shown += [call for call in printed.calls if call.program in _REGISTRY and call.worked]
    return any(names(call, image) or any(_begins(word, digests) for word in call.words) for call in shown)


def _begins(word: str, digests: tuple[str, ...]) -> bool:
    digits = word.removeprefix("sha256:")
    return len(digits) >= 6 and any(digest.removeprefix("sha256:").startswith(digits) for digest in digests)


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


def named_in(printed: Transcript, image: str, program: str, *words: str) -> Iterator[Call]:
    """The calls of a program that name that image and have these words, in this order, whether they worked or not."""
    calls = (call for call in printed.calls if call.program == program and call.says(*words))
    return (call for call in calls if names(call, image))


def given_platform(call: Call) -> str | None:
    """What a call says with `--platform`; None where it names none."""
    for word, following in zip(call.words, (*call.words[1:], ""), strict=True):
        if word == "--platform":
            return following
        if word.startswith("--platform="):
            return word.partition("=")[2]
    return None


def used_buildx(printed: Transcript, verb: str, *words: str) -> bool:
    """Was that subcommand of buildx called with these words? `docker builder` is another name of `docker buildx`."""
    return any(
        call.says(front, verb) and set(words) <= set(call.words) and "imagetools" not in call.words
        for front in ("buildx", "builder")
        for call in calls_of(printed, "docker")
    )


def asked_builders(printed: Transcript) -> bool:
    """Was buildx asked about builders, or the lab, which asks it?"""
    asked = any(used_buildx(printed, verb) for verb in ("ls", "inspect"))
    return asked or called(printed, "lab", "builders")


def platforms_of(call: Call) -> Iterator[Platform]:
    """The platforms that a call names with `--platform`; a word that is none is left out."""
    for word, following in zip(call.words, (*call.words[1:], ""), strict=True):
        listed = following if word == "--platform" else word.removeprefix("--platform=")
        if word.startswith("--platform"):
            yield from filter(None, map(given, listed.split(",")))


def read_the_programs(printed: Transcript, image: str) -> bool:
    """Did a command look at the programs inside that image, and not only at what its index says?

    An audit that found faults ends with 1, and has looked all the same.
    """
    calls = [call for call in printed.calls if (call.worked or _audited(call)) and names(call, image)]
    by_lab = any(
        call.program == "lab" and (call.words[:1] == ("audit",) or {"show", "--programs"} <= set(call.words))
        for call in calls
    )
    inside = any(call.program == "docker" and _HEADER & set(call.words) for call in calls)
    copied = any(call.program == "docker" and {"create", "run", "save"} & set(call.words) for call in calls)
    read = any(call.program in _HEADER or call.words[:1] == ("file",) for call in printed.calls if call.worked)
    return by_lab or inside or (copied and read)


def _audited(call: Call) -> bool:
    return call.program == "lab" and call.words[:1] == ("audit",) and call.exit_status == 1


def named_containers(containers: Containers) -> str:
    """The images of the containers that ran, with how those ended that did not end well; `no container`."""
    named = (f"{one.image} (exit status {one.exit_status})" if one.exit_status else one.image for one in containers.ran)
    return ", ".join(named) or "no container"
