#!/bin/sh
# Builds the kernels of x87.c into bin/ (gcc 12.2 with gcc-multilib gives the same bytes).
set -e
cd "$(dirname "$0")"
mkdir -p bin
for kernel in dot dotl nbody; do
	gcc -m32 -march=i686 -mno-sse -mfpmath=387 -O2 -ffreestanding -nostdlib -static -fno-pic -no-pie -fcf-protection=none \
		-fno-stack-protector -fno-asynchronous-unwind-tables -fno-ident -Wl,--build-id=none -Wl,-z,noseparate-code -s \
		-DKERNEL=$kernel -o bin/$kernel x87.c
done
