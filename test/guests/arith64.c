/* 64-bit arithmetic made of 32-bit instructions: adc, sbb, mul, imul, div, shld, shrd, carries through long numbers. */
#include "guest.h"

#define WORDS 12
static u32 number[WORDS];

static void multiply_add(u32 factor, u32 carry)
{
	for (int i = 0; i < WORDS; i++) {
		u64 product = (u64)number[i] * factor + carry;
		number[i] = (u32)product;
		carry = (u32)(product >> 32);
	}
}

static u32 divide(u32 divisor)
{
	u32 rest = 0;
	for (int i = WORDS - 1; i >= 0; i--) {
		u32 quotient;
		__asm__("divl %4" : "=a"(quotient), "=d"(rest) : "0"(number[i]), "1"(rest), "r"(divisor) : "cc");
		number[i] = quotient;
	}
	return rest;
}

static u64 rotate(u64 x, u32 n) { return n & 63 ? x << (n & 63) | x >> (64 - (n & 63)) : x; }

int main(void)
{
	char digits[130];
	int n = 0;
	number[0] = 1;
	for (u32 i = 2; i <= 60; i++) multiply_add(i, 0);
	int more;
	do {
		digits[n++] = (char)('0' + divide(10));
		more = 0;
		for (int i = 0; i < WORDS; i++) more |= number[i] != 0;
	} while (more);
	print("60! = ");
	while (n) print("%c", digits[--n]);
	print("\n");

	u64 a = 0x0123456789abcdefull, b = 0xfedcba9876543210ull;
	print("sum %Q difference %Q product %Q\n", a + b, a - b, a * b);
	u64 hash = a;
	for (u32 i = 0; i < 200; i++) hash = rotate(hash, i) * 0x9e3779b97f4a7c15ull + (hash >> 29 ^ i);
	print("hash %Q\n", hash);
	i64 negative = -1234567890123456789ll;
	print("shift %D %Q\n", negative >> 5, (u64)negative >> 5);
	for (u32 i = 0; i < 64; i += 9) print("%Q %Q\n", a << i, b >> i);
	u64 value = b;
	u32 rest = divide64(&value, 1000000007);
	print("quotient %U rest %u back %Q\n", value, rest, value * 1000000007 + rest);
	int low, high;
	__asm__("imull %3" : "=a"(low), "=d"(high) : "0"(-123456789), "r"(987654321) : "cc");
	print("imul %D\n", (i64)((u64)(u32)high << 32 | (u32)low));
	__asm__("idivl %3" : "=a"(low), "=d"(high) : "0"(low), "r"(98765), "1"(high % 98765) : "cc");
	print("idiv %d rest %d\n", low, high);
	int overflow = 0;
	for (int i = -5; i < 60000; i += 7000) {
		int product;
		overflow += __builtin_mul_overflow(i, i * 3, &product);
	}
	print("overflows %d\n", overflow);
	return 0;
}
