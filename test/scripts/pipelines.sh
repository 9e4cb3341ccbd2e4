#!/bin/sh
# Pipelines over text: sort, uniq, awk, sed, grep, cut, tr, wc, head, tail, and the statuses they leave.
cd /data
sort words.txt | uniq -c | sort -k1,1nr -k2 | head -n 5
cut -d, -f2,3 table.csv | awk -F, 'NR > 1 { n[$1] += $2 } END { for (k in n) print k, n[k] }' | sort
sed -n 's/^ERROR \([a-z]*\): \(.*\)$/\2 (\1)/p' log.txt | sort | uniq -c | sed 's/^ *//'
grep -c WARN log.txt
grep -n 'disk' log.txt | tail -n 2
tr a-z A-Z < words.txt | rev | head -n 3
awk 'length > 7 { print NR ": " $0; if (++n == 3) exit }' words.txt
yes | head -n 2000 | wc -c
! grep -q nothing-like-it words.txt && echo absent
grep -q alpha words.txt; echo "status $?"
