/* Compresses stdin (its own source) with LZ77 and canonical Huffman codes, unpacks it again and compares.
 * @stdin-file self */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *in, *packed, *out;
static size_t length, bits, at;
static int lengths[320], codes[320];

static void put(unsigned value, int n)
{
	for (int i = n - 1; i >= 0; i--, bits++)
		if (value >> i & 1) packed[bits / 8] |= 0x80 >> bits % 8;
}
static unsigned take(int n)
{
	unsigned v = 0;
	for (; n; n--, at++) v = v << 1 | (packed[at / 8] >> (7 - at % 8) & 1);
	return v;
}

static void tree(const unsigned *counts, int n)
{
	struct { unsigned weight; int parent; } node[640];
	int used = n, alive[640], m = 0;
	for (int i = 0; i < n; i++) {
		node[i].weight = counts[i];
		node[i].parent = -1;
		lengths[i] = 0;
		if (counts[i]) alive[m++] = i;
	}
	while (m > 1) {
		int pick[2];
		for (int k = 0; k < 2; k++) {
			int best = 0;
			for (int i = 1; i < m; i++) if (node[alive[i]].weight < node[alive[best]].weight) best = i;
			pick[k] = alive[best];
			alive[best] = alive[--m];
		}
		node[used].weight = node[pick[0]].weight + node[pick[1]].weight;
		node[used].parent = -1;
		node[pick[0]].parent = node[pick[1]].parent = used;
		alive[m++] = used++;
	}
	for (int i = 0; i < n; i++)
		if (counts[i]) for (int p = i; node[p].parent >= 0; p = node[p].parent) lengths[i]++;
}
static void canonical(int n)
{
	int code = 0;
	for (int l = 1; l < 32; l++, code <<= 1)
		for (int i = 0; i < n; i++) if (lengths[i] == l) codes[i] = code++;
}
static int symbol(int n)
{
	int code = 0;
	for (int l = 1; l < 32; l++) {
		code = code << 1 | (int)take(1);
		for (int i = 0; i < n; i++) if (lengths[i] == l && codes[i] == code) return i;
	}
	abort();
}

int main(void)
{
	size_t room = 0, n;
	do {
		if (length + 512 > room) in = realloc(in, room += 4096);
		length += n = fread(in + length, 1, 512, stdin);
	} while (n);
	packed = calloc(1, length * 2 + 1000);
	out = malloc(length + 300);
	struct token { int symbol, distance; } *tokens = malloc((length + 1) * sizeof *tokens);
	int count = 0, matches = 0;
	unsigned counts[320] = { 0 };
	for (size_t i = 0; i < length;) { /* symbols: 0..255 bytes, 256..319 matches of 4..67 bytes, then the distance in 12 bits */
		int best = 0, distance = 0;
		for (size_t j = i > 1500 ? i - 1500 : 0; j < i; j++) {
			int k = 0;
			while (k < 67 && i + k < length && in[j + k] == in[i + k]) k++;
			if (k > best) best = k, distance = (int)(i - j);
		}
		tokens[count] = best >= 4 ? (struct token){ 256 + best - 4, distance } : (struct token){ in[i], 0 };
		matches += best >= 4;
		counts[tokens[count++].symbol]++;
		i += best >= 4 ? best : 1;
	}
	tree(counts, 320);
	canonical(320);
	for (int i = 0; i < 320; i++) put(lengths[i], 5);
	for (int i = 0; i < count; i++) {
		put(codes[tokens[i].symbol], lengths[tokens[i].symbol]);
		if (tokens[i].distance) put(tokens[i].distance, 12);
	}
	memset(codes, 0, sizeof codes);
	for (int i = 0; i < 320; i++) lengths[i] = (int)take(5);
	canonical(320);
	size_t made = 0;
	while (made < length) {
		int s = symbol(320);
		if (s < 256) out[made++] = (uint8_t)s;
		else {
			size_t d = take(12);
			for (int k = s - 252; k; k--, made++) out[made] = out[made - d];
		}
	}
	unsigned hash = 0;
	for (size_t i = 0; i < bits / 8; i++) hash = hash * 31 + packed[i];
	printf("%zu bytes, %d tokens, %d matches, %zu packed (%zu%%), hash %08x, %s\n", length, count, matches, bits / 8 + 1, (bits / 8 + 1) * 100 / length, hash,
		memcmp(in, out, length) ? "differs" : "the same");
	return memcmp(in, out, length) != 0;
}
