#!/bin/sh
# Make the small programs again: real ones, that print one line and end.
# Needs binutils for each machine (on Debian: binutils-aarch64-linux-gnu and its like) and nothing else.
set -eu
cd "$(dirname "$0")"
lesson=../../../lessons/files
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program PLATFORM SOURCE PREFIX OUTPUT TEXT AS-OPTIONS LD-OPTIONS [CPU]
program() {
    sed -e "s/@TEXT@/$5/" -e "s/^@@/@/" -e "s/CPU\$/${8:-}/" "src/$2.s" > "$work/program.s"
    # shellcheck disable=SC2086  # several options in one word
    "$3as" $6 -o "$work/program.o" "$work/program.s"
    # shellcheck disable=SC2086
    "$3ld" -s --build-id=none ${7:--n} -o "$4" "$work/program.o"
    chmod 755 "$4"
    echo "$1 $4 $(wc -c < "$4") bytes"
}

program linux/amd64    amd64   ""                      hello-amd64    "hello from amd64"   "-mx86-used-note=no" ""
program linux/amd64/v3 amd64   ""                      hello-amd64-v3 "hello from amd64"   "-mx86-used-note=no" "-n -z x86-64-v3"
program linux/386      386     ""                      hello-386      "hello from 386"     "--32 -mx86-used-note=no" "-n -m elf_i386"
program linux/arm64    arm64   aarch64-linux-gnu-      hello-arm64    "hello from arm64"   "" ""
program linux/arm/v5   arm     arm-linux-gnueabihf-    hello-armv5    "hello from arm\\/v5" "" "" "arm926ej-s"
program linux/arm/v6   arm     arm-linux-gnueabihf-    hello-armv6    "hello from arm\\/v6" "" "" "arm1176jzf-s"
program linux/arm/v7   arm     arm-linux-gnueabihf-    hello-armv7    "hello from arm\\/v7" "" "" "cortex-a7"
program linux/riscv64  riscv64 riscv64-linux-gnu-      hello-riscv64  "hello from riscv64" "" ""
program linux/s390x    s390x   s390x-linux-gnu-        hello-s390x    "hello from s390x"   "" ""
program linux/ppc64le  ppc64le powerpc64le-linux-gnu-  hello-ppc64le  "hello from ppc64le" "" ""
program linux/mips64le mips64le mips64el-linux-gnuabi64- hello-mips64le "hello from mips64le" "" ""

# Dynamic ones: they ask the kernel for a loader, as a program linked with a C library does.
program linux/amd64    amd64   ""                      dynamic-amd64  "hello from amd64"   "-mx86-used-note=no" "-pie -z noseparate-code -z max-page-size=4096 --dynamic-linker=/lib64/ld-linux-x86-64.so.2"
program linux/arm64    arm64   aarch64-linux-gnu-      dynamic-arm64  "hello from arm64"   "" "-pie -z noseparate-code -z max-page-size=4096 --dynamic-linker=/lib/ld-linux-aarch64.so.1"

# The exercise of lesson 1: three programs whose names say nothing.
program linux/arm64    arm64   aarch64-linux-gnu-      "$lesson/machine/abacus"  "abacus: hello"  "" ""
program linux/riscv64  riscv64 riscv64-linux-gnu-      "$lesson/machine/lantern" "lantern: hello" "" ""
program linux/arm/v7   arm     arm-linux-gnueabihf-    "$lesson/machine/compass" "compass: hello" "" "" "cortex-a7"
