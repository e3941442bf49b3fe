"""Whole images as people have them: the layouts in `data/audit`, archives of several images, lists with other things."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import pytest
from support import fake_registry
from support.places import DATA

from lab import cli
from lab.audit import audit, report
from lab.audit.report import ERROR, NOTE, WARNING
from lab.errors import BadInput
from lab.images import build
from lab.model.platforms import Platform

RUN = 0o755
BOTH = ("linux/amd64", "linux/arm64")


def elf(machine):
    return (DATA / "elf" / f"hello-{machine}").read_bytes(), RUN


def unpacked(name, tmp_path):
    with tarfile.open(DATA / "audit" / f"{name}.layout.tar.gz") as tar:
        tar.extractall(tmp_path, filter="data")
    return f"{tmp_path}/"


def found(made):
    return [(one.rule, one.severity, one.platform) for one in made.findings]


ARM64 = "linux/arm64"
CASES = {
    "absolute": ([("entrypoint-foreign", ERROR, ARM64), ("shared-base", WARNING, ARM64)], "/app/server is x86-64"),
    "cd": ([("entrypoint-foreign", ERROR, ARM64)], "/app/server is x86-64"),
    "exec-args": ([("entrypoint-foreign", ERROR, ARM64), ("shared-base", WARNING, ARM64)], "/usr/sbin/nginx is x86-64"),
    "env-foreign": ([("entrypoint-foreign", ERROR, ARM64), ("shared-base", WARNING, ARM64)], "/usr/bin/python3 is x86-64"),
    "dir": ([("no-entrypoint", ERROR, one) for one in BOTH], "/app is a folder, no program"),
    "nobash": ([("no-interpreter", ERROR, one) for one in BOTH], "`env: 'bash': No such file or directory`: /e.sh asks env for bash"),
    "nosh": ([("no-shell", ERROR, one) for one in BOTH], "the image does not hold /bin/sh"),
    "notini": ([("no-wrapper", ERROR, one) for one in BOTH], "the image does not hold /sbin/tini, which is to start /app"),
    "wheel-foreign": ([("native-foreign", ERROR, ARM64)], "ModuleNotFoundError: No module named 'numpy.core._multiarray_umath'"),
    "node-foreign": (
        [("native-foreign", ERROR, ARM64), ("shared-base", WARNING, ARM64)],
        "bcrypt_lib.node: cannot open shared object file: No such file or directory",
    ),
    "ko": ([("native-foreign", WARNING, ARM64)], "LoadError: /usr/lib/ruby/gems/nokogiri/x86_64-linux/nokogiri.so"),
    "dist": ([], "every program is what its label says"),
    "opaque": ([], "every program is what its label says"),
    "replaced": ([], "every program is what its label says"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_layout_of_each_kind_is_judged_rightly(case, tmp_path):
    """What is found, for whom, how bad it is, and in which words."""
    wanted, says = CASES[case]
    made = audit(unpacked(case, tmp_path))
    assert found(made) == wanted
    assert says in made.as_text()
    assert made.exit_status == (1 if any(severity == ERROR for _, severity, _ in wanted) else 0)


def test_programs_that_nothing_loads_are_told_of_with_all(tmp_path):
    """The kernel's module and the object file are for another machine, which hurts nobody."""
    quiet, all_ = (audit(unpacked("ko", tmp_path), everything=everything) for everything in (False, True))
    assert "x.ko" not in quiet.as_text()
    assert "/usr/lib/modules/6.1/x.ko is x86-64 (and /usr/share/doc/example.o)" in all_.as_text()


@pytest.mark.parametrize(
    ("case", "kind"),
    [("artifact", "application/vnd.example.sbom"), ("helm", "application/vnd.cncf.helm.config.v1+json")],
)
def test_what_is_no_image_is_said_to_be_none(case, kind, tmp_path):
    """A chart, or a list of parts: nothing is wrong with it, and nothing can be said of it."""
    with pytest.raises(BadInput, match="holds no image"):
        audit(unpacked(case, tmp_path))
    made = report(unpacked(case, tmp_path / "again"))
    assert (made.exit_status, made.findings) == (4, ())
    assert kind in made.as_text()


# --- several images in one place ------------------------------------------------------------------------------------


def archive(place, images):
    """What `docker save A B` wrote before engine 25: `images` are (names, machine of the program), all for amd64."""
    rows, files = [], {}
    for number, (names, machine) in enumerate(images):
        with build.layer({"app": elf(machine)}, compress=False).open() as stream:
            layer = stream.read()
        config = {"os": "linux", "architecture": "amd64", "config": {"Entrypoint": ["/app"]}}
        config["rootfs"] = {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}
        files[f"{number}.json"], files[f"{number}/layer.tar"] = json.dumps(config).encode(), layer
        rows.append({"Config": f"{number}.json", "RepoTags": names, "Layers": [f"{number}/layer.tar"]})
    files["manifest.json"] = json.dumps(rows).encode()
    with tarfile.open(place, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return str(place)


def test_each_image_of_an_archive_is_named(tmp_path):
    """Two tags, one of them wrong: it is that one's finding, and neither stands twice."""
    made = audit(archive(tmp_path / "two.tar", [(["acme/good:1"], "amd64"), (["acme/bad:1"], "arm64")]))
    assert made.images == ("acme/good:1", "acme/bad:1")
    assert [(one.rule, one.image) for one in made.findings] == [("entrypoint-foreign", "acme/bad:1")]
    assert "  acme/bad:1, linux/amd64\n    ✘ on amd64 hosts `exec format error`: /app is 64-bit Arm" in made.as_text()


@pytest.mark.parametrize(
    "images", [[(["a:1", "a:2"], "amd64")], [(["a:1"], "amd64"), (["a:2"], "amd64")], [(None, "amd64")]]
)
def test_one_image_under_two_names_is_no_finding(images, tmp_path):
    """Whether the archive names it in one row, in two, or not at all."""
    made = audit(archive(tmp_path / "one.tar", images))
    assert (found(made), made.images) == ([], ())


def layout(place, rows):
    """A layout whose `index.json` lists images under names."""
    index = []
    for name, made in rows:
        build.write_layout(place, made, names=[name] if name else [])
        index += json.loads((place / "index.json").read_bytes())["manifests"]
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": index}))
    return f"{place}/"


def good(machine="amd64", label="amd64"):
    return build.image([build.layer({"app": elf(machine)})], platform=f"linux/{label}", config={"Entrypoint": ["/app"]})


def test_each_tag_of_a_layout_is_named(tmp_path):
    """What `docker save A B` writes since engine 25: one with a fault, one under two names, one of two platforms."""
    tag = build.index([good(), good("arm64", "arm64")])
    made = audit(layout(tmp_path, [("acme/good:1", tag), ("acme/good:2", tag), ("acme/bad:1", good("arm64"))]))
    assert made.images == ("docker.io/acme/good:1, docker.io/acme/good:2", "docker.io/acme/bad:1")
    assert [(one.rule, one.image) for one in made.findings] == [("entrypoint-foreign", "docker.io/acme/bad:1")]


def test_rows_without_names_are_one_tag(tmp_path):
    """A layout that lists the platforms themselves."""
    made = audit(
        layout(tmp_path, [("", good()), ("", good("arm64", "arm64"))]), need=frozenset(map(Platform.parse, BOTH))
    )
    assert (found(made), made.platforms) == ([], BOTH)


def chart():
    """A chart, as Helm pushes it."""
    config = build.blob(b'{"name": "shop"}', "application/vnd.cncf.helm.config.v1+json")
    return build.image([build.blob(b"x", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")], platform="linux/amd64", extra={
        "config": {"mediaType": config.media_type, "digest": config.digest, "size": config.size}})  # fmt: skip


def signature():
    """A signature, as cosign pushes it: its configuration is an image's, its layers are not."""
    return build.image(
        [build.blob(b"{}", "application/vnd.dev.cosign.simplesigning.v1+json")], platform={"os": "", "architecture": ""}
    )


def bare():
    """A manifest of the kind that came before charts and the like had configurations."""
    kind = "application/vnd.oci.artifact.manifest.v1+json"
    body = {"mediaType": kind, "artifactType": "application/vnd.example.sbom", "blobs": []}
    return build.Manifest(build.blob(json.dumps(body).encode(), kind))


@pytest.mark.parametrize("other", [chart, signature, bare])
def test_a_registrys_chart_is_no_image(other):
    """The same words as of a folder; a tag with an image beside it is read."""
    with fake_registry.running() as server:
        server.add("app", "chart", other())
        server.add("app", "both", build.index([build.Entry(other(), {"os": "linux", "architecture": "amd64"}), good()]))
        alone, both = (report(f"{server.address}/app:{tag}") for tag in ("chart", "both"))
    assert (alone.exit_status, "holds no image: it is application/vnd." in alone.unreadable) == (4, True)
    assert (both.exit_status, found(both)) == (0, [("no-image", NOTE, "")])


@pytest.mark.parametrize("other", [chart, signature, bare])
def test_what_is_no_image_keeps_none_of_the_others_from_being_read(other, tmp_path):
    """In one list with images: a note, and the fault of the image beside it."""
    tag = build.index([build.Entry(other(), {"os": "unknown", "architecture": "unknown"}), good("arm64")])
    made = audit(layout(tmp_path, [("", tag)]))
    assert found(made) == [("no-image", NOTE, ""), ("entrypoint-foreign", ERROR, "linux/amd64")]
    assert "no image: it is not looked at" in made.as_text()


# --- the command line -----------------------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path):
    """A reference with a fault, one that is damaged, one that is not there, one that is right."""
    layout(tmp_path / "bad", [("", good("arm64"))])
    layout(tmp_path / "good", [("", good())])
    (tmp_path / "damaged.tar").write_bytes(b"x" * 2000)
    return [str(tmp_path / name) for name in ("bad", "damaged.tar", "none.tar", "good")]


def test_one_bad_reference_never_hides_the_others(three, capsys):
    """Each is told of, in its order."""
    assert cli.run(["audit", *three]) == 4
    said = capsys.readouterr().out
    places = [said.index(name) for name in three]
    assert places == sorted(places)
    assert "exec format error" in said
    assert "There is no file" in said
    assert "every program is what its label says" in said


def test_json_is_always_a_whole_document(three, capsys):
    """A list with one object a reference, and each one's own status."""
    assert cli.run(["audit", "--json", *three]) == 4
    rows = json.loads(capsys.readouterr().out)
    assert [row["exit_status"] for row in rows] == [1, 4, 4, 0]
    assert [bool(row["unreadable"]) for row in rows] == [False, True, True, False]


def test_sarif_is_always_a_whole_document(three, capsys):
    """What could not be read is a notification, what was found a result."""
    assert cli.run(["audit", "--sarif", *three]) == 4
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert [one["ruleId"] for one in run["results"]] == ["entrypoint-foreign"]
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 2


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([3], 0),
        ([0], 1),
        ([0, 3], 1),
        ([1], 4),
        ([2], 4),
        ([0, 2], 4),
        ([3, "127.0.0.1:1/x:y"], 3),
        ([3, "--need", "nonsense"], 2),
    ],
)
def test_exit_statuses_tell_findings_unreadable_blocked_and_usage_apart(three, words, status, capsys):
    """The greatest of those of all references."""
    assert cli.run(["audit", *(three[word] if isinstance(word, int) else word for word in words)]) == status


def test_an_image_with_one_damaged_layer_keeps_what_was_found_before(tmp_path):
    """The first platform's fault is told, and why there is no more."""
    broken = build.image([build.blob(b"x" * 600, build.layers.TAR)], platform="linux/arm64")
    made = report(layout(tmp_path, [("", build.index([good("arm64"), broken]))]))
    assert (made.exit_status, found(made)) == (4, [("entrypoint-foreign", ERROR, "linux/amd64")])
    assert "not a tar archive" in made.unreadable


# --- as each tool writes it -----------------------------------------------------------------------------------------


def recording(name, tmp_path):
    """A recording of `data/audit/make.sh`: a layout unpacked, or an archive."""
    if (DATA / "audit" / f"{name}.layout.tar.gz").is_file():
        return unpacked(name, tmp_path)
    place = tmp_path / f"{name}.tar"
    place.write_bytes(gzip.decompress((DATA / "audit" / f"{name}.tar.gz").read_bytes()))
    return str(place)


MADE_BY = sorted(
    path.name.removesuffix(".gz").removesuffix(".tar").removesuffix(".layout") for path in (DATA / "audit").glob("*.gz")
)
TOOLS = [name for name in MADE_BY if name not in CASES and name not in ("artifact", "helm")]


@pytest.mark.parametrize("tool", TOOLS)
def test_what_each_tool_writes_is_read(tool, tmp_path):
    """The one fault that every recording has: an amd64 program under the label linux/arm64."""
    made = audit(recording(tool, tmp_path))
    wrong = {
        (one.rule, one.platform, one.paths[0].rpartition("/")[2]) for one in made.findings if one.severity == ERROR
    }
    program = "shop" if tool == "ko-build" else "server"
    assert wrong == {("entrypoint-foreign", "linux/arm64", program)}
    assert not [
        one for one in made.findings if one.rule in ("platform-twice", "not-held", "no-image", "platform-unknown")
    ]


def test_recordings_of_all_tools_are_there():
    """Older and newer forms, of seven families of tools."""
    assert {name.partition("-")[0] for name in TOOLS} == {
        "buildah",
        "buildkit",
        "crane",
        "docker",
        "ko",
        "podman",
        "skopeo",
        "umoci",
    }
