#!/bin/sh
# find and xargs over a tree that the script changes: types, sizes, names, links, permissions, -exec.
cd /tmp
mkdir -p d/x/y d/z
for i in 1 2 3 4 5 6 7 8 9; do printf "%${i}00s" x > d/x/f$i; done
ln -s ../x/f1 d/z/link
ln d/x/f2 d/z/hard
chmod 600 d/x/f3
mkfifo d/z/fifo
find d -type f -size +400c | sort
find d -type l -o -type p | sort
find d -name 'f[1-3]' -exec wc -c {} + | sort
find d -perm 600
find d -type f -print0 | xargs -0 -n 3 echo | wc -l
readlink d/z/link
ls -i d/x/f2 d/z/hard | awk '{ print $1 }' | uniq | wc -l
stat -c '%a %s %h %F' d/x/f2 d/x/f3; stat -c '%a %F' d/z d/z/fifo
mv d/x/y d/moved && rm -r d/x && find d | sort
rm d/none 2>/dev/null || echo "rm says $?"
