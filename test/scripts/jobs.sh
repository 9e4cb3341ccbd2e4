#!/bin/bash
# Background jobs, wait by pid and wait -n, PIPESTATUS, coproc-like pairs over FIFOs.
sleep 0.05 & a=$!
(exit 7) & b=$!
wait $b; echo "b $?"
wait $a; echo "a $?"
wait; echo "all $?"
true | false | (exit 3); echo "${PIPESTATUS[*]}"
set -o pipefail
false | true; echo "pipefail $?"
for n in 3 1 2; do (sleep 0.0$n; echo "job $n" >> /tmp/order) & done
wait
cat /tmp/order
bash <<'EOF'
(sleep 0.05; exit 5) & (sleep 0.3; exit 6) &
wait -n; echo "first $?"
wait -n; echo "second $?"
wait -n; echo "none $?"
EOF
mkfifo /tmp/ask /tmp/answer
while read -r x; do [ "$x" = end ] && break; echo $((x * x)); done < /tmp/ask > /tmp/answer &
exec 7>/tmp/ask 8</tmp/answer
for i in 4 5 6; do echo $i >&7; read -r y <&8; echo "$i -> $y"; done
echo end >&7
wait $!; echo "server $?"
