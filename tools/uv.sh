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

# A Debian without python3-venv and python3-pip still can unpack pip's own wheel, without installing anything.
pip_from_apt() {
  local folder=$PWD/.bootstrap/apt
  mkdir -p "$folder"/{lists/partial,archives/partial,deb}
  : >"$folder/status"
  local options=(-qq -o "Dir::State=$folder" -o "Dir::State::status=$folder/status" -o "Dir::Cache=$folder")
  apt-get "${options[@]}" update >&2 || return 1
  (cd "$folder" && apt-get "${options[@]}" download python3-pip-whl >&2 && dpkg-deb -x python3-pip-whl_*.deb deb) || return 1
  local wheels=("$folder"/deb/usr/share/python-wheels/pip-*.whl)
  echo "${wheels[0]}/pip"
}

install=(install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock)
export PIP_ROOT_USER_ACTION=ignore PIP_USER=no # nothing is installed for a user, root or not
into_lib() {
  python3 "$@" "${install[@]}" --target .bootstrap/lib >&2
  mkdir -p .bootstrap/bin && ln -sf ../lib/bin/uv "$own"
}
rm -rf .bootstrap
if python3 -m pip --version >/dev/null 2>&1; then
  into_lib -m pip # a virtual environment, with a pip of its own, would take twice as long
elif python3 -m venv .bootstrap >/dev/null 2>&1; then
  .bootstrap/bin/python -m pip "${install[@]}" >&2
elif rm -rf .bootstrap && command -v apt-get >/dev/null 2>&1 && found=$(pip_from_apt); then
  into_lib "$found"
  rm -rf .bootstrap/apt
else
  echo "make: cannot fetch uv: python3 has neither venv nor pip." >&2
  echo "make: install one of them (Debian and Ubuntu: python3-venv), or uv itself, then run make again." >&2
  rm -rf .bootstrap; exit 1
fi
echo "$own"
