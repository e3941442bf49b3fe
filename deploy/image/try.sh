#!/bin/sh
# Start an image of the lab as docs/start.md says, on the engine that is there, and do a step in it. Usage: try.sh IMAGE [OPTION…]
# The options are for `docker run`. Nothing of it stays.
set -eu
image=$1
shift
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
socket=${socket#unix://}
name=lab-try-$$

stop() {
  status=$?
  if [ "$status" != 0 ]; then docker logs "$name" >&2 || true; fi
  docker exec "$name" lab down || true
  docker rm --force "$name" >/dev/null
  exit "$status"
}

docker run --detach --name "$name" --init --network host --volume "$socket:/var/run/docker.sock" \
  --group-add "$(stat -c %g "$socket")" "$@" "$image" >/dev/null
trap stop EXIT
trap 'exit 1' INT TERM

tries=120
until docker logs "$name" 2>/dev/null | grep -q 'http://127'; do
  tries=$((tries - 1))
  if [ "$tries" = 0 ] || [ "$(docker container inspect --format '{{.State.Running}}' "$name")" != true ]; then
    echo "JupyterLab did not come up in $image." >&2
    exit 1
  fi
  sleep 1
done
address=$(docker logs "$name" 2>/dev/null | grep -o 'http://127[^ ]*')
docker exec --env "ADDRESS=$address" "$name" python3 -c '
import os, urllib.request
page = urllib.request.urlopen(os.environ["ADDRESS"], timeout=30).read().decode()
assert "<title>JupyterLab</title>" in page, page[:200]'
echo "JupyterLab answers."
echo "The user is $(docker exec "$name" id -u)."
docker exec "$name" lab run uname 'uname -m'
