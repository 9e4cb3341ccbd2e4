#!/bin/sh
# The same shell ideas in busybox ash, which forks for nearly nothing: built-in applets, traps, getopts, arithmetic, read.
set -- -a -b value rest
while getopts ab:c o; do case $o in a) echo flag;; b) echo "b=$OPTARG";; *) echo bad;; esac; done
shift $((OPTIND - 1)); echo "left $*"
trap 'echo caught; n=$((n + 1))' USR1
n=0; kill -USR1 $$; kill -USR1 $$; echo "n=$n"
i=0; while [ $i -lt 150 ]; do i=$((i + 1)); [ $((i % 50)) -eq 0 ] && echo $i; done
sleep 0.02 & p=$!; wait $p; echo "waited $?"
printf 'a b\nc d\n' | while read -r l r; do echo "$r $l"; done
f() { local v=in; echo "$v ${1:-none}"; }; v=out; f; f arg; echo $v
cat /data/words.txt | dd bs=64 count=2 2>/dev/null | wc -c
expr 7 \* 6; expr abcdef : 'abc\(.*\)'; test 5 -gt 3 && echo gt
seq 1 10 | xargs -n 4 echo
echo aGVsbG8K | base64 -d; echo hello | base64; printf hello | xxd -p; printf '\101\102\n'
diff /data/words.txt /data/words.txt && echo equal
printf '1\n2\n3\n' > /tmp/a; printf '1\n3\n4\n' > /tmp/b; diff /tmp/a /tmp/b; echo "diff $?"
date -u -d @86400 +%Y-%m-%d; cal 2 2000 | tail -n 3
echo '3 4 + 2 * p' | dc; echo 'scale=5; 22/7' | bc
set -u; (echo "$undefined") 2>/dev/null; echo "unset $?"
exit 17
