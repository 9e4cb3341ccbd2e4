#!/bin/ash
# A container by hand: a mount namespace, a root of tmpfs with bound directories, read-only and not, a proc, pivot_root, and what is left of the old root.
set -eu
cd /tmp
# What is mounted at a place and below it; what lies below differs from host to host.
cat > shows <<'END'
sed 's/,inode64//' /proc/self/mounts | awk -v at="$1" 'index($2, at) == 1 { print $2, ($1 ~ /^(box|shm|proc|again)$/ ? $1 " " $3 " " $4 : $4 ~ /^ro/ ? "bound read-only" : "bound") }'
END
cat > outer <<'END'
set -eu
mkdir box
mount -t tmpfs -o size=4m,mode=755 box /tmp/box
cd box
mkdir -p bin proc tmp old data dev scripts
mount --bind /bin bin
mount -o remount,bind,ro bin
mount --bind /data data
touch dev/null; mount --bind /dev/null dev/null
mount -t proc proc proc
mount -t tmpfs -o nosuid,nodev,noexec shm tmp
echo '-- built'; sh /tmp/shows /tmp/box
touch bin/new 2>&1 || echo 'bin cannot be written'
echo note > tmp/note; cat tmp/note
cp /bin/busybox tmp/run; tmp/run true 2>/dev/null || echo 'tmp cannot run'
umount tmp && ls tmp | wc -l
mount --move data old && ls old | head -n 3; mount --move old data
umount bin 2>&1; [ -e bin/ash ] || mount --bind /bin bin
cp /tmp/shows /tmp/inner scripts
cd /tmp/box; pivot_root . old
exec chroot . /bin/ash /scripts/inner
END
cat > inner <<'END'
set -eu
echo '-- inside'; pwd; ls /
sh /scripts/shows / | grep -v '^/old'
cat /proc/self/comm; readlink /proc/self/root
[ -e /old/tmp/outer ] && echo 'the old root is below'
umount -l /old && ls /old | wc -l
sh /scripts/shows /
wc -l < /data/words.txt
echo x > /dev/null && echo null
mkdir /again; mount -t tmpfs again /again; (cd /again; umount /again 2>/dev/null || echo busy); umount /again && echo free
awk '$5 == "/" { print $4, $5, $9 }' /proc/self/mountinfo
df -k / | awk 'NR == 2 { print $2 }'
unshare -m sh -c 'mount -t tmpfs deeper /tmp && touch /tmp/deeper && ls /tmp'; ls /tmp | wc -l
END
unshare -m sh /tmp/outer
echo '-- outside'; ls /tmp; ls box | wc -l; sh shows /tmp
