#!/usr/bin/env bash
# Make the virtual environment from the hashed lock, with the `lab` command in it. Usage: tools/setup.sh .venv requirements.lock
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1 lock=$2
uv=$(tools/uv.sh)
python=$(command -v python3 || true)
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  python=3.11 # uv looks for one, or fetches it where it can
fi
[ -x "$venv/bin/python" ] || "$uv" venv -q --python "$python" "$venv"
"$uv" pip sync -q --require-hashes --python "$venv/bin/python" "$lock"
"$uv" pip install -q --no-deps --no-build-isolation --python "$venv/bin/python" --editable .
"$venv/bin/lab" --version
