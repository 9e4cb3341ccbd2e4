/*
 * The hardware half of the oracle: runs single i386 instructions on this machine's processor.
 *
 * Reads batches of cases on stdin, writes outcomes on stdout; `protocol.ts` is the other end and documents the words.
 * A case is entered by returning from a signal handler with TF set, so that exactly one instruction (one iteration of
 * a REP string instruction) runs; the SIGTRAP or the fault that follows is the outcome, and its handler enters the
 * next case. One signal a case, nothing else. A "whole" case runs without TF up to an int3 behind its code instead.
 *
 * No C library: the program then owns its whole address space and all segments, needs no 32-bit headers to build, and
 * no case can disturb it, as long as the cases stay away from 08000000..0fffffff and e0000000..ffffffff.
 *
 *   gcc -m32 -O2 -msse2 -static -nostdlib -ffreestanding -fno-pic -no-pie -fno-stack-protector native.c -o native
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef int v4si __attribute__((vector_size(16)));

enum { PAGE = 4096, CODE = 0x10000000, DATA = 0x20000000, READ_ONLY = 0x20004000, STACK = 0x30000000, ALIAS = 0x0f000000 };
/* Pages of the shared object: code 0..1, data 2..3, read-only 4, stack 5..6. */
enum { PAGES = 7, FIRST_COMPARED = 2, COMPARED = 5 };
enum { MAGIC = 0x3143524f, FX_WORDS = 40, SSE_WORDS = 72, MAX_WORDS = 6 << 20, MAX_RUNS = 255, CASE_WORDS = 19 };
enum { EFL_TF = 0x100, NOP = 0x90 };
enum { FLAG_FX = 1, FLAG_WHOLE = 2, FLAG_SSE = 4, INT3 = 0xcc };

/* Layouts of Linux's i386 signal frame: arch/x86/include/uapi/asm/sigcontext.h and ucontext.h. */
struct fpstate {
	u32 cw, sw, tag, ipoff, cssel, dataoff, datasel;
	u8 st[80];
	u32 status_magic;
	u8 fx[512];
	u32 xstate_bv[2];
};
struct sigcontext {
	u32 gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trapno, err, eip, cs, eflags, esp_at_signal, ss;
	struct fpstate *fpstate;
	u32 oldmask, cr2;
};
struct ucontext {
	u32 flags, link, stack[3];
	struct sigcontext mc;
};

static u32 input[MAX_WORDS], output[MAX_WORDS];
static u8 pristine[COMPARED * PAGE] __attribute__((aligned(64)));
static u8 altstack[64 << 10] __attribute__((aligned(64)));
static u8 *const alias = (u8 *)ALIAS;

/* The run of a batch: the case that is executing, where the next begins, where its outcome goes. */
static u32 *next_case, *out, *current;
static u32 cases_left, running;
static struct sigcontext home;

long kernel(long n, ...);
__asm__(".globl kernel\nkernel: push %ebp; push %ebx; push %esi; push %edi\n"
	"mov 20(%esp), %eax; mov 24(%esp), %ebx; mov 28(%esp), %ecx; mov 32(%esp), %edx\n"
	"mov 36(%esp), %esi; mov 40(%esp), %edi; mov 44(%esp), %ebp; int $0x80\n"
	"pop %edi; pop %esi; pop %ebx; pop %ebp; ret\n"
	"back: mov $173, %eax; int $0x80\n"
	/* The same through the vDSO, which costs a third (int 80 asks the interrupt controller first). It pushes four words,
	   over the handler's arguments, and the kernel wants to find esp at the end of them where the handler left it. */
	"back_fast: mov $173, %eax; add $16, %esp; call *vsyscall; hlt\n"
	".globl _start\n_start: mov %esp, %eax; xor %ebp, %ebp; and $-16, %esp; sub $12, %esp; push %eax; call run; hlt\n");
extern void back(void), back_fast(void);
void (*vsyscall)(void) __attribute__((used));
enum { SYS_exit = 1, SYS_read = 3, SYS_write = 4, SYS_ftruncate = 93, SYS_modify_ldt = 123, SYS_rt_sigaction = 174,
       SYS_sigaltstack = 186, SYS_mmap2 = 192, SYS_set_thread_area = 243, SYS_memfd_create = 356 };

void *memcpy(void *to, const void *from, u32 n)
{
	void *at = to;
	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
}

void *memset(void *to, int value, u32 n)
{
	void *at = to;
	__asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(value) : "memory");
	return to;
}

static void fail(const char *what, long code)
{
	char text[32] = "                               \n";
	u32 n = 0;
	while (what[n]) n++;
	kernel(SYS_write, 2, "oracle: ", 8);
	kernel(SYS_write, 2, what, n);
	for (int i = 8; i >= 1; i--, code = (u32)code >> 4) text[i] = "0123456789abcdef"[code & 15];
	kernel(SYS_write, 2, text, 32);
	kernel(SYS_exit, 3);
}

/* The pages as the cases see them, by their place in the shared object. */
static u32 linear(u32 page)
{
	if (page < 2) return CODE + page * PAGE;
	if (page < 4) return DATA + (page - 2) * PAGE;
	return page < 5 ? READ_ONLY : STACK + (page - 5) * PAGE;
}

/* The place in the writable alias of a linear address in one of the compared windows, or 0. */
static u8 *aliased(u32 address)
{
	for (u32 page = FIRST_COMPARED; page < PAGES; page++)
		if (address - linear(page) < PAGE) return alias + page * PAGE + (address - linear(page));
	return 0;
}

static void put_bytes(u32 address, const u8 *bytes, u32 length)
{
	for (u32 i = 0; i < length; i++) {
		u8 *at = aliased(address + i);
		if (at) *at = bytes[i];
	}
}

/* Word i of the memory a seed describes: `protocol.ts` has the same function. */
static u32 memory_word(u32 seed, u32 i)
{
	u32 h = seed + i * 0x9e3779b9u;
	h = (h ^ h >> 16) * 0x85ebca6bu;
	h = (h ^ h >> 13) * 0xc2b2ae35u;
	return h ^ h >> 16;
}

static void put_code(const u32 *c)
{
	u32 at = c[18] - CODE, length = c[0] >> 8 & 15;
	if (at >= 2 * PAGE) fail("code outside its window ", c[18]);
	for (u32 i = 0; i < length && at + i < 2 * PAGE; i++) alias[at + i] = ((const u8 *)(c + 2))[i];
	if (c[0] & FLAG_WHOLE && at + length < 2 * PAGE) alias[at + length] = INT3;
}

static void clear_code(const u32 *c)
{
	u32 at = c[18] - CODE;
	for (u32 i = 0; i < 16 && at + i < 2 * PAGE; i++) alias[at + i] = NOP;
}

/* Outcome words of the memory that differs from the seed's, which is put back. Returns the number of dwords. */
static u32 take_changes(void)
{
	u32 runs = 0;
	for (u32 line = 0; line < COMPARED * PAGE; line += 64) {
		v4si *now = (v4si *)(alias + FIRST_COMPARED * PAGE + line), *was = (v4si *)(pristine + line);
		v4si d = (now[0] ^ was[0]) | (now[1] ^ was[1]) | (now[2] ^ was[2]) | (now[3] ^ was[3]);
		if (!(d[0] | d[1] | d[2] | d[3])) continue;
		for (u32 at = line; at < line + 64; at += 4) {
			u32 *n = (u32 *)(alias + FIRST_COMPARED * PAGE + at), *w = (u32 *)(pristine + at);
			if (*n == *w) continue;
			if (++runs > MAX_RUNS) fail("a case changed too much memory ", at);
			*out++ = linear(FIRST_COMPARED + at / PAGE) + at % PAGE;
			*out++ = *n;
			*n = *w;
		}
	}
	return runs;
}

static u32 fx_words(u32 flags)
{
	return flags & FLAG_SSE ? SSE_WORDS : FX_WORDS;
}

/* fxsave image to the frame: the kernel takes the x87 from the old-style half, the rest from the other. */
static void put_fx(struct fpstate *fp, const u32 *words, u32 flags)
{
	const u8 *fx = (const u8 *)words;
	u32 tags = 0;
	memcpy(fp->fx, fx, 24);
	memcpy(fp->fx + 32, fx + 32, 128);
	if (flags & FLAG_SSE) {
		memcpy(fp->fx + 24, fx + 24, 4);
		memcpy(fp->fx + 160, fx + 160, 128);
	}
	fp->cw = 0xffff0000 | (words[0] & 0xffff);
	fp->sw = 0xffff0000 | words[0] >> 16;
	for (int i = 0; i < 8; i++)
		if (!(fx[4] >> i & 1)) tags |= 3 << 2 * i;
	fp->tag = 0xffff0000 | tags;
	fp->ipoff = words[2];
	fp->cssel = (words[1] >> 16 & 0x7ff) << 16 | (words[3] & 0xffff);
	fp->dataoff = words[4];
	fp->datasel = words[5] & 0xffff;
	for (int i = 0; i < 8; i++) memcpy(fp->st + 10 * i, fx + 32 + 16 * i, 10);
	fp->xstate_bv[0] |= 3;
}

static void collect(int sig, int code, struct sigcontext *mc)
{
	u32 *head = out;
	out[1] = mc->err;
	out[2] = mc->cr2;
	out[3] = mc->eip;
	out[4] = mc->eflags;
	u32 *gprs = out + 5;
	gprs[0] = mc->eax, gprs[1] = mc->ecx, gprs[2] = mc->edx, gprs[3] = mc->ebx;
	gprs[4] = mc->esp, gprs[5] = mc->ebp, gprs[6] = mc->esi, gprs[7] = mc->edi;
	out[13] = (mc->es & 0xffff) | mc->cs << 16;
	out[14] = (mc->ss & 0xffff) | mc->ds << 16;
	out[15] = (mc->fs & 0xffff) | mc->gs << 16;
	out += 16;
	u32 runs = take_changes();
	head[0] = sig | (code & 0xff) << 8 | mc->trapno << 16 | runs << 24;
	if (current[0] & FLAG_FX) {
		u32 words = fx_words(current[0]);
		memcpy(out, mc->fpstate->fx, words * 4);
		out += words;
	}
}

static void enter(struct sigcontext *mc)
{
	u32 *c = next_case, patches = c[0] >> 16 & 15;
	/* Consecutive cases of one instruction at one place leave the code alone. */
	if (!current || c[18] != current[18] || c[2] != current[2] || c[3] != current[3] || c[4] != current[4] ||
	    c[5] != current[5] || (c[0] ^ current[0]) & (0xf00 | FLAG_WHOLE)) {
		if (current) clear_code(current);
		put_code(c);
	}
	current = c;
	mc->eip = c[1];
	const u32 *gprs = c + 6;
	mc->eax = gprs[0], mc->ecx = gprs[1], mc->edx = gprs[2], mc->ebx = gprs[3];
	mc->esp = mc->esp_at_signal = gprs[4], mc->ebp = gprs[5], mc->esi = gprs[6], mc->edi = gprs[7];
	mc->eflags = c[0] & FLAG_WHOLE ? c[14] & ~EFL_TF : c[14] | EFL_TF;
	mc->es = c[15] & 0xffff, mc->cs = c[15] >> 16;
	mc->ss = c[16] & 0xffff, mc->ds = c[16] >> 16;
	mc->fs = c[17] & 0xffff, mc->gs = c[17] >> 16;
	c += CASE_WORDS;
	while (patches--) {
		put_bytes(c[0], (u8 *)(c + 2), c[1]);
		c += 2 + (c[1] + 3) / 4;
	}
	if (current[0] & FLAG_FX) {
		put_fx(mc->fpstate, c, current[0]);
		c += fx_words(current[0]);
	} else
		mc->fpstate = 0; /* the kernel resets the FPU, which is cheaper than to load it and to save it again */
	next_case = c;
}

static void on_signal(int sig, int *info, struct ucontext *uc)
{
	/* The kernel's frame does not carry NT and ID, so what popf or iret set there would stay; AC would disturb us here. */
	__asm__ volatile("push $0x202; popf" : : : "cc", "memory");
	if (running)
		collect(sig, info[2], &uc->mc);
	else
		home = uc->mc, running = 1;
	if (cases_left-- == 0) {
		uc->mc = home;
		uc->mc.fpstate = 0;
		running = 0;
		clear_code(current);
		return;
	}
	enter(&uc->mc);
}

static void read_words(u32 *to, u32 words, int end_allowed)
{
	u32 bytes = words * 4, got = 0;
	while (got < bytes) {
		long n = kernel(SYS_read, 0, (u8 *)to + got, bytes - got);
		if (n == 0 && got == 0 && end_allowed) kernel(SYS_exit, 0);
		if (n <= 0) fail("input cut ", n);
		got += n;
	}
}

static void write_bytes(const void *from, u32 bytes)
{
	for (u32 sent = 0; sent < bytes;) {
		long n = kernel(SYS_write, 1, (const u8 *)from + sent, bytes - sent);
		if (n <= 0) kernel(SYS_exit, 4);
		sent += n;
	}
}

/* "cpuid AuthenticAMD 25 17 1 brand\n": vendor, family, model, stepping, brand string. */
static void print_cpuid(void)
{
	static u32 brand[13], vendor[4];
	char line[160] = "cpuid ", *p = line + 6;
	u32 a, b, c, d;
	__asm__("cpuid" : "=a"(a), "=b"(vendor[0]), "=d"(vendor[1]), "=c"(vendor[2]) : "a"(0), "c"(0));
	for (const char *s = (char *)vendor; *s;) *p++ = *s++;
	__asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(1), "c"(0));
	u32 family = a >> 8 & 15, model = a >> 4 & 15;
	if (family == 6 || family == 15) model |= a >> 12 & 0xf0;
	if (family == 15) family += a >> 20 & 0xff;
	u32 numbers[3] = {family, model, a & 15};
	for (int i = 0; i < 3; i++) {
		*p++ = ' ';
		if (numbers[i] >= 100) *p++ = '0' + numbers[i] / 100;
		if (numbers[i] >= 10) *p++ = '0' + numbers[i] / 10 % 10;
		*p++ = '0' + numbers[i] % 10;
	}
	*p++ = ' ';
	for (u32 i = 0; i < 3; i++)
		__asm__("cpuid" : "=a"(brand[i * 4]), "=b"(brand[i * 4 + 1]), "=c"(brand[i * 4 + 2]), "=d"(brand[i * 4 + 3])
			: "a"(0x80000002 + i), "c"(0));
	for (const char *s = (char *)brand; *s;) *p++ = *s++;
	while (p[-1] == ' ') p--;
	*p++ = '\n';
	write_bytes(line, p - line);
}

static void map(long fd, u32 address, u32 page, u32 pages, int prot)
{
	/* MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE: present from the start, so that error codes have bit 0 set. */
	long at = kernel(SYS_mmap2, address, pages * PAGE, prot, 0x108001, fd, page);
	if ((u32)at != address) fail("cannot map ", address);
}

static void setup(void)
{
	long fd = kernel(SYS_memfd_create, "oracle", 0);
	if (fd < 0 || kernel(SYS_ftruncate, fd, PAGES * PAGE)) fail("memfd_create ", fd);
	map(fd, ALIAS, 0, PAGES, 3);
	memset((void *)ALIAS, NOP, PAGES * PAGE);
	map(fd, CODE, 0, 2, 5);
	map(fd, DATA, 2, 2, 3);
	map(fd, READ_ONLY, 4, 1, 1);
	map(fd, STACK, 5, 2, 3);

	/* SS_AUTODISARM: the kernel does not look where esp is, which cases set to anything */
	struct { void *sp; u32 flags, size; } stack = {altstack, 0x80000000, sizeof altstack};
	if (kernel(SYS_sigaltstack, &stack, 0)) fail("sigaltstack ", 0);
	/* SA_SIGINFO | SA_RESTORER | SA_ONSTACK */
	struct { void *handler; u32 flags; void *restorer; u32 mask[2]; } action = {
		on_signal, 0x0c000004, vsyscall ? back_fast : back, {0, 0}};
	static const u8 signals[] = {4, 5, 7, 8, 11};
	for (u32 i = 0; i < sizeof signals; i++)
		if (kernel(SYS_rt_sigaction, signals[i], &action, 0, 8)) fail("rt_sigaction ", signals[i]);
}

/* Header: magic, cases, words of cases, memory seed, n descriptors; then n × user_desc: LDT, or TLS with flags bit 31. */
static void load_batch(void)
{
	u32 header[5];
	read_words(header, 5, 1);
	if (header[0] != MAGIC) fail("bad magic ", header[0]);
	if (header[2] > MAX_WORDS - 64) fail("batch too big ", header[2]);
	for (u32 i = 0; i < header[4]; i++) {
		u32 desc[4];
		read_words(desc, 4, 0);
		int tls = desc[3] >> 31;
		desc[3] &= 0x7fffffff;
		long r = tls ? kernel(SYS_set_thread_area, desc) : kernel(SYS_modify_ldt, 0x11, desc, 16);
		if (r) fail("descriptor refused ", desc[0]);
	}
	read_words(input, header[2], 0);
	cases_left = header[1];
	for (u32 i = 0; i < COMPARED * PAGE / 4; i++) ((u32 *)pristine)[i] = memory_word(header[3], i);
	memcpy(alias + FIRST_COMPARED * PAGE, pristine, COMPARED * PAGE);
}

/* The vDSO's system call entry, from the auxiliary vector behind argv and envp; 0 when there is none. */
static void find_vsyscall(u32 *sp)
{
	sp += *sp + 2;
	while (*sp++) {}
	for (; sp[0]; sp += 2)
		if (sp[0] == 32) vsyscall = (void (*)(void))sp[1];
}

__attribute__((used)) void run(u32 *sp)
{
	find_vsyscall(sp);
	setup();
	print_cpuid();
	for (;;) {
		load_batch();
		u32 count = cases_left;
		current = 0, next_case = input, out = output;
		if (count) __asm__ volatile("int3" : : : "memory");
		u32 head[2] = {count, out - output};
		write_bytes(head, 8);
		write_bytes(output, (u8 *)out - (u8 *)output);
	}
}
