"""K14."""

from lab.course.clinic import buoy
from ways import Ways

CD = "cd files/clinic/buoy"
HANDLER = "/proc/sys/fs/binfmt_misc/lab-*-riscv64-package"
BUILD = "docker build --quiet --push --platform linux/riscv64 -t $REGISTRY/buoy ."

WAYS = {
    "buoy": Ways(
        # only the broken one: the lab's own stands behind it
        other=f"for one in {HANDLER}; do echo -1 > $one; done",
        wrong=[
            (
                f"{CD}; emulator=$(sed -n 's/^interpreter //p' {HANDLER}); cp $emulator emulator\n"
                f'echo "COPY emulator $emulator" >> Dockerfile; {BUILD}; sh try.sh',
                buoy.IMAGE_CARRIES_IT,
            ),
            ("lab up --emulators; sh files/clinic/buoy/try.sh", buoy.SAME_FAULT),
            ("lab up --no-emulators", buoy.NOTHING_RUNS_IT),
            (
                f"{CD}; sed -i 's/hello-riscv64/hello/' Dockerfile; cp /bin/true hello\n"
                "docker build --quiet --push --platform $HERE -t $REGISTRY/buoy .",
                buoy.IMAGE_CHANGED,
            ),
        ],
    ),
}
