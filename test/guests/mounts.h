/* What the guests about mounts share. Each works in a mount namespace of its own, on a tmpfs on /tmp. */
#pragma once
#include "namespaces.h"

enum { NR_mount = 21, NR_umount = 22, NR_umount2 = 52, NR_chroot = 61, NR_link = 9, NR_chmod = 15, NR_fchdir = 133, NR_pivot_root = 217, NR_statfs64 = 268, NR_utimensat = 320, NR_statx = 383 };
enum {
	MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_REMOUNT = 32, MS_NOATIME = 1024, MS_NODIRATIME = 2048, MS_BIND = 4096, MS_MOVE = 8192,
	MS_REC = 16384, MS_UNBINDABLE = 1 << 17, MS_PRIVATE = 1 << 18, MS_SLAVE = 1 << 19, MS_SHARED = 1 << 20, MS_STRICTATIME = 1 << 24,
};
enum { MNT_FORCE = 1, MNT_DETACH = 2, MNT_EXPIRE = 4, UMOUNT_NOFOLLOW = 8 };
enum { O_PATH = 010000000, O_DIRECTORY = 0200000, AT_EMPTY_PATH = 0x1000, AT_FDCWD = -100 };

static inline int mount(const char *source, const char *target, const char *type, u32 flags, const char *data)
{
	return sys(NR_mount, source, target, type, flags, data);
}
static inline int bind(const char *source, const char *target, u32 more) { return mount(source, target, 0, MS_BIND | more, 0); }
static inline int umount(const char *target, int flags) { return sys(NR_umount2, target, flags); }
static inline int there(const char *path) { return sys(NR_access, path, 0); }
static inline int made(const char *path) /* an empty file */
{
	int fd = sys(NR_open, path, O_CREAT | O_WRONLY, 0644);
	return fd < 0 ? fd : sys(NR_close, fd);
}
static inline int dir(const char *path) { return sys(NR_mkdir, path, 0755); }

static char where[4096];
static inline const char *cwd(void) { return sys(NR_getcwd, where, sizeof where) < 0 ? "error" : where; }
static inline const char *linked(const char *path)
{
	int n = sys(NR_readlink, path, where, sizeof where - 1);
	where[n < 0 ? 0 : n] = 0;
	return n < 0 ? "error" : where;
}

/* The device of a path's file system; 0 = there is no such path. */
static inline u32 device(const char *path)
{
	u32 st[24];
	return sys(NR_stat64, path, st) < 0 ? 0 : st[0];
}

static inline void begin(void)
{
	check("a namespace", sys(NR_unshare, CLONE_NEWNS) == 0);
	check("private", mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) == 0);
	check("a place", mount("place", "/tmp", "tmpfs", 0, "mode=755") == 0);
}

static char table[65536];
static inline int slurp(const char *path)
{
	int fd = sys(NR_open, path, O_RDONLY), n, all = 0;
	if (fd < 0)
		return fd;
	while ((n = sys(NR_read, fd, table + all, sizeof table - 1 - all)) > 0)
		all += n;
	sys(NR_close, fd);
	table[all] = 0;
	return all;
}
static inline int starts(const char *s, const char *with)
{
	while (*with)
		if (*s++ != *with++)
			return 0;
	return 1;
}
/* Words of a line of the table, in place; the next line, or 0. */
static char *words[16];
static inline char *split(char *line)
{
	int n = 0;
	for (char *s = words[n++] = line;; s++) {
		if (*s == 0 || *s == '\n') {
			char *next = *s ? s + 1 : 0;
			*s = 0;
			for (; n < 16; n++)
				words[n] = "";
			return next;
		}
		if (*s == ' ' && n < 15) {
			*s = 0;
			words[n++] = s + 1;
		}
	}
}
/* A kernel of 64 bits says so of a tmpfs. */
static inline void without64(char *options)
{
	for (char *s = options; *s; s++)
		if (starts(s, ",inode64")) {
			char *rest = s + 8;
			do
				*s++ = *rest;
			while (*rest++);
			return;
		}
}
/* A tag of mountinfo; groups are told by letters, in the order in which they were seen. */
static inline void tag(const char *text)
{
	static char groups[26][16];
	const char *number = text;
	while (*number && *number != ':')
		number++;
	if (!*number++) {
		print(" [%s]", text);
		return;
	}
	int i = 0;
	while (groups[i][0] && !same(groups[i], number))
		i++;
	memcpy(groups[i], number, strlen(number) + 1);
	print(" [");
	for (const char *s = text; s < number; s++)
		print("%c", *s);
	print("%c]", 'A' + i);
}
/* The guest's own mounts at and below a path as mountinfo tells: what is mounted, where, on what, how. Numbers are told by what they are equal to. */
static inline void show(const char *below)
{
	static char *ids[256], *points[256];
	int count = 0, ours = 0;
	slurp("/proc/self/mountinfo");
	for (char *line = table; line && *line;) {
		line = split(line);
		int last = 6;
		while (last < 12 && !same(words[last], "-"))
			last++;
		without64(words[last + 3]);
		ours |= same(words[last + 2], "place");
		if (ours && starts(words[4], below)) {
			const char *on = "elsewhere";
			for (int i = 0; i < count; i++)
				if (same(ids[i], words[3 - 2]))
					on = points[i];
			print("  %s at %s on %s %s", words[3], words[4], on, words[5]);
			for (int i = 6; i < last; i++)
				tag(words[i]);
			print(" - %s %s %s\n", words[last + 1], words[last + 2], words[last + 3]);
		}
		if (count < 256) {
			ids[count] = words[0];
			points[count++] = words[4];
		}
	}
}
