"""The audit on what a real engine builds, pushes and saves."""

import shutil
from pathlib import Path

import pytest

from lab import shell
from lab import world as worlds
from lab.audit import audit
from lab.audit.report import ERROR, WARNING
from lab.errors import NotThere
from lab.platforms import Platform
from lab.probes import registry

ELF = Path(__file__).parent.parent / "data" / "elf"
TRUE = 'FROM scratch\nARG TARGETARCH\nCOPY hello-$TARGETARCH /hello\nENTRYPOINT ["/hello"]\n'
SHADOWED = TRUE.replace("ARG TARGETARCH\n", "ARG TARGETARCH=amd64\n")
ON_BUSYBOX = "FROM busybox:1.38\nCOPY --chmod=755 hello-amd64 /usr/local/bin/tool\n"
WITHOUT_LOADER = 'FROM busybox:1.38\nCOPY --chmod=755 dynamic-amd64 /tool\nCMD ["/tool"]\n'
BOTH = frozenset(map(Platform.parse, ("linux/amd64", "linux/arm64")))


@pytest.fixture(scope="module")
def place(box, tmp_path_factory):
    """A folder with a program for each machine, and a shell in the sandbox's environment."""
    folder = tmp_path_factory.mktemp("audit")
    for program in ELF.glob("*-*"):
        shutil.copy(program, folder)
    return folder


@pytest.fixture
def run(place):
    """Run a script there; its transcript."""

    def run(script):
        done = shell.run("audit-test", f"set -e; cd {place}\n{script}", worlds.here(), lambda _text: None)
        assert done.exit_status == 0, done.output
        return done

    return run


def built(run, place, dockerfile, name, platforms):
    (place / "Dockerfile").write_text(dockerfile)
    run(f"docker buildx build --platform {platforms} -t $REGISTRY/{name} --push .")
    world = worlds.here()
    return audit(f"{world.registry}/{name}", need=BOTH, world=world)


def found(report):
    return [(finding.rule, finding.severity, finding.platform) for finding in report.findings]


def test_what_buildx_pushes_passes_with_its_attestations(run, place):
    """A true image of two platforms, with the attestations that buildx adds."""
    report = built(run, place, TRUE, "audit:true", "linux/amd64,linux/arm64")
    assert (found(report), report.exit_status) == ([], 0), report.as_text()
    index = registry.index("audit:true")(worlds.here())
    assert len(index.manifests) > len(index.images) == 2


def test_a_shadowed_argument_is_found_in_what_buildx_pushes(run, place):
    """The build succeeds, and arm64 users get an x86-64 program."""
    report = built(run, place, SHADOWED, "audit:shadowed", "linux/amd64,linux/arm64")
    assert ("entrypoint-foreign", ERROR, "linux/arm64") in found(report), report.as_text()
    assert report.exit_status == 1


def test_a_tool_for_one_machine_on_a_base_for_many_is_a_warning(run, place):
    """The lab's own base image is fine, the tool in it is not; one platform is not there at all."""
    report = built(run, place, ON_BUSYBOX, "audit:tool", "linux/arm64")
    assert found(report) == [("platform-absent", ERROR, ""), ("foreign-program", WARNING, "linux/arm64")]
    assert "/usr/local/bin/tool is x86-64" in report.as_text()


def test_a_missing_loader_is_what_the_engine_stumbles_on(run, place):
    """The audit says what `docker run` then says."""
    report = built(run, place, WITHOUT_LOADER, "audit:loader", "linux/amd64")
    assert ("no-loader", ERROR, "linux/amd64") in found(report)
    said = run("docker run --rm --platform linux/amd64 $REGISTRY/audit:loader 2>&1 || true").output
    assert "no such file or directory" in said


def test_what_docker_saves_is_read_without_an_engine(run, place):
    """The archive of one pulled platform: its own findings are those of the registry's image."""
    built(run, place, SHADOWED, "audit:saved", "linux/arm64")
    run("docker pull -q --platform linux/arm64 $REGISTRY/audit:saved\ndocker save -o saved.tar $REGISTRY/audit:saved")
    report = audit(str(place / "saved.tar"))
    assert ("entrypoint-foreign", ERROR, "linux/arm64") in found(report), report.as_text()


def test_the_registry_deletes_what_reset_asks_for(run, place):
    """A tag that was deleted is not there, and deleting again is no error."""
    built(run, place, TRUE, "audit-gone:x", "linux/amd64,linux/arm64")
    world = worlds.here()
    assert registry.delete(world, "audit-gone:x")
    assert not registry.delete(world, "audit-gone:x")
    with pytest.raises(NotThere):
        registry.index("audit-gone:x")(world)


SCRATCH = "FROM scratch\nCOPY --chmod=755 hello-amd64 /app/x\n"
BUSYBOX = "FROM busybox:1.38\nCOPY --chmod=755 env-bash.sh /e.sh\n"
LACKING = {
    "a folder": (f'{SCRATCH}ENTRYPOINT ["/app"]\n', "no-entrypoint", "permission denied"),
    "no shell": (f"{SCRATCH}ENTRYPOINT /app/x\n", "no-shell", "no such file or directory"),
    "no tini": (f'{SCRATCH}ENTRYPOINT ["/sbin/tini", "--", "/app/x"]\n', "no-wrapper", "no such file or directory"),
    "no bash for env": (f'{BUSYBOX}ENTRYPOINT ["/e.sh"]\n', "no-interpreter", "No such file or directory"),
    "nothing after cd": (f'{BUSYBOX}CMD ["sh", "-c", "cd /tmp && ./none"]\n', "no-entrypoint", "./none: not found"),
}


@pytest.mark.parametrize("case", LACKING)
def test_what_is_missing_is_what_the_engine_says(run, place, case):
    """The audit finds it without an engine, and the engine's own words are those of the message."""
    dockerfile, rule, says = LACKING[case]
    (place / "env-bash.sh").write_text("#!/usr/bin/env bash\n")
    report = built(run, place, dockerfile, "audit:lacking", "linux/amd64")
    (problem,) = [finding for finding in report.findings if finding.rule == rule]
    assert says in problem.text
    said = run("docker run --rm --pull always -q --platform linux/amd64 $REGISTRY/audit:lacking 2>&1 || true").output
    assert says in said


def test_zstd_layers_and_attestations_are_read_from_buildkits_archive(run, place):
    """`--output type=oci` with the newer compression, of two platforms, one of them wrong."""
    (place / "Dockerfile").write_text(SHADOWED)
    output = "type=oci,dest=zstd.tar,compression=zstd,force-compression=true"
    run(f"docker buildx build --platform linux/amd64,linux/arm64 --provenance=mode=max --output {output} .")
    report = audit(str(place / "zstd.tar"), need=BOTH)
    assert ("entrypoint-foreign", ERROR, "linux/arm64") in found(report), report.as_text()
    assert report.platforms == ("linux/amd64", "linux/arm64")
