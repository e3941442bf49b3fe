"""Programs that start another one: where in their words that one stands.

Each by its own manual: which options take a value of their own, and how many words come before the command.
"""

from __future__ import annotations

from dataclasses import dataclass

SHELLS = frozenset(("sh", "ash", "bash", "dash", "zsh", "ksh", "mksh", "rbash", "hush"))
EMULATOR = "qemu-"


@dataclass(frozen=True)
class Wrapper:
    """`values` are options that take the next word too; `before` is how many words stand before the command.

    `text` are options whose value is a command in shell words.
    """

    values: frozenset[str] = frozenset()
    before: int = 0
    text: frozenset[str] = frozenset()


def _wrapper(values: str = "", before: int = 0, text: str = "") -> Wrapper:
    return Wrapper(frozenset(values.split()), before, frozenset(text.split()))


WRAPPERS = {
    "tini": _wrapper("-p -e"),
    "tini-static": _wrapper("-p -e"),
    "docker-init": _wrapper("-p -e"),
    "catatonit": _wrapper(),
    "dumb-init": _wrapper("-r --rewrite"),
    "pid1": _wrapper("-u --user -g --group -w --workdir -t --timeout -e --env"),
    "env": _wrapper("-u --unset -C --chdir -P", text="-S --split-string"),
    "gosu": _wrapper(before=1),
    "su-exec": _wrapper(before=1),
    "setuidgid": _wrapper(before=1),
    "s6-setuidgid": _wrapper(before=1),
    "s6-envuidgid": _wrapper(before=1),
    "s6-applyuidgid": _wrapper("-u -g -G"),
    "s6-softlimit": _wrapper("-a -c -d -f -l -m -o -p -r -s -t"),
    "s6-env": _wrapper("-u"),
    "s6-notifyoncheck": _wrapper("-3 -s -T -t -w -n -c"),
    "with-contenv": _wrapper(),
    "chpst": _wrapper("-u -U -b -e -/ -C -n -l -L -m -d -o -p -f -c -t"),
    "envdir": _wrapper(before=1),
    "softlimit": _wrapper("-a -c -d -f -l -m -o -p -r -s -t"),
    "setpriv": _wrapper(
        "--reuid --regid --groups --inh-caps --ambient-caps --bounding-set --securebits --selinux-label"
        " --apparmor-profile --pdeathsig --ruid --euid --rgid --egid"
    ),
    "capsh": _wrapper(),
    "runuser": _wrapper("-u --user -g --group -G --supp-group -s --shell -w", text="-c --command"),
    "su": _wrapper("-g --group -G --supp-group -s --shell -w", text="-c --command"),
    "sudo": _wrapper("-u --user -g --group -C -D -h -p -R -r -T -t"),
    "doas": _wrapper("-u -C"),
    "nice": _wrapper("-n --adjustment"),
    "ionice": _wrapper("-c --class -n --classdata"),
    "chrt": _wrapper("-T -P -D", before=1),
    "taskset": _wrapper(before=1),
    "numactl": _wrapper("-i -m -N -C -p -P -w"),
    "prlimit": _wrapper(),
    "nohup": _wrapper(),
    "setsid": _wrapper(),
    "stdbuf": _wrapper("-i --input -o --output -e --error"),
    "unbuffer": _wrapper(),
    "timeout": _wrapper("-k --kill-after -s --signal", before=1),
    "time": _wrapper("-o -f --output --format"),
    "strace": _wrapper("-e -o -p -s -E -u -P -a -O -S"),
    "catchsegv": _wrapper(),
    "xvfb-run": _wrapper(
        "-e --error-file -f --auth-file -n --server-num -p --xauth-protocol -s --server-args -w --wait"
    ),
    "dbus-run-session": _wrapper("--config-file --dbus-daemon"),
    "faketime": _wrapper(before=1),
    "fixuid": _wrapper(),
    "exec": _wrapper("-a"),
    "command": _wrapper(),
    "builtin": _wrapper(),
}
# Loaders start a program that is given to them, whatever their version and machine.
LOADER = Wrapper(
    frozenset(("--library-path", "--preload", "--argv0", "--inhibit-rpath", "--audit", "--glibc-hwcaps-mask"))
)
LOADERS = ("ld-linux", "ld-musl", "ld64.so", "ld.so")
_USER_LAST = ("su", "runuser")


def wrapper(name: str) -> Wrapper | None:
    """The one of that name; None where it starts no other program, as far as is known here."""
    if name.startswith(LOADERS):
        return LOADER
    return WRAPPERS.get(name)


@dataclass(frozen=True)
class Told:
    """What a wrapper is told to start: words, or a shell's text; `env` are variables that it sets for it."""

    words: tuple[str, ...] = ()
    text: str = ""
    env: tuple[tuple[str, str], ...] = ()
    folder: str = ""


def told(name: str, of: Wrapper, words: tuple[str, ...]) -> Told:
    """Read a wrapper's own words, those after its name."""
    rest = list(words)
    seen: dict[str, str] = {}
    env: list[tuple[str, str]] = []
    sets = name in ("env", "s6-env", "sudo")
    while rest and (rest[0].startswith("-") or (sets and "=" in rest[0])):
        word = rest.pop(0)
        option, given, value = word.partition("=")
        if word == "--":
            break
        if not word.startswith("-"):
            env.append((option, value))
            continue
        if name == "env" and word.startswith("-S"):
            option, given, value = "-S", word[2:], word[2:]
        if option in (of.values | of.text) and not given and rest:
            value = rest.pop(0)
        if option in of.text:
            return _text(name, value, tuple(rest), env)
        seen[option] = value
    if name in _USER_LAST:
        return _user(of, rest, named=name == "runuser" and bool({"-u", "--user"} & seen.keys()))
    while sets and rest and "=" in rest[0]:
        env.append((rest[0].partition("=")[0], rest.pop(0).partition("=")[2]))
    folder = (seen.get("-C") or seen.get("--chdir") or "") if name == "env" else ""
    return Told(tuple(rest[of.before :]), env=tuple(env), folder=folder)


def _text(name: str, text: str, rest: tuple[str, ...], env: list[tuple[str, str]]) -> Told:
    if name != "env":
        return Told(text=text)
    import shlex

    try:
        words = (*shlex.split(text), *rest)
    except ValueError:
        return Told()
    inner = told(name, WRAPPERS["env"], words)
    return Told(inner.words, inner.text, (*env, *inner.env), inner.folder)


def _user(of: Wrapper, rest: list[str], *, named: bool) -> Told:
    """`su USER -c TEXT`, `runuser -u USER -- COMMAND`: options may stand after the user's name."""
    for at, word in enumerate(rest[:-1]):
        if word in of.text:
            return Told(text=rest[at + 1])
    return Told(tuple(rest) if named else ())
