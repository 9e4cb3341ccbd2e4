#!/bin/bash
# Many small processes at once: a parallel map, a counting semaphore in a FIFO, a deep pipeline.
work() { local s=0 i; for ((i = 0; i < 12; i++)); do ((s += i * $1)); done; echo "$1:$s"; }
for i in {1..8}; do work $i > /tmp/r$i & done
wait; cat /tmp/r{1..8}
mkfifo /tmp/sem; exec 9<>/tmp/sem; echo >&9; echo >&9
for i in {1..6}; do read -r -u 9; (echo "s$i" >> /tmp/done; echo >&9) & done
wait; sort /tmp/done | tr '\n' ' '; echo
seq 50 | cat | cat | cat | cat | cat | tac | awk '{ s += $1 } END { print s }'
seq 1 30 | xargs -P 3 -n 5 sh -c 'echo $# $1' x | sort
p() { [ $1 -gt 0 ] && (p $(($1 - 1))) || echo bottom; }; p 8
