#!/bin/sh
# tar, gzip, sha256sum: a tree packed, unpacked elsewhere, compared sum by sum.
set -e
cp -r /data/tree /tmp/tree
cd /tmp
(cd tree && find . -type f | sort | xargs sha256sum) > before
tar cf tree.tar tree
gzip -9 < tree.tar > tree.tar.gz
gzip -t tree.tar.gz
mkdir out
gunzip -c tree.tar.gz | tar xf - -C out
(cd out/tree && sha256sum -c /tmp/before)
tar tzf tree.tar.gz | sort
cmp tree/a/one.txt out/tree/a/one.txt && echo same
sha256sum before | cut -d' ' -f1
bzip2 -c before | bunzip2 -c | md5sum
