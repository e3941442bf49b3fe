"""What is read of a repository, and what hostile files come to: one clear line each, in bounded time."""

from __future__ import annotations

import os
import time

import pytest

from lab.ready import ready
from lab.ready.files import kind

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{n}: &{n} [*{p}, *{p}, *{p}]\n" for p, n in zip("abcdefghij", "bcdefghijk", strict=True)
)

HOSTILE = {
    "huge": ("Dockerfile", b"FROM a\n" + b"RUN true\n" * 100_000, "is larger than 512 KiB"),
    "a long line": ("Dockerfile", b"FROM a\nRUN " + b"x" * 70_000, "a line of more than 65535 characters"),
    "binary": ("Dockerfile", b"\x7fELF\0\0", "is no text"),
    "no UTF-8": ("Dockerfile", b"FROM a\n# \xff\n", "is not UTF-8"),
    "no instruction": ("Dockerfile", b"FROM a\nFORM b\n", "line 2"),
    "a heredoc without end": ("Dockerfile", b"FROM a\nRUN <<E\nx\n", "unterminated heredoc"),
    "many instructions": ("Dockerfile", b"FROM a\n" + b"ARG ARCH=amd64\n" * 3000, "more than 2000 instructions"),
    "many stages": ("Dockerfile", b"FROM a\n" * 300, "more than 200 stages"),
    "no YAML": ("compose.yaml", b"services:\n\tdb: x\n", "is no YAML on line 2"),
    "deep YAML": (".github/workflows/a.yml", b"[" * 50_000, "is no YAML"),
    "no HCL": ("docker-bake.hcl", b'target "a" {\n  platforms = [\n}\n', "is no HCL: line 3"),
    "deep JSON": ("docker-bake.json", b'{"target":\n' * 20_000, "is no YAML"),
}
ODD = {
    "cyclic anchors": ("compose.yaml", "services: &s\n  db: *s\n  x: {<<: *s, platform: linux/amd64}\n"),
    "anchors that unfold": ("compose.yaml", f"{LAUGHS}services:\n  db:\n    image: *k\n    build: *k\n"),
    "a matrix that unfolds": (".github/workflows/a.yml", f"{LAUGHS}jobs:\n  a:\n    strategy:\n      matrix: {{p: *k}}\n"),
    "arguments that double": (
        "Dockerfile", "ARG A0=xx\n" + "".join(f"ARG A{n + 1}=$A{n}$A{n}\n" for n in range(60)) + "FROM $A60\n",
    ),
    "arguments in a circle": ("Dockerfile", "ARG A=$B\nARG B=$A\nFROM x:$A$B\n"),
    "a stage of itself": ("Dockerfile", "FROM a AS a\nFROM a AS a\nFROM A AS b\n"),
    "nothing": ("Dockerfile", ""),
    "only a comment": ("compose.yaml", "# nothing\n"),
    "a list for a mapping": (".github/workflows/a.yml", "jobs: [a, b]\non: {push: [x]}\n"),
    "words that are long": (
        "Dockerfile", f"FROM a\nRUN {'.so' * 20_000}\nRUN {'read ' * 13_000}\nRUN x {'/a-linux' * 8000}\nCOPY {'$ARCH' * 10_000} /\n",
    ),
    "patterns": ("Dockerfile", f"ARG A={'a' * 900}\nFROM x${{A//*a*a*a*a*a*b/}}\n"),
    "env in a circle": (
        ".github/workflows/a.yml",
        "env: {A: '$B$B', B: '$A$A'}\njobs:\n  a:\n    steps:\n      - run: docker build --push --platform $A -t $B .\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_cannot_be_read_is_one_clear_line(repository, case):
    """With the file's name; what stands beside it is read all the same."""
    path, content, says = HOSTILE[case]
    started = time.process_time()
    report = repository({path: content, "sub/Dockerfile": "FROM alpine:3\nARG TARGETARCH=x\n"})
    assert time.process_time() - started < 10
    assert [says in why and path.rpartition("/")[2] in why and "\n" not in why for why in report.unreadable] == [True]
    assert report.exit_status == 4
    assert [finding.rule for finding in report.findings] == ["arg-shadowed"]
    assert report.to_sarif()["runs"][0]["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize("case", ODD)
def test_what_goes_in_circles_ends(repository, case):
    """Read, within seconds, without a word about the lab's own troubles."""
    path, content = ODD[case]
    started = time.process_time()
    report = repository({path: content})
    assert time.process_time() - started < 5
    assert list(report.kinds) == [path], report.as_text()


def test_links_that_go_in_circles_and_pipes_are_not_followed(tmp_path):
    """A link to nothing, to itself, to the folder above; a named pipe, which would wait for ever."""
    (tmp_path / "Dockerfile").symlink_to(tmp_path / "Dockerfile")
    (tmp_path / "Dockerfile.gone").symlink_to("nowhere")
    (tmp_path / "up").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "compose.yaml")
    report = ready(str(tmp_path), online=False)
    assert len(report.unreadable) == 3
    assert report.exit_status == 4
    assert "not a regular file" in report.as_text()


def test_what_is_not_there_is_one_line(tmp_path):
    """No folder, an empty one, a file of another kind: never a finding."""
    (tmp_path / "notes.txt").write_text("FROM x\n")
    for path, says in (
        (tmp_path / "none", "no file or folder"),
        (tmp_path, "holds nothing"),
        (tmp_path / "notes.txt", "by its name"),
    ):
        report = ready(str(path), online=False)
        assert (report.exit_status, report.findings) == (4, ())
        assert says in report.as_text()
        assert "\n" not in report.as_text()


def test_too_many_files_are_refused(tmp_path):
    """Before they are read."""
    for number in range(401):
        (tmp_path / f"Dockerfile.{number}").touch()
    assert "more than 400 such files" in ready(str(tmp_path), online=False).as_text()


def test_one_file_is_enough(tmp_path):
    """Also a workflow, whose folder says what it is."""
    place = tmp_path / ".github/workflows"
    place.mkdir(parents=True)
    (place / "a.yml").write_text("jobs: {}\n")
    assert ready(str(place / "a.yml"), online=False).kinds == {"a.yml": "pipeline"}


KINDS = {
    "Dockerfile": "Dockerfile", "a/b/Dockerfile.web": "Dockerfile", "web.dockerfile": "Dockerfile", "Containerfile": "Dockerfile",
    "Dockerfile.dockerignore": "", "Dockerfile.md": "", "Dockerfile.j2": "", "dockerfiles.py": "", "dockerfile.go": "",
    "docker-bake.hcl": "bake file", "docker-bake.override.json": "bake file", "main.hcl": "",
    "compose.yml": "compose file", "docker-compose.prod.yaml": "compose file", "composer.json": "",
    ".github/workflows/x.yaml": "pipeline", ".github/actions/build/action.yml": "pipeline", ".github/dependabot.yml": "",
    ".gitlab-ci.yml": "pipeline", ".gitlab/ci/build.yml": "pipeline", "workflows/x.yml": "",
}  # fmt: skip


@pytest.mark.parametrize("path", KINDS)
def test_files_are_known_by_their_names(path):
    """And what only looks like one is left alone."""
    assert kind(path) == KINDS[path]


def test_what_others_wrote_is_left_out(repository):
    """Packages that lie in the repository are not its own."""
    bad = "FROM --platform=linux/amd64 alpine:3\n"
    report = repository({"Dockerfile": "FROM alpine:3\n", "vendor/x/Dockerfile": bad, "node_modules/y/Dockerfile": bad})
    assert report.findings == ()


def test_nothing_is_changed(repository, tmp_path):
    """Every file is as it was, and there is none more."""
    repository({"Dockerfile": "FROM alpine:3\nARG TARGETARCH=x\n", "compose.yaml": "services: {}\n"})
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    ready(str(tmp_path / "app"), online=False)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
