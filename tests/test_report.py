"""`lab report`: what a bug report needs is in it, what is secret is not."""

import base64
import json
import string
import time
from argparse import Namespace
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lab import doctor, sandbox
from lab.doctor import report
from lab.doctor.mask import MARK, Mask, known_secrets
from lab.errors import Blocked, UsageError
from lab.verbs import report as verb

SECRET = st.text(string.ascii_letters + string.digits + "_.~+=-", min_size=10, max_size=40).filter(
    lambda text: text[0].isalnum() and text not in MARK
)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=30).filter(
    lambda text: text.strip() and text not in MARK
)
SPOTS = (
    "docker login -u me -p {} registry.example",
    "docker login -u me --password {} registry.example",
    "docker login --password={} -u me",
    "echo {} | docker login --password-stdin -u me ghcr.io",
    "printf '%s' '{}' | docker login --password-stdin",
    "docker login --password-stdin <<< {}",
    "curl -u me:{} https://registry.example/v2/",
    "curl --user 'me:{}' https://registry.example/v2/",
    "git clone https://me:{}@git.example/x.git",
    "proxy at http://{}@proxy.example:3128 refuses",
    "HTTPS_PROXY=http://user:{}@10.0.0.1:8080",
    "GET /v2/x?service=r&token={}&scope=pull",
    "https://store.example/blob?X-Amz-Signature={}&x=1",
    "Authorization: Bearer {}",
    "authorization: Basic {}",
    "X-Registry-Auth: {}",
    "Cookie: session={}; other=1",
    'level=debug msg="calling" auth="{}"',
    '{{"auths": {{"ghcr.io": {{"auth": "{}"}}}}}}',
    '{{"password" : "{}", "user": "me"}}',
    '{{"identitytoken":"{}"}}',
    'msg="{{\\"password\\":\\"{}\\"}}"',
    "password: {}",
    "password: correct horse {} staple",
    "ENV NPM_TOKEN={}",
    "--build-arg GITHUB_TOKEN={} .",
    "-e DB_PASSWORD='{} x'",
    'AWS_SECRET_ACCESS_KEY="{}"',
    "MY_API_KEY={}",
    "apikey={}",
    "dbPass: {}",
    "machine registry.example login me password {}",
    "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nabc\n{}",
    "{}\nabc\n-----END RSA PRIVATE KEY-----",
)


@pytest.mark.parametrize("spot", SPOTS)
@given(secret=SECRET, before=st.sampled_from(["", "time=1 ", "#7 0.3 "]))
def test_what_stands_where_secrets_stand_never_comes_out(spot, secret, before):
    """Without knowing the secret: the place gives it away. (What the place itself says is no secret.)"""
    assume(secret not in before + spot)
    assert secret not in Mask()(before + spot.format(secret))


@given(secret=ANYTHING, before=st.text(), after=st.text())
def test_a_secret_that_is_known_never_comes_out_wherever_it_stands(secret, before, after):
    """Any text, also within words; in JSON, in an address and coded."""
    mask = Mask([secret])
    forms = [secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), quote(secret, safe=""), quote(secret)]
    for form in [*forms, base64.b64encode(secret.encode()).decode()]:
        assert form.strip('"') not in mask(f"{before}{form}{after}")


@given(st.text())
def test_masking_twice_changes_nothing_more(text):
    """So that parts which were masked before they were cut may be masked again as a whole."""
    mask = Mask(["hunter2"], ["/home/ann"])
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "unauthorized: authentication required",
        "exec /bin/sh: exec format error",
        "files/machine/compass: ELF program for x86-64",
        "ERROR: failed to solve: busybox:1.38@sha256:0b1a: no match for platform in manifest",
        "pushing http://10.213.1.1:5000/v2/hello/manifests/multi",
        "docker buildx create --name multi-builder --use",
        "#12 [linux/arm64 2/3] RUN uname -m",
        "Error response: unable to find user me: no matching entries in passwd file",
    ],
)
def test_what_a_report_is_for_stays(text):
    """Errors, digests, addresses without logins."""
    assert Mask()(text) == text


def test_home_folders_are_not_told():
    """A home is `~`; one that only begins alike is another's."""
    assert Mask(homes=["/home/ann"])("/home/ann/x /home/ann /home/anna/x") == "~/x ~ /home/anna/x"


def test_hostile_logs_do_not_make_it_slow():
    """A quarter of a megabyte of what the patterns almost match: seconds, not minutes."""
    started = time.process_time()
    for piece in (
        "-----BEGIN PRIVATE KEY",
        "password:",
        'auth="\\',
        "a://b:",
        "a://b:/@",
        "echo |",
        "login ",
        "eyJaaaaaaaaa.",
    ):
        Mask(["secret"])(piece * (250_000 // len(piece)))
    assert time.process_time() - started < 20


def test_dockers_logins_are_known(tmp_path):
    """Whatever form they have there: coded, plain, tokens, headers; from the variables only those named as secrets."""
    auth = base64.b64encode(b"ann:pa55-word").decode()
    entry = {"auth": auth, "identitytoken": "idt-1234", "registrytoken": "rt-5678", "email": "ann@example.org"}
    content = {"auths": {"ghcr.io": entry}, "HttpHeaders": {"X-Meta": "head-9999"}, "credsStore": "desktop"}
    (tmp_path / "config.json").write_text(json.dumps(content))
    env = {"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path), "GITHUB_TOKEN": "gh-token", "LANG": "C.UTF-8"}
    found = known_secrets(env | {"MY_SECRET": "true", "SSH_AUTH_SOCK": str(tmp_path)})
    assert found == {auth, "pa55-word", "ann:pa55-word", "idt-1234", "rt-5678", "head-9999", "gh-token"}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"auths": 3}', '{"auths": {"x": {"auth": 7}}}', '{"auths": {"x": null}}']
)
def test_a_damaged_docker_configuration_stops_nothing(tmp_path, content):
    """It has no secrets that could be read."""
    (tmp_path / "config.json").write_text(content)
    assert known_secrets({"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path)}) == set()


# --- the whole report --------------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A home with logs, tries and progress that all hold secrets; no engine is asked."""

    def nothing(**_given):
        raise Blocked("Docker sleeps.", "Wake it.")

    monkeypatch.setattr(doctor, "diagnose", nothing)
    monkeypatch.setattr(sandbox, "status", nothing, raising=False)
    logs, tries = tmp_path / "home" / "log", tmp_path / "learner" / "transcripts"
    logs.mkdir(parents=True)
    tries.mkdir(parents=True)
    long = "x" * 990
    (logs / "bug-cli.txt").write_text(f"Traceback\n{long} tell-nobody-4711 {long}\nKeyError: 'oops'\n")
    attempt = {"step": "push", "command": "docker login -p hunter-22 x", "output": "denied\n", "exit_status": 1}
    (tries / "push.json").write_text(json.dumps(attempt))
    (tries / "half.json").write_text('{"step": ')
    entries = {"steps": {"uname": {"passed": "2026", "last": "passed", "tries": 3}, "odd": 7}}
    (tmp_path / "learner" / "progress.json").write_text(json.dumps(entries))
    return tmp_path


def env(place, **more):
    return {"HOME": str(place), "MY_TOKEN": "tell-nobody-4711", "SHELL": "/bin/sh", "EDITOR": "vi"} | more


def test_a_report_holds_what_a_bug_needs_and_no_secret(folders):
    """Versions, variables of the list, progress, tries, ends of logs; also where a cut goes through a secret."""
    text = report.collect(env(folders)).as_text()
    for part in (
        "multiplatform-lab 0.",
        "SHELL=/bin/sh",
        "Docker sleeps. Wake it.",
        "uname: passed",
        "denied",
        "'oops'",
    ):
        assert part in text
    assert "half.json" in text
    for secret in ("tell-nobody", "4711", "hunter-22", "EDITOR", str(folders)):
        assert secret not in text


def test_a_mistake_of_ours_does_not_stop_the_report_of_it(folders, monkeypatch):
    """Its traceback stands in the part's place, masked."""

    def breaks(**_given):
        raise ZeroDivisionError("tell-nobody-4711")

    monkeypatch.setattr(doctor, "diagnose", breaks)
    text = report.collect(env(folders)).as_text()
    assert "ZeroDivisionError" in text
    assert "tell-nobody" not in text


def test_it_says_what_it_holds_before_it_writes(folders, capsys):
    """The parts with their lines and the number of masked passages; the file is for its owner alone."""
    place = folders / "report.txt"
    assert verb.report(Namespace(output=str(place), yes=False, skills=False)) == 0
    out = capsys.readouterr().out
    assert out.index("logs: ") < out.index("was written")
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.read_text().startswith(report.HEADER)
    assert verb.report(Namespace(output=str(place), yes=True, skills=False)) == 0


def test_nothing_of_the_learners_is_overwritten(folders):
    """A file that is no report stays as it is."""
    place = folders / "notes.txt"
    place.write_text("mine")
    for taken in (place, folders):
        with pytest.raises(UsageError, match="exists already"):
            report.save(report.Report(()), taken)
    assert place.read_text() == "mine"


def test_who_says_no_gets_no_file(folders, monkeypatch, capsys):
    """Where somebody can answer, they are asked."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: "n")
    assert verb.report(Namespace(output=str(folders / "r.txt"), yes=False, skills=False)) == 0
    assert "Nothing was written" in capsys.readouterr().out
    assert not (folders / "r.txt").exists()


def test_without_a_file_it_is_printed(folders, capsys):
    """All of it."""
    assert verb.report(Namespace(output=None, yes=False, skills=False)) == 0
    assert capsys.readouterr().out.startswith(report.HEADER)
