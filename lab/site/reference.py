"""Pages that are made from the code itself, so that they cannot drift from it: platform names and the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from lab.errors import BadInput, Bug
from lab.platforms import Platform

# the platform; other names for it; where people meet it
_ROWS = (
    ("linux/amd64", "x86_64 x86-64 x64 Intel64", "most servers, PCs with Intel or AMD"),
    ("linux/arm64", "aarch64 linux/arm64/v8 ARMv8", "Macs since 2020, AWS Graviton, Raspberry Pi 4 and 5"),
    ("linux/arm/v7", "arm linux/arm armhf armv7l ARMv7", "older Raspberry Pis with a 32-bit system"),
    ("linux/arm/v6", "armel armv6l ARMv6", "Raspberry Pi 1 and Zero"),
    ("linux/386", "i386 i686 x86", "old PCs; x86 alone says too little"),
    ("linux/riscv64", "rv64gc", "new boards"),
    ("linux/ppc64le", "POWER8", "IBM Power"),
    ("linux/s390x", "zSystems", "IBM mainframes"),
    ("linux/loong64", "loongarch64", "Loongson"),
    ("linux/amd64/v2", "x86-64-v2", "amd64 with newer instructions; so are v3 and v4"),
    ("windows/amd64", "", "Windows containers"),
    ("darwin/arm64", "macos/arm64", "a Mac's own programs; the engine there says linux/arm64"),
)

PLATFORMS = """---
title: Platform names
description: The many names of amd64, arm64, arm/v7 and others, and which of them Docker takes.
---
# Platform names

A **platform** is an operating system, an architecture and sometimes a variant: `linux/arm/v7`.
Each has several names. Docker, BuildKit and containerd turn those that they know into one form before they compare.

| Platform | Docker also takes | Others say | Where you meet it |
|---|---|---|---|
{rows}

“Docker also takes”: in `--platform` these words mean that platform too.
“Others say”: Docker does **not** know these words. In the long form it does not even warn: `linux/x86` is accepted, and
an image with the architecture `x86` results, which no machine runs.

This page is made by the very code that the lab's checks use to compare platforms.
"""


def platforms() -> str:
    """The glossary: which names containerd turns into which platform, asked of the lab's own code."""
    return PLATFORMS.format(rows="\n".join(_row(*row) for row in _ROWS))


def _row(name: str, others: str, where: str) -> str:
    wanted = Platform.parse(name)
    if str(wanted) != name or not wanted.is_known:
        raise Bug(f"The list of platforms calls {name!r} what containerd calls {str(wanted)!r}.")
    taken: list[str] = []
    unknown: list[str] = []
    for other in others.split():
        meant = _meant(other)
        if meant not in (None, wanted):
            raise Bug(f"The list of platforms says {other!r} for {name!r}, containerd says {str(meant)!r}.")
        (taken if meant else unknown).append(f"`{other}`")
    return f"| `{name}` | {', '.join(taken) or '-'} | {', '.join(unknown) or '-'} | {where} |"


def _meant(name: str) -> Platform | None:
    try:
        return Platform.parse(name)
    except BadInput:
        return None


COMMAND = """---
title: The lab command
description: Every verb and option of the lab command, made from the command itself.
---
# The `lab` command

{description}

```text
{usage}
```

| Verb | What it does |
|---|---|
{verbs}

{epilog}

{details}
"""


def command(top: argparse.ArgumentParser) -> str:
    """The reference of the command line, from argparse's own tables."""
    verbs = _verbs(top)
    helps = {name: _sentence(verb.description or "") for name, verb in verbs.items()}
    return COMMAND.format(
        description=top.description or "",
        usage=_usage(top),
        verbs="\n".join(f"| [`lab {name}`](#{name}) | {text} |" for name, text in helps.items()),
        epilog=top.epilog or "",
        details="\n".join(line for name, verb in verbs.items() for line in _verb(name, verb)),
    )


def _verbs(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in top._actions:  # noqa: SLF001 - argparse has no other way to its own tables
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    raise Bug("The command line has no verbs.")


def _verb(name: str, verb: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## lab {name} {{#{name}}}\n"
    yield f"{_sentence(verb.description or '')}\n"
    yield f"```text\n{_usage(verb)}\n```\n"
    rows = [_argument(action) for action in verb._actions if action.dest != "help"]  # noqa: SLF001
    if rows:
        yield "| Argument | Meaning |\n|---|---|"
        yield from rows
        yield ""


def _argument(action: argparse.Action) -> str:
    name = action.metavar or action.dest.upper()
    shown = ", ".join(action.option_strings) or str(name)
    if action.option_strings and action.nargs != 0:
        shown += f" {name}"
    return f"| `{shown.replace('|', chr(92) + '|')}` | {_sentence(action.help or '')} |"


def _usage(one: argparse.ArgumentParser) -> str:
    formatter = argparse.HelpFormatter(one.prog, width=90)
    formatter.add_usage(one.usage, one._actions, one._mutually_exclusive_groups, "")  # noqa: SLF001
    return formatter.format_help().strip()


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if not text or text[-1] in ".!?" else f"{text}."
