"""The report as text, JSON and SARIF, and the verb."""

from __future__ import annotations

import json

import pytest

from lab import cli
from lab.explainer.data import lesson_on
from lab.ready.report import Finding, Report, sarif
from lab.ready.rule import TABLE

TWO = {
    "Dockerfile": "FROM alpine:3\nARG TARGETARCH=amd64\n",
    "web/compose.yaml": "services:\n  a:\n    platform: linux/386\n",
}


def test_text_has_the_file_the_line_and_the_reason(repository):
    """And the lesson, where there is one."""
    text = repository(TWO).as_text()
    assert (
        "(1 Dockerfile, 1 compose file; 1 image not asked for) for linux/amd64, linux/arm64\n  Dockerfile\n    ✘ line 2: ARG TARGETARCH"
        in text
    )
    assert "  web/compose.yaml\n    ✘ line 3: Service `a` is pinned to linux/386" in text
    assert text.endswith("Lesson: 03-mismatch")


def test_a_lesson_that_is_not_there_is_not_named(monkeypatch, repository):
    """Nor is one in JSON; once it is there, it is."""
    finding = repository(TWO).findings[0]
    monkeypatch.setattr("lab.explainer.data._lessons", dict)
    assert finding.lesson == ""
    monkeypatch.setattr("lab.explainer.data._lessons", lambda: {TABLE["arg-shadowed"].topic: "10-true-image"})
    assert finding.lesson == "10-true-image"


def test_topics_are_those_of_lessons():
    """Of those that are there, and of the five that follow."""
    coming = {"cross-compile", "true-image", "every-push", "native-nodes", "release"}
    assert [rule.id for rule in TABLE.values() if not lesson_on(rule.topic) and rule.topic not in coming] == []


def test_json_is_whole(repository):
    """Every key that the page names."""
    data = json.loads(json.dumps(repository(TWO).to_json()))
    assert data["platforms"] == ["linux/amd64", "linux/arm64"]
    assert data["files"] == {"Dockerfile": "Dockerfile", "web/compose.yaml": "compose file"}
    assert {*data["findings"][0]} == {"rule", "severity", "file", "line", "message", "lesson"}
    assert data["exit_status"] == 1


def test_sarif_is_what_code_hosts_take(repository):
    """Every result names a rule that is described, a level, a message, a relative file and a line."""
    document = repository({"a b/Dockerfile": TWO["Dockerfile"]}).to_sarif()
    run = document["runs"][0]
    (result,) = run["results"]
    assert (document["version"], run["tool"]["driver"]["name"]) == ("2.1.0", "lab ready")
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {result["ruleId"]} == {"arg-shadowed"}
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b/Dockerfile"},
        "region": {"startLine": 2},
    }
    assert run["invocations"][0]["executionSuccessful"] is True


def test_several_reports_are_one_run(repository):
    """A pipeline uploads one file."""
    report = repository(TWO)
    run = sarif([report, Report("b", unreadable=("odd",))])["runs"]
    assert len(run) == 1
    assert run[0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "odd"


def test_what_a_file_says_cannot_move_the_cursor(repository):
    """A name with an escape in it is shown as what it is."""
    report = repository({"compose.yaml": 'services:\n  "a\\e[2Jb":\n    platform: linux/386\n'})
    assert "\x1b" not in report.as_text()
    assert "\\x1b[2J" in report.as_text()


def test_findings_are_each_told_once(repository):
    """In the order of the lines."""
    report = repository({"Dockerfile": "FROM arm64v8/alpine:3\nCOPY a-amd64 b-amd64 /\nARG TARGETARCH=x\n"})
    assert [one.line for one in report.findings] == [1, 2, 2, 3]
    assert all(isinstance(one, Finding) for one in report.findings)


def test_the_verb_says_what_is_found(tmp_path, capsys):
    """Exit statuses as the help has them."""
    (tmp_path / "Dockerfile").write_text("FROM alpine:3\nARG TARGETARCH=x\n")
    assert cli.run(["ready", str(tmp_path), "--offline"]) == 1
    assert "line 2" in capsys.readouterr().out
    assert cli.run(["ready", str(tmp_path), "--offline", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["findings"][0]["rule"] == "arg-shadowed"
    assert cli.run(["ready", str(tmp_path), "--offline", "--sarif"]) == 1
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"


def test_a_platform_that_is_none_is_a_usage_error(tmp_path, capsys):
    """One line, with the option's own name."""
    assert cli.run(["ready", str(tmp_path), "--platform", "linux/x86"]) == 2
    assert "--platform" in capsys.readouterr().err


def test_this_folder_is_read_where_none_is_named(tmp_path, monkeypatch, capsys):
    """As other tools do."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY x /\n")
    assert cli.run(["ready", "--offline"]) == 0
    assert capsys.readouterr().out.startswith("✔ .")


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_rule_says_what_it_is(name):
    """A title, a kind of file, a topic."""
    rule = TABLE[name]
    assert rule.id == name
    assert rule.title.lstrip("`")[0].isalpha()
    assert not rule.title.endswith(".")
