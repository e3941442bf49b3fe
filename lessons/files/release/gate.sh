#!/bin/sh
# Plays a cloud service that starts functions from images: gate.sh NAME TAG
# It takes one image for linux/arm64, as a plain manifest. It cannot read an index.
set -eu
here=$(dirname "$0")
manifest=$(sh "$here/registry.sh" manifest "$1" "$2")
case $manifest in
  *'"manifests"'*)
    echo "InvalidParameterValueException: The image manifest of $1:$2 has a media type that is not supported." >&2
    exit 1
    ;;
esac
echo "$1:$2 is a plain manifest. The function can be created."
