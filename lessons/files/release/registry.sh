#!/bin/sh
# Asks $REGISTRY in its own language, HTTP:
#   registry.sh tags NAME            the tags of a repository, one a line
#   registry.sh manifest NAME WHAT   the index or manifest of a tag or digest, byte for byte
#   registry.sh delete NAME DIGEST   delete one index or manifest
set -eu
case $REGISTRY in
  localhost:* | 127.*) scheme=http ;;
  *) scheme=https ;;
esac
oci=application/vnd.oci.image docker=application/vnd.docker.distribution.manifest
accept="Accept: $oci.index.v1+json, $oci.manifest.v1+json, $docker.list.v2+json, $docker.v2+json"

ask() {
  path=$1
  shift
  curl --silent --show-error ${SSL_CERT_FILE:+--cacert "$SSL_CERT_FILE"} "$@" "$scheme://$REGISTRY/v2/$path"
}

case ${1-} in
  tags)
    answer=$(ask "$2/tags/list" --fail)
    printf '%s' "$answer" | sed -n 's/.*"tags":\[\([^]]*\)].*/\1/p' | tr , '\n' | tr -d '"'
    echo
    ;;
  manifest) ask "$2/manifests/$3" --fail --header "$accept" ;;
  delete)
    status=$(ask "$2/manifests/$3" --request DELETE --output /dev/null --write-out '%{http_code}')
    case $status in
      202) echo "deleted $2@$3" ;;
      404) echo "not there: $2@$3" ;;
      *)
        echo "registry.sh: the registry answers $status" >&2
        exit 1
        ;;
    esac
    ;;
  *)
    sed -n 's/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
