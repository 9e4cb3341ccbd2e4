#!/bin/bash
# Job control without a terminal: set -m puts jobs into process groups; stop, continue, jobs, kill of a whole group.
set -m
sleep 5 | cat &
jobs | sed 's/  */ /g'
kill -STOP %1; sleep 0.02
jobs | sed 's/  */ /g'
kill -CONT %1; sleep 0.02
jobs | sed 's/  */ /g'
kill -TERM %1; wait %1; echo "group died $?"
(trap 'echo told; exit 5' TERM; while :; do sleep 0.01; done) & 
sleep 0.03
kill -TERM -- -$!; wait $!; echo "leader $?"
sleep 0.02 & disown %+; jobs; wait
(exit 2) & wait %%; echo "last $?"
bash -c 'kill -STOP $$; exit 4' & 
sleep 0.03; jobs -s | wc -l; kill -CONT $!; sleep 0.02; wait $!; echo "resumed $?"
set +m
