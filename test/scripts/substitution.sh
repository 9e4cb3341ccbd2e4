#!/bin/bash
# Process substitution: /dev/fd, /dev/stdin and the like, read and written through names.
cat <(echo one) <(echo two)
echo three > >(cat); wait $!
diff <(printf 'a\nb\n') <(printf 'a\nc\n')
while read -r x y; do echo "$y-$x"; done < <(printf '1 2\n3 4\n')
tee >(tr a-z A-Z > /tmp/upper) < <(echo loud) > /tmp/plain
while [ ! -s /tmp/upper ]; do sleep 0.01; done
cat /tmp/upper /tmp/plain
echo from stdin | cat /dev/stdin
echo to stdout > /dev/stdout | cat
echo to stderr 2>&1 > /dev/stderr | cat
paste <(seq 3) <(seq 4 6) | while read -r a b; do echo $((a * b)); done
exec 5< <(echo kept); read -r line <&5; echo "$line"
[ -p <(true) ] && echo a pipe
mkfifo /tmp/named; echo through > /tmp/named & cat /tmp/named
exec 6</tmp/plain; cat /dev/fd/6 /dev/fd/6
cat /proc/self/fd/6
