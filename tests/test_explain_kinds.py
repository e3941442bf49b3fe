"""Kinds of logs, each in a wording that nobody has given: what explains it, or that nothing does."""

import pytest

from lab.explainer import explain

KNOWN = [
    (
        "cri-o",
        'Failed to pull image "quay.io/acme/app:1": rpc error: code = Unknown desc = choosing image instance: no image found in manifest list for architecture arm64, variant "v8", OS linux',
        {"no-match-for-platform"},
    ),
    (
        "podman pull",
        'Error: choosing an image from manifest list docker://quay.io/a/b:latest: no image found in image index for architecture arm64, variant "v8", OS linux',
        {"no-match-for-platform"},
    ),
    (
        "podman warn",
        'WARNING: image platform (linux/amd64) does not match the expected platform (linux/arm64)\n{"msg":"exec container process `/bin/sh`: Exec format error","level":"error","time":"2024"}',
        {"exec-format-error", "exec-user-process-caused"},
    ),
    (
        "dlopen",
        "node:internal/modules/cjs/loader:1340\nError: /app/node_modules/better-sqlite3/build/Release/better_sqlite3.node: cannot open shared object file: Exec format error\n  code: 'ERR_DLOPEN_FAILED'",
        {"node-modules-of-another-platform"},
    ),
    (
        "dlopen mach",
        "Error: dlopen(/app/node_modules/canvas/build/Release/canvas.node, 0x0001): tried: '/app/node_modules/canvas.node' (mach-o file, but is an incompatible architecture (have 'arm64', need 'x86_64'))\n  code: 'ERR_DLOPEN_FAILED'",
        {"node-modules-of-another-platform", "wrong-elf-class"},
    ),
    (
        "bcrypt musl",
        "Error: Error relocating /app/node_modules/bcrypt/lib/binding/napi-v3/bcrypt_lib.node: __register_atfork: symbol not found\n code: 'ERR_DLOPEN_FAILED'",
        {"glibc-module-on-musl"},
    ),
    (
        "elf class py",
        "ImportError: /usr/lib/python3/dist-packages/_cffi.so: wrong ELF class: ELFCLASS64",
        {"wrong-elf-class"},
    ),
    (
        "spawn -8",
        "Error: spawn Unknown system error -8\n    at ChildProcess.spawn (node:internal/child_process:421:11)\n  errno: -8,\n  code: 'Unknown system error -8'",
        {"node-modules-of-another-platform"},
    ),
    (
        "docker desktop build arm",
        '#8 [linux/amd64 2/3] RUN npm ci\n#8 12.1 npm ERR! code 137\n#8 ERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 137',
        {"exit-137"},
    ),
    (
        "x86-64-v3",
        "$ docker run --rm registry.access.redhat.com/ubi10/ubi true\nFatal glibc error: CPU does not support x86-64-v3",
        {"cpu-level-too-low"},
    ),
    (
        "x509",
        '#3 ERROR: failed to do request: Head "https://registry-1.docker.io/v2/library/golang/manifests/1.22": tls: failed to verify certificate: x509: certificate signed by unknown authority',
        {"builder-does-not-trust-ca"},
    ),
    (
        "proxy",
        '#3 ERROR: failed to do request: Head "https://registry-1.docker.io/v2/library/golang/manifests/1.22": proxyconnect tcp: dial tcp: lookup proxy.corp on 192.168.65.7:53: no such host',
        {"builder-has-no-way-out"},
    ),
    (
        "dns",
        'ERROR: failed to solve: golang:1.22: failed to do request: Head "https://registry-1.docker.io/v2/library/golang/manifests/1.22": dial tcp: lookup registry-1.docker.io: Temporary failure in name resolution',
        {"builder-has-no-way-out"},
    ),
    (
        "ghcr403",
        "#20 ERROR: failed to push ghcr.io/acme/app:latest: unexpected status from POST request to https://ghcr.io/v2/acme/app/blobs/uploads/: 403 Forbidden\n##[error]buildx failed with: ERROR: failed to solve: failed to push ghcr.io/acme/app:latest: unexpected status: 403 Forbidden",
        {"push-right-missing"},
    ),
    ("ghcr installation", "denied: installation not allowed to Create organization package", {"push-right-missing"}),
    (
        "eof",
        'ERROR: failed to receive status: rpc error: code = Unavailable desc = closing transport due to: connection error: desc = "error reading from server: read unix @->/run/docker.sock: use of closed network connection", received prior goaway: code: NO_ERROR',
        {"builder-died"},
    ),
    (
        "ports",
        "Err:5 http://archive.ubuntu.com/ubuntu jammy/main arm64 Packages\n  404  Not Found [IP: 185.125.190.36 80]\nE: Failed to fetch http://archive.ubuntu.com/ubuntu/dists/jammy/main/binary-arm64/Packages  404  Not Found",
        {"apt-ports-archive"},
    ),
    (
        "ecr immut",
        "ERROR: failed to push 1.dkr.ecr.us-east-1.amazonaws.com/app:1: failed commit on ref \"index-sha256:0a\": unexpected status from PUT request to https://1.dkr.ecr.us-east-1.amazonaws.com/v2/app/manifests/1: 400 Bad Request: TAG_INVALID: The image tag '1' already exists in the 'app' repository and cannot be overwritten because the repository is immutable.",
        {"immutable-tag"},
    ),
    (
        "gitlab put",
        '#15 ERROR: failed to push registry.gitlab.corp/a/b:1: failed commit on ref "manifest-sha256:1": unexpected status from PUT request to https://registry.gitlab.corp/v2/a/b/manifests/1: 400 Bad Request\nexporting attestation manifest sha256:1',
        {"registry-refuses-index"},
    ),
    (
        "old client",
        "Error response from daemon: mediaType in manifest should be 'application/vnd.docker.distribution.manifest.v2+json' not 'application/vnd.oci.image.index.v1+json'",
        {"client-does-not-know-oci-index"},
    ),
    (
        "idx in idx",
        "docker manifest create acme/app:1 acme/app:1-amd64\nacme/app:1-amd64 is a manifest list",
        {"is-a-manifest-list"},
    ),
    (
        "kernel F",
        "Setting /usr/bin/qemu-aarch64-static as binfmt interpreter for aarch64\nsh: write error: Invalid argument",
        {"binfmt-register-refused"},
    ),
    (
        "binfmt",
        'installing: arm64 cannot register "/usr/bin/qemu-aarch64" to /proc/sys/fs/binfmt_misc/register: write /proc/sys/fs/binfmt_misc/register: invalid argument',
        {"binfmt-register-refused"},
    ),
    (
        "compose",
        'service "web" build.platforms MUST include service.platform "linux/amd64"',
        {"compose-platforms-without-platform"},
    ),
    (
        "compose2",
        'services.web.build.platforms MUST include service.platform "linux/amd64" ',
        {"compose-platforms-without-platform"},
    ),
    (
        "bake key",
        'ERROR: docker-bake.hcl:5,3-11: Unsupported argument; An argument named "platform" is not expected here. Did you mean "platforms"?',
        {"bake-platform-key"},
    ),
    (
        "oci driver",
        'ERROR: docker exporter feature is currently not supported for docker driver. Please switch to a different driver (eg. "docker buildx create --use")',
        {"exporter-docker-driver"},
    ),
    (
        "blank2",
        '##[error]buildx failed with: ERROR: failed to build: " linux" is an invalid OS component of " linux/arm64": OSAndVersion specifier component must match',
        {"blank-in-platform-list"},
    ),
    (
        "java qemu",
        '#14 [linux/arm64 build 5/6] RUN mvn package\n#14 20.1 # A fatal error has been detected by the Java Runtime Environment:\n#14 20.1 #  SIGSEGV (0xb) at pc=0x0000004001b5, pid=7, tid=12\n#14 ERROR: process "/bin/sh -c mvn package" did not complete successfully: exit code: 134',
        {"jvm-crash-on-this-cpu"},
    ),
    (
        "dotnet",
        '#16 [linux/arm64 build 4/4] RUN dotnet publish\n#16 30.1 qemu: uncaught target signal 6 (Aborted) - core dumped\n#16 ERROR: process "/bin/sh -c dotnet publish" did not complete successfully: exit code: 134',
        {"qemu-signal-11", "dotnet-under-emulation"},
    ),
    (
        "oom go",
        "#12 40.1 /usr/local/go/pkg/tool/linux_amd64/link: signal: killed\n#12 ERROR: process",
        {"out-of-memory"},
    ),
    (
        "uname x86 illegal",
        "$ uname -m\nx86_64\n$ ./a\nIllegal instruction (core dumped)",
        {"illegal-instruction-on-this-cpu"},
    ),
    ("exec mac", "zsh: exec format error: ./tool", {"binary-is-not-what-the-label-says", "exec-format-error"}),
    ("bash mac", "-bash: ./tool: cannot execute binary file: Exec format error", {"binary-is-not-what-the-label-says"}),
    (
        "k8s crash",
        "$ kubectl logs web-0\nexec /usr/local/bin/web: exec format error\n$ kubectl get pods\nweb-0 0/1 CrashLoopBackOff 3",
        {"exec-format-error"},
    ),
    (
        "ecs exec",
        '{"message": "exec /usr/local/bin/docker-entrypoint.sh: exec format error"} ecs/app/123 Fargate',
        {"exec-format-error"},
    ),
    (
        "terraform",
        "╷\n│ Error: Unable to pull image nginx: error pulling image: no matching manifest for linux/arm64/v8 in the manifest list entries\n│\n│   with docker_image.nginx,\n│   on main.tf line 12",
        {"no-match-for-platform"},
    ),
    (
        "gitlab",
        "Running with gitlab-runner 16.0\n$ docker build --platform linux/arm64 .\n#7 0.21 exec /bin/sh: exec format error\nERROR: Job failed: exit code 1",
        {"exec-format-error"},
    ),
    ("azure", "##[error]exec /bin/sh: exec format error", {"exec-format-error"}),
    (
        "nerdctl",
        "FATA[0001] failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec /bin/sh: exec format error\nnerdctl run --platform arm64",
        {"exec-format-error"},
    ),
    (
        "kaniko",
        "error building image: error building stage: failed to execute command: starting command: fork/exec /bin/sh: exec format error",
        {"exec-format-error"},
    ),
    (
        "buildah",
        "error running container: from /usr/bin/crun creating container for [/bin/sh -c apt-get update]: exec container process (missing dynamic library?) `/bin/sh`: No such file or directory",
        {"interpreter-or-loader-missing"},
    ),
    (
        "lxc",
        "qemu-aarch64-static: Could not open '/lib/ld-linux-aarch64.so.1': No such file or directory",
        {"foreign-loader-missing"},
    ),
    (
        "rosetta",
        "rosetta error: failed to open elf at /lib64/ld-linux-x86-64.so.2\n Trace/breakpoint trap",
        {"foreign-loader-missing"},
    ),
    (
        "go mips",
        './app: line 1: ELF: not found\n./app: line 2: syntax error: unexpected "("',
        {"shell-reads-a-program"},
    ),
    ("redis jemalloc", "<jemalloc>: Unsupported system page size\nredis_1 exited with code 1", {"jemalloc-page-size"}),
    ("crlf", "/usr/bin/env: 'bash\\r': No such file or directory", {"interpreter-or-loader-missing"}),
    ("crlf2", "env: can't execute 'bash\r': No such file or directory", {"interpreter-or-loader-missing"}),
    (
        "crlf3",
        "standard_init_linux.go:228: exec user process caused: no such file or directory",
        {"interpreter-or-loader-missing"},
    ),
    ("no basic", "no basic auth credentials", {"push-right-missing"}),
    (
        "lambda",
        "The image manifest or layer media type for the source image 1.dkr.ecr.amazonaws.com/x is not supported.",
        {"lambda-media-type"},
    ),
    (
        "cloudrun",
        "ERROR: (gcloud.run.deploy) terminated: Application failed to start: failed to load /app/server: exec format error",
        {"binary-is-not-what-the-label-says", "exec-format-error"},
    ),
]
NOTHING = [
    (
        "green",
        "#9 [linux/arm64 2/3] RUN ./probe || true\n#9 0.2 exec /bin/tool: exec format error\n#9 DONE 0.3s\n#10 exporting to image\n#10 naming to docker.io/acme/a:1 done\n#10 DONE 0.1s",
    ),
    (
        "runtext",
        '#9 [2/3] RUN echo "exec format error" > /notes\n#9 DONE 0.1s\n#10 [3/3] RUN make\n#10 0.3 main.c:1: error: x\n#10 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2',
    ),
    (
        "pytest",
        "tests/test_run.py::test_exec_format_error PASSED\ntests/test_x.py::test_b FAILED\nE   assert 1 == 2\nFAILED tests/test_x.py::test_b - assert 1 == 2",
    ),
    (
        "cargo",
        "test tests::no_match_for_platform_in_manifest ... ok\ntest tests::x ... FAILED\nthread 'tests::x' panicked at src/lib.rs:3: assertion failed",
    ),
    ("jest", "  ✓ says exec format error for foreign (3 ms)\n  ✕ adds (2 ms)\n    expect(received).toBe(expected)"),
    ("grep", "$ grep -rn 'exec format error' docs/\ndocs/faq.md:12:If you see exec format error, install binfmt."),
    (
        "comment",
        '  12 |     # fixes exec format error on arm\n  13 | >>> RUN exit 1\nERROR: failed to solve: process "/bin/sh -c exit 1" did not complete successfully: exit code: 1',
    ),
    (
        "perm",
        "docker: permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
    ),
    ("conn refused app", "app-1  | Error: connect ECONNREFUSED 127.0.0.1:5432"),
    ("java heap", "java.lang.OutOfMemoryError: Java heap space"),
    ("segv native", "Segmentation fault (core dumped)"),
    ("sh notfound", "/bin/sh: 1: curl: not found"),
    ("hub denied", "denied: requested access to the resource is denied"),
    ("unauth", "unauthorized: authentication required"),
]

EVERYDAY = [
    "npm error code E404\nnpm error 404 Not Found - GET https://registry.example.org/left-padd - Not found",
    "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in <module>\n    import foo\nModuleNotFoundError: No module named 'foo'",
    "Error response from daemon: driver failed programming external connectivity on endpoint web: Bind for 0.0.0.0:80 failed: port is already allocated",
    "fatal: unable to access 'https://github.com/a/b.git/': Could not resolve host: github.com",
    "curl: (22) The requested URL returned error: 404",
    '#7 [2/3] RUN curl -fsSL https://example.com/install.sh | sh\n#7 0.5 curl: (22) The requested URL returned error: 404\n#7 ERROR: process "/bin/sh -c curl" did not complete successfully: exit code: 22',
    "mkdir: cannot create directory '/var/lib/postgresql/data': Permission denied",
    'psql: error: connection to server at "db" (172.18.0.2), port 5432 failed: Connection refused',
    "x509: certificate has expired or is not yet valid: current time 2024-01-01T00:00:00Z is after 2023",
    "Error: listen EADDRINUSE: address already in use :::3000",
    "E: Unable to locate package libfoo-dev",
    "E: Failed to fetch http://deb.example.org/debian/pool/main/c/curl/curl_7.88.1_amd64.deb 404 Not Found\nE: Unable to fetch some archives, maybe run apt-get update",
    "FAILED tests/test_a.py::test_b - assert 1 == 2\n1 failed, 3 passed",
    "error TS2304: Cannot find name 'foo'.",
    "error[E0425]: cannot find value `x` in this scope",
    "./main.go:10:2: undefined: foo",
    "Segmentation fault (core dumped)",
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "bash": executable file not found in $PATH: unknown',
    "docker: Error response from daemon: pull access denied for acme/private",
    "Error: Process completed with exit code 1.",
    "COPY failed: file not found in build context or excluded by .dockerignore: stat app: file does not exist",
    'ERROR: failed to solve: failed to compute cache key: failed to calculate checksum of ref abc: "/requirements.txt": not found',
    "Killed by user",
    'level=error msg="failed to fetch user: dial tcp 10.0.0.7:443: i/o timeout"',
    "rpc error: code = Unavailable desc = error reading from server: EOF",
    "failed to fetch https://api.corp/x: x509: certificate signed by unknown authority",
    "A fatal error has been detected by the Java Runtime Environment:\n#  SIGSEGV (0xb) at pc=0x00007f\n# Java VM: OpenJDK 64-Bit Server VM (17, mixed mode, linux-amd64)",
    "iptables/1.8.7 Failed to initialize nft: Protocol not supported",
    "ModuleNotFoundError: No module named 'foo._version'\n File \"/usr/lib/python3/site-packages/foo/__init__.py\"",
    "Warning: Unsupported operation: print",
    "ERROR: Job failed: execution took longer than 1h0m0s seconds",
    "##[error]The operation was canceled.",
    "Error: Cannot find module 'express'",
    "WARN[0000] /app/docker-compose.yml: the attribute `version` is obsolete",
    "error during connect: Get http://%2F%2F.%2Fpipe%2Fdocker_engine/v1.24/info: The system cannot find the file specified",
    'time="2024" level=fatal msg="config file not found"',
    "Error: image not found: acme/app:9",
    "go: github.com/foo/bar@v1.2.3: reading https://proxy.example.org/...: 410 Gone",
    "ERROR: Could not find a version that satisfies the requirement foo==9 (from versions: 1.0)\nERROR: No matching distribution found for foo==9",
    "hash sum mismatch",
    'docker compose up\nservice "db" refers to undefined volume data',
    "sh: 1: Syntax error: Unterminated quoted string",
    '/entrypoint.sh: 12: Syntax error: "(" unexpected',
    '/usr/local/bin/start: 3: Syntax error: end of file unexpected (expecting "fi")',
    "fatal error: runtime: out of memory",
    'The strategy configuration was canceled because "build" failed',
    "Step 3/9 : RUN echo 'no matching manifest for linux/arm64'\n ---> Running in abc\nno matching manifest for linux/arm64\nSuccessfully built abc\nSuccessfully tagged x:1",
    "docker run --rm test-runner\nok 1 - handles exec format error\nnot ok 2 - adds numbers\n# 1 failing",
    "2024 INFO retrying after: exec /app: exec format error ... ok, fallback used\nServer listening on 8080\nJob succeeded",
]


@pytest.mark.parametrize(("text", "right"), [pytest.param(text, right, id=name) for name, text, right in KNOWN])
def test_another_wording_of_a_kind_is_explained(text, right):
    """The kind counts, not the words of the samples."""
    assert {cause.id for cause in explain(text).causes[:1]} <= right
    assert explain(text).known


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in NOTHING])
def test_words_that_are_no_error_name_no_cause(text):
    """A command's own text, a passing test, what grep found, a build that went on: none of them is the error."""
    assert explain(text).causes == ()


@pytest.mark.parametrize("text", EVERYDAY, ids=lambda text: text[:40])
def test_everyday_failures_are_not_blamed_on_platforms(text):
    """What has other causes is not known, whatever words of platforms stand in it."""
    assert explain(text).causes == ()
