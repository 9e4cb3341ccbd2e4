/* SHA-256 of stdin (its own source) and of a million 'a'.
 * @stdin-file self */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t k[64], state[8];

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* the first 32 bits of the fraction of the n-th root (2: square, 3: cube) of p, by integer search */
static uint32_t fraction(unsigned p, int n)
{
	uint64_t root = 0;
	for (uint64_t bit = 1ull << 36; bit; bit >>= 1) {
		uint64_t r = root | bit;
		/* compare (r / 2^32)^n with p in 128 bits made of 32-bit parts */
		uint32_t parts[8] = { 1 };
		for (int i = 0; i < n; i++) {
			uint64_t carry = 0;
			uint32_t out[8] = { 0 };
			for (int half = 0; half < 2; half++) {
				uint32_t factor = half ? (uint32_t)(r >> 32) : (uint32_t)r;
				carry = 0;
				for (int j = 0; j + half < 8; j++) {
					carry += (uint64_t)parts[j] * factor + out[j + half];
					out[j + half] = (uint32_t)carry;
					carry >>= 32;
				}
			}
			memcpy(parts, out, sizeof out);
		}
		int greater = 0;
		for (int i = 7; i > n; i--) greater |= parts[i] != 0;
		if (!greater && parts[n] < p) root = r;
	}
	return (uint32_t)root;
}

static void block(const uint8_t *p)
{
	uint32_t w[64], v[8];
	for (int i = 0; i < 16; i++) w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];
		w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
	memcpy(v, state, sizeof v);
	for (int i = 0; i < 64; i++) {
		uint32_t e = v[4], a = v[0];
		uint32_t t1 = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + k[i] + w[i];
		uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof *v);
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++) state[i] += v[i];
}

static void hash(const char *name, size_t (*source)(uint8_t *, size_t))
{
	uint8_t buffer[64 * 1024];
	uint64_t total = 0;
	size_t n, used = 0;
	for (int i = 0, p = 2; i < 8; p++) {
		int prime = 1;
		for (int d = 2; d * d <= p; d++) prime &= p % d != 0;
		if (prime) state[i++] = fraction(p, 2);
	}
	while ((n = source(buffer + used, sizeof buffer - used - 80)) > 0) {
		total += n;
		used += n;
		size_t done = 0;
		for (; used - done >= 64; done += 64) block(buffer + done);
		memmove(buffer, buffer + done, used - done);
		used -= done;
	}
	buffer[used++] = 0x80;
	while (used % 64 != 56) buffer[used++] = 0;
	for (int i = 7; i >= 0; i--) buffer[used++] = (uint8_t)(total * 8 >> 8 * i);
	for (size_t done = 0; done < used; done += 64) block(buffer + done);
	for (int i = 0; i < 8; i++) printf("%08x", state[i]);
	printf("  %s (%llu bytes)\n", name, (unsigned long long)total);
}

static size_t from_stdin(uint8_t *p, size_t n) { return fread(p, 1, n > 1000 ? 1000 : n, stdin); }
static size_t left;
static size_t from_letters(uint8_t *p, size_t n)
{
	if (n > left) n = left;
	memset(p, 'a', n);
	left -= n;
	return n;
}

int main(void)
{
	for (int i = 0, p = 2; i < 64; p++) {
		int prime = 1;
		for (int d = 2; d * d <= p; d++) prime &= p % d != 0;
		if (prime) k[i++] = fraction(p, 3);
	}
	hash("stdin", from_stdin);
	hash("nothing", from_letters);
	left = 1000000;
	hash("a million a", from_letters);
	return 0;
}
