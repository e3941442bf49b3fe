#!/bin/sh
# Deletes what a repository keeps without a tag: clean.sh REPOSITORY LIST
# LIST is a file with the versions that have no tag, one a line: NAME DIGEST
set -eu
here=$(dirname "$0")
while read -r _ digest; do
  sh "$here/registry.sh" delete "$1" "$digest"
done < "$2"
