#!/bin/bash
# Here-documents, here-strings, process substitution's cousins: descriptors opened, moved, duplicated and closed.
name=world
cat <<EOF
hello $name, $((6 * 7)), $(echo nested)
EOF
cat <<'EOF' | sed 's/\$/dollar /'
literal $name
EOF
cat <<-EOF
	tabs gone
	EOF
wc -c <<<"a string of some length"
exec 3>/tmp/three 4</data/words.txt
read -r first <&4; read -r second <&4
echo "$first then $second" >&3
echo more >&3
exec 3>&- 4<&-
cat /tmp/three
{ echo out; echo err >&2; } 2>&1 >/tmp/swapped | sed 's/^/piped: /'
cat /tmp/swapped
echo appended >> /tmp/swapped
wc -l < /tmp/swapped
(echo gone >&9) 2>/dev/null || echo "bad descriptor: $?"
set -o noclobber
(echo x > /tmp/swapped) 2>/dev/null || echo "noclobber: $?"
exec 5<>/tmp/both; echo reads-and-writes >&5; cat /tmp/both
