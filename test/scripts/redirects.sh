#!/bin/bash
# A day's work in one script: log files split, joined, counted, compressed and summed, with a report at the end.
set -eu
cd /tmp
mkdir logs; awk '{ print > ("logs/" tolower($1) ".log") }' /data/log.txt
for f in logs/*.log; do printf '%s %s\n' "$(wc -l < "$f" | tr -d ' ')" "$(basename "$f" .log)"; done | sort -rn
head -n 3 /data/words.txt > head3; tail -n 3 /data/words.txt | paste -d: head3 -
sort -u /data/words.txt > u; comm=$(grep -c . u); echo "unique $comm"
tee copy1 copy2 < u | sha256sum | cut -c1-16; cmp copy1 copy2 && echo copies equal
for i in 1 21 41 61 81 101; do sed -n "$i,$((i + 19))p" /data/words.txt > part.$(printf %03d $i); done; ls part.* | wc -l; cat part.* | cmp - /data/words.txt && echo rejoined
gzip -k copy1; gzip -dc copy1.gz | cmp - copy2 && echo gzip ok
: > empty; [ -s empty ] || echo empty; [ -e none ] || echo none; [ -d logs ] && [ ! -L logs ] && echo dir
truncate -s 5000 sparse; printf end | dd of=sparse bs=1 seek=4997 conv=notrunc 2>/dev/null; tail -c 3 sparse; echo; stat -c %s sparse
od -An -tx1 -N 8 sparse; cksum < u | wc -w
touch -d '2001-02-03 04:05:06' t; date -u -r t +%F 2>/dev/null; [ u -nt t ] && echo newer
