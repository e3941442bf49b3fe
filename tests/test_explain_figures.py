"""The tool that counts how often `lab explain` is right."""

import importlib.util
import json
from pathlib import Path

import pytest

from lab.explainer import explain

PLACE = Path(__file__).parent.parent / "tools" / "explain_figures.py"
spec = importlib.util.spec_from_file_location("explain_figures", PLACE)
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)
SCRIPT = "exec /start.sh: exec format error"  # several causes, the script first


@pytest.mark.parametrize(
    ("text", "right", "said"),
    [
        ("all is well", [], "right"),
        ("all is well", ["exec-format-error"], "unknown"),
        (SCRIPT, ["script-without-shebang"], "right"),
        (SCRIPT, ["exec-format-error"], "partly"),
        (SCRIPT, ["disk-full"], "wrong"),
        (SCRIPT, [], "wrong"),
        (SCRIPT, None, "not judged"),
    ],
)
def test_a_verdict_is_one_of_five(text, right, said):
    """Another cause than the right one is wrong, also where none is right; the right one behind another is partly."""
    assert tool.verdict(explain(text), right) == said


def test_a_hedged_case_may_not_be_certain():
    """Where the text cannot tell, certainty is half a mistake."""
    sure = explain("ERROR: Multi-platform build is not supported for the docker driver.")
    assert sure.certain
    assert tool.verdict(sure, ["multi-platform-docker-driver"], hedged=True) == "partly"


@pytest.mark.parametrize(
    ("row", "right"),
    [
        ({"ids": ["a"], "right": "disk-full"}, ["a"]),
        ({"right": "exec-format-error (hedged), disk-full", "kind": "field"}, ["exec-format-error", "disk-full"]),
        ({"right": "prose of no cause", "kind": "field"}, None),
        ({"right": "nothing of platforms", "kind": "lookalike"}, []),
        ({"right": "disk full, in prose", "kind": "lookalike"}, None),
    ],
)
def test_what_is_right_comes_from_the_row(row, right):
    """Prose that names no cause is not judged, unless nothing is right."""
    assert tool.wanted(row) == right


def test_a_folder_is_counted_by_kind(tmp_path, capsys):
    """Each log that is not right has its line, and the exit status says whether all are."""
    rows = [("a.log", "field", ["script-without-shebang"], SCRIPT), ("b.log", "lookalike", [], SCRIPT)]
    for name, _, _, text in rows:
        (tmp_path / name).write_text(text)
    index = "\n".join(json.dumps({"log": log, "kind": kind, "ids": ids}) for log, kind, ids, _ in rows)
    (tmp_path / "index.jsonl").write_text(index)
    assert tool.main([str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "wrong: b.log: script-without-shebang" in said
    assert "field: 1 right, 0 partly, 0 wrong, 0 unknown, 0 not judged of 1" in said
