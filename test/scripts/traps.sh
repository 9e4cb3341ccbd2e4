#!/bin/bash
# Traps: signals to itself, from a child, ignored ones, EXIT, ERR, DEBUG off, and a death by signal seen by the parent.
trap 'echo "usr1"' USR1
trap 'echo "exit $?"' EXIT
kill -USR1 $$
me=$$
(kill -USR1 $me); sleep 0.02
trap '' USR2; kill -USR2 $$; echo ignored
bash -c 'kill -TERM $$; echo not reached'; echo "died $?"
bash -c 'trap "exit 9" TERM; kill -TERM $$; sleep 1'; echo "caught $?"
sleep 5 & kill -KILL $!; wait $! 2>/dev/null; echo "killed $?"
set -E; trap 'echo "err at $LINENO"' ERR
false
f() { return 4; }
f
trap - ERR
trap 'echo hup; trap - HUP' HUP
kill -HUP $$
(trap - EXIT USR1; trap) | wc -l
sleep 0.5 & pid=$!
trap 'echo alarm; kill $pid' ALRM
(sleep 0.05; kill -ALRM $me) &
wait $pid; echo "interrupted $?"
wait $pid 2>/dev/null; echo "then $?"
exit 3
