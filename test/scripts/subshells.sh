#!/bin/bash
# Subshells and command substitution: what they change stays theirs; nested depths, statuses, exec.
x=1; (x=2; cd /tmp; echo "$x $PWD"); echo "$x $PWD"
y=$(cd /data; ls | sort | tr '\n' ' '); echo "$y"
echo "$(echo a $(echo b $(echo c $(echo d))))"
z=$(exit 12); echo $?
(exit 3) || (exit 4) || echo "both $?"
{ x=3; }; echo $x
echo "$BASH_SUBSHELL $(echo $BASH_SUBSHELL) $(echo $(echo $BASH_SUBSHELL))"
lines=$(seq 1 200); echo "${#lines}"
(umask 077; : > /tmp/private); stat -c %a /tmp/private
(ulimit -n 20; ulimit -n); [ "$(ulimit -n)" = 20 ] || echo unchanged
(exec /bin/echo replaced; echo not reached)
env -i A=b /bin/busybox env
VAR=only bash -c 'echo $VAR'; echo "[$VAR]"
bash -c 'exit 42'; echo $?
/data/none 2>/dev/null; echo $?
/data/words.txt 2>/dev/null; echo $?
echo 'echo from a file $1; return 8' > /tmp/sourced; . /tmp/sourced arg; echo $?
echo last | while read -r l; do echo "in $l"; x=9; done; echo "$x"
