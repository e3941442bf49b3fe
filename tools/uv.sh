#!/usr/bin/env bash
# Print the path of a `uv`: the one on PATH, or one fetched by pip into .bootstrap/ (nothing outside of this folder is changed).
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v uv >/dev/null 2>&1; then command -v uv; exit 0; fi
own=$PWD/.bootstrap/bin/uv
if [ -x "$own" ] && "$own" --version >/dev/null 2>&1; then echo "$own"; exit 0; fi
if ! command -v python3 >/dev/null 2>&1; then
  echo "make: python3 is missing. Install Python 3.11 or newer, then run make again." >&2; exit 1
fi
pin=$(grep -m1 '^uv==' requirements-uv.lock | cut -d' ' -f1)
rm -rf .bootstrap
# A Debian without python3-venv has no ensurepip; pip may still be there, and so may neither.
if python3 -m venv .bootstrap >/dev/null 2>&1; then
  .bootstrap/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock >&2
elif python3 -m pip --version >/dev/null 2>&1; then
  python3 -m pip install -q --disable-pip-version-check --require-hashes --target .bootstrap/lib -r requirements-uv.lock >&2
  mkdir -p .bootstrap/bin && ln -sf ../lib/bin/uv "$own"
else
  echo "make: cannot fetch $pin: python3 has neither venv nor pip." >&2
  echo "make: install one of them (Debian and Ubuntu: python3-venv), or uv itself, then run make again." >&2
  rm -rf .bootstrap; exit 1
fi
echo "$own"
