"""A learner's jobs as the lab runs them, what bake plans, and what builds hand on: no engine, no registry."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.course.leftovers import HandedOver
from lab.errors import BadInput, Blocked, NotThere
from lab.model.facts import Evidence, Index, Manifest, Transcript
from lab.model.platforms import Platform
from lab.model.world import World
from lab.probes import bake, handed, jobs
from lab.probes.jobs import LOST, Pipeline

AMD, ARM = (Platform.parse(name) for name in ("linux/amd64", "linux/arm64"))
DATA = Path(__file__).parent / "data" / "buildx-0.29.1"
DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def world(tmp_path):
    """A learner's folder, and a `docker` that says what it was called with."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "docker $*" >&2\n')
    program.chmod(0o755)
    (tmp_path / "work").mkdir()
    return World(
        env={"PATH": f"{program.parent}:/usr/bin:/bin"},
        registry="localhost:5000",
        workspace=tmp_path / "work",
        home=tmp_path / "home",
    )


# --- bake -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "platforms"), [("whole", ("linux/amd64", "linux/arm64")), ("ignored-key", ())])
def test_a_recorded_plan(name, platforms):
    """As buildx printed it: of a file with `platforms`, and of one with `platform`."""
    found = bake.plan_from_json((DATA / f"bake-{name}.json").read_text())
    assert found.named("bakery").platforms == platforms
    assert found.named("bakery").tags == ("localhost:5000/bakery:latest",)
    assert found.named("another") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"target": [1]}',
        '{"target": {"a": 1}}',
        '{"target": {"a": {"platforms": "linux"}}}',
        '{"target"',
        "[" * 9999,
    ],
)
def test_what_is_no_plan_is_blocked(text):
    """A newer bake may say it otherwise: that is not the learner's mistake."""
    with pytest.raises(Blocked):
        bake.plan_from_json(text)


def test_a_file_that_bake_refuses_is_a_fact(world, monkeypatch):
    """With bake's own words, without what stands around them."""
    said = "#1 reading bad.hcl\nbad.hcl:1\n----\nERROR: bad.hcl:1,12-13: Unclosed configuration block\n"
    monkeypatch.setattr(bake, "docker", lambda *_words, **_more: (1, "", said, Evidence("", "")))
    with pytest.raises(NotThere):
        bake.plan("folder")(world)
    (world.workspace / "folder").mkdir()
    (world.workspace / "folder" / "docker-bake.hcl").touch()
    assert bake.plan("folder")(world).refused == "bad.hcl:1,12-13: Unclosed configuration block"


# --- metadata files ---------------------------------------------------------------------------------------------------


def test_the_digest_in_recorded_files():
    """What buildx writes for a build, and bake for a target."""
    for name in ("build", "bake"):
        data = json.loads((DATA / f"metadata-{name}.json").read_text())
        assert handed.digest_in(data).startswith("sha256:")


@pytest.mark.parametrize(
    "data", [{}, [], 1, None, {"a": {}}, {handed.DIGEST: 1}, {"a": {handed.DIGEST: "x"}, "b": {handed.DIGEST: "y"}}]
)
def test_what_names_no_one_digest(data):
    """Nothing, something else, or two."""
    assert handed.digest_in(data) == ""


@pytest.fixture
def registry(monkeypatch):
    """A registry that has one image of the repository `x`, under one tag."""
    index = Index(
        reference="x", digest=DIGEST, media_type="", is_index=False, manifests=(Manifest(digest=DIGEST, platform=ARM),)
    )

    def ask(of):
        def probe(_world):
            if DIGEST not in of:
                raise NotThere("no such thing")
            return index

        return probe

    found = SimpleNamespace(index=ask, standing=lambda _world, _of: {"latest": DIGEST, "old": "sha256:b"})
    monkeypatch.setattr(handed, "registry", found)
    return found


def test_what_the_registry_has_of_it(world, registry):
    """The image behind the digest, and the tags that stand for just that."""
    out = world.workspace / "out"
    with pytest.raises(NotThere):
        handed.handed_on("out", "x")(world)
    out.mkdir()
    (out / "a.json").write_text(json.dumps({handed.DIGEST: DIGEST}))
    (out / "b.json").write_text(json.dumps({"t": {handed.DIGEST: f"sha256:{'c' * 64}"}}))
    first, second = handed.handed_on("out", "x")(world).parts
    assert (first.platforms, first.tags, second.platforms, second.tags) == ({ARM}, ("latest",), frozenset(), ())
    assert handed.handed_on("out", "x")(world).of(ARM) == first


@pytest.mark.parametrize("text", ["", "{", '{"containerimage.digest": "sha', "[]", "\x00", "[" * 9999])
def test_half_a_file_is_said_in_one_line(world, registry, text):
    """The name of the file, and no traceback."""
    (world.workspace / "out").mkdir()
    (world.workspace / "out" / "a.json").write_text(text)
    with pytest.raises(BadInput, match=r"out/a\.json"):
        handed.handed_on("out", "x")(world)


def test_what_was_handed_on_is_taken_back(world, monkeypatch):
    """The digests first, then the files that name them; what is no such file goes, too."""
    gone = []
    monkeypatch.setattr("lab.course.leftovers.registry", SimpleNamespace(delete=lambda _world, of: gone.append(of)))
    out = world.workspace / "out"
    assert HandedOver("out", "x").remove(world) == ""
    out.mkdir()
    (out / "a.json").write_text(json.dumps({handed.DIGEST: DIGEST}))
    (out / "b.json").write_text("{")
    assert HandedOver("out", "x").remove(world) == "out: a.json, b.json"
    assert (gone, list(out.iterdir())) == ([f"x@{DIGEST}"], [])


# --- jobs -------------------------------------------------------------------------------------------------------------


def script(world, text, name="ci.sh"):
    """A script of the learner's, in a folder of its own."""
    (world.workspace / "shop").mkdir(exist_ok=True)
    (world.workspace / "shop" / name).write_text(text)
    (world.workspace / "shop" / "goods.txt").write_text("apples\n")
    return f"shop/{name}"


@pytest.fixture
def emptied(monkeypatch):
    """The builders that were emptied, and a prune that works."""
    names = []

    def docker(_world, *words, **_more):
        names.append(words[words.index("--builder") + 1])
        return 0, "", "", Evidence("", "")

    monkeypatch.setattr(jobs, "docker", docker)
    return names


def test_each_job_runs_twice_and_the_builder_is_emptied_between(world, emptied):
    """The second round is watched, in the other order, and says which builder it was."""
    path = script(world, 'docker buildx build --builder mine --platform "$1" .\nBUILDX_BUILDER=other docker build .')
    found = jobs.twice(path, (AMD, ARM), "mine")(world)
    assert [one.name for one in (*found.first, *found.second)] == [
        "linux/amd64", "linux/arm64", "linux/arm64", "linux/amd64",
    ]  # fmt: skip
    assert found.first[0].said == "docker build ."
    assert found.second[0].builders == ("mine", "other")
    assert "--progress=rawjson" in found.second[0].events
    assert emptied == ["mine"]


@pytest.mark.parametrize(("said", "stops"), [("Error: No such container: x0", False), ("Error: it is busy", True)])
def test_a_builder_that_never_ran_is_empty(world, monkeypatch, said, stops):
    """One that cannot be emptied stops the round."""
    monkeypatch.setattr(jobs, "docker", lambda *_words, **_more: (1, "", said, Evidence("", "")))
    probe = jobs.twice(script(world, "true"), (AMD,), "mine")
    if stops:
        with pytest.raises(Blocked, match="busy"):
            probe(world)
    else:
        assert len(probe(world).second) == 1


def test_nothing_of_a_job_stays(world, emptied):
    """Another one does not find it, and neither does the learner."""
    path = script(world, "[ ! -e left ] && touch left")
    assert all(not one.status for one in jobs.twice(path, (AMD, ARM), "mine")(world).second)
    assert sorted(one.name for one in (world.workspace / "shop").iterdir()) == ["ci.sh", "goods.txt"]


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("echo no >&2; exit 3", 3, "no"),
        ("if", 2, ""),
        ("printf 'a\\033[2Jb'; exit 1", 1, "a\\x1b[2Jb"),
        ("no-such-program", 127, "not found"),
        ("kill -9 $$", None, ""),
    ],
)
def test_a_job_that_fails_says_how(world, emptied, text, status, said):
    """Its exit status and the last line that it printed, with nothing in it that moves a cursor."""
    found = jobs.twice(script(world, text), (AMD,), "mine")(world)
    assert found.second == () == tuple(emptied)
    assert found.first[0].status == status or (status is None and found.first[0].status)
    assert said in found.first[0].said


def test_a_job_that_does_not_end_is_ended(world, emptied, monkeypatch):
    """With all that it started."""
    monkeypatch.setattr(jobs, "_SECONDS", 0.5)
    note = world.workspace / "pid"
    found = jobs.twice(script(world, f"sleep 977 & echo $! > {note}; sleep 977"), (AMD,), "mine")(world)
    assert "did not end" in found.first[0].said
    sleeper = Path("/proc", note.read_text().strip(), "cmdline")
    assert not (sleeper.exists() and sleeper.read_bytes())


def test_there_has_to_be_a_script(world):
    """None is no mistake yet; a folder is none."""
    with pytest.raises(NotThere):
        jobs.twice("shop/ci.sh", (AMD,), "mine")(world)


def test_a_script_is_played_once_until_it_changes_or_is_tried_again(world, emptied):
    """A check that is asked again and again costs nothing."""
    path = script(world, "echo")
    probe = jobs.twice(path, (AMD,), "mine")
    probe(world), probe(world)
    assert len(emptied) == 1
    world.keep(Transcript(step="s", command="x", output="", exit_status=0))
    probe(world)
    assert len(emptied) == 2
    script(world, "echo other")
    probe(world)
    assert len(emptied) == 3


class Tags:
    """A registry whose tag is what the scripts have written into a file: one line is one platform's image."""

    def __init__(self, place):
        self.place = place

    def delete(self, _world, _of):
        self.place.unlink(missing_ok=True)

    def standing(self, _world, _of):
        return {"edge": self.place.read_text()} if self.place.exists() else {}

    def index(self, _of):
        def probe(_world):
            if not self.place.exists():
                raise NotThere("no tag")
            text = self.place.read_text()
            rows = tuple(Manifest(digest=line, platform=AMD) for line in text.splitlines())
            return Index(reference="x", digest=text, media_type="", is_index=True, manifests=rows)

        return probe


GOOD = """
set -e
case $1 in
  job) docker buildx build . ; mkdir -p out; { echo $2; cat goods.txt; } | tr '\\n' ' ' > out/${2##*/} ;;
  merge) for part in out/*; do cat $part; echo; done > "$TAG" ;;
esac
"""


@pytest.fixture
def pipeline(world, monkeypatch, tmp_path):
    """Play a script's three rounds."""
    tag = tmp_path / "tag"
    world.env["TAG"] = str(tag)
    monkeypatch.setattr(jobs, "registry", Tags(tag))

    def play(text):
        one = Pipeline(script(world, text), "x", "edge", "goods.txt", lambda _world: (ARM, AMD))
        return jobs.rounds(one)(world)

    return play


def test_three_rounds_of_a_pipeline_that_holds(pipeline):
    """Both orders; a lost job and no merge; then that job alone and the merge, with what the others handed on."""
    found = pipeline(GOOD)
    names = [[one.name for one in part.ended] for part in (found.whole, found.broken, found.mended)]
    assert names == [
        ["job linux/arm64", "job linux/amd64", "merge"],
        ["job linux/amd64", "job linux/arm64"],
        ["job linux/arm64", "merge"],
    ]
    assert (found.broken.ended[1].status, found.broken.ended[1].said) == (1, f"ERROR: {LOST}")
    assert found.broken.tag.digest == found.whole.tag.digest != found.mended.tag.digest
    assert len(found.mended.tag.manifests) == 2
    assert all("changed" in row.digest for row in found.mended.tag.manifests)
    assert (found.moved, found.reference) == (("edge",), "localhost:5000/x:edge")


def test_a_pipeline_that_fails_at_once_is_played_no_further(pipeline):
    """There is nothing to compare with."""
    found = pipeline("exit 1")
    assert (found.broken, found.mended, found.whole.tag) == (None, None, None)
    found = pipeline(GOOD.replace("merge)", "murge)"))
    assert (found.broken, found.whole.tag) == (None, None)


def test_a_job_that_hides_its_failure_gets_a_merge(pipeline):
    """As CI would do; then the tag has moved, and that is seen."""
    found = pipeline(GOOD.replace("docker buildx build . ;", "docker buildx build . || exit 0;"))
    assert [one.name for one in found.broken.ended] == ["job linux/amd64", "job linux/arm64", "merge"]
    assert found.broken.tag.digest != found.whole.tag.digest
    assert found.mended is None


def test_a_folder_that_cannot_be_copied_is_blocked(pipeline, world):
    """Not our bug, and not the learner's mistake."""
    script(world, GOOD)
    (world.workspace / "shop" / "pipe").symlink_to("/proc/self/mem")
    pipeline(GOOD)  # a link is copied as a link
    os.mkfifo(world.workspace / "shop" / "fifo")
    with pytest.raises(Blocked, match="cannot be copied"):
        pipeline(GOOD)
