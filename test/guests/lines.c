/* Reads stdin to its end in odd-sized pieces and prints each line numbered, reversed; the last one has no newline.
 * @stdin "first line\nsecond, somewhat longer line\n\nabcdefghijklmnopqrstuvwxyz0123456789\nno newline at the end" */
#include "guest.h"

static char text[128];

int main(void)
{
	char piece[7];
	u32 number = 0, used = 0, bytes = 0;
	int n;
	while ((n = sys(NR_read, 0, piece, sizeof piece)) > 0) {
		bytes += n;
		for (int i = 0; i < n; i++) {
			if (piece[i] != '\n') {
				if (used < sizeof text) text[used++] = piece[i];
				continue;
			}
			print("%u: ", ++number);
			while (used) print("%c", text[--used]);
			print("\n");
		}
	}
	print("%u bytes, %u lines, last read %d, %u left over\n", bytes, number, n, used);
	print("read at the end %d\n", sys(NR_read, 0, piece, 1));
	return number;
}
