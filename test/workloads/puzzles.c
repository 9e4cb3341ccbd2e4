/* Integer work: queens, Game of Life, an edit distance, a maze by breadth-first search, prime factors, printed compactly. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int queens(int n, unsigned columns, unsigned left, unsigned right, int row)
{
	if (row == n) return 1;
	int count = 0;
	for (unsigned free = ~(columns | left | right) & ((1u << n) - 1); free; free &= free - 1) {
		unsigned bit = free & -free;
		count += queens(n, columns | bit, (left | bit) << 1, (right | bit) >> 1, row + 1);
	}
	return count;
}

static void life(int generations)
{
	static char cells[2][34][34];
	int now = 0;
	static const char *const start[] = { ".#.", "..#", "###" };
	for (int i = 0; i < 9; i++) cells[0][2 + i / 3][2 + i % 3] = start[i / 3][i % 3] == '#';
	for (int i = 0; i < 5; i++) cells[0][20][10 + i] = 1;
	for (int g = 0; g < generations; g++, now ^= 1)
		for (int y = 1; y < 33; y++)
			for (int x = 1; x < 33; x++) {
				int n = -cells[now][y][x];
				for (int k = 0; k < 9; k++) n += cells[now][y + k / 3 - 1][x + k % 3 - 1];
				cells[now ^ 1][y][x] = n == 3 || (n == 2 && cells[now][y][x]);
			}
	int alive = 0;
	for (int y = 1; y < 33; y++)
		for (int x = 1; x < 33; x++) alive += cells[now][y][x];
	printf("life after %d: %d alive\n", generations, alive);
}

static int distance(const char *a, const char *b)
{
	int n = (int)strlen(b), *row = malloc((n + 1) * sizeof *row);
	for (int j = 0; j <= n; j++) row[j] = j;
	for (int i = 1; a[i - 1]; i++) {
		int diagonal = row[0];
		row[0] = i;
		for (int j = 1; j <= n; j++) {
			int up = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
			if (up + 1 < best) best = up + 1;
			if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
			diagonal = up;
			row[j] = best;
		}
	}
	int result = row[n];
	free(row);
	return result;
}

static int maze(int size)
{
	char *wall = calloc(size, size);
	int *queue = malloc(size * size * sizeof *queue), *steps = malloc(size * size * sizeof *steps), head = 0, tail = 0;
	unsigned seed = 77;
	for (int i = 0; i < size * size; i++) {
		wall[i] = ((seed = seed * 1103515245 + 12345) >> 16) % 100 < 28;
		steps[i] = -1;
	}
	wall[0] = wall[size * size - 1] = 0;
	steps[queue[tail++] = 0] = 0;
	while (head < tail) {
		int at = queue[head++], x = at % size, y = at / size;
		static const int moves[4][2] = { { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 } };
		for (int m = 0; m < 4; m++) {
			int nx = x + moves[m][0], ny = y + moves[m][1], to = ny * size + nx;
			if (nx < 0 || ny < 0 || nx >= size || ny >= size || wall[to] || steps[to] >= 0) continue;
			steps[to] = steps[at] + 1;
			queue[tail++] = to;
		}
	}
	int result = steps[size * size - 1];
	printf("maze: %d of %d reached, exit after %d\n", tail, size * size, result);
	free(wall);
	free(queue);
	free(steps);
	return result;
}

int main(void)
{
	for (int n = 4; n <= 8; n++) printf("%d queens: %d\n", n, queens(n, 0, 0, 0, 0));
	life(50);
	printf("kitten/sitting %d, checkpoint/restart %d\n", distance("kitten", "sitting"), distance("checkpoint", "restart"));
	maze(60);
	for (unsigned n = 4294967290u; n != 0 && n >= 4294967290u; n++) {
		printf("%u =", n);
		unsigned rest = n;
		for (unsigned p = 2; p * p <= rest && p < 65536; p++)
			while (rest % p == 0) printf(" %u", p), rest /= p;
		if (rest > 1) printf(" %u", rest);
		puts("");
	}
	return 0;
}
