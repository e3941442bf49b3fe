"""What apt did not verify is not believed: lists that nobody signed, files that are not what a list said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lab import paths
from lab.errors import Blocked
from lab.sandbox.packages import apt, aptget, index, mirror
from lab.sandbox.report import quiet

FORGED = "Origin: Debian\nSHA256:\n 0 0 main/binary-arm64/Packages.xz\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda _: None,
        lambda _: FORGED,
        lambda signed: FORGED + signed,
        lambda signed: signed.replace("\nSHA256:\n ", "\nSHA256:\n f"),
    ],
    ids=["none", "without signature", "before the signed part", "changed"],
)
def test_a_list_that_the_distribution_did_not_sign_is_not_believed(
    tmp_path: Path, change: Callable[[str], str | None]
) -> None:
    """All hashes come out of it, so apt itself must have seen its signature; a refusal is one line, nothing is kept."""
    apt.fetch(["busybox-static"])
    (known,) = (paths.cache() / "apt" / "forky" / "lists").glob("*InRelease")
    archive = replace(mirror.host_mirror(), uri=f"copy:{tmp_path / 'mirror'}")
    suite, place, genuine = archive.suite("forky"), tmp_path / "apt", known.read_text()
    offered = tmp_path / "mirror" / "dists" / suite / "InRelease"
    offered.parent.mkdir(parents=True)
    offered.write_text(genuine)
    environment = aptget.configure(place, archive, suite, mirror.host_architecture())
    assert aptget.update(place, environment, suite, quiet) == genuine  # this way leads there
    shutil.rmtree(place)
    offered.unlink()
    if text := change(genuine):
        assert text != genuine
        offered.write_text(text)
    environment = aptget.configure(place, archive, suite, mirror.host_architecture())
    with pytest.raises(Blocked, match="mirror cannot be used") as caught:
        aptget.update(place, environment, suite, quiet)
    assert "\n" not in str(caught.value)
    assert list((place / "lists").glob("*Release")) == []


def test_a_mirror_that_lies_gets_nothing_into_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apt's own client is asked for a file that is not what the index said: refused in a line, and not kept."""
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "tool_1_all.deb").write_bytes(b"not what you think")
    place = tmp_path / "cache" / "apt"
    (tmp_path / "cache" / "debs").mkdir(parents=True)
    due = index.Package(name="tool", version="1", filename="pool/tool_1_all.deb", size=18, sha256="0" * 64)
    environment = aptget.configure(place, aptget.mirror.host_mirror(), "forky", aptget.mirror.host_architecture())
    with pytest.raises(Blocked, match="download failed"):
        aptget.get([due], f"copy:{tmp_path}", environment, quiet)
    assert list((tmp_path / "cache" / "debs").iterdir()) == []
    assert not apt.intact(due)
