#!/usr/bin/env bash
# Make sure that a Chromium for the browser tests is there; in CI, on a Debian-like system and run by root, install one.
# Preferred is Chromium without windows: the same engine at half the work, and less to download.
set -euo pipefail
small=chromium-headless-shell
ci=
if [ "$(id -u)" = 0 ] && [ -n "${CI:-}" ] && command -v apt-get >/dev/null 2>&1; then ci=yes; fi
install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null; }

if command -v "$small" >/dev/null 2>&1; then exit 0; fi
if [ "$ci" ]; then
  apt-get update -qq || true # what a mirror that does not answer means is said below
  if install "$small" 2>/dev/null; then exit 0; fi
fi
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
echo "The browser tests need Chromium, which is not here."
if [ "$ci" ]; then
  install chromium
else
  echo "They are skipped. To run them, install Chromium (Debian: apt-get install $small)."
fi
