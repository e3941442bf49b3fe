"""How much longer `lab doctor` takes than the questions that it must ask, asked bare and at once."""

from __future__ import annotations

from _measure import LAB, compile_bytecode, environment, medians, own_sandbox, told

from lab.doctor.leftovers import PREFIX

# As somebody would who knows them all by heart, and does not wait for one before asking the next.
BARE = f"""
docker info --format '{{{{json .}}}}' &
docker buildx ls --format json &
docker image ls --quiet --no-trunc &
docker ps --all --filter name={PREFIX} --format '{{{{json .}}}}' &
docker volume ls --filter name={PREFIX} --format '{{{{json .}}}}' &
cat /proc/sys/fs/binfmt_misc/* &
df / &
(exec 3<>/dev/tcp/127.0.0.1/$PORT; printf 'GET /v2/ HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3) &
wait
"""


def main() -> None:
    """Measure and print."""
    compile_bytecode()
    with own_sandbox() as world:
        env = environment(world.env) | {"PORT": world.registry.rpartition(":")[2]}
        commands = {"doctor": [*LAB, "doctor"], "bare": ["bash", "-c", BARE]}
        taken = medians(commands, env)
    told("lab doctor against its questions at once", taken["doctor"], taken["bare"], 1.5)


if __name__ == "__main__":
    main()
