"""No shell is built from strings: the lab's own code, read by a rule."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "lab").rglob("*.py"))

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
# Where a shell is given words to read: what a learner typed or a case of the clinic shows, a learner's shell, JupyterLab's.
SHELLS = {"shell.py", "server.py", "ward.py"}


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
