"""Lesson 1."""

from lab.course import machine as lesson
from lab.course._pushed import NOT_PUSHED, OTHER_NAME
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from ways import Ways

A, W = lesson.ANSWERS, lesson.WHICH
SOLVED = lesson.name_programs.solution
END = "docker buildx build --quiet --push files/one-platform"

WAYS = {
    "glimpse": Ways(
        other=f"{END} --platform linux/arm64,linux/amd64,linux/riscv64 --tag=$REGISTRY/hello",
        wrong=[
            (f"{END} -t $REGISTRY/hello", lesson.NOT_FOR_BOTH),
            (f"{END.replace('--push', '')} --platform linux/amd64,linux/arm64 -t $REGISTRY/hello", NOT_PUSHED),
            (f"{END} --platform linux/amd64,linux/arm64 -t $REGISTRY/hullo", OTHER_NAME),
        ],
    ),
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
        seeds=(1, 2, 3),
    ),
    "name_programs": Ways(
        other=f"""
            for name in compass abacus lantern; do
                bytes=$(head -c 20 files/machine/$name | tail -c 2 | od -An -tx1)
                platform=$(lab file files/machine/$name | sed 's/.*: //; s/,.*//; s/linux.arm.v7/armhf/; s/linux.//')
                printf '%s:\\t0x%s %s\\n' "$name" "$(echo $bytes | tr -d ' ')" "$platform"
            done > {A}""",
        wrong=[
            (f"echo 'abacus linux/arm64 b7 00' >> {A}", ANSWER_MISSING),
            (f"{SOLVED}\nsed -i 's/ .. ..$//' {A}", lesson.WITNESS_MISSING),
            (f"{SOLVED}\nsed -i 's/b7 00/3e 00/; s/arm64/amd64/' {A}", lesson.WITNESS_WRONG),
            (f"printf 'abacus amd64 3e 00\\nlantern amd64 3e 00\\ncompass amd64 3e 00\\n' > {A}", lesson.WITNESS_WRONG),
            (f"{SOLVED}\nsed -i 's/linux.riscv64/x86/' {A}", lesson.ANSWER_UNREADABLE),
            (f"{SOLVED}\nsed -i 's/v7/v6/' {A}", lesson.ANSWER_WRONG),
            (f"{SOLVED}\nsed -i 's,/v7,,' {A}", lesson.ANSWER_WITHOUT_VARIANT),
        ],
        seeds=(1, 2, 3),
    ),
    "mend_which": Ways(
        other=f"""
            cat > {W} <<'END'
            #!/bin/sh
            set -- $(docker info --format '{{{{.OSType}}}} {{{{.Architecture}}}}')
            case $2 in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch=$2 ;; esac
            printf '%s/%s' "$1" "$arch"
END""",
        wrong=[
            (f"sed -i 's/uname -m/uname -m | sed s,x86_64,amd64,/' {W}", lesson.WHICH_NOT_THERE),
            (f"echo 'docker version --format {{{{.Client.Os}}}}/{{{{.Client.Arch}}}}' > {W}", lesson.WHICH_NOT_THERE),
            (f"echo 'echo $HERE' > {W}", lesson.WHICH_NOT_THERE),
            (f"echo 'docker info --format {{{{.OSType}}}}/{{{{.Architecture}}}}' > {W}", lesson.WHICH_NOT_HERE),
            (f"echo 'docker version' > {W}", lesson.WHICH_NOT_HERE),
            (f"echo 'docker vresion' > {W}", lesson.WHICH_FAILED),
        ],
        symptom=(f'sh {W} | grep -q "/$(uname -m)" && echo "the name of the kernel"', "the name of the kernel"),
    ),
}
