#!/bin/sh
# Make the recordings again: one image, labelled linux/arm64 and with an amd64 program at /app/server, as each tool writes it.
# Needs podman, buildah, skopeo and umoci (Debian's packages); crane, ko and go (`go install` of
# github.com/google/go-containerregistry/cmd/crane and github.com/google/ko); root. Off line; all is undone at the end.
# Recorded with podman 4.3.1, buildah 1.28.2, skopeo 1.9.3, umoci 0.4.7, crane 0.20.2, ko 0.17.1.
# `make.sh docker` makes those of Docker instead, in a shell with an engine (recorded with the versions in their names).
# That of Docker 20.10.24 (the storage driver vfs) holds the images of podman and crane: `docker load` of both, `docker save`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
serving=
trap 'test -z "$serving" || kill "$serving"; rm -rf "$work"' EXIT
cd "$work"
mkdir -p files/app
cp "$here/../elf/hello-amd64" files/app/server

keep() { gzip -9nc "$1" > "$here/$2.tar.gz"; }
keep_folder() { tar --sort=name --mtime=@0 --owner=0 --group=0 -C "$1" -cf - . | gzip -9n > "$here/$2.layout.tar.gz"; }

if [ "${1:-}" = docker ]; then
    printf 'FROM scratch\nCOPY app /app\nENTRYPOINT ["/app/server"]\n' > files/Dockerfile
    version=$(docker version --format '{{.Server.Version}}')
    # zstd layers, and attestations beside the image
    docker buildx build --platform linux/arm64,linux/amd64 --provenance=mode=max \
        --output type=oci,dest=zstd.tar,compression=zstd,force-compression=true files
    keep zstd.tar buildkit-zstd
    docker buildx build --platform linux/arm64 --provenance=false --load -t acme/shop:1 -t acme/shop:2 files
    docker save -o save.tar acme/shop:1 acme/shop:2
    keep save.tar "docker-save-${version%%+*}"
    docker image rm acme/shop:1 acme/shop:2
    exit
fi

# umoci: a layer of its own making in a new image
umoci init --layout umoci
umoci new --image umoci:shop
umoci insert --image umoci:shop files/app /app
umoci config --image umoci:shop --os linux --architecture arm64 --config.entrypoint /app/server
keep_folder umoci umoci

# skopeo: the same image in three other forms
skopeo copy -q --insecure-policy oci:umoci:shop docker-archive:skopeo.tar:acme/shop:1
keep skopeo.tar skopeo-docker-archive
skopeo copy -q --insecure-policy oci:umoci:shop oci-archive:skopeo-oci.tar:shop
keep skopeo-oci.tar skopeo-oci-archive
skopeo copy -q --insecure-policy --dest-compress-format zstd oci:umoci:shop oci:zstd:shop
keep_folder zstd skopeo-zstd

# buildah: from scratch, into a layout
stores="--root $work/store --runroot $work/run --storage-driver vfs"
# shellcheck disable=SC2086
{
    made=$(buildah $stores from --arch arm64 scratch)
    buildah $stores copy -q "$made" files/app /app
    buildah $stores config --arch arm64 --entrypoint '["/app/server"]' "$made"
    buildah $stores commit -q "$made" oci:buildah:shop
    keep_folder buildah buildah

    # podman: one archive of two images, as Docker's and as OCI's
    podman $stores load -q -i skopeo.tar
    buildah $stores commit -q "$made" localhost/acme/other:1
    podman $stores save -q -m -o podman.tar acme/shop:1 localhost/acme/other:1
    keep podman.tar podman-docker-archive
    podman $stores save -q --format oci-archive -o podman-oci.tar acme/shop:1
    keep podman-oci.tar podman-oci-archive
}

# crane: what kaniko and others write with the same library
tar --sort=name --mtime=@0 --owner=0 --group=0 -cf layer.tar -C files app
crane registry serve --address 127.0.0.1:5999 > registry.log 2>&1 &
serving=$!
sleep 2
at=127.0.0.1:5999
crane append -f layer.tar -t $at/shop:1
crane mutate --set-platform linux/arm64 --entrypoint /app/server -t $at/shop:1 $at/shop:1
crane pull $at/shop:1 crane.tar
keep crane.tar crane-archive
crane pull --format oci $at/shop:1 crane
keep_folder crane crane

# ko: its own packing; only the compiler is replaced, by one that gives the same small program for each machine
mkdir module bin
printf 'module example.com/shop\n\ngo 1.20\n' > module/go.mod
printf 'package main\n\nfunc main() {}\n' > module/main.go
go=$(command -v go)
cat > bin/go <<SCRIPT
#!/bin/sh
test "\$1" = build || exec "$go" "\$@"
while [ "\$1" != -o ]; do shift; done
cp "$work/files/app/server" "\$2"
SCRIPT
chmod 755 bin/go
crane append -f /dev/null -t $at/base:1
crane mutate --set-platform linux/arm64 -t $at/base:1 $at/base:1
(cd module && PATH="$work/bin:$PATH" KO_DOCKER_REPO=$at KO_DEFAULTBASEIMAGE=$at/base:1 \
    ko build --platform linux/arm64 --sbom none --push=false --oci-layout-path ../ko .)
keep_folder ko ko-build
