#!/bin/sh
# What the stages of the Dockerfile run, on the builder's own platform. Usage: install.sh tools|packages|own [ARCHITECTURE LOCK]
set -eu

# /wheels is empty, unless a build context of that name was given: then nothing else is asked.
from=
if [ -n "$(ls -A /wheels 2>/dev/null)" ]; then from="--no-index --find-links /wheels"; fi
uv=/tools/bin/uv
export UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1 PYTHONDONTWRITEBYTECODE=1

# How uv calls the target platform, with the oldest C library that a base may have.
triple() {
  case $1 in
    amd64) echo x86_64-manylinux_2_35 ;;
    arm64) echo aarch64-manylinux_2_35 ;;
    *) echo "There is no image of the lab for $1." >&2; exit 1 ;;
  esac
}

# The accounts of the base, and a learner; a home with the folder that the lab keeps its state in.
accounts() {
  mkdir -p /accounts /homes/learner/.local/share/multiplatform-lab
  { cat /etc/passwd; echo 'learner:x:1000:1000:A learner:/home/learner:/bin/bash'; } >/accounts/passwd
  { cat /etc/group; echo 'learner:x:1000:'; } >/accounts/group
}

case $1 in
  tools)
    accounts
    python3 -m venv /tools
    # shellcheck disable=SC2086 # one word for each part
    /tools/bin/python -m pip install -q --disable-pip-version-check --no-cache-dir $from \
      --require-hashes -r requirements-uv.lock
    ;;
  packages)
    platform=$(triple "$2")
    python3 -m venv --without-pip /opt/lab
    # shellcheck disable=SC2086
    "$uv" pip install -q $from --python /opt/lab --python-platform "$platform" --only-binary :all: --no-deps \
      --require-hashes -r "$3"
    ;;
  own)
    /opt/lab/bin/python -m hatchling build -t wheel -d /dist
    # Only what the lab adds to the environment of the other layer.
    "$uv" pip install -q --offline --no-deps --prefix /opt/own --python /opt/lab /dist/*.whl
    ;;
esac
