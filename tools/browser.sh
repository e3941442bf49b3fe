#!/usr/bin/env bash
# Make sure that a Chromium for the browser tests is there; where it is not and this is a Debian-like system run by root, install it.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
echo "The browser tests need Chromium, which is not here."
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && [ -n "${CI:-}" ]; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
  echo "They are skipped. To run them, install Chromium (Debian: apt-get install chromium)."
fi
