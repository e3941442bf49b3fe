#!/usr/bin/env bash
# Make the virtual environment from the hashed lock, with the `lab` command in it. Usage: tools/setup.sh .venv requirements.lock
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1 lock=$2

# Say what is done, do it, and say every few seconds that it still goes on.
say() {
  local text=$1 began=$SECONDS
  shift
  echo "$text …" >&2
  (while sleep 5 >/dev/null 2>&1; do echo "  … $((SECONDS - began)) s" >&2; done) &
  local clock=$! status=0
  "$@" || status=$?
  kill "$clock" 2>/dev/null || true
  wait "$clock" 2>/dev/null || true
  return "$status"
}

found=$(mktemp)
trap 'rm -f "$found"' EXIT
say "Looking for uv, which installs Python packages" tools/uv.sh >"$found"
uv=$(cat "$found")
python=$(command -v python3 || true)
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  python=3.11 # uv looks for one, or fetches it where it can
fi
[ -x "$venv/bin/python" ] || say "Making $venv" "$uv" venv -q --python "$python" "$venv"
count=$(grep -c "==" "$lock")
say "Installing $count packages into $venv, each checked against its hash" \
  "$uv" pip sync -q --require-hashes --python "$venv/bin/python" "$lock"
say "Installing the lab itself" \
  "$uv" pip install -q --no-deps --no-build-isolation --python "$venv/bin/python" --editable .
"$venv/bin/lab" --version
