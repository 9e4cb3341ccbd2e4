#!/bin/sh
# Longer programs for awk and sed: reports, associative arrays, printf, hold space, in-place edits.
awk -F, 'NR > 1 { sum[$2] += $3; n[$2]++; if ($3 > max) { max = $3; who = $1 } }
END { for (k in sum) printf "%-8s %6.2f %3d\n", k, sum[k] / n[k], n[k]; print "max", who, max }' /data/table.csv | sort
awk 'function gcd(a, b) { return b ? gcd(b, a % b) : a } BEGIN { print gcd(1071, 462), substr("abcdef", 2, 3), toupper("x"), index("hay", "a"), 2 * 10, int(-3.7), sprintf("%o", 64); srand(1); print length("four") }'
awk 'BEGIN { while ((getline l < "/data/words.txt") > 0) n++; print n; print "c b a" | "tr \" \" \"\\n\" | sort"; close("tr \" \" \"\\n\" | sort"); "echo sub" | getline v; print v; exit 3 }'; echo "awk $?"
awk 'BEGIN { x = 0.1 + 0.2; printf "%.17g %e %g\n", x, x / 3, 1e10 / 7; print 1e6, 1e16, 0.1 + 0.7, -7 % 3, 3 == 3.0, "10" < "9", 10 < 9 }'
sed -n '1!G;h;$p' /data/words.txt | head -n 3
sed -e '/^a/d' -e 's/\([aeiou]\)\([aeiou]\)/<\2\1>/g' -e y/xyz/XYZ/ /data/words.txt | head -n 8 | tail -n 4
cp /data/table.csv /tmp/t; sed -i '2,4d;s/,/;/g' /tmp/t; head -n 3 /tmp/t
sed '$!N;s/\n/ + /' /data/words.txt | head -n 3
