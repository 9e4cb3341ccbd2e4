#!/bin/bash
# Functions, recursion, local variables, arrays, arithmetic, string operations, case, regular expressions.
fib() { local n=$1; ((n < 2)) && echo $n && return; echo $(($(fib $((n - 1))) + $(fib $((n - 2))))); }
echo "fib $(fib 5)"
declare -A seen
head -n 40 /data/words.txt > /tmp/forty; while read -r w; do ((seen[$w]++)); done < /tmp/forty
for k in "${!seen[@]}"; do echo "$k ${seen[$k]}"; done | sort | head -n 4
a=(one two three four); echo "${a[@]:1:2} ${#a[@]} ${a[*]/o/0}"
s=path/to/file.tar.gz; echo "${s##*/} ${s%%.*} ${s%.gz} ${s/to/from} ${#s} ${s:5:2} ${s^^}"
case $s in *.tar.*) echo tarball ;;& */file*) echo file ;; *) echo other ;; esac
[[ $s =~ ^([a-z]+)/.*\.([a-z]+)$ ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
echo $((0x1f ^ 3)) $((1 << 40)) $((-7 / 2)) $((-7 % 3)) $((5 > 3 ? 10 : 20)) $((2 ** 62))
printf '%05d|%-6s|%x|%c|%.3f\n' 42 left 255 Z 2.5
for ((i = 0; i < 5; i++)); do [ $i = 3 ] && continue; printf '%d ' $i; done; echo
until [ ${#z} -ge 5 ]; do z=$z.; done; echo $z
IFS=: read -r x y rest <<< 'p:q:r:s'; echo "$x-$y-$rest"
set -- "$@" 'two words' three; echo $# "$1"; shift; echo "$*"
eval 'v=ev''al'; echo $v; unset v; echo "${v:-unset}" "${v+set}"
return_large() { return 300; }; return_large; echo $?
