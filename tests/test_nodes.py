"""BuildKit nodes, without an engine: what a node's record says, whom it lets in, and what a learner is told of it."""

import contextlib
import json
import socket
import ssl
import threading
from argparse import Namespace
from pathlib import Path

import pytest

from lab.errors import Blocked, UsageError
from lab.model.facts import Builder, Builders, Evidence, Node
from lab.model.platforms import Platform
from lab.probes import doors, history, nodes
from lab.probes.buildx import builder_from_text, builders_from_json
from lab.probes.doors import Door
from lab.probes.nodes import NodeSeen, Record
from lab.sandbox import nodes as places
from lab.sandbox import state
from lab.sandbox.engine import buildx_store
from lab.sandbox.engine.variables import PORT
from lab.sandbox.model import NODES
from lab.sandbox.nodes import settings
from lab.verbs import nodes as verb

DATA = Path(__file__).parent / "data" / "buildkit-0.34.2"
HELLO = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00"  # how BuildKit's server begins: a frame of settings


def test_a_record_says_platform_lines_push_and_error():
    """As BuildKit printed it: built, failed, pushed, and built for no platform by name."""
    records = nodes.records_from_json((DATA / "histories.jsonl").read_text())
    assert [one.began for one in records] == sorted((one.began for one in records), reverse=True)
    plain, failed, pushed, built = records
    assert built.platforms == pushed.platforms == (Platform.parse("linux/amd64"),)
    assert any("COPY crate.txt" in line for line in built.lines)
    assert (built.name, built.digest, built.error) == ("", "", "")
    assert pushed.name.endswith("/crate")
    assert pushed.digest.startswith("sha256:")
    assert "not found" in failed.error
    assert failed.lines == ()
    assert plain.platforms == (Platform.parse("linux/amd64"),)


@pytest.mark.parametrize(
    "text",
    [
        '{"record": {"Ref": "x"}}',
        '{"record": {"Ref": "x", "CreatedAt": {"seconds": "1"}}}',
        '{"record": ',
        "[]",
    ],
)
def test_a_record_of_another_form_is_blocked(text):
    """A newer BuildKit may say it another way: that is no mistake of the learner's."""
    with pytest.raises(Blocked):
        nodes.records_from_json(text)


@pytest.mark.parametrize(
    "record",
    [
        {"ExporterResponse": {"containerimage.config": "{"}},
        {"ExporterResponse": {"containerimage.config": "[1]", "refs.platforms": "null"}},
        {"ExporterResponse": {"containerimage.config": '{"history": null}'}, "Exporters": None, "Result": []},
        {"FrontendAttrs": {"platform": "nonsense/,,"}, "Exporters": ["x", {"Attrs": "y"}]},
        {"error": "text"},
    ],
)
def test_what_a_record_leaves_out_is_empty(record):
    """Half a document inside of a record spoils nothing."""
    (found,) = nodes.records_from_json(json.dumps({"record": {"CreatedAt": {"seconds": 5}, **record}}))
    assert (found.began, found.lines, found.name, found.digest, found.error) == (5.0, (), "", "", "")


@pytest.mark.parametrize("version", ["0.13.1", "0.29.1"])
def test_pins_and_status_of_a_remote_builder(version):
    """As two versions of buildx print them: with both nodes, and with one of them off."""
    folder = DATA.with_name(f"buildx-{version}")
    listed, *again = builders_from_json((folder / "ls-remote.json").read_text()).known
    assert all(one == listed for one in again)  # 0.13 prints it once for each row of its table
    assert [node.name for node in listed.nodes] == ["node-a", "node-b"]
    assert listed.driver == "remote"
    for name, statuses in (("inspect-remote", ["running", "running"]), ("inspect-remote-off", ["running", "inactive"])):
        found = builder_from_text((folder / f"{name}.txt").read_text())
        assert [node.status for node in found.nodes] == statuses
        assert [list(map(str, node.pinned)) for node in found.nodes] == [["linux/amd64"], ["linux/arm64"]]


def answers(monkeypatch, told):
    """Docker answers by the first words of what it is asked."""

    def docker(_world, *words, **_more):
        for beginning, (status, out, err) in told.items():
            if " ".join(words).startswith(beginning):
                return status, out, err, Evidence(" ".join(words), out + err)
        raise AssertionError(words)

    monkeypatch.setattr(nodes, "docker", docker)


def test_nodes_are_asked_where_they_run_and_no_other_ones(world, monkeypatch):
    """One runs, one is off, one was never there; the digests of a push are looked up in the node's own store."""
    a, b, _ = map(places.container, NODES)
    rows = f"/{a}\trunning\t2026-11-27T08:00:00.123456789Z\n/{b}\texited\t2026-11-27T07:00:00Z\n"
    told = {
        "container inspect": (1, rows, "Error: No such container: x"),
        f"exec {a} buildctl debug histories": (0, (DATA / "histories.jsonl").read_text(), ""),
        f"exec {a} buildctl debug get": (0, (DATA / "pushed-index.json").read_text(), ""),
    }
    answers(monkeypatch, told)
    found = nodes.nodes()(world)
    assert [(one.name, one.running, len(one.records)) for one in found.known] == [
        ("node-a", True, 4), ("node-b", False, 0), ("node-c", False, 0),
    ]  # fmt: skip
    assert [one.records for one in nodes.nodes(records=False)(world).known] == [(), (), ()]
    assert nodes.nodes(records=False)(world).named("node-a").running
    assert nodes.addresses()(world).at(places.address("node-c")) == "node-c"
    assert found.at(places.address("node-b")) == "node-b"
    assert found.at("tcp://elsewhere:1") == "tcp://elsewhere:1"
    name = next(record.name for record in found.named("node-a").records if record.name)
    row = json.loads((DATA / "pushed-index.json").read_text())["manifests"][0]["digest"]
    here = type(world)(**{**vars(world), "registry": name.rpartition("/")[0]})
    assert nodes.pushed("crate")(here).maker(row) == "node-a"
    assert nodes.pushed("other")(here).maker(row) == ""


def test_no_node_at_all_is_a_fact_and_no_error(world, monkeypatch):
    """`docker container inspect` prints an empty line then."""
    answers(monkeypatch, {"container inspect": (1, "\n", "Error: No such container")})
    assert [one.running for one in nodes.nodes()(world).known] == [False, False, False]


def test_a_node_that_does_not_answer_is_blocked(world, monkeypatch):
    """It runs, and its BuildKit says nothing; or docker says something else than it always did."""
    row = f"/{places.container('node-a')}\trunning\t2026-11-27T08:00:00Z\n"
    failing = (1, "", "cannot reach")
    answers(monkeypatch, {"container inspect": (0, row, ""), "exec": failing})
    with pytest.raises(Blocked, match="node-a does not say what it has built: cannot reach"):
        nodes.nodes()(world)
    answers(monkeypatch, {"container inspect": (0, "what\n", "")})
    with pytest.raises(Blocked, match="since when"):
        nodes.nodes()(world)


def test_settings_count_when_they_were_read():
    """Written after the start: the node works with older ones. One that is off has read none."""
    known = {"name": "n", "address": "a", "since": 50.0}
    assert NodeSeen(**known, running=True, written=60.0).stale
    assert not NodeSeen(**known, running=True, written=40.0).stale
    assert not NodeSeen(**known, written=60.0).stale


@contextlib.contextmanager
def node(context=None):
    """Something that begins to talk as a BuildKit does, at the address of node-c; over TLS where there is a context."""
    server = socket.create_server((places.host("node-c"), PORT))

    def serve():
        while True:
            try:
                one, _ = server.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), context.wrap_socket(one, server_side=True) if context else one as talk:
                if talk.recv(64).startswith(b"PRI * HTTP/2.0"):
                    talk.sendall(HELLO)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def tls(*, asks):
    folder = settings.folder("node-c") / "tls"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.set_alpn_protocols(["h2"])
    if asks:
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """A lab of its own, with the keys of its nodes."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    settings.ensure()


@pytest.mark.parametrize(
    ("asks", "expected"),
    [(None, (True, False, False)), (False, (False, True, True)), (True, (False, False, True))],
    ids=["plain", "TLS for everybody", "mutual TLS"],
)
def test_a_door_is_knocked_at_in_three_ways(keys, world, asks, expected):
    """In plain text, over TLS without a key, and with it: against a server that really speaks so."""
    with node(None if asks is None else tls(asks=asks)):
        found = doors.door("node-c")(world)
    assert (found.plain, found.stranger, found.keyed) == expected
    assert "with the key: " in found.evidence[0].answer


def test_a_door_behind_which_nobody_is_stays_shut(keys, world, tmp_path):
    """Nothing listens; and without keys nobody comes in over TLS either."""
    assert doors.door("node-c")(world) == Door(node="node-c", plain=False, stranger=False, keyed=False)
    for key in settings.folder(settings.CLIENT).iterdir():
        key.write_text("no key")
    with node():
        assert doors.door("node-c")(world) == Door(node="node-c", plain=True, stranger=False, keyed=False)


def test_keys_are_the_owners_alone_and_stay(keys):
    """Made once, in folders of the lab's; one authority has signed them all, and nobody keeps its key."""
    found = sorted(settings.folder().rglob("*.pem"))
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in found} == {0o700}
    assert len({path.read_text() for path in found if path.name == "ca.pem"}) == 1
    before = {path: path.read_text() for path in found}
    settings.ensure()
    assert {path: path.read_text() for path in found} == before


def test_each_node_has_an_address_of_its_own(tmp_path, monkeypatch):
    """On loopback, three in a sandbox, others in another sandbox; none that a machine uses already."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "one"))
    one = [places.host(name) for name in NODES]
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "other"))
    other = [places.host(name) for name in NODES]
    assert len({*one, *other}) == 2 * len(NODES)
    assert all(64 <= int(address.split(".")[1]) < 192 for address in one)
    assert state.node_address(1) == other[0]


def test_a_node_that_is_none_is_a_slip():
    """Names are checked before anything is done."""
    assert places.chosen([]) == list(NODES)
    assert places.chosen(["node-b", "node-b"]) == ["node-b"]
    with pytest.raises(UsageError, match="no node 'node-d'"):
        places.chosen(["node-d"])
    with pytest.raises(UsageError, match="Which node"):
        places.stop([])


def test_why_a_node_ended_is_read_from_its_log():
    """The sentences among times and stack traces."""
    log = "time=x level=info\nbuildkitd: got SIGTERM/SIGINT, forcing shutdown\ntoml: expected '=' after key\nfailed to parse config\n"
    log += "github.com/moby/buildkit/cmd/buildkitd/config.Load\n\tgithub.com/moby/buildkit/cmd/load.go:15 +0x1\nmain.main\n"
    assert places.errors(log) == ["toml: expected '=' after key", "failed to parse config"]
    assert places.errors("") == []


def test_a_remote_builder_is_kept_with_the_others_and_finds_no_defaults(tmp_path, monkeypatch):
    """The second folder leads to the same builders, and has no file that the driver `remote` refuses."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    buildx_store.write_defaults("debug = true\n")
    buildx_store.link_remote()
    buildx_store.link_remote()
    remote = buildx_store.remote_folder()
    (remote / "instances" / "pair").write_text('{"Name": "pair", "Driver": "remote", "Nodes": null}')
    assert buildx_store.names() == ["pair"]
    assert not (remote / "buildkitd.default.toml").exists()
    assert not (remote / "current").exists()
    with buildx_store.lock():
        assert (remote / ".lock").exists()


def test_a_builder_with_a_node_that_is_off_is_not_asked_for_its_history(world, monkeypatch):
    """It would wait 20 s for that node, and then says nothing of the others."""
    half = Builder(name="pair", driver="remote", nodes=(Node(name="a", status="running"), Node(name="b", status="off")))
    whole = Builder(name="own", driver="docker-container", nodes=(Node(name="c", status="running"),))
    empty = Builder(name="none", driver="remote")
    monkeypatch.setattr(history, "known_builders", lambda _world: Builders(known=(half, whole, empty)))
    asked = []

    def docker(_world, *words, **_more):
        asked.append(words[4])
        return 0, "", "", Evidence("", "")

    monkeypatch.setattr(history, "docker", docker)
    history.recorded(world)
    assert asked == ["own"]


RECORD = Record(ref="r", platforms=(Platform.parse("linux/arm64"),), began=0.0)
SEEN = NodeSeen(name="node-a", address="tcp://127.64.0.1:1234", running=True, records=(RECORD,))
OPEN = Door(node="node-a", plain=True, stranger=False, keyed=False)


def test_a_learner_reads_how_a_node_is_and_what_it_built():
    """Open or not, off, with newer settings; built, pushed, failed; the latest five."""
    lines = list(verb.told(SEEN, OPEN))
    assert lines[0] == "node-a  tcp://127.64.0.1:1234  running, open to everybody on this machine"
    assert lines[1].endswith("built linux/arm64")
    locked = Door(node="node-a", plain=False, stranger=False, keyed=True)
    assert next(verb.told(SEEN, locked)).endswith("running, asks for a key")
    assert next(verb.told(NodeSeen(name="n", address="a"), locked)) == "n  a  off"
    changed = NodeSeen(name="n", address="a", running=True, written=2.0, since=1.0)
    assert list(verb.told(changed, OPEN))[1] == "  its settings have changed since it read them"
    failed = Record(ref="r", platforms=(), began=0.0, error="exit code: 1\nmore")
    pushed = Record(ref="r", platforms=RECORD.platforms, began=0.0, name="localhost:5000/x")
    many = NodeSeen(name="n", address="a", running=True, records=(failed, pushed, *[RECORD] * 5))
    lines = list(verb.told(many, OPEN))
    assert lines[1].endswith("failed for its own platform: exit code: 1")
    assert lines[2].endswith("built linux/arm64, pushed as localhost:5000/x")
    assert lines[-1] == "  and 2 earlier builds"


def test_what_was_done_to_nodes_is_said(monkeypatch, capsys):
    """One line each; and that there was nothing to do."""
    monkeypatch.setattr(places, "up", list)
    assert verb.nodes(Namespace(what="up", nodes=["node-b"], json=False)) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"node-b at {places.address('node-b')}: started\n")
    assert "`lab nodes down`" in printed
    assert verb.nodes(Namespace(what="up", nodes=[], json=False)) == 0
    assert "Nothing was to be done" in capsys.readouterr().out
    monkeypatch.setattr(places, "down", lambda: ["node-a"])
    verb.nodes(Namespace(what="down", nodes=[], json=False))
    assert capsys.readouterr().out == f"node-a at {places.address('node-a')}: removed\n"
