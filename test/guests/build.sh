#!/bin/sh
# Rebuilds every guest program into bin/ (or the directory given as the first argument).
# The same compiler and linker give the same bytes: no build id, no paths, no compiler stamp.
# Built with gcc 12.2 and binutils 2.40 (Debian 12, package gcc-multilib).
set -e
cd "$(dirname "$0")"
out=${1:-bin}
mkdir -p "$out"
flags="-m32 -march=i686 -mno-sse -mfpmath=387 -O2 -std=gnu11 -Wall -Wextra -Wno-array-bounds -ffreestanding -nostdlib -static
	-fno-pic -no-pie -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-ident
	-fno-tree-loop-distribute-patterns -ffunction-sections -fno-strict-aliasing
	-Wl,--build-id=none -Wl,-z,noseparate-code -Wl,--gc-sections -Wl,-z,noexecstack"
shared=$(mktemp -d)
trap 'rm -rf "$shared"' EXIT
gcc $flags -c -o "$shared/start.o" start.S
gcc $flags -c -o "$shared/lib.o" lib.c
for source in ${ONLY:-*.c *.S}; do
	case $source in
	lib.c | start.S) continue ;;
	*.S) gcc $flags -o "$out/$(basename "$source" .S)" "$source" ;;
	*.c) gcc $flags -o "$out/$(basename "$source" .c)" "$shared/start.o" "$shared/lib.o" "$source" ;;
	esac
done
chmod 755 "$out"/*
