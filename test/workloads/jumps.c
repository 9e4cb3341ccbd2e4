/* setjmp and longjmp: exceptions over deep calls, generators by ucontext, siglongjmp out of handlers, exit through atexit.
   @dynamic */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

static jmp_buf handler;
static sigjmp_buf out;
static ucontext_t main_context, other_context;
static int yielded;

static int parse(const char **s, int depth);
static int primary(const char **s, int depth)
{
	if (depth > 40) longjmp(handler, 2);
	if (**s == '(') {
		++*s;
		int v = parse(s, depth + 1);
		if (*(*s)++ != ')') longjmp(handler, 3);
		return v;
	}
	if (**s < '0' || **s > '9') longjmp(handler, 1);
	return (int)strtol(*s, (char **)s, 10);
}
static int parse(const char **s, int depth)
{
	int v = primary(s, depth);
	for (;;) switch (**s) {
	case '+': ++*s; v += primary(s, depth); break;
	case '*': ++*s; v *= primary(s, depth); break;
	case '/': {
		++*s;
		int d = primary(s, depth);
		if (!d) longjmp(handler, 4);
		v /= d;
		break;
	}
	default: return v;
	}
}

static void generator(void)
{
	for (int a = 0, b = 1; a < 1000; b += a, a = b - a) {
		yielded = a;
		swapcontext(&other_context, &main_context);
	}
	yielded = -1;
}

static void on_signal(int signal) { siglongjmp(out, signal); }
static void first(void) { puts("atexit: registered first, runs last"); }
static void second(void) { puts("atexit: second"); }

int main(void)
{
	static const char *const texts[] = { "1+2*3", "((4+5)*(2+1))/3", "1+", "(1+2", "7/(3+x)", "8/0",
		"((((((((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))))))))", "2*(3*(4*(5*(6*(7)))))" };
	static const char *const errors[] = { "", "number expected", "too deep", "bracket missing", "division by zero" };
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *volatile text = texts[i];
		const char *s = text;
		int error = setjmp(handler);
		if (error) printf("%.20s: %s\n", text, errors[error]);
		else printf("%.20s = %d\n", text, parse(&s, 0));
	}
	char *stack = malloc(65536);
	getcontext(&other_context);
	other_context.uc_stack.ss_sp = stack;
	other_context.uc_stack.ss_size = 65536;
	other_context.uc_link = &main_context;
	makecontext(&other_context, generator, 0);
	for (;;) {
		swapcontext(&main_context, &other_context);
		if (yielded < 0) break;
		printf("%d ", yielded);
	}
	puts("");
	volatile int count = 0;
	signal(SIGUSR1, on_signal);
	signal(SIGSEGV, on_signal);
	int came = sigsetjmp(out, 1);
	if (came) printf("out of signal %d\n", came);
	if (++count <= 3) raise(SIGUSR1);
	if (count <= 5) *(volatile int *)4 = count;
	atexit(first);
	atexit(second);
	double x = 0.5;
	jmp_buf again;
	volatile int n = 0;
	if (setjmp(again) < 3) {
		x = x * 2 + n;
		longjmp(again, ++n);
	}
	printf("%d jumps\n", n);
	exit(77);
}
