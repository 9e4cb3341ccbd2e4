/* x87 arithmetic: sums and square roots of doubles and 80-bit numbers, printed by own code, bits and decimals. */
#include "guest.h"

static double square_root(double x)
{
	__asm__("fsqrt" : "+t"(x));
	return x;
}

static void print_double(double x, int decimals)
{
	if (x < 0) {
		print("-");
		x = -x;
	}
	u32 whole = (u32)x;
	print("%u.", whole);
	for (x -= whole; decimals; decimals--) {
		x *= 10;
		int digit = (int)x;
		print("%d", digit);
		x -= digit;
	}
}

static void show(const char *what, double x)
{
	union { double d; u64 bits; } u = { x };
	print("%s ", what);
	print_double(x, 12);
	print(" %Q\n", u.bits);
}

static void show80(const char *what, long double x)
{
	union { long double l; struct { u64 mantissa; u16 exponent; } parts; } u = { x };
	print("%s %x:%Q\n", what, u.parts.exponent, u.parts.mantissa);
}

int main(void)
{
	volatile double zero = 0, one = 1, three = 3;
	show("sqrt 2", square_root(one + one));
	show("1/3", one / three);
	show("-22/7", -22 / (three + 4));
	double sum = 0;
	long double wide = 0;
	for (int i = 1; i <= 10000; i++) {
		volatile double term = 1.0 / i; /* rounded to 53 bits */
		sum += term;
		wide += 1.0L / i;
	}
	show("harmonic", sum);
	show80("harmonic, wide", wide);
	float single = (float)wide;
	show("as float", single);
	show80("1/0", one / zero);
	show80("0/0", zero / zero);
	show80("smallest double halved", 4.9406564584124654e-324 / (one + one));
	volatile long double tiny = 3.64519953188247460253e-4951L;
	show80("smallest 80-bit number", tiny);
	volatile double huge = 1.7976931348623157e308;
	show80("overflow to double", ({ volatile double d = huge * 2; d; }));
	print("compare %d %d %d\n", one < three, zero / zero == zero / zero, huge * huge > huge);
	print("to int %d %d %D\n", (int)-2.7, (int)(three * 1.5), (i64)(three * 1e15));
	int rounded;
	__asm__("fistpl %0" : "=m"(rounded) : "t"(-2.5) : "st");
	print("fistp -2.5: %d\n", rounded);
	return 0;
}
