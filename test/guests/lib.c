/* Shared code of the guest programs: printing, checks, a few memory routines. See guest.h. */
#include "guest.h"

static char line[256];
static u32 used;
static int failures;

void flush(void)
{
	u32 done = 0;
	while (done < used) {
		int n = sys(NR_write, 1, line + done, used - done);
		if (n <= 0) break;
		done += n;
	}
	used = 0;
}

static void put(char c)
{
	line[used++] = c;
	if (c == '\n' || used == sizeof line) flush();
}

u32 divide64(u64 *value, u32 divisor)
{
	u32 high = (u32)(*value >> 32), low = (u32)*value, rest = high % divisor, quotient;
	__asm__("divl %4" : "=a"(quotient), "=d"(rest) : "0"(low), "1"(rest), "r"(divisor) : "cc");
	*value = (u64)(high / divisor) << 32 | quotient;
	return rest;
}

static void put_number(u64 value, u32 base, int digits)
{
	char text[20];
	int n = 0;
	do text[n++] = "0123456789abcdef"[divide64(&value, base)];
	while (value || n < digits);
	while (n) put(text[--n]);
}

static void put_signed(i64 value)
{
	if (value < 0) put('-');
	put_number(value < 0 ? -(u64)value : (u64)value, 10, 1);
}

void print(const char *format, ...)
{
	__builtin_va_list args;
	__builtin_va_start(args, format);
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		switch (*++format) {
		case 'd': put_signed(__builtin_va_arg(args, int)); break;
		case 'u': put_number(__builtin_va_arg(args, u32), 10, 1); break;
		case 'x': put_number(__builtin_va_arg(args, u32), 16, 1); break;
		case 'X': put_number(__builtin_va_arg(args, u32), 16, 8); break;
		case 'Q': put_number(__builtin_va_arg(args, u64), 16, 16); break;
		case 'D': put_signed(__builtin_va_arg(args, i64)); break;
		case 'U': put_number(__builtin_va_arg(args, u64), 10, 1); break;
		case 'c': put((char)__builtin_va_arg(args, int)); break;
		case 's':
			for (const char *s = __builtin_va_arg(args, const char *); *s; s++) put(*s);
			break;
		default: put(*format);
		}
	}
	__builtin_va_end(args);
}

void check(const char *what, int holds)
{
	if (!holds) failures++;
	print("%s %s\n", holds ? "ok" : "FAIL", what);
}

void finish(int status)
{
	flush();
	for (;;) sys(NR_exit_group, failures ? 100 + failures : status);
}

u8 *map(void *address, u32 length, int prot, int flags, int fd, u32 pageOffset)
{
	return (u8 *)sys(NR_mmap2, address, length, prot, flags, fd, pageOffset);
}

int install(int signal, void *handler, u32 flags, u64 mask)
{
	struct action action = { handler, flags, 0, mask };
	return sys(NR_rt_sigaction, signal, &action, 0, 8);
}

u64 set_mask(int how, u64 mask)
{
	u64 old = 0;
	sys(NR_rt_sigprocmask, how, &mask, &old, 8);
	return old;
}

int raise(int signal)
{
	return sys(NR_kill, sys(NR_getpid), signal);
}

void *memcpy(void *to, const void *from, u32 count)
{
	void *start = to;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	return start;
}

void *memset(void *to, int byte, u32 count)
{
	void *start = to;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(byte) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, u32 count)
{
	const u8 *p = a, *q = b;
	for (; count; count--, p++, q++)
		if (*p != *q) return *p - *q;
	return 0;
}

u32 strlen(const char *s)
{
	u32 n = 0;
	while (s[n]) n++;
	return n;
}

int same(const char *a, const char *b)
{
	u32 n = strlen(a);
	return n == strlen(b) && !memcmp(a, b, n);
}

struct fault fault;
static jump_buf escape;

static void on_fault(int signal, struct siginfo *info, struct context *context)
{
	fault = (struct fault){ signal, info->code, (int)context->trapno, (int)context->err, info->address, context->cr2, context->eip };
	jump(escape, signal); /* not through sigreturn: SA_NODEFER keeps the signal unblocked */
}

int try(void (*run)(void))
{
	static const u8 signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	for (u32 i = 0; i < sizeof signals; i++) install(signals[i], on_fault, SA_SIGINFO | SA_NODEFER, 0);
	int signal = set_jump(escape);
	if (!signal) {
		fault = (struct fault){ 0 };
		run();
	}
	return signal;
}
