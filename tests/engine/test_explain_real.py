"""Bring real errors about on real engines of both image stores, and explain what they really say.

With LAB_RECORD=yes the outputs are kept under tests/data/explain/real, where quick tests read them again.
"""

import os
import platform
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from support.nightly import SLOW, by_day
from support.ways_out import BUILDER, FROM, TRIED

from lab import sandbox
from lab.errors import Blocked
from lab.explainer import EngineFacts, explain
from lab.probes.here import environment_of
from lab.sandbox import golang
from lab.sandbox.emulators import kernel as emulation

DATA = Path(__file__).parent.parent / "data"
RECORDS = DATA / "explain" / "real"
HERE = f"linux/{'arm64' if platform.machine() in ('aarch64', 'arm64') else 'amd64'}"
COPY_RUN = "printf 'FROM busybox:1.38\\nCOPY %s /x\\n%s\\n' "


@dataclass(frozen=True, kw_only=True)
class Case:
    """A script that ends in an error, and the cause that `explain` must name first (or among several)."""

    name: str
    entry: str
    script: str
    certain: bool = True
    builder: bool = False
    native: bool = False  # only where no emulator hides the error


def case(name, entry, script, **more):
    return pytest.param(Case(name=name, entry=entry, script=script, **more), id=name)


ANYWHERE = [
    case(
        "run-foreign",
        "exec-format-error",
        "docker run --rm --platform linux/arm64 busybox:1.38 uname -m",
        native=True,
    ),
    case(
        "build-foreign",
        "exec-format-error",
        FROM + "'RUN uname -m' > Dockerfile; docker build --no-cache --platform linux/arm64 .",
        native=True,
    ),
    case(
        "warning-then-error",
        "exec-format-error",
        FROM + '\'CMD ["uname", "-m"]\' > Dockerfile; docker build -q --platform linux/arm64 -t real-foreign . >&2;'
        " docker run --rm real-foreign",
        native=True,
    ),
    case(
        "base-lacks-platform",
        "no-match-for-platform",
        FROM + "'' > Dockerfile; docker build --platform linux/mips64le .",
    ),
    case(
        "pull-lacks-platform",
        "no-match-for-platform",
        "docker pull --platform linux/mips64le $REGISTRY/library/busybox:1.38",
    ),
    case(
        "foreign-program-on-right-label",
        "binary-is-not-what-the-label-says",
        "printf 'FROM busybox:1.38\\nCOPY hello-arm64 /app\\nENTRYPOINT [\"/app\"]\\n' > Dockerfile;"
        " docker build -q -t real-false . >&2; docker image inspect real-false | grep Architecture;"
        " python3 -c \"print('hello-arm64: ELF 64-bit LSB executable, ARM aarch64')\"; docker run --rm real-false",
        native=True,
    ),
    case(
        "shell-reads-program",
        "shell-reads-a-program",
        COPY_RUN + "hello-arm64 'RUN /x' > Dockerfile; docker build --no-cache .",
        native=True,
    ),
    case(
        "no-shebang",
        "script-without-shebang",
        "echo 'echo hello' > start.sh; chmod +x start.sh;"
        " printf 'FROM busybox:1.38\\nCOPY start.sh /start.sh\\nENTRYPOINT [\"/start.sh\"]\\n' > Dockerfile;"
        " docker build -q -t real-script . >&2; docker run --rm real-script",
        certain=False,
    ),
    case(
        "error-page",
        "downloaded-error-page",
        "echo 'Not Found' > tool; chmod +x tool; " + COPY_RUN + "tool 'RUN /x --version' > Dockerfile;"
        " docker build --no-cache .",
    ),
    case(
        "error-page-html",
        "downloaded-error-page",
        "printf '<html>\\n<h1>404 Not Found</h1>\\n</html>\\n' > tool; chmod +x tool; "
        + COPY_RUN
        + "tool 'RUN /x --version' > Dockerfile; docker build --no-cache .",
    ),
    case(
        "error-page-as-entrypoint",
        "downloaded-error-page",
        "printf '<!DOCTYPE html>\\n<h1>404 Not Found</h1>\\n' > tool; chmod +x tool; head -1 tool;"
        " printf 'FROM busybox:1.38\\nCOPY tool /tool\\nENTRYPOINT [\"/tool\"]\\n' > Dockerfile;"
        " docker build -q -t real-page . >&2; docker run --rm real-page",
    ),
    case(
        "go-archive",
        "go-archive-not-program",
        "printf '!<arch>\\n__.PKGDEF       0' > app; chmod +x app; head -c 8 app;"
        " printf 'FROM busybox:1.38\\nCOPY app /app\\nENTRYPOINT [\"/app\"]\\n' > Dockerfile;"
        " docker build -q -t real-archive . >&2; docker run --rm real-archive",
    ),
    case(
        "glibc-program",
        "interpreter-or-loader-missing",
        "printf 'FROM busybox:1.38\\nCOPY dynamic-amd64 /app\\nENTRYPOINT [\"/app\"]\\n' > Dockerfile;"
        " docker build -q -t real-glibc . >&2; docker run --rm real-glibc",
    ),
    case(
        "glibc-program-in-a-shell",
        "interpreter-or-loader-missing",
        COPY_RUN + "dynamic-amd64 'RUN /x' > Dockerfile; docker build --no-cache .",
        certain=False,
    ),
    case(
        "no-x-bit",
        "not-executable",
        "printf '#!/bin/sh\\necho hello\\n' > start.sh; chmod 644 start.sh;"
        " printf 'FROM busybox:1.38\\nCOPY start.sh /start.sh\\nENTRYPOINT [\"/start.sh\"]\\n' > Dockerfile;"
        " docker build -q -t real-bit . >&2; docker run --rm real-bit",
    ),
    case(
        "legacy-buildplatform",
        "empty-buildplatform",
        "echo 'FROM --platform=$BUILDPLATFORM busybox:1.38' > Dockerfile; DOCKER_BUILDKIT=0 docker build .",
    ),
    case(
        "legacy-two-platforms",
        "legacy-builder-one-platform",
        "echo 'FROM busybox:1.38' > Dockerfile; DOCKER_BUILDKIT=0 docker build --platform linux/amd64,linux/arm64 .",
    ),
    case("no-plugin", "buildx-missing", "mkdir c; DOCKER_CONFIG=$PWD/c docker buildx version"),
    case(
        "no-plugin-flag",
        "buildx-missing",
        "mkdir c; DOCKER_CONFIG=$PWD/c docker buildx build --platform linux/arm64 .",
    ),
    case("driver-docker", "docker-driver-is-built-in", "docker buildx create --driver docker --name real-docker"),
    case(
        "builder-twice",
        "builder-already-there",
        "docker buildx create --name real-twice; docker buildx create --name real-twice; docker buildx rm real-twice >&2",
    ),
    case(
        "star-in-ls",
        "star-and-plus-in-ls",
        "docker buildx create --name real-star --platform linux/arm64 >&2; docker buildx ls; docker buildx rm real-star >&2",
    ),
    case(
        "tls-environment",
        "tls-data-from-environment",
        "mkdir certs; cd certs; openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout key.pem -out cert.pem 2>&-;"
        " cp cert.pem ca.pem; cd ..; DOCKER_HOST=tcp://127.0.0.1:2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$PWD/certs"
        " docker buildx create --name real-tls",
    ),
    case(
        "empty-arg",
        "empty-arg-in-from",
        "printf 'ARG TAG\\nFROM busybox:${TAG}\\n' > Dockerfile; docker build .",
    ),
    case(
        "empty-arg-whole",
        "empty-arg-in-from",
        "printf 'ARG BASE\\nFROM ${BASE}\\n' > Dockerfile; docker build .",
    ),
    case(
        "targetarch-unset",
        "targetarch-empty",
        FROM + "'RUN set -u; echo $TARGETARCH' > Dockerfile; docker build --no-cache .",
    ),
    case(
        "bake-set",
        "bake-platform-key",
        "printf 'target \"default\" {}\\n' > docker-bake.hcl; docker buildx bake --set '*.platforms=linux/arm64'",
    ),
    case(
        "bake-flag",
        "bake-platform-key",
        "printf 'target \"default\" {}\\n' > docker-bake.hcl; echo '$ docker buildx bake --platform linux/arm64';"
        " docker buildx bake --platform linux/arm64",
    ),
    case(
        "digest-elsewhere",
        "digest-not-found",
        f"docker buildx imagetools create --builder {BUILDER} -t $REGISTRY/real-new $REGISTRY/library/busybox@sha256:"
        + "4bcf" * 16,
        builder=True,
        certain=False,
    ),
    case(
        "local-base",
        "local-from-not-found",
        FROM + "'' > Dockerfile; docker build -q -t real-base . >&2; echo FROM $REGISTRY/real-base > Dockerfile;"
        f" docker buildx build --builder {BUILDER} .",
        builder=True,
        certain=False,
    ),
    case(
        "no-output",
        "no-output-specified",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} .",
        builder=True,
    ),
    case(
        "bake-no-output",
        "no-output-specified",
        FROM + "'' > Dockerfile; printf 'target \"default\" {}\\n' > docker-bake.hcl;"
        f" docker buildx bake --builder {BUILDER}",
        builder=True,
    ),
    case(
        "localhost-in-builder",
        "localhost-inside-the-builder",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} -t localhost:$PORT/real-push --push .",
        builder=True,
    ),
    case(
        "tag-by-digest",
        "tag-overwritten-by-matrix",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER}"
        " --output type=image,name=$REGISTRY/real-digest:1,push-by-digest=true,push=true .",
        builder=True,
    ),
    case(
        "attestations",
        "unknown-unknown",
        FROM + f"'' > Dockerfile; docker buildx build -q --builder {BUILDER} --platform linux/amd64,linux/arm64"
        f" -t $REGISTRY/real-multi --push . >&2; docker buildx imagetools inspect --builder {BUILDER} $REGISTRY/real-multi",
        builder=True,
    ),
    case(
        "manifest-list",
        "is-a-manifest-list",
        FROM + f"'' > Dockerfile; docker buildx build -q --builder {BUILDER} --platform linux/amd64"
        " -t $REGISTRY/real-part --push . >&2;"
        " docker manifest create --insecure $REGISTRY/real-whole $REGISTRY/real-part",
        builder=True,
    ),
    case(
        "plain-http-imagetools",
        "http-response-to-https-client",
        "docker buildx imagetools inspect $HTTP/library/busybox",
    ),
    case("plain-http", "http-response-to-https-client", "docker pull $HTTP/library/busybox:1.38"),
    case(
        "plain-http-builder",
        "http-response-to-https-client",
        f"echo FROM $HTTP/library/busybox:1.38 > Dockerfile; docker buildx build --builder {BUILDER} .",
        builder=True,
    ),
    case(
        "load-two-platforms",
        "load-several-platforms",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} --platform linux/amd64,linux/arm64"
        " --output type=docker,dest=x.tar .",
        builder=True,
    ),
    case(
        "list-from-before",
        "manifest-list-exists",
        FROM + f"'' > Dockerfile; docker buildx build -q --builder {BUILDER} --provenance=false --platform linux/amd64"
        " -t $REGISTRY/real-plain --push . >&2;"
        " docker manifest create --insecure $REGISTRY/real-list $REGISTRY/real-plain >&2;"
        " docker manifest create --insecure $REGISTRY/real-list $REGISTRY/real-plain",
        builder=True,
    ),
    case(
        "push-without-tag",
        "push-without-a-tag",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} --push .",
        builder=True,
    ),
    case(
        "blank-in-list",
        "blank-in-platform-list",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} --platform 'linux/amd64, linux/arm64' .",
        builder=True,
    ),
    case(
        "no-such-platform-name",
        "unknown-platform-name",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} --platform x64 .",
        builder=True,
    ),
    case("no-such-builder", "builder-not-found", "echo 'FROM busybox:1.38' | docker buildx build --builder nobody -"),
    case("reserved-name", "builder-name-reserved", "docker buildx create --name default"),
    case(
        "config-for-the-engines-own",
        "driver-does-not-take-config",
        "docker buildx create --name real-option --driver docker-container --driver-opt netwrok=host",
    ),
    case(
        "insecure-step",
        "entitlement-not-allowed",
        "printf '# syntax=docker/dockerfile:1\\nFROM busybox:1.38\\nRUN --network=host true\\n' | sed 1d > Dockerfile;"
        f" docker buildx build --builder {BUILDER} .",
        builder=True,
    ),
    case(
        "folder-of-another-cpu",
        "fixed-library-path",
        FROM + "'COPY --from=busybox:1.38 /usr/lib/x86_64-linux-gnu/libssl.so.3 /x' > Dockerfile; docker build .",
    ),
    case(
        "copied-emulator", "qemu-static-copied", FROM + "'COPY qemu-arm-static /usr/bin/' > Dockerfile; docker build ."
    ),
    case(
        "annotated-index",
        "annotation-on-one-platform",
        FROM + f"'' > Dockerfile; docker buildx build --builder {BUILDER} --provenance=false"
        " --annotation index:a=b --output type=image .",
        builder=True,
    ),
]

CLASSIC = [
    case(
        "flag-of-a-newer-buildx",
        "buildx-too-old-for-flag",
        "docker buildx imagetools create --platform linux/amd64 -t $REGISTRY/real-none $REGISTRY/library/busybox:1.38",
    ),
    case(
        "oci-output",
        "exporter-docker-driver",
        FROM + "'' > Dockerfile; docker build --output type=oci,dest=x.tar .",
    ),
    case(
        "by-digest-with-the-engines-own",
        "push-by-digest-docker-driver",
        FROM
        + "'' > Dockerfile; docker build --output type=image,name=$REGISTRY/real-d,push-by-digest=true,push=true .",
    ),
    case(
        "two-platforms",
        "multi-platform-docker-driver",
        FROM + "'' > Dockerfile; docker build --platform linux/amd64,linux/arm64 .",
    ),
    case(
        "cache-export",
        "cache-export-docker-driver",
        FROM + "'' > Dockerfile; docker build --cache-to type=local,dest=cache .",
    ),
    case(
        "other-platform-holds-the-tag",
        "found-but-other-platform",
        "docker pull -q --platform linux/arm64 busybox:1.38 >&2;"
        " docker run --rm --pull never --platform linux/amd64 busybox:1.38 uname -m",
    ),
]

CONTAINERD = [
    case(
        "platform-not-in-the-index",
        "imagetools-no-such-platform",
        f"docker buildx imagetools create --builder {BUILDER} --platform linux/mips64le -t $REGISTRY/real-none"
        " $REGISTRY/library/busybox:1.38",
        builder=True,
    ),
    case(
        "targetarch-undeclared",
        "targetarch-empty",
        FROM + "'ENV KIND=$TARGETARCH' > Dockerfile; docker build .",
    ),
    case(
        "single-platform-base",
        "wrong-base-platform-accepted",
        FROM + "'' > Dockerfile; docker build -q --provenance=false --platform linux/amd64 -t $REGISTRY/real-one . >&2;"
        " docker push -q $REGISTRY/real-one >&2; echo FROM $REGISTRY/real-one > Dockerfile;"
        " docker build --pull --platform linux/arm64 .",
    ),
    case(
        "push-what-is-not-here",
        "content-digest-not-found",
        "docker image rm -f $REGISTRY/real-index >/dev/null 2>&1; docker buildx imagetools create"
        f" --builder {BUILDER} -t $REGISTRY/real-index $REGISTRY/library/busybox:1.38 >&2;"
        " docker pull -q $REGISTRY/real-index >&2;"
        " docker tag $REGISTRY/real-index $REGISTRY/other/real-index; docker push $REGISTRY/other/real-index",
        builder=True,
    ),
    case(
        "other-platform-holds-the-tag",
        "found-but-other-platform",
        FROM + "'' > Dockerfile; docker build -q --platform linux/arm64 -t real-arm . >&2;"
        " docker run --rm --pull never --platform linux/amd64 real-arm uname -m",
    ),
]


EMULATED = [
    case(
        "mismatch-alone",
        "platform-does-not-match-host",
        FROM + '\'CMD ["uname", "-m"]\' > Dockerfile; docker build -q --platform linux/arm64 -t real-runs .;'
        " docker run --rm real-runs",
    ),
    case(
        "foreign-loader",
        "foreign-loader-missing",
        COPY_RUN + "dynamic-arm64 'RUN /x' > Dockerfile; docker build --no-cache --platform linux/amd64 .",
    ),
    case(
        "illegal-instruction",
        "qemu-signal-4",
        "printf 'FROM busybox:1.38\\nRUN QEMU_CPU=sa1100 /bin/true && echo well\\n' > Dockerfile;"
        " docker build --no-cache --platform linux/arm/v7 .",
    ),
]


class Silent(BaseHTTPRequestHandler):
    """A server of plain HTTP that is not a registry."""

    def do_GET(self):
        self.send_response(404)
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html>\n<h1>404 Not Found</h1>\n")

    def do_HEAD(self):
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_):
        pass


def speaks_tls(socket, place, host):
    """The same socket, with a certificate that an authority of its own has signed: itself."""
    run = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}"]
    files = {"-keyout": place / "key.pem", "-out": place / "ca.pem"}
    more = [str(part) for pair in files.items() for part in pair]
    subprocess.run([*run, "-addext", f"subjectAltName=IP:{host}", *more], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["-out"], files["-keyout"])
    return context.wrap_socket(socket, server_side=True)


class Engine:
    """An engine of the lab's own with one image store, and the scripts that run against it."""

    def __init__(self, place, store, suite):
        self.place, self.store = place, store
        self.values = {"LAB_HOME": str(place / "home"), "LAB_LEARNER": str(place / "learner")}
        with environment_of(self.values):
            self.box = sandbox.up(private=True, emulators=False, store=store, suite=suite)
            self.env = sandbox.environment(self.box)
        host = self.box.registry.partition(":")[0]
        self.servers = [HTTPServer((host, 0), Silent) for _ in range(2)]
        self.servers[1].socket = speaks_tls(self.servers[1].socket, place, host)
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self.env |= {
            "HTTP": f"{host}:{self.servers[0].server_port}",
            "HTTPS": f"{host}:{self.servers[1].server_port}",
            "CA": str(place / "ca.pem"),
            "HERE": HERE,
            "OTHER": "linux/amd64" if HERE == "linux/arm64" else "linux/arm64",
            "PORT": self.box.registry.rpartition(":")[2],
            "LC_ALL": "C.UTF-8",
        }
        self.has_builder = False

    def builder(self):
        if not self.has_builder:
            self.says(
                f"docker buildx inspect {BUILDER} || docker buildx create --name {BUILDER} --driver docker-container;"
                f" docker buildx inspect --bootstrap {BUILDER}"
            )
            self.has_builder = True

    def compiles(self):
        """The base image `golang` is there."""
        with environment_of(self.values):
            assert golang.wait(900).state == "ready"

    def says(self, script):
        """What a script prints on both streams, and its folder's name nowhere in it."""
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            for name in ("hello-arm64", "dynamic-amd64", "dynamic-arm64", "hello-armv7"):
                shutil.copy(DATA / "elf" / name, folder)
            return ran(script, folder, self.env)

    @contextmanager
    def desk(self, builder):
        """A folder in which one script after the other runs, with settings of its own; builders that they make go with it."""
        with tempfile.TemporaryDirectory(dir=self.place) as place:
            folder, env = Path(place, "src"), dict(self.env)
            folder.mkdir()
            for name in ("BUILDX_CONFIG", "DOCKER_CONFIG"):
                env[name] = shutil.copytree(self.env[name], Path(place, name), symlinks=True)
            if builder:
                ran(f"docker buildx use {BUILDER}", folder, env)
            yield lambda script: ran(script, folder, env)
            for made in Path(env["BUILDX_CONFIG"]).glob("instances/*"):
                if made.name != BUILDER:
                    ran(f"docker buildx rm --force {made.name}", folder, env)

    def down(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        with environment_of(self.values):
            sandbox.down()


def ran(script, folder, env):
    """What a script prints; a program that an emulator holds for ever must not hold the tests."""
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        timer = threading.Timer(120, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        text = process.communicate()[0]
        timer.cancel()
    return text.replace(str(folder).encode(), b"/src")


@pytest.fixture(scope="module", params=[("containerd", "forky"), ("classic", "trixie")], ids=lambda p: p[0])
def engine(request):
    """One private engine at a time: a new one with the containerd store, an older one with the classic store."""
    place = Path(os.environ.get("LAB_TEST_PLACE") or tempfile.mkdtemp(prefix="lab-explain-"), request.param[0])
    place.mkdir(parents=True, exist_ok=True)
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


@pytest.mark.parametrize("one", by_day(ANYWHERE, 3))
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


@pytest.mark.parametrize("one", by_day([one for one in TRIED if SLOW or not one.slow], 3), ids=lambda one: one.name)
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
