#!/bin/sh
# Rebuilds bin/ as ../guests/build.sh does its programs.
set -e
cd "$(dirname "$0")"
ONLY="../fuzz/calls.c ../fuzz/left.c" sh ../guests/build.sh "$PWD/bin"
