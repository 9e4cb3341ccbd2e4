#!/bin/sash -f
# The stand-alone shell: its own built-in commands, each done in the process itself, and programs that it starts.
-echo built in
-mkdir /tmp/s
-cp /data/words.txt /tmp/s/w
-ls /tmp/s
-ln -s w /tmp/s/l
-mv /tmp/s/w /tmp/s/v
-chmod 640 /tmp/s/v
-grep alpha /tmp/s/v
-cmp /tmp/s/v /data/words.txt
-sum /tmp/s/v
-gzip /tmp/s/v
-gunzip /tmp/s/v.gz
-tar cf /tmp/s/t.tar /tmp/s/v
-tar tf /tmp/s/t.tar
-find /data/tree/b/deep -type f
/bin/sort -r /tmp/s/v | /bin/head -n 3
echo a program
setenv NAME value
/bin/sh -c "echo got $NAME; exit 3"
-rm /tmp/s/l
-dd if=/tmp/s/v of=/tmp/s/d bs=16 count=3
/bin/wc -c /tmp/s/d
exit 6
