"""Lesson 1."""

from lab.course import machine as lesson
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from ways import Ways

A = lesson.ANSWERS

WAYS = {
    "uname": Ways(
        other="python3 -c 'import platform; print(platform.machine())' || arch",
        wrong=[
            ("uname -s", lesson.NOT_MY_MACHINE),
            ("uname -m; false", COMMAND_FAILED),
            ("true", lesson.MACHINE_NOT_ASKED),
            ("echo sparc64", lesson.MACHINE_NOT_ASKED),
            ("echo x86_64 aarch64", lesson.MACHINE_NOT_ASKED),
        ],
    ),
    "engine_platform": Ways(
        other="docker info --format '{{.OSType}} on {{.Architecture}}'",
        wrong=[
            ("uname -sm", lesson.ENGINE_NOT_ASKED),
            ("echo $HERE", lesson.ENGINE_NOT_ASKED),
            ("docker buildx version; uname -sm", lesson.ENGINE_NOT_ASKED),
            ("docker version --format '{{.Client.Version}}'", lesson.NOT_THE_ENGINE),
            ("docker version --format '{{.Server.Os}}'", lesson.NOT_THE_ENGINE),
            ("docker version --format '{{.Nonsense}}'", COMMAND_FAILED),
        ],
    ),
    "own_header": Ways(
        other="cd files/machine\nhead -c 20 sample | od -A n -t x1",
        wrong=[
            ("od -An -tx1 -N16 files/machine/sample", lesson.TOO_FEW_BYTES),
            ("od -c -N4 files/machine/sample", lesson.NOT_THE_HEADER),
            ("ls -l files/machine/sample", lesson.HEADER_NOT_READ),
            ("uname -m", lesson.HEADER_NOT_READ),
            ("lab file /bin/ls", lesson.HEADER_NOT_READ),
        ],
    ),
    "name_programs": Ways(
        other=f"printf 'compass:\\tlinux/arm/v7\\nlantern=RISCV64\\nabacus\\taarch64\\n' > {A}",
        wrong=[
            (f"echo 'abacus linux/arm64' >> {A}", ANSWER_MISSING),
            (f"printf 'abacus x86\\nlantern riscv64\\ncompass arm\\n' > {A}", lesson.ANSWER_UNREADABLE),
            (f"printf 'abacus arm64\\nlantern riscv64\\ncompass linux/arm/v6\\n' > {A}", lesson.ANSWER_WRONG),
            (f"printf 'abacus arm64\\nlantern riscv64\\ncompass arm\\n' > {A}", lesson.ANSWER_WITHOUT_VARIANT),
            (f"printf 'abacus amd64\\nlantern amd64\\ncompass amd64\\n' > {A}", lesson.ANSWER_WRONG),
        ],
    ),
}
