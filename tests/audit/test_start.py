"""What starts an image is followed to its end: each way in which people start a program, and what each can lack."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.places import DATA

from lab.audit import rules, words, wrappers
from lab.audit.start import started
from lab.images import build, layers
from lab.model.facts import Image
from lab.model.platforms import Platform

ELF = DATA / "elf"
RUN = 0o755
ARM64, AMD64 = ((ELF / f"hello-{name}").read_bytes() for name in ("arm64", "amd64"))
TOOLS = (
    "bin/sh bin/bash usr/bin/env sbin/tini usr/bin/dumb-init usr/sbin/gosu sbin/su-exec usr/bin/catatonit usr/bin/nice"
    " usr/bin/nohup usr/bin/timeout usr/bin/setpriv usr/bin/stdbuf usr/bin/setsid usr/sbin/runuser bin/su usr/bin/sudo"
    " usr/bin/chpst command/s6-setuidgid command/with-contenv usr/bin/python3 usr/bin/node usr/bin/xvfb-run bin/sleep"
    " lib/ld-linux-aarch64.so.1 usr/bin/ionice usr/bin/taskset usr/bin/anything"
).split()


def look(files=None, *, entrypoint=(), cmd=(), env=(), workdir="", tools=True):
    """What starts in an arm64 image with the usual tools, and an amd64 program at /app/server."""
    base = dict.fromkeys(TOOLS, (ARM64, RUN)) if tools else {}
    made = build.layer(base | {"app/server": (AMD64, RUN)} | (files or {}))
    with made.open() as stream:
        root = layers.merge([layers.read(stream)])
    image = Image(
        reference="", digest="", platform=Platform.parse("linux/arm64"),
        entrypoint=tuple(entrypoint), cmd=tuple(cmd), env=tuple(env), workdir=workdir,
    )  # fmt: skip
    return started(root, image)


def programs(found):
    return [one.path for one in found.programs]


def lacking(found):
    return [(one.word, one.role) for one in found.lacking]


WAYS = {
    "itself": ["/app/server", "-v"],
    "by PATH": ["server"],
    "by the working directory": ["./server"],
    "shell form": ["/bin/sh", "-c", "/app/server --port 80"],
    "shell form with exec": ["/bin/sh", "-c", "exec /app/server"],
    "options together": ["bash", "-euxc", "server"],
    "pipefail": ["/bin/bash", "-o", "pipefail", "-c", "server | /bin/sleep 1"],
    "cd and then": ["/bin/sh", "-c", "cd /app && ./server"],
    "cd in steps": ["/bin/sh", "-c", "cd / && cd app; exec ./server"],
    "a chain": ["/bin/sh", "-c", "sleep 1 && sleep 2 && server"],
    "the last of several": ["/bin/sh", "-c", "mkdir -p /x; sleep 1; server"],
    "a variable before it": ["/bin/sh", "-c", "PORT=80 HOST=x server"],
    "a variable of ENV": ["/bin/sh", "-c", "exec $APP --port $PORT"],
    "a variable in braces": ["/bin/sh", "-c", "exec ${APP}"],
    "a variable with its default": ["/bin/sh", "-c", "${NONE:-/app/server} -v"],
    "a variable of its own": ["/bin/sh", "-c", "A=/app; B=$A/server; $B"],
    "quotes": ["/bin/sh", "-c", "exec '/app/server' \"a b\""],
    "words after -c": ["/bin/sh", "-c", 'exec "$@"', "sh", "server", "-v"],
    "its second word": ["/bin/sh", "-c", 'exec "$1"', "sh", "server"],
    "words after -c as a whole": ["/bin/sh", "-c", "server", "ignored"],
    "in the background": ["/bin/sh", "-c", "/app/server & wait"],
    "what it prints goes elsewhere": ["/bin/sh", "-c", "exec /app/server > /dev/stdout 2>&1"],
    "env": ["/usr/bin/env", "server"],
    "env with variables": ["env", "-i", "A=b", "PATH=/app", "server"],
    "env with options": ["env", "-u", "HOME", "-C", "/app", "./server"],
    "env -S": ["env", "-S", "A=b server -v"],
    "env -S in one": ["env", "-Sserver -v"],
    "tini": ["tini", "--", "/app/server"],
    "tini with options": ["/sbin/tini", "-g", "-p", "SIGTERM", "-e", "143", "--", "server"],
    "tini without --": ["tini", "server", "--", "x"],
    "tini and a shell": ["tini", "--", "/bin/sh", "-c", "cd /app && exec ./server"],
    "dumb-init": ["dumb-init", "--rewrite", "15:3", "-c", "server"],
    "catatonit": ["catatonit", "--", "server"],
    "gosu": ["gosu", "nobody:nogroup", "server"],
    "su-exec": ["su-exec", "nobody", "/app/server", "-v"],
    "tini and gosu": ["tini", "--", "gosu", "app", "server"],
    "setpriv": ["setpriv", "--reuid=1000", "--regid", "1000", "--clear-groups", "server"],
    "runuser": ["runuser", "-u", "app", "--", "server"],
    "runuser -c": ["runuser", "app", "-c", "cd /app && ./server"],
    "su -c": ["su", "-", "app", "-s", "/bin/sh", "-c", "exec server"],
    "sudo": ["sudo", "-E", "-u", "app", "A=b", "server"],
    "chpst": ["chpst", "-u", "app", "server"],
    "s6-setuidgid": ["s6-setuidgid", "app", "server"],
    "with-contenv": ["with-contenv", "server"],
    "nice": ["nice", "-n", "5", "server"],
    "nice in one": ["nice", "-n5", "server"],
    "ionice": ["ionice", "-c", "2", "-n", "7", "server"],
    "taskset": ["taskset", "-c", "0", "server"],
    "nohup": ["nohup", "server"],
    "timeout": ["timeout", "-s", "KILL", "10", "server"],
    "stdbuf": ["stdbuf", "-oL", "server"],
    "setsid": ["setsid", "-w", "server"],
    "xvfb-run": ["xvfb-run", "-a", "--server-args=-screen 0 1x1x8", "server"],
    "a loader": ["/lib/ld-linux-aarch64.so.1", "--library-path", "/app", "/app/server"],
    "something unknown": ["anything", "run", "--", "server"],
    "something unknown with a path": ["anything", "/app/server"],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_program_behind_it_is_found(way):
    """Whatever comes before it: the program counts as started, and nothing is said to be missing."""
    env = ("PATH=/bin:/sbin:/usr/bin:/usr/sbin:/command:/app", "APP=/app/server")
    found = look(entrypoint=WAYS[way], env=env, workdir="/app")
    assert "/app/server" in programs(found)
    assert lacking(found) == []


SCRIPTS = {
    "the words of CMD": '#!/bin/sh\nset -e\nexec "$@"\n',
    "with a wrapper": '#!/bin/sh\nexec gosu app "$@"\n',
    "without exec": '#!/bin/sh\nset -e\n"$@"\n',
    "by bash": '#!/usr/bin/env bash\nexec "$@"\n',
    "by env -S": '#!/usr/bin/env -S bash -e\nexec "$@"\n',
    "with options on its first line": '#!/bin/sh -e\nexec "$@"\n',
    "with a blank in its first line": '#! /bin/sh\nexec "$@"\n',
    "its first word": '#!/bin/sh\nexec "$1"\n',
    "after a shift": '#!/bin/sh\nset -- x "$@"\nshift\nexec "$@"\n',
    "a program of its own": "#!/bin/sh\necho hello\nexec /app/server\n",
    "a program without exec": "#!/bin/sh\necho hello\n/app/server --port 80\n",
    "from its own folder": '#!/bin/bash\ncd "$(dirname "$0")"\nexec ./app/server\n',
    "flags first": '#!/bin/sh\nif [ "${1#-}" != "$1" ]; then\n\tset -- server "$@"\nfi\nexec "$@"\n',
    "a comment with a quote": "#!/bin/sh\n# it isn't hard\nexec \"$@\"  # doesn't return\n",
    "a file that it writes": '#!/bin/sh\ncat > /etc/x <<EOF\nit\'s not a command\nEOF\nexec "$@"\n',
    "a wait for a database": '#!/bin/sh\nwhile ! nc -z db 5432; do sleep 1; done\nexec "$@"\n',
    "in a function": '#!/bin/bash\n_main() {\n  if [ "$1" = x ]; then y; fi\n  exec "$@"\n}\n_main "$@"\n',
    "in the last of several cases": '#!/bin/sh\ncase "$1" in\n  migrate) exec /none ;;\n  *) exec "$@" ;;\nesac\n',
    "over two lines": '#!/bin/sh\nexec gosu app \\\n  "$@"\n',
    "another script": '#!/bin/sh\nexec /second.sh "$@"\n',
    "a variable of its own": '#!/bin/sh\nAPP=/app/server\nexec "$APP" "$@"\n',
    "a long one that stops at errors": "#!/bin/sh\nset -e\n" + "sleep 1\n" * 500 + "exec /app/server\n",
    "what cannot be read before it": "#!/bin/sh\necho 'never ends\nexec /app/server\n",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_scripts_last_command_is_what_starts(script):
    """An entrypoint's script leads to the program that CMD names, or to its own."""
    files = {"e.sh": (SCRIPTS[script].encode(), RUN), "second.sh": (b'#!/bin/sh\nexec "$@"\n', RUN)}
    found = look(files, entrypoint=["/e.sh"], cmd=["/app/server", "-v"])
    assert programs(found)[0] == "/e.sh"
    assert "/app/server" in programs(found)
    assert lacking(found) == []


@pytest.mark.parametrize(
    "command",
    [["sh", "/e.sh"], ["sh", "-e", "e.sh"], ["bash", "--login", "./e.sh"], ["/bin/sh", "-c", "./e.sh"], ["tini", "--", "/e.sh"]],
)  # fmt: skip
def test_a_script_that_a_shell_is_given_is_read(command):
    """With or without its x bit."""
    found = look({"e.sh": (b"#!/bin/sh\nexec /app/server\n", RUN)}, cmd=command, workdir="/")
    assert "/app/server" in programs(found)


LACKS = {
    "nothing there": (["/none"], [("/none", "program")]),
    "nothing in PATH": (["none"], [("none", "program")]),
    "no tini, and a program": (["/none/tini", "--", "/app/server"], [("/none/tini", "wrapper")]),
    "no tini, and no program": (["tini-static", "--", "/x"], [("tini-static", "wrapper"), ("/x", "program")]),
    "tini, and no program": (["tini", "--", "/x"], [("/x", "program")]),
    "gosu, and no program": (["gosu", "app", "none"], [("none", "program")]),
    "no shell": (["/bin/zsh", "-c", "/app/server"], [("/bin/zsh", "shell")]),
    "no shell, and no program": (["/bin/ksh", "-c", "/x"], [("/bin/ksh", "shell"), ("/x", "program")]),
    "a shell, and no program": (["/bin/sh", "-c", "/x -v"], [("/x", "program")]),
    "no program after cd": (["/bin/sh", "-c", "cd /app && ./x"], [("./x", "program")]),
    "no such command": (["/bin/sh", "-c", "exec none"], [("none", "program")]),
    "no script for a shell": (["sh", "/x.sh"], [("/x.sh", "program")]),
    "env, and no program": (["env", "A=b", "none"], [("none", "program")]),
    "a folder": (["/app"], [("/app", "program")]),
    "a folder for a shell": (["/bin/sh", "-c", "/app"], [("/app", "program")]),
    "a variable in exec form": (["$APP"], [("$APP", "program")]),
}


@pytest.mark.parametrize("case", LACKS)
def test_each_thing_that_is_missing_is_named(case):
    """Wrapper, shell and program, each for itself; what comes behind a missing one is looked at too."""
    command, wanted = LACKS[case]
    assert lacking(look(entrypoint=command)) == wanted


@pytest.mark.parametrize(
    ("line", "wanted", "says"),
    [
        ("#!/usr/bin/env ruby", "ruby", "asks env for ruby, which is not in the image's PATH"),
        ("#!/usr/bin/env -S ruby -w", "ruby", "asks env for ruby"),
        ("#!/usr/bin/env bash\r", "bash\r", "ends as on Windows"),
        ("#!/usr/bin/env bash -e", "bash -e", "only `env -S` takes apart"),
    ],
)
def test_an_interpreter_that_env_does_not_find_is_named(line, wanted, says):
    """In the words of env, with the script that asks for it."""
    (one,) = look({"e": (f"{line}\nx\n".encode(), RUN)}, entrypoint=["/e"]).lacking
    assert (one.word, one.role, one.of) == (wanted, "interpreter", "/e")
    assert says in str(rules.not_in_image(one))


@pytest.mark.parametrize(
    "text",
    [
        "x=$(uname -m); exec /app/server-$x", "exec $NONE", "[ -x /none ] && /none; exec /app/server", "/none || exec /app/server",
        "command -v none && none; /app/server", "if x; then /none; fi; /app/server", "f() { /none; }; /app/server",
        "case $(uname -m) in x86_64) exec /none/a;; *) exec /none/b;; esac", ". /env.sh; exec none", "/none; exec /app/server",
        "eval none", "for i in 1 2; do /none; done; exec /app/server", "exec `which none`", "exec ~/none", "exit 0; /none",
        "exec $(which node) none.js", "x=$(ls; pwd) none", "[[ $x =~ ^(a|b)$ ]] && /none; /app/server",
        "export A=b; cd $HOME; ./none", "test -f /x && exec /none; exec /app/server", "exec 3>&1; exec /app/server",
    ],
)  # fmt: skip
def test_what_is_not_sure_is_not_said(text):
    """A command that runs in some cases only, or whose name cannot be told, is no finding."""
    assert lacking(look(entrypoint=["/bin/sh", "-c", text])) == []


@pytest.mark.parametrize("word", ["server.js", "/etc/app.conf", "-v"])
def test_a_word_of_cmd_that_a_script_may_put_a_program_before_is_not_missing(word):
    """Node's and Redis's entrypoints: what is no program becomes an argument of theirs."""
    text = b'#!/bin/sh\nif [ -z "$(command -v "${1}")" ]; then\n  set -- node "$@"\nfi\nexec "$@"\n'
    found = look({"e.sh": (text, RUN), "etc/app.conf": (b"a=b", 0o644)}, entrypoint=["/e.sh"], cmd=[word])
    assert (programs(found), lacking(found)) == (["/e.sh", "/bin/sh"], [])
    assert "/app/server" in programs(look({"e.sh": (text, RUN)}, entrypoint=["/e.sh"], cmd=["/app/server"]))


def test_a_script_that_asks_for_the_machine_is_not_judged_by_its_other_branches():
    """One image for two machines, and a script that picks: the other machine's program is not what starts."""
    script = (
        b'#!/bin/sh\ncase "$(uname -m)" in\n x86_64) exec /app/server ;;\n aarch64) exec /app/server-arm64 ;;\nesac\n'
    )
    assert "/app/server" not in programs(look({"e": (script, RUN)}, entrypoint=["/e"]))


def test_a_busyboxs_own_commands_are_not_missing():
    """A shell that is a busybox brings them along, link or no link."""
    files = {"bin/busybox": (ARM64, RUN), "bin/sh": build.Link("busybox")}
    found = look(files, entrypoint=["/bin/sh", "-c", "mkdir /x && sleep 5"], tools=False)
    assert lacking(found) == []
    assert lacking(look(files, entrypoint=["/bin/sh", "-c", "none"], tools=False)) == [("none", "program")]


@pytest.mark.parametrize("command", [["busybox", "sh", "-c", "/app/server"], ["/bin/busybox", "nice", "/app/server"]])
def test_a_busybox_by_name_starts_what_its_command_does(command):
    """`busybox sh -c`."""
    assert "/app/server" in programs(look({"bin/busybox": (ARM64, RUN)}, entrypoint=command))


def test_a_program_for_an_emulator_in_the_image_is_not_started_by_the_kernel():
    """It is for another machine on purpose."""
    found = look(
        {"usr/bin/qemu-x86_64-static": (ARM64, RUN)}, entrypoint=["/usr/bin/qemu-x86_64-static", "/app/server"]
    )
    assert (programs(found), found.emulated) == (["/usr/bin/qemu-x86_64-static"], {"/app/server"})


def test_the_init_of_s6_starts_the_command_that_it_is_given():
    """s6-overlay: `/init` is a script of its own kind, and CMD is the program."""
    files = {"init": (b"#!/bin/execlineb -S0\nx\n", RUN), "bin/execlineb": (ARM64, RUN)}
    assert "/app/server" in programs(look(files, entrypoint=["/init"], cmd=["/app/server"]))


def test_links_are_followed_absolute_and_relative():
    """Also where a link in PATH leads through a folder that is a link."""
    files = {"opt/v1/run": (AMD64, RUN), "opt/now": build.Link("v1"), "usr/local/bin/run": build.Link("/opt/now/run")}
    assert programs(look(files, entrypoint=["run"])) == ["/opt/v1/run"]
    relative = {"usr/bin/go": build.Link("../../opt/now/run")}
    assert programs(look(files | relative, entrypoint=["go"])) == ["/opt/v1/run"]


def test_a_link_to_nowhere_is_missing():
    """As the kernel sees it."""
    assert lacking(look({"bin/x": build.Link("/none")}, entrypoint=["/bin/x"])) == [("/bin/x", "program")]


def test_scripts_that_start_each_other_come_to_an_end():
    """No image is followed for ever."""
    files = {"a": (b"#!/bin/sh\nexec /b\n", RUN), "b": (b"#!/bin/sh\nexec /a\n", RUN), "c": (b"#!/c\n", RUN)}
    assert programs(look(files, entrypoint=["/a"])) == ["/a", "/bin/sh", "/b"]
    assert programs(look(files, entrypoint=["/c"])) == ["/c"]
    assert programs(look({"a": (b"#!/bin/sh\nsh /a x\n", RUN)}, entrypoint=["/a"])) == ["/a", "/bin/sh"]


def test_a_thousand_scripts_one_after_the_other_are_followed_only_so_far():
    """Depth costs no stack."""
    files = {f"{n}": (f"#!/bin/sh\nexec /{n + 1}\n".encode(), RUN) for n in range(1000)}
    assert len(programs(look(files, entrypoint=["/0"]))) < 50
    assert lacking(look(entrypoint=["env"] * 5000)) == []


def test_a_script_that_reads_another_again_and_again_costs_little():
    """What is read of texts is bounded in all."""
    again = "#!/bin/sh\nset -e\n" + "".join(f"sh /big {n}\n" for n in range(1500))
    started_at = time.process_time()
    look({"e": (again.encode(), RUN), "big": (b"#!/bin/sh\n" + b"true;" * 12_000, RUN)}, entrypoint=["/e"])
    assert time.process_time() - started_at < 20


@pytest.mark.parametrize(("words_", "language"), [(["python3", "-m", "app"], "python"), (["node", "/x.js"], "node")])
def test_a_languages_interpreter_is_known_by_its_name(words_, language):
    """What it is given is its own business, but what it would load is judged."""
    found = look(entrypoint=["tini", "--", *words_])
    assert list(found.languages) == [language]
    assert lacking(found) == []


@pytest.mark.parametrize("text", ["'", '"', "((((", "\n" * 70_000, " # " * 20_000 + "'", "if " * 20_000, "a;" * 30_000])
def test_hostile_texts_are_read_in_little_time_or_refused(text):
    """At most some thousands of words, or a ValueError."""
    try:
        assert isinstance(words.commands(text), list)
    except ValueError:
        assert len(text) > 64 << 10 or "'" in text or '"' in text


def test_every_wrapper_that_is_told_nothing_starts_nothing():
    """Options alone are no command."""
    for name, one in wrappers.WRAPPERS.items():
        assert wrappers.told(name, one, ()).words == ()
        assert wrappers.told(name, one, ("--",)).words == ()


PIECES = st.sampled_from(
    [*wrappers.WRAPPERS, "sh", "-c", "/bin/sh", "--", "-S", "-e", "$@", "${1#-}", "$(", ")", "(", "{", "}", "if", "fi", "case", "esac", ";;", "&&",
     "||", ";", "|", "&", "\n", "exec", "set", "shift", "cd", "..", "", "a=b", "'", '"', "\\", "`", "<<EOF", ">", "server", "/app/server", "#", "qemu-x"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=6), max_size=25), st.lists(PIECES, max_size=6))
def test_no_words_make_it_fall_over(pieces, command):
    """Whatever stands in a script or in a command: some programs, or none."""
    text = " ".join(pieces)
    files = {"e.sh": (f"#!/bin/sh\n{text}\n".encode("utf-8", "replace"), RUN)}
    for entrypoint in (["/e.sh"], ["sh", "-c", text], ["env", "-S", text], [*command, *pieces]):
        found = look(files, entrypoint=entrypoint, cmd=command, tools=False)
        assert all(one.word for one in found.lacking)
