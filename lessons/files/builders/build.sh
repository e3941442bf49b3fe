#!/bin/sh
# Builds the team's note and pushes it.
set -e
cd "$(dirname "$0")"
docker buildx build --builder build-farm -t "$REGISTRY/memo" --push memo
