/*
 * The hardware half of lockstep: runs a 32-bit program under ptrace, one step at a time, and holds each step against what T0
 * did. T0 is ahead: it sends a batch of steps in the columns of src/events/steps.ts; this end applies their effects to a
 * register file of its own and to a shadow of the program's memory, steps the program, and compares the two after every step.
 * What the kernel does to the program (a system call, a signal's delivery) goes back the other way, for T0 to adopt.
 *
 * Commands come on descriptor 3, answers go to descriptor 4; `protocol.ts` is the other end. Words are little-endian u32.
 * A 64-bit program, since it has to know all registers of a 32-bit one:  gcc -O2 -o tracer tracer.c
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

enum { IN = 3, OUT = 4, PAGE = 4096, PAGES = 1 << 20, FX = 512, RUN = 256 };
enum { CMD_BATCH = 1, CMD_SIGNAL, CMD_QUIT, CMD_WATCH };
enum { ANSWER_STATE = 1, ANSWER_OK, ANSWER_DIFFERENT, ANSWER_SIGNAL, ANSWER_FAULT, ANSWER_EXIT, ANSWER_ERROR };
enum { END_NONE, END_CALL, END_FAULT, END_TRAP };
enum { BECAUSE_EXEC = 1, BECAUSE_CALL, BECAUSE_SIGNAL };
enum { DIFFERENT_REGISTERS = 1, DIFFERENT_WRITTEN, DIFFERENT_FX, DIFFERENT_MEMORY, DIFFERENT_FAULTED, DIFFERENT_NO_FAULT, DIFFERENT_ENDED, DIFFERENT_WATCHED };
/* Bits of a site: the low ones are its undefined flags. */
enum { SITE_POKE = 1 << 16, SITE_PUSHF = 1 << 17, SITE_SHADOWED = 1 << 18, SITE_FX = 1 << 19, SITE_IMAGE = 20 };
/* StepMask. */
enum { M_FLAGS = 0x100, M_JUMP = 0x200, M_MEMORY = 0x400, M_FX = 0x800, M_SEGMENTS = 0x1000 };
enum { TF = 0x100, COMPARED_FLAGS = 0x8d5 | 0x400 | 0x3000 | 0x4000 | 0x40000 | 0x200000, USER32_CS = 0x23, NR_RSEQ = 386 };
/* With a page's number in an answer: it is no longer there. */
#define GONE 0x80000000u

/* eax ecx edx ebx esp ebp esi edi · eip · eflags · es cs ss ds fs gs, as the answers carry them. */
struct registers {
	u32 gpr[8], eip, eflags, segment[6];
};
struct mapping {
	u64 start, end;
	int read, write, shared, file;
};

static pid_t pid;
static int memory_fd, pagemap_fd;
static u32 hwcap;
static struct registers want;
static u8 want_fx[FX];
static u8 *shadow[PAGES];
static struct mapping maps[65536];
static u32 map_count;
static char maps_text[1 << 22], fresh_text[1 << 22];

/* ---- the pipe ---- */

static void write_all(const void *bytes, size_t n)
{
	for (const u8 *at = bytes; n > 0;) {
		ssize_t done = write(OUT, at, n);
		if (done < 0 && errno == EINTR) continue;
		if (done <= 0) exit(3);
		at += done, n -= done;
	}
}

static void read_all(void *bytes, size_t n)
{
	for (u8 *at = bytes; n > 0;) {
		ssize_t done = read(IN, at, n);
		if (done < 0 && errno == EINTR) continue;
		if (done <= 0) exit(3);
		at += done, n -= done;
	}
}

static u8 *message;
static size_t message_length, message_room;

static void put(const void *bytes, size_t n)
{
	while (message_length + n > message_room) message = realloc(message, message_room = (message_room + n) * 2);
	memcpy(message + message_length, bytes, n);
	message_length += n;
}

static void put32(u32 n) { put(&n, 4); }

static void send_message(u32 kind)
{
	u32 head[2] = { kind, (u32)message_length };
	write_all(head, sizeof head);
	write_all(message, message_length);
	message_length = 0;
}

static __attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...)
{
	char text[512];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	message_length = 0;
	put(text, strlen(text));
	send_message(ANSWER_ERROR);
	exit(3);
}

/* ---- the program's registers ---- */

static void to32(const struct user_regs_struct *r, struct registers *to)
{
	*to = (struct registers){ .gpr = { r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi }, .eip = r->rip,
		.eflags = (r->eflags & ~(u64)(TF | 0x10000)) | 2, .segment = { r->es, r->cs, r->ss, r->ds, r->fs, r->gs } };
}

static void get_registers(struct registers *to)
{
	struct user_regs_struct r;
	if (ptrace(PTRACE_GETREGS, pid, 0, &r) != 0) fail("PTRACE_GETREGS: %s", strerror(errno));
	to32(&r, to);
}

/* General registers, eip and eflags become those of `from`. */
static void set_registers(const struct registers *from)
{
	struct user_regs_struct r;
	if (ptrace(PTRACE_GETREGS, pid, 0, &r) != 0) fail("PTRACE_GETREGS: %s", strerror(errno));
	r.rax = from->gpr[0], r.rcx = from->gpr[1], r.rdx = from->gpr[2], r.rbx = from->gpr[3];
	r.rsp = from->gpr[4], r.rbp = from->gpr[5], r.rsi = from->gpr[6], r.rdi = from->gpr[7];
	r.rip = from->eip, r.eflags = from->eflags;
	if (ptrace(PTRACE_SETREGS, pid, 0, &r) != 0) fail("PTRACE_SETREGS: %s", strerror(errno));
}

/* The image FXSAVE writes in 32-bit mode, from the 64-bit one: offsets of 32 bits, selectors not known. */
static void get_fx(u8 *to)
{
	struct user_fpregs_struct fp;
	if (ptrace(PTRACE_GETFPREGS, pid, 0, &fp) != 0) fail("PTRACE_GETFPREGS: %s", strerror(errno));
	memcpy(to, &fp, FX);
	memset(to + 12, 0, 4);
	memset(to + 20, 0, 4);
	memset(to + 160 + 128, 0, FX - 288);
}

/* Offset of the first byte that differs in what is compared, or -1. Not the last instruction's opcode and pointers: processors keep them
   for pending exceptions only, and the selectors never. */
static int compare_fx(const u8 *a, const u8 *b)
{
	for (int i = 0; i < 288; i++) {
		if (a[i] == b[i] || (i >= 5 && i < 24) || (i >= 32 && i < 160 && (i & 15) >= 10)) continue;
		return i;
	}
	return -1;
}

/* ---- the program's memory ---- */

static int read_memory(u32 address, void *to, u32 n)
{
	return pread(memory_fd, to, n, address) == (ssize_t)n;
}

static void write_memory(u32 address, const void *from, u32 n)
{
	if (pwrite(memory_fd, from, n, address) != (ssize_t)n) fail("writing %u bytes at %08x: %s", n, address, strerror(errno));
}

static u8 *shadow_page(u32 page)
{
	if (!shadow[page]) shadow[page] = calloc(1, PAGE);
	return shadow[page];
}

static void shadow_write(u32 address, const u8 *bytes, u32 n)
{
	for (u32 i = 0; i < n; i++) shadow_page((u32)(address + i) >> 12)[(address + i) & 4095] = bytes[i];
}

/* Reads /proc/PID/maps; true when it is not as it was. */
static int read_maps(void)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	int fd = open(path, O_RDONLY);
	if (fd < 0) fail("%s: %s", path, strerror(errno));
	size_t n = 0;
	for (ssize_t got; (got = read(fd, fresh_text + n, sizeof fresh_text - 1 - n)) > 0;) n += got;
	close(fd);
	fresh_text[n] = 0;
	if (strcmp(fresh_text, maps_text) == 0) return 0;
	strcpy(maps_text, fresh_text);
	map_count = 0;
	for (char *line = maps_text; *line;) {
		unsigned long start, end, inode;
		char r, w, s;
		if (sscanf(line, "%lx-%lx %c%c%*c%c %*x %*s %lu", &start, &end, &r, &w, &s, &inode) == 6 && end <= 1ul << 32) {
			if (map_count == sizeof maps / sizeof *maps) fail("more mappings than lockstep keeps");
			maps[map_count++] = (struct mapping){ start, end, r == 'r', w == 'w', s == 's', inode != 0 || strncmp(line + 73, "[v", 2) == 0 };
		}
		char *next = strchr(line, '\n');
		line = next ? next + 1 : line + strlen(line);
	}
	/* What is mapped no more is forgotten. */
	u32 page = 0;
	for (u32 m = 0; m <= map_count; m++) {
		u32 to = m < map_count ? maps[m].start >> 12 : PAGES;
		for (; page < to; page++)
			if (shadow[page]) free(shadow[page]), shadow[page] = 0;
		if (m < map_count) page = maps[m].end >> 12;
	}
	return 1;
}

static const u8 zeros[PAGE];

/*
 * Holds memory against the shadow. `adopt`: pages that differ are taken over and put into the message, with their number before
 * them; else the address of the first byte that differs comes back, or 1 << 32. `all`: read-only mappings too.
 */
static u64 compare_memory(int adopt, int all)
{
	static u8 buffer[RUN * PAGE];
	static u64 entries[RUN];
	size_t place = message_length;
	u32 count = 0;
	if (adopt) put32(0);
	for (u32 m = 0; m < map_count; m++) {
		if (!maps[m].read || !(all || maps[m].write)) continue;
		/* A page that is mapped twice is written under one address and changes under both. */
		if (!adopt && maps[m].shared) continue;
		u32 end = maps[m].end >> 12;
		for (u32 page = maps[m].start >> 12; page < end;) {
			u32 n = end - page < RUN ? end - page : RUN;
			if (pread(pagemap_fd, entries, n * 8, (off_t)page * 8) != (ssize_t)n * 8) fail("/proc/%d/pagemap: %s", pid, strerror(errno));
			u32 i = 0;
			while (i < n) {
				/* A page of no file that was never touched holds zeros. */
				if (!(entries[i] >> 62) && !shadow[page + i] && !maps[m].file) {
					i++;
					continue;
				}
				u32 from = i;
				while (i < n && ((entries[i] >> 62) || shadow[page + i] || maps[m].file)) i++;
				ssize_t got = pread(memory_fd, buffer, (i - from) * PAGE, (off_t)(page + from) * PAGE);
				if (got < 0) got = 0;
				/* Behind the end of a file nothing can be read: step over that page; a file that was cut takes it away. */
				if (got < (ssize_t)((i - from) * PAGE)) {
					i = from + got / PAGE + 1;
					u32 p = page + i - 1;
					if (adopt && shadow[p]) {
						free(shadow[p]);
						shadow[p] = 0;
						put32(p | GONE);
						put(zeros, PAGE);
						count++;
					}
				}
				for (u32 k = 0; k < got / PAGE; k++) {
					u32 p = page + from + k;
					const u8 *is = buffer + k * PAGE, *was = shadow[p] ? shadow[p] : zeros;
					/* A page that is met for the first time is told even when it holds zeros: a file may have ended before it. */
					if (memcmp(is, was, PAGE) == 0 && (shadow[p] || !maps[m].file)) continue;
					if (!adopt) {
						u32 at = 0;
						while (at < PAGE && is[at] == was[at]) at++;
						if (at == PAGE) continue;
						return (u64)p * PAGE + at;
					}
					memcpy(shadow_page(p), is, PAGE);
					put32(p);
					put(is, PAGE);
					count++;
				}
			}
			page += n;
		}
	}
	if (adopt) memcpy(message + place, &count, 4);
	return 1ull << 32;
}

/* ---- answers ---- */

/* The program as the kernel left it: registers, FXSAVE image, TLS descriptors, mappings when they changed, pages that changed. */
static void send_state(u32 because)
{
	get_registers(&want);
	get_fx(want_fx);
	if (want.segment[1] != USER32_CS) fail("the program is not a 32-bit one (cs %02x)", want.segment[1]);
	put32(because);
	put32(pid);
	put(&want, sizeof want);
	put(want_fx, FX);
	for (u32 entry = 12; entry < 15; entry++) {
		u32 descriptor[4] = { entry, 0, 0, 0x28 };
		if (ptrace(PTRACE_GET_THREAD_AREA, pid, entry, descriptor) != 0) fail("PTRACE_GET_THREAD_AREA: %s", strerror(errno));
		put(descriptor, sizeof descriptor);
	}
	int changed = read_maps();
	u32 length = changed ? strlen(maps_text) : 0;
	put32(length);
	put(maps_text, length);
	compare_memory(1, changed);
	send_message(ANSWER_STATE);
}

/* `address`, `length`: memory that goes with it, as it is natively. */
static int send_different(u32 step, u32 kind, u32 address, u32 length)
{
	struct registers now = { 0 };
	u8 bytes[4096], fx[FX] = { 0 };
	if (kind != DIFFERENT_ENDED) get_registers(&now), get_fx(fx);
	if (length > sizeof bytes || !read_memory(address, bytes, length)) length = 0;
	put32(step), put32(kind), put(&now, sizeof now), put(&want, sizeof want), put(fx, FX), put(want_fx, FX);
	put32(address), put32(length), put(bytes, length);
	send_message(ANSWER_DIFFERENT);
	return 0;
}

static void send_exit(int status)
{
	put32(status);
	send_message(ANSWER_EXIT);
	exit(0);
}

/* ---- running ---- */

/* One step. The wait status; ends everything when the program ended. */
static int step(int signal_number)
{
	int status;
	if (ptrace(PTRACE_SINGLESTEP, pid, 0, (long)signal_number) != 0) fail("PTRACE_SINGLESTEP: %s", strerror(errno));
	if (waitpid(pid, &status, __WALL) != pid) fail("waitpid: %s", strerror(errno));
	return status;
}

/* AT_SYSINFO and AT_SYSINFO_EHDR become AT_IGNORE, so that no library finds the vDSO; AT_HWCAP is the persona's. */
static void patch_auxv(void)
{
	struct registers now;
	u32 at, word, pair[2], skip = 2;
	get_registers(&now);
	if (now.segment[1] != USER32_CS) fail("the program is not a 32-bit one (cs %02x)", now.segment[1]);
	/* argc, argv, null, envp, null */
	for (at = now.gpr[4] + 4; skip > 0; at += 4) {
		if (!read_memory(at, &word, 4)) fail("the stack cannot be read at %08x", at);
		if (word == 0) skip--;
	}
	for (;; at += 8) {
		if (!read_memory(at, pair, 8)) fail("the auxiliary vector cannot be read at %08x", at);
		if (pair[0] == AT_NULL) return;
		if (pair[0] == AT_SYSINFO || pair[0] == AT_SYSINFO_EHDR) pair[0] = AT_IGNORE, pair[1] = 0;
		else if (pair[0] == AT_HWCAP) pair[1] = hwcap;
		else if (pair[0] == AT_HWCAP2) pair[1] = 0;
		write_memory(at, pair, 8);
	}
}

static void after_exec(void)
{
	char path[64];
	if (memory_fd > 0) close(memory_fd), close(pagemap_fd);
	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	memory_fd = open(path, O_RDWR);
	snprintf(path, sizeof path, "/proc/%d/pagemap", pid);
	pagemap_fd = open(path, O_RDONLY);
	if (memory_fd < 0 || pagemap_fd < 0) fail("%s: %s", path, strerror(errno));
	/* The rest of execve is a step of its own. */
	int status = step(0);
	if (!WIFSTOPPED(status)) send_exit(status);
	for (u32 page = 0; page < PAGES; page++)
		if (shadow[page]) free(shadow[page]), shadow[page] = 0;
	maps_text[0] = 0;
	patch_auxv();
	send_state(BECAUSE_EXEC);
}

/* Whether a stop is the one that every step ends with. */
static int is_step_stop(int status)
{
	siginfo_t info;
	if (WSTOPSIG(status) != SIGTRAP || status >> 16 != 0) return 0;
	if (ptrace(PTRACE_GETSIGINFO, pid, 0, &info) != 0) fail("PTRACE_GETSIGINFO: %s", strerror(errno));
	return info.si_code == 1 /* TRAP_BRKPT: behind a call */ || info.si_code == 2 /* TRAP_TRACE */;
}

/* After the kernel had the program: what it did. */
static void adopt(int status, u32 because)
{
	if (!WIFSTOPPED(status)) send_exit(status);
	if (status >> 16 == PTRACE_EVENT_EXEC) {
		after_exec();
		return;
	}
	if (!is_step_stop(status)) {
		/* A signal came first: its delivery is a stop of its own. */
		siginfo_t info;
		if (ptrace(PTRACE_GETSIGINFO, pid, 0, &info) != 0) {
			/* A group stop. */
			adopt(step(0), because);
			return;
		}
		adopt(step(WSTOPSIG(status)), because);
		return;
	}
	send_state(because);
}

/* rseq's area is written by the kernel whenever it likes, not in a call: the program is told that there is no such call. */
static void hide_rseq(void)
{
	struct registers call = want;
	get_registers(&call);
	call.gpr[0] = ~0u;
	set_registers(&call);
}

/* The batch that is being compared. */
static u32 batch_room, *batch;

/* Applies the words of one step to the wanted registers and the shadow; returns where the words of the next one are. */
static u32 *apply(u32 *w, u32 mask, u32 next, u32 **writes)
{
	for (u32 r = 0; r < 8; r++)
		if (mask & (1u << r)) want.gpr[r] = *w++;
	if (mask & M_FLAGS) want.eflags = *w++;
	want.eip = mask & M_JUMP ? *w++ : next;
	*writes = 0;
	if (mask & M_MEMORY) {
		*writes = w;
		for (u32 n = *w++; n > 0; n--) {
			shadow_write(w[0], (u8 *)(w + 2), w[1]);
			w += 2 + ((w[1] + 3) >> 2);
		}
	}
	if (mask & M_FX)
		for (u32 n = *w++; n > 0; n--, w += 2) memcpy(want_fx + (w[0] & 127) * 4, w + 1, 4);
	if (mask & M_SEGMENTS)
		for (u32 n = *w++; n > 0; n--, w += 2) want.segment[w[0] % 6] = w[1];
	return w;
}

/* Compares the registers after a step; undefined flags become T0's. */
static int registers_agree(u32 undefined)
{
	struct registers now;
	get_registers(&now);
	u32 flags = (now.eflags ^ want.eflags) & COMPARED_FLAGS;
	if (now.eip != want.eip || memcmp(now.gpr, want.gpr, sizeof now.gpr) != 0 || memcmp(now.segment, want.segment, sizeof now.segment) != 0)
		return 0;
	if (flags == 0) return 1;
	if (flags & ~undefined) return 0;
	set_registers(&want);
	return 1;
}

/*
 * Bytes of an x87 image that are not compared, first and end: opcode and pointers of the last instruction, whose selectors a 64-bit kernel
 * loses and which some processors keep for pending exceptions only; in FXSAVE's also the mask of MXCSR. By the kind of image:
 * 1: fnstenv and fnsave, 32 bits; 2: 16 bits; 3: fxsave.
 */
static int is_pointer(u32 image, u32 offset)
{
	switch (image) {
	case 1: return offset >= 12 && offset < 28;
	case 2: return offset >= 6 && offset < 14;
	case 3: return (offset >= 5 && offset < 24) || (offset >= 28 && offset < 32) || offset >= 288;
	default: return 0;
	}
}

/* What a step wrote is taken from T0 where it need not be compared. */
static void settle_image(u32 image, u32 *w)
{
	u32 lowest = ~0u, *at = w + 1;
	for (u32 n = *w; n > 0; n--, at += 2 + ((at[1] + 3) >> 2))
		if (at[0] < lowest) lowest = at[0];
	at = w + 1;
	for (u32 n = *w; n > 0; n--, at += 2 + ((at[1] + 3) >> 2))
		for (u32 k = 0; k < at[1]; k++)
			if (is_pointer(image, at[0] + k - lowest)) write_memory(at[0] + k, (u8 *)(at + 2) + k, 1);
}

/* A byte that is looked at after every step, or 1 << 32. */
static u64 watched = 1ull << 32;

static int watch_agrees(u32 i)
{
	u8 is;
	if (watched >> 32 || !read_memory(watched, &is, 1) || is == shadow_page(watched >> 12)[watched & 4095]) return 1;
	return send_different(i, DIFFERENT_WATCHED, watched, 4);
}

/* Compares what a step wrote; TF in a pushed eflags is the tracer's, and taken out. */
static int writes_agree(u32 i, u32 *w, u32 site)
{
	if (site >> SITE_IMAGE) settle_image(site >> SITE_IMAGE, w);
	for (u32 n = *w++; n > 0; n--) {
		u8 bytes[4096], *wanted = (u8 *)(w + 2);
		if (w[1] > sizeof bytes || !read_memory(w[0], bytes, w[1])) return send_different(i, DIFFERENT_WRITTEN, w[0], 0);
		if (site & SITE_PUSHF && (bytes[1] & 1) && !(wanted[1] & 1)) {
			bytes[1] &= ~1;
			write_memory(w[0], bytes, w[1]);
		}
		if (memcmp(bytes, wanted, w[1]) != 0) return send_different(i, DIFFERENT_WRITTEN, w[0], w[1]);
		w += 2 + ((w[1] + 3) >> 2);
	}
	return 1;
}

/* What is not looked at after every step: x87 and SSE registers, memory that nothing should have written. */
static int rest_agrees(u32 i)
{
	u8 fx[FX];
	get_fx(fx);
	if (compare_fx(fx, want_fx) >= 0) return send_different(i, DIFFERENT_FX, 0, 0);
	u64 at = compare_memory(0, 0);
	return at >> 32 ? 1 : send_different(i, DIFFERENT_MEMORY, at, 4);
}

static void send_signal_of(u32 kind, u32 i, int status)
{
	siginfo_t info = { 0 };
	struct registers now;
	if (ptrace(PTRACE_GETSIGINFO, pid, 0, &info) != 0) fail("PTRACE_GETSIGINFO: %s", strerror(errno));
	get_registers(&now);
	put32(i), put32(WSTOPSIG(status)), put32(info.si_code), put32((u32)(u64)info.si_addr), put(&now, sizeof now);
	send_message(kind);
}

/* Steps through a batch. 0: it ended early, and an answer says how. */
static void run_batch(u32 length)
{
	if (length > batch_room) batch = realloc(batch, batch_room = length * 2);
	read_all(batch, length);
	u32 count = batch[0], sites = batch[1], end = batch[3];
	u32 *eip = batch + 4, *bytes = eip + sites, *bits = bytes + sites, *site = bits + sites, *mask = site + count, *w = mask + count;
	for (u32 i = 0; i < count; i++) {
		u32 s = site[i], *writes;
		int last = i == count - 1;
		if (last && (end == END_CALL || end == END_TRAP) && !rest_agrees(i)) return;
		w = apply(w, mask[i], eip[s] + bytes[s], &writes);
		if (bits[s] & SITE_POKE) {
			set_registers(&want);
			continue;
		}
		/* Behind a load of ss the processor takes the next instruction along. */
		if (bits[s] & SITE_SHADOWED) continue;
		if (last && end == END_CALL && want.gpr[0] == NR_RSEQ) hide_rseq();
		int status = step(0);
		if (last && end == END_CALL) {
			adopt(status, BECAUSE_CALL);
			return;
		}
		if (!WIFSTOPPED(status)) {
			send_different(i, DIFFERENT_ENDED, 0, 0);
			return;
		}
		if (last && end == END_TRAP) {
			send_signal_of(ANSWER_FAULT, i, status);
			return;
		}
		if (status >> 8 != SIGTRAP || !registers_agree(bits[s] & 0xffff)) {
			if (is_step_stop(status)) send_different(i, DIFFERENT_REGISTERS, 0, 0);
			else send_signal_of(ANSWER_SIGNAL, i, status);
			return;
		}
		if (writes && !writes_agree(i, writes, bits[s])) return;
		if (!watch_agrees(i)) return;
		if (bits[s] & SITE_FX) {
			u8 fx[FX];
			get_fx(fx);
			if (compare_fx(fx, want_fx) >= 0) {
				send_different(i, DIFFERENT_FX, 0, 0);
				return;
			}
		}
	}
	if (!rest_agrees(count - 1)) return;
	if (end == END_FAULT) {
		int status = step(0);
		if (!WIFSTOPPED(status)) send_different(count, DIFFERENT_ENDED, 0, 0);
		else if (is_step_stop(status)) send_different(count, DIFFERENT_NO_FAULT, 0, 0);
		else send_signal_of(ANSWER_FAULT, count, status);
		return;
	}
	send_message(ANSWER_OK);
}

static void start(char **argv)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	/* Both ends of every step on one processor: no wake-up between two. */
	sched_setaffinity(0, sizeof one, &one);
	pid = fork();
	if (pid < 0) fail("fork: %s", strerror(errno));
	if (pid == 0) {
		close(IN);
		close(OUT);
		personality(ADDR_NO_RANDOMIZE);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execv(argv[0], argv);
		_exit(errno == ENOENT ? 127 : 126);
	}
	int status;
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)) fail("ptrace is not allowed here");
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC) != 0) fail("PTRACE_SETOPTIONS: %s", strerror(errno));
	if (ptrace(PTRACE_CONT, pid, 0, 0) != 0) fail("PTRACE_CONT: %s", strerror(errno));
	if (waitpid(pid, &status, __WALL) != pid) fail("waitpid: %s", strerror(errno));
	if (!WIFSTOPPED(status) || status >> 16 != PTRACE_EVENT_EXEC) fail("%s cannot be executed", argv[0]);
	after_exec();
}

int main(int argc, char **argv)
{
	if (argc < 3) return 2;
	hwcap = strtoul(argv[1], 0, 16);
	start(argv + 2);
	for (;;) {
		u32 head[2], number;
		read_all(head, sizeof head);
		switch (head[0]) {
		case CMD_BATCH:
			run_batch(head[1]);
			break;
		case CMD_SIGNAL:
			read_all(&number, 4);
			adopt(step(number), BECAUSE_SIGNAL);
			break;
		case CMD_WATCH:
			read_all(&number, 4);
			watched = number;
			break;
		default:
			kill(pid, SIGKILL);
			return 0;
		}
	}
}
