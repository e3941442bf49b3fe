"""Two learners on a real hub: each passes a step in a room of their own, and neither reaches the other's."""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support import machine_picture as machine
from support.hub_class import Visitor

from lab import course
from lab.hub.room.plan import MANY
from lab.hub.spawner import FIRST_USER

STEP = "glimpse"
SECRET = "kept-by-{}-alone"  # noqa: S105 - nobody's password


@pytest.fixture(scope="module")
def two(a_hub):
    """Ada and Bob have come in at the same time; each has a secret in a file, an image, a container and a variable."""
    hub = a_hub("--memory", "2", "--disk", "4")
    both = Visitor(hub, "ada"), Visitor(hub, "bob")
    with ThreadPoolExecutor() as pool:
        list(pool.map(Visitor.enters, both))
        list(pool.map(keep_a_secret, both))
    return both


def keep_a_secret(visitor):
    secret = SECRET.format(visitor.name)
    said = visitor.shell(
        f"""
        echo {secret} > ~/lessons/secret.txt
        printf 'FROM busybox:1.38\\nRUN echo {secret} > /secret\\n' | docker build -q -t $REGISTRY/{secret} --push - &&
        docker run -d --name {secret} -e SECRET={secret} $REGISTRY/{secret} sleep 1000"""
    )
    assert re.search(r"^[0-9a-f]{64}$", said, re.MULTILINE), said


def test_a_step_is_passed_in_the_room_of_one_alone(two):
    """As in a notebook: `%%step`, a push to the learner's own registry; the other's progress knows nothing of it."""
    ada, _ = two
    ada.runs("%load_ext lab")
    said = ada.runs(f"%%step {STEP}\n{course.step(STEP).solution}")
    done = {one.name: json.loads(one.shell("lab list --json")) for one in two}
    assert passed(done["ada"], STEP), said
    assert not passed(done["bob"], STEP)


def passed(listed, name):
    return next(step["passed"] for lesson in listed for step in lesson["steps"] if step["step"] == name)


def test_an_engine_does_what_lessons_ask_of_it(two):
    """A builder in a container boots and pushes for two platforms; a container has an init, and a folder for reading."""
    _, bob = two
    said = bob.shell(
        """
        docker buildx create --name own --driver docker-container --bootstrap > /dev/null 2>&1 && echo BOOTED
        printf 'FROM busybox:1.38\\nCOPY x /x\\n' > /tmp/Dockerfile; echo x > /tmp/x
        docker buildx build -q --builder own --platform linux/amd64,linux/arm64 -t $REGISTRY/both --push /tmp && echo PUSHED
        docker run --rm --init -v ~/lessons:/x:ro busybox:1.38 sh -c 'cat /x/secret.txt; touch /x/no'
        docker buildx rm own"""
    )
    assert all(word in said for word in ("BOOTED", "PUSHED", SECRET.format("bob"), "Read-only file system")), said


def test_nobody_is_root_outside_of_the_rooms(two):
    """Engine, registry, notebook and containers of a room belong to users that the machine gives to nobody."""
    rooms = two[0].hub.rooms()
    assert set(rooms) == {1, 2}
    for number, room in rooms.items():
        said = " ".join(room.values())
        assert all(name in said for name in ("dockerd", "docker-registry", "jupyterhub.singleuser", "ipykernel"))
        first = FIRST_USER + number * MANY
        # the process that made the room waits for it in its groups, and has become its root like all others
        assert all(first <= Path(f"/proc/{process}").stat().st_uid < first + MANY for process in room)


# What one may try to get at the other's things: a shell's script, which must not print the other's secret. Each is
# tried on the own secret, too, which it must find: a way that finds nothing at all would prove nothing.
WAYS = {
    "files": "grep -rs kept-by- ~ /tmp /var /cache /run /doors --include=secret.txt",
    "files, as root of a privileged container": (
        "docker run --rm --privileged --pid=host -v /:/host busybox:1.38 "
        "sh -c 'cat /host/learner/lessons/secret.txt /host/proc/*/root/learner/lessons/secret.txt'"
    ),
    "images": "docker images | cat",
    "containers": "for s in /run/*/docker.sock /proc/*/root/run/*/docker.sock; do docker -H unix://$s ps; done",
    "the registry": "for n in 1 2 3 4 5; do lab show --json $(wget -qO- http://127.0.0.1:500$n/v2/_catalog); "
    "curl -s http://127.0.0.1:500$n/v2/_catalog; done; curl -sk https://$REGISTRY/v2/_catalog",
    "variables": "cat /proc/*/environ | tr '\\0' '\\n'",
    "variables, as root of a privileged container": (
        "docker run --rm --privileged --pid=host busybox:1.38 sh -c 'cat /proc/*/environ' | tr '\\0' '\\n'"
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_leads_to_the_others_secrets(two, way):
    """Each way finds what is one's own, and nothing of the other's."""
    for own, other in (two, two[::-1]):
        said = own.shell(WAYS[way])
        assert SECRET.format(own.name) in said, said
        assert SECRET.format(other.name) not in said


def test_no_token_opens_the_others_server(two):
    """Neither the cookies of a page nor the token of a server is good for anybody else's, at the hub or beside it."""
    for own, other in (two, two[::-1]):
        assert own.asks("GET", "contents/secret.txt").json()["content"].strip() == SECRET.format(own.name)
        theirs = own.web.get(f"{other.home}/api/contents/secret.txt", timeout=60)
        assert theirs.status_code in (403, 404)
        assert SECRET.format(other.name) not in theirs.text
        said = own.runs(ASK.format(f"'/users/{other.name}', '/users', '/proxy', '/user'"))
        assert said.split() in (["403", "403", "403", "200"], ["404", "403", "403", "200"]), said


ASK = """
import urllib.request, urllib.error
# the lab's own magic has taken the token out of a kernel's variables by now
given = dict(line.split("=", 1) for line in open("/proc/self/environ").read().split(chr(0)) if "=" in line)
def ask(path):
    headers = {{"Authorization": "token " + given["JUPYTERHUB_API_TOKEN"]}}
    question = urllib.request.Request(given["JUPYTERHUB_API_URL"] + path, headers=headers)
    try:
        return urllib.request.urlopen(question, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code
print(*map(ask, [{}]))
"""


def test_a_room_reaches_no_other_address(two):
    """Not the machine's, not the hub's proxy, not the other's server: there is no way out but the hub's own door."""
    ada, _ = two
    port = ada.hub.root.rpartition(":")[2]
    addresses = [("127.0.0.1", port), *((address, port) for address in machine_addresses()), ("10.213.2.1", "5000")]
    said = ada.runs(
        "import socket\n"
        f"for host, port in {addresses!r}:\n"
        "    try: socket.create_connection((host, int(port)), timeout=3); print('REACHED', host, port)\n"
        "    except OSError as error: print('no', host, error)\n"
    )
    assert "REACHED" not in said
    assert len(re.findall("^no ", said, re.MULTILINE)) == len(addresses)


def machine_addresses():
    done = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True)
    return [address for address in done.stdout.split() if ":" not in address]


def test_its_own_root_moves_none_of_the_walls(two):
    """Limits stay, the machine's files stay read-only, its devices and its kernel's settings stay out of reach."""
    ada, _ = two
    said = ada.shell(
        """
        for f in /sys/fs/cgroup/*/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
            [ -e $f ] && echo 99999999999 > $f && echo RAISED $f; done
        touch /usr/mine && echo WROTE usr
        mount -o remount,rw /usr && echo REMOUNTED
        umount /usr && echo UNCOVERED
        mknod /tmp/disk b 7 0 && echo DEVICE
        mount -t ext4 /dev/loop0 /tmp && echo MOUNTED
        echo 1 > /proc/sys/kernel/panic && echo KERNEL
        echo core > /proc/sys/kernel/core_pattern && echo KERNEL
        unshare -m sh -c 'umount /proc && echo TRIED; ls /proc/1 && echo BELOW'"""
    )
    assert "TRIED" in said
    for word in ("RAISED", "WROTE", "REMOUNTED", "UNCOVERED", "DEVICE", "MOUNTED", "KERNEL", "BELOW"):
        assert word not in said, said


def test_a_name_is_kept_by_its_password(two):
    """Who does not know it stays outside, with or without the code of the class; nobody new comes in without the code."""
    hub = two[0].hub
    for name, password, code, said in (
        ("Ada", "not her password", None, "not the password"),
        ("ada", "not her password", hub.code, "not the password"),
        ("eve", "long enough for it", None, "type the code"),
        ("eve", "long enough for it", "4F7K-9Q2M-X3TD", "not the code"),
        ("eve", "short", hub.code, "8 characters"),
        ("<b>eve</b>", "long enough for it", hub.code, "cannot have"),
    ):
        answer = Visitor(hub, name, password).signs_in(code)
        assert answer.status_code == 403
        assert said in answer.text
    assert "eve" not in hub.lab("hub", "status").stdout


def test_the_teacher_sees_who_is_there(two):
    """Names, memory and disk; nothing is removed while somebody is at work."""
    hub = two[0].hub
    found = json.loads(hub.lab("hub", "status", "--json").stdout)
    assert found["running"]
    assert {one["name"] for one in found["learners"] if one["running"]} == {"ada", "bob"}
    assert all(one["memory"] > 50e6 and one["disk"] > 10e6 for one in found["learners"])
    refused = [
        hub.lab("hub", "forget", "ada", "--yes"),
        hub.lab("hub", "forget", "--yes"),
        hub.lab("hub", "--port", "1"),
    ]
    assert [one.returncode for one in refused] == [3, 3, 3]


def test_what_was_made_goes(two, monkeypatch):
    """After the hub's end no process, mount, group, socket or link is left; `forget` takes the rest."""
    hub = two[0].hub
    monkeypatch.setenv("LAB_HOME", str(hub.home))
    now = machine.take()
    assert any("-hub" in line for line in now["cgroups"])
    assert hub.close() == 0
    after = machine.take()
    assert hub.rooms() == {}
    assert [line for kind in after for line in after[kind] if f"{machine.state.key()}-hub" in line] == []
    assert not [
        file for file in Path("/sys/block").glob("loop*/loop/backing_file") if str(hub.home) in file.read_text()
    ]
    assert "at rest" in hub.lab("hub", "status").stdout
    assert "2 learners" in hub.lab("hub", "forget", "--yes").stdout
    assert not (hub.home / "hub").exists()
