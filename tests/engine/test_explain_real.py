"""Bring real errors about on real engines of both image stores, and explain what they really say.

With LAB_RECORD=yes the outputs are kept under tests/data/explain/real, where quick tests read them again.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from support.nightly import SLOW, by_day
from support.real_errors import ANYWHERE, CLASSIC, CONTAINERD, EMULATED
from support.store_engine import DATA, HERE, Engine
from support.ways_out import TRIED

from lab.errors import Blocked
from lab.explainer import EngineFacts, explain
from lab.probes.here import environment_of
from lab.sandbox.emulators import kernel as emulation

RECORDS = DATA / "explain" / "real"


@pytest.fixture(scope="module", params=[("containerd", "forky"), ("classic", "trixie")], ids=lambda p: p[0])
def engine(request):
    """One private engine at a time: a new one with the containerd store, an older one with the classic store."""
    place = Path(tempfile.mkdtemp(prefix="lab-explain-", dir=os.environ.get("LAB_TEST_PLACE")))
    try:
        made = Engine(place, *request.param)
    except Blocked as error:
        pytest.fail(f"No engine for the tests: {error}")
    yield made
    made.down()
    shutil.rmtree(place, ignore_errors=True)


def emulated():
    """Whether this kernel runs arm64 programs (or is one that does)."""
    return HERE == "linux/arm64" or any("aarch64" in path.name for path in Path("/proc/sys/fs/binfmt_misc").glob("*"))


def check(engine, one):
    if one.native and emulated():
        pytest.skip("an emulator for arm64 is registered with this kernel, and hides the error")
    if one.builder:
        engine.builder()
    text = engine.says(one.script)
    if os.environ.get("LAB_RECORD") == "yes":
        record(engine, one.entry, one.name, text)
    found = explain(text, engine=EngineFacts(store=engine.store))
    assert found.causes, text.decode(errors="replace")
    assert found.causes[0].id == one.entry, text.decode(errors="replace")
    assert found.leads or not one.certain, text.decode(errors="replace")


def record(engine, entry, name, text):
    kept = text.replace(engine.box.registry.encode(), b"localhost:5000").replace(
        engine.env["HTTP"].encode(), b"10.0.0.1:5000"
    )
    kept = re.sub(rb"\b10\.\d+\.\d+\.\d+\b", b"10.0.0.1", kept)
    kept = re.sub(rb"unix://[^ ]*docker\.sock", b"unix:///var/run/docker.sock", kept)
    RECORDS.mkdir(parents=True, exist_ok=True)
    (RECORDS / f"{engine.store}--{entry}--{name}.log").write_bytes(kept)


@pytest.mark.parametrize("one", by_day(ANYWHERE, 8))
def test_the_real_error_is_explained(engine, one):
    """What an engine of either store prints leads to its cause. What each printed is read again by the quick tests."""
    check(engine, one)


@pytest.mark.parametrize("one", CLASSIC)
def test_the_real_error_of_the_classic_store_is_explained(engine, one):
    """What only the classic store refuses."""
    if engine.store != "classic":
        pytest.skip("only with the classic store")
    check(engine, one)


@pytest.mark.parametrize("one", CONTAINERD)
def test_the_real_error_of_the_containerd_store_is_explained(engine, one):
    """What only the containerd store says."""
    if engine.store != "containerd":
        pytest.skip("only with the containerd store")
    check(engine, one)


@pytest.fixture
def emulators(engine):
    """Emulators in the kernel for one test, as far as none were there. They are the whole machine's: agree first."""
    if not (os.environ.get("CI") or os.environ.get("LAB_TEST_EMULATORS") == "yes"):
        pytest.skip("Emulators touch the whole machine's kernel: set LAB_TEST_EMULATORS=yes to agree.")
    before = {handler.name for handler in emulation.registered()}
    with environment_of(engine.values):
        emulation.register()
        yield
        for handler in emulation.registered():
            if handler.ours and handler.name not in before:
                emulation.remove(handler.name)


@pytest.mark.usefixtures("emulators")
@pytest.mark.parametrize("one", EMULATED)
def test_the_real_error_under_emulation_is_explained(engine, one):
    """What comes only where an emulator runs the program."""
    check(engine, one)


def commands(found, one):
    """What the guide tells a person to type, with what is called otherwise here put in."""
    (way,) = [way for way in found.remedies if way.say.startswith(one.way)]
    put = {"REGISTRY": "$REGISTRY", **one.put}
    words = re.compile("|".join(map(re.escape, sorted(put, key=len, reverse=True))))
    told = [line for number, line in enumerate(way.run) if number in one.only or not one.only]
    return [words.sub(lambda match: put[match[0]], line) for line in told]


@pytest.mark.parametrize("one", by_day([one for one in TRIED if SLOW or not one.slow], 10), ids=lambda one: one.name)
def test_the_way_out_of_the_guide_mends_the_scene(engine, one):
    """The scene prints its error; after the way out, typed as the guide says it, the same thing works."""
    if one.store not in ("", engine.store) or not (SLOW or one.store or engine.store == "containerd"):
        pytest.skip("on the other image store")  # LAB_SLOW=1 tries both
    if one.emulated and not emulated():
        pytest.skip("no emulator is registered with this kernel")
    if one.builder:
        engine.builder()
    if one.golang:
        engine.compiles()
    with engine.desk(one.builder) as desk:
        said = desk(one.scene)
        if os.environ.get("LAB_RECORD") == "yes":
            record(engine, one.entry, "before-" + "-".join(re.findall(r"[a-z]+", one.way.lower())[:3]), said)
        found = explain(said, engine=EngineFacts(store=engine.store))
        assert found.causes, said.decode(errors="replace")
        assert found.causes[0].id == one.entry, said.decode(errors="replace")
        typed = "\n".join(filter(None, ("set -e", one.do, *commands(found, one))))
        after = desk(f'({typed}\n{one.works}\n); echo "== $?"')
    assert after.endswith(b"== 0\n"), f"{typed}\n{after.decode(errors='replace')}"


def test_a_sound_build_is_not_explained_as_an_error(engine):
    """A build, a run and a push that work have no cause in the guide."""
    text = engine.says(
        "printf 'FROM busybox:1.38\\nRUN uname -m\\n' > Dockerfile; docker build --no-cache -t real-sound .;"
        " docker run --rm real-sound uname -m"
    )
    assert b"x86_64" in text or b"aarch64" in text
    assert [cause.id for cause in explain(text).causes] == []
