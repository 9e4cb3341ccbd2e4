/* Integer loop: CRC-32 (reflected, polynomial edb88320) of a block made by a small generator, by bit and by table. */
#include "guest.h"

static u8 block[16384];
static u32 table[256];

static u32 by_bit(u32 crc, const u8 *p, u32 n)
{
	while (n--) {
		crc ^= *p++;
		for (int k = 0; k < 8; k++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return crc;
}

int main(void)
{
	u32 seed = 1;
	for (u32 i = 0; i < sizeof block; i++) {
		seed = seed * 1103515245u + 12345u;
		block[i] = (u8)(seed >> 16);
	}
	for (u32 i = 0; i < 256; i++) {
		u8 byte = (u8)i;
		table[i] = by_bit(0, &byte, 1);
	}
	u32 crc = ~0u;
	for (u32 i = 0; i < sizeof block; i++) crc = table[(crc ^ block[i]) & 255] ^ crc >> 8;
	print("check %X\n", ~by_bit(~0u, (const u8 *)"123456789", 9));
	print("block %X\n", ~crc);
	check("table and bit loop agree", by_bit(~0u, block, sizeof block) == crc);
	return 0;
}
