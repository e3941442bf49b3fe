"""What the threat model on docs/reference/safety.md promises; each promise of the page has its test here or names it."""

import ast
import http.client
import os
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.stand_ins import sandbox_up

from lab import cli, course, explainer, paths, sandbox, storage
from lab.audit.report import ERROR, Finding, Report
from lab.course import workspace
from lab.draw import render
from lab.draw.bars import bars
from lab.draw.hub import hub
from lab.draw.tree import tree
from lab.errors import Blocked, LabError, shown
from lab.explainer import views
from lab.learning import progress, tour
from lab.learning.progress import Entry
from lab.log import keep_traceback
from lab.model.facts import Evidence, Index, Manifest, Transcript
from lab.model.platforms import Platform
from lab.model.results import Result, Status
from lab.model.steps import Problem
from lab.model.world import World
from lab.notebook import server as jupyter
from lab.notebook.panel import cards, clock, view
from lab.probes import here as here_
from lab.sandbox import registry, state
from lab.sandbox.model import EngineRef, Sandbox
from lab.sandbox.overview import Overview
from lab.terminal import shell

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "lab").rglob("*.py"))


# --- no shell is built from strings ---------------------------------------------------------------------------------

RUNNERS = {"run", "Popen", "call", "check_call", "check_output"}
FORBIDDEN = {
    "os": {"system", "popen", "spawnl", "spawnlp", "spawnv", "spawnvp", "execl", "execlp"},
    "subprocess": {"getoutput", "getstatusoutput"},
    "asyncio": {"create_subprocess_shell"},
    "pickle": {"load", "loads"},
    "marshal": {"load", "loads"},
    "yaml": {"load", "unsafe_load"},
    "tempfile": {"mktemp"},
    "shutil": {"unpack_archive"},
    "pty": {"spawn"},
}
# Where a shell is given words to read: what a learner typed, a learner's shell, and the terminal of JupyterLab.
SHELLS = {"shell.py", "server.py"}


def offences(source, name="sample.py"):
    """Lines of a module that break the rule, each with what it does."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            found += [(node.lineno, what) for what in _of_call(node)]
        if isinstance(node, ast.List) and name not in SHELLS and _is_shell(node):
            found.append((node.lineno, "a shell that reads words"))
    return found


def _of_call(node):
    function = node.func
    if isinstance(function, ast.Name) and function.id in {"eval", "exec", "compile", "__import__"}:
        yield f"{function.id}()"
    if not isinstance(function, ast.Attribute):
        return
    owner = function.value.id if isinstance(function.value, ast.Name) else ""
    if function.attr in FORBIDDEN.get(owner, ()):
        yield f"{owner}.{function.attr}"
    if function.attr == "extractall":
        yield "an archive is unpacked by its own names"
    if owner != "subprocess" or function.attr not in RUNNERS:
        return
    words = {word.arg: word.value for word in node.keywords}
    if "shell" in words:
        yield "shell="
    if not node.args or isinstance(node.args[0], (ast.Constant, ast.JoinedStr, ast.BinOp)):
        yield "words that are no list"
    if function.attr != "Popen" and "timeout" not in words:
        yield "no timeout"


def _is_shell(node):
    words = [word.value for word in node.elts if isinstance(word, ast.Constant)]
    return bool(words) and words[0] in {"sh", "bash", "zsh", "/bin/sh", "/bin/bash"} and "-c" in words


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "lab")))
def test_no_command_is_built_from_a_string(path):
    """Words of a command are a list, every command ends, and no shell reads what the lab put together."""
    assert offences(path.read_text(encoding="utf-8"), path.name) == []


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("subprocess.run('ls', timeout=1)", "words that are no list"),
        ("subprocess.run(f'ls {x}', timeout=1)", "words that are no list"),
        ("subprocess.run('ls ' + x, timeout=1)", "words that are no list"),
        ("subprocess.run(['ls'], shell=True, timeout=1)", "shell="),
        ("subprocess.run(['ls'])", "no timeout"),
        ("subprocess.check_output(['ls'])", "no timeout"),
        ("subprocess.run(['bash', '-c', x], timeout=1)", "a shell that reads words"),
        ("os.system('ls')", "os.system"),
        ("eval(x)", "eval()"),
        ("archive.extractall(x)", "an archive is unpacked by its own names"),
        ("pickle.loads(x)", "pickle.loads"),
    ],
)
def test_the_rule_sees_what_it_forbids(source, what):
    """A rule that finds nothing may be blind."""
    assert [found for _, found in offences(source)] == [what]


def test_the_rule_lets_lists_pass():
    """The near miss."""
    assert offences("subprocess.run(['ls', x], timeout=1); subprocess.run(words, timeout=2); ['bash', x]") == []


# --- files are their owner's ------------------------------------------------------------------------------------------


def open_to_others(folder):
    """Everything below (and the folder itself) that somebody else may read, write or enter."""
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077]


def can_be_read(path, top):
    """Whether somebody else gets at it: a folder that is shut keeps what is in it."""
    above = [one for one in path.parents if one.is_relative_to(top)]
    return path.stat().st_mode & 0o044 and all(one.stat().st_mode & 0o011 for one in above)


@pytest.fixture
def careless():
    """Somebody with a umask that hides nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_what_the_lab_keeps_is_for_its_owner_alone(careless, world, monkeypatch, tmp_path):
    """Progress, tries, state, logs, Jupyter's own files: 0600 in folders of 0700, whatever the umask is."""
    monkeypatch.setenv("LAB_LEARNER", str(paths.home()))
    sandbox_up(tmp_path / "lessons")
    step = course.step("uname")
    result = Result(step=step.name, lesson=step.lesson, status=Status.PASSED, goal=step.goal, when="2026")
    progress.record(paths.home(), step, result)
    progress.show_hint(paths.home(), step)
    World(world.env, "", tmp_path, paths.home()).keep(
        Transcript(step="uname", command="docker login -p secret", output="", exit_status=0, seconds=0, started="")
    )
    with state.lock():
        state.remember(port=5000)
    try:
        int("x")
    except ValueError:
        keep_traceback("test")
    jupyter._own_folders(paths.home() / "jupyter")
    storage.write_text(paths.home() / "deep" / "er" / "file", "x")
    assert len(list(paths.home().rglob("*"))) > 8
    assert open_to_others(paths.home()) == []


def test_the_look_at_modes_can_fail(tmp_path):
    """A file that others may read is seen."""
    tmp_path.chmod(0o700)
    assert open_to_others(tmp_path) == []
    (tmp_path / "open").touch(mode=0o644)
    (tmp_path / "open").chmod(0o644)
    assert open_to_others(tmp_path) == [str(tmp_path / "open")]


# --- who can reach what -------------------------------------------------------------------------------------------------


def test_the_registry_listens_where_the_lab_says_and_nowhere_else():
    """Loopback; with the private engine the lab's own bridge too: never every address."""
    assert registry.addresses(None) == ["127.0.0.1"]
    assert registry.addresses("10.213.7.1") == ["127.0.0.1", "10.213.7.1"]
    for address in registry.addresses("10.213.7.1"):
        assert f"addr: '{address}:5000'" in registry.configuration(address, 5000)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """JupyterLab as `lab learn` starts it."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LAB_HOME", "LAB_LEARNER", "LAB_CACHE"):
            patch.setenv(name, str(folder / name))
        (folder / "lessons").mkdir()
        token, log = "t" * 40, folder / "LAB_HOME" / "log" / "jupyter.log"
        port = jupyter._free_port()
        process = jupyter._start(folder / "lessons", ("127.0.0.1", port), token, log)
        try:
            jupyter._wait(process, f"http://127.0.0.1:{port}/api/status?token={token}", log)
            yield process, port, token, folder
        finally:
            jupyter._stop(process)


def asked(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_jupyterlab_wants_its_token(server):
    """Without it nothing is answered that matters; with it, all is; a page of another host's name is refused."""
    _, port, token, _ = server
    for path in ("/api/contents", "/api/kernels", "/api/terminals", "/lab"):
        assert asked(port, path) in (302, 403), path
        assert asked(port, path, Authorization="token wrong") in (302, 403), path
    assert asked(port, "/api/contents", Authorization=f"token {token}") == 200
    assert asked(port, "/api/contents", Authorization=f"token {token}", Host="elsewhere.example") == 403


def test_jupyterlab_listens_on_loopback_alone(server):
    """No other address of this machine has the port, of IPv6 neither."""
    _, port, _, _ = server
    hexadecimal = f":{port:04X}"
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    listening = [line[1] for line in lines if line[3] == "0A" and line[1].endswith(hexadecimal)]
    assert listening == [f"0100007F{hexadecimal}"]


def test_the_token_is_on_no_command_line_and_in_no_open_file(server):
    """Everybody on a machine can read command lines; the log is the owner's and does not have it either."""
    process, _, token, folder = server
    assert token.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    log = folder / "LAB_HOME" / "log" / "jupyter.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    holding = [path for path in folder.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert [path for path in holding if can_be_read(path, folder)] == []
    assert log not in holding


def test_each_start_has_a_token_of_its_own(monkeypatch, tmp_path, capsys):
    """Long, and never the same again."""
    seen = []
    monkeypatch.setattr(jupyter, "trust", lambda *_: None)

    def start(_folder, _address, token, _log):
        seen.append(token)
        raise Blocked("enough")

    monkeypatch.setattr(jupyter, "_start", start)
    for _ in range(3):
        with pytest.raises(Blocked):
            jupyter.serve(tmp_path)
    assert len(set(seen)) == 3
    assert min(map(len, seen)) >= 32


# --- nothing secret where it could be read ------------------------------------------------------------------------------

NAMES = ("JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN")


@pytest.mark.parametrize("kind", ["private", "learner"])
def test_a_cell_cannot_print_the_servers_token(monkeypatch, tmp_path, kind):
    """`env` in a cell, so also in a published notebook, has no key to the server that runs it."""
    for name in NAMES:
        monkeypatch.setenv(name, "s3cret")
    box = Sandbox(tmp_path, EngineRef(kind, "unix:///x", tmp_path / "docker"), "localhost:1", None)
    (tmp_path / "work").mkdir()
    here = World(here_._environment(sandbox.environment(box)), "localhost:1", tmp_path / "work", tmp_path)
    kept = shell.run("uname", "env", here, lambda _text: None)
    assert "REGISTRY=localhost:1" in kept.output
    assert "s3cret" not in kept.output


# --- nothing from outside becomes markup, or moves a terminal ------------------------------------------------------------

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\" onload='y' javascript:z <a href=//evil.example>"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202e"
ALLOWED = set(
    "div span strong small code pre p ul ol li table thead tbody tr th td details summary a b em figure figcaption svg "
    "g rect text title desc path line polyline circle defs tspan br time progress h1 h2 section marker polygon style "
    "html head meta body pattern".split()
)


class Tags(HTMLParser):
    """The tags and attributes of a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


def safe(text):
    """Only tags of ours, no handler, no address that asks another host or runs a script."""
    found = Tags(text)
    assert found.tags <= ALLOWED, found.tags - ALLOWED
    for name, value in found.attributes:
        assert not name.startswith("on"), name
        assert name not in {"srcdoc", "formaction", "action", "src"}, name
        if name in {"href", "xlink:href"}:
            assert value.startswith(("#", "https://github.com/")), value
    return True


def hostile_result(status=Status.FAILED):
    return Result(
        step=EVIL, lesson="machine", status=status, goal=EVIL, message="It is {found}. " + EVIL.replace("{", ""),
        values={"found": EVIL, "wanted": EVIL}, remedy=EVIL, evidence=(Evidence(EVIL, EVIL),), next_step=EVIL,
    )  # fmt: skip


def hostile_index():
    row = Manifest(digest="sha256:" + "a" * 64, platform=Platform("linux", "amd64"), annotations=((EVIL, EVIL),))
    return Index(reference=EVIL, digest=EVIL, media_type=EVIL, is_index=True, manifests=(row,))


def hostile_view():
    lesson = course.lesson("machine")
    overview = Overview(engine="private", version=EVIL, registry=EVIL, builders=(EVIL,), problem=EVIL, remedy=EVIL)
    return view.view(lesson, {"uname": Entry(last=EVIL, tries=1)}, overview, EVIL)


MAKERS = {
    "result": lambda: "".join(render.as_html(hostile_result(status)) for status in Status),
    "error": lambda: render.error_bundle(LabError(EVIL, EVIL))["text/html"],
    "hints": lambda: cards.hints_html(course.step("uname"), 9, EVIL),
    "clock": lambda: clock.as_html(3.0, EVIL),
    "panel": lambda: view.as_html(hostile_view()),
    "explanation": lambda: views.as_html(explainer.explain(f"exec /x: exec format error {EVIL}")),
    "no explanation": lambda: views.as_html(explainer.explain(EVIL)),
    "bars": lambda: bars(EVIL, [(EVIL, 1.0), ("b", 2.0)]).html,
    "hub": lambda: hub(hostile_index(), []).html,
    "tree": lambda: tree(hostile_index(), []).html,
    "tour's report": lambda: tour._report([], {EVIL: EVIL}),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_what_comes_from_outside_is_text_in_every_view(maker):
    """Names of images, messages of engines, logs, versions: read by people, never by the browser."""
    made = MAKERS[maker]()
    assert safe(made)
    assert "alert" in made or maker in {"tree", "hub", "panel", "no explanation"}


@pytest.mark.parametrize(
    "text",
    ["<script>x</script>", "<b onclick=x>y</b>", '<a href="javascript:x">y</a>', "<img src=x>", '<a href="//h">y</a>'],
)
def test_the_look_at_markup_can_fail(text):
    """Each kind of attack is seen where it is let through."""
    with pytest.raises(AssertionError):
        safe(text)


def on_a_terminal():
    problem = Problem("It is {found}.", found=ESCAPES, wanted=ESCAPES)
    yield render.as_text(hostile_result())
    yield render.as_text(
        Result(step="s", lesson="l", status=Status.FAILED, goal="g", message=problem.template, values=problem.values)
    )
    yield str(LabError(ESCAPES, ESCAPES))
    yield Report(reference=ESCAPES, blocked=ESCAPES, remedy=ESCAPES).as_text()
    yield Finding("label", ERROR, "linux/amd64", problem, (ESCAPES,)).text
    yield explainer.explain(f"exec /x: exec format error {ESCAPES}").as_text()
    yield explainer.explain(ESCAPES).as_text()


def test_what_comes_from_outside_moves_no_terminal():
    """No title, no colour, no cursor, no turned text: a name is a name."""
    for text in on_a_terminal():
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text), ascii(text)
    assert shown("a\tb\nc é 日本") == "a\tb\nc é 日本"


# --- names and references -----------------------------------------------------------------------------------------------

NASTY = ["../../etc/passwd", "a;touch x", "$(touch x)", "`touch x`", "--help-me", "x\0y", "x\ny", "", " ", "é" * 300]


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_one_of_the_courses_or_refused(name, tmp_path, monkeypatch):
    """No file is made from a name, and no command either."""
    sandbox_up(tmp_path / "lessons")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(LabError):
        course.step(name)
    with pytest.raises(LabError):
        course.find([name])
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", [["show"], ["audit"], ["check"], ["hint"], ["solution"], ["reset", "-y"], ["file"]])
@pytest.mark.parametrize("name", ["../../etc/passwd", "a;touch x", "$(touch x)", "x y", "é" * 300, "localhost:1/$(id)"])
def test_a_nasty_name_is_one_line(words, name, tmp_path, monkeypatch, capfd):
    """Whatever stands where a name is due: a line, a status of ours, and nothing made."""
    sandbox_up(tmp_path / "lessons")
    monkeypatch.chdir(tmp_path / "lessons")
    assert cli.run([*words, name]) in (1, 2, 3, 4)
    said = capfd.readouterr()
    assert "Traceback" not in said.err + said.out
    assert not (tmp_path / "lessons" / "x").exists()


def test_a_files_name_in_an_index_leads_nowhere(tmp_path):
    """What is written into a workspace are the course's own files, below it."""
    folder = tmp_path / "work"
    workspace.start(folder)
    assert all((folder / name).resolve().is_relative_to(folder.resolve()) for name in workspace.sources())


def test_the_page_names_tests_that_exist():
    """The threat model stands on tests; each one that it names is there."""
    text = (ROOT / "docs" / "reference" / "safety.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_[a-z_]+\.py)::(test_[a-z0-9_]+)`", text)
    assert len(named) > 10
    for file, name in named:
        (path,) = [one for one in (ROOT / "tests").rglob(file) if f"def {name}(" in one.read_text(encoding="utf-8")]
        assert path
