#!/usr/bin/env bash
# Builds the image every night and pushes it as build-test:nightly.
set -eu
cd "$(dirname "$0")"
set -a # what the settings set is exported, too
. ./nightly.env
set +a
docker build $OPTIONS -t "$REGISTRY/build-test:nightly" --push .
