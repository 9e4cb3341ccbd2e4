/* fenv with SSE: every rounding mode and flag through MXCSR, denormals, conversions out of range, traps and what a handler finds, an environment saved and restored.
 * @flags ["-O3", "-march=pentium4", "-msse2", "-mfpmath=sse", "-frounding-math", "-ftrapping-math"] */
#define _GNU_SOURCE
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static sigjmp_buf out;
static volatile int code;
static volatile double one = 1, three = 3, zero = 0, huge = 1e308, tiny = 1e-308, half = 2.5, x;
static volatile float fone = 1, fthree = 3, fhuge = 3e38f, ftiny = 1e-38f, y;
static volatile int n;

static void on_fpe(int signal, siginfo_t *info, void *context)
{
	code = info->si_code;
	if (fetestexcept(FE_ALL_EXCEPT) != 0 || fegetexcept() != 0) puts("the handler does not start afresh");
	siglongjmp(out, signal);
}

static void flags(const char *what, double value)
{
	printf(" %s %a %x", what, value, fetestexcept(FE_ALL_EXCEPT));
	feclearexcept(FE_ALL_EXCEPT);
}

static void modes(void)
{
	static const int all[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };
	for (int m = 0; m < 4; m++) {
		fesetround(all[m]);
		feclearexcept(FE_ALL_EXCEPT);
		printf("mode %d:", m);
		flags("1/3", one / three);
		flags("-1/3", -one / three);
		y = fone / fthree, flags("1/3f", y);
		flags("sqrt 3", sqrt(three));
		flags("huge", huge * 10);
		flags("-huge", -huge * 10);
		y = fhuge * 10, flags("fhuge", y);
		flags("tiny", tiny / three);
		flags("tiny/4", tiny / 4);
		y = ftiny / fthree, flags("ftiny", y);
		flags("0/0", isnan(zero / zero));
		flags("1/0", one / zero);
		flags("x-x", three - three);
		y = (float)huge, flags("narrow", y);
		y = (float)(one / three), flags("narrow", y);
		flags("lrint", lrint(half));
		flags("lrint", lrint(-half));
		flags("rint", rint(half));
		n = (int)(half + 3e9), flags("out of range", n);
		n = (int)fthree, flags("exact", n);
		y = (float)(n + 16777217), flags("int to float", y);
		printf("\n");
	}
	fesetround(FE_TONEAREST);
}

static void traps(void)
{
	static const int all[] = { FE_DIVBYZERO, FE_INVALID, FE_OVERFLOW, FE_UNDERFLOW, FE_INEXACT };
	struct sigaction action = { .sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO | SA_NODEFER };
	sigaction(SIGFPE, &action, 0);
	for (int i = 0; i < 5; i++) {
		for (int single = 0; single < 2; single++) {
			feclearexcept(FE_ALL_EXCEPT);
			code = 0;
			x = 7;
			y = 7;
			int caught = sigsetjmp(out, 1);
			if (!caught) {
				feenableexcept(all[i]);
				switch (i + 8 * single) {
				case 0: x = one / zero; break;
				case 1: x = zero / zero; break;
				case 2: x = huge * huge; break;
				case 3: x = tiny * tiny; break;
				case 4: x = one / three; break;
				case 8: y = fone / (float)zero; break;
				case 9: y = sqrtf(-fone); break;
				case 10: y = fhuge * fhuge; break;
				case 11: y = ftiny * ftiny; break;
				case 12: n = (int)(fone / fthree + fthree); break;
				}
			}
			fedisableexcept(FE_ALL_EXCEPT);
			printf("trap %d single %d: signal %d code %d, results untouched %d\n", i, single, caught, code, x == 7 && y == 7);
		}
	}
}

static void environment(void)
{
	fenv_t kept;
	fesetround(FE_UPWARD);
	feraiseexcept(FE_INEXACT);
	feholdexcept(&kept);
	printf("held: round %x flags %x\n", fegetround(), fetestexcept(FE_ALL_EXCEPT));
	x = one / zero;
	feupdateenv(&kept);
	printf("updated: round %x flags %x\n", fegetround(), fetestexcept(FE_ALL_EXCEPT));
	fesetenv(FE_DFL_ENV);
	printf("default: round %x flags %x\n", fegetround(), fetestexcept(FE_ALL_EXCEPT));
}

int main(void)
{
	modes();
	traps();
	environment();
	return 0;
}
