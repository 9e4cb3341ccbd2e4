/* Copies stdin to a file, maps it and counts like wc; then changes it through a shared map and reads it back with stdio.
 * @stdin-file self */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	char buffer[333];
	ssize_t n;
	int fd = open("text", O_RDWR | O_CREAT | O_TRUNC, 0644);
	for (int times = 0; (n = read(0, buffer, sizeof buffer)) > 0; times++)
		for (int k = 0; k < 8; k++) write(fd, buffer, n);
	struct stat st;
	fstat(fd, &st);
	size_t size = st.st_size;
	const char *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED) return 1;
	int lines = 0, words = 0, inside = 0;
	for (size_t i = 0; i < size; i++) {
		lines += text[i] == '\n';
		int word = !isspace((unsigned char)text[i]);
		words += word && !inside;
		inside = word;
	}
	printf("%d %d %zu\n", lines, words, size);
	int letters[26] = { 0 };
	for (size_t i = 0; i < size; i++) if (isalpha((unsigned char)text[i])) letters[tolower((unsigned char)text[i]) - 'a']++;
	for (int i = 0; i < 26; i++) printf("%c%d%c", 'a' + i, letters[i], i == 25 ? '\n' : ' ');
	char *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int upper = 0;
	for (size_t i = 0; i < size; i += 2)
		if (islower((unsigned char)shared[i])) shared[i] = (char)toupper((unsigned char)shared[i]), upper++;
	msync(shared, size, MS_SYNC);
	munmap(shared, size);
	close(fd);
	FILE *f = fopen("text", "r");
	int seen = 0, c;
	unsigned long hash = 5381;
	while ((c = getc(f)) != EOF) {
		seen += isupper(c) != 0;
		hash = hash * 33 + c;
	}
	fclose(f);
	printf("%d made upper case, %d seen, hash %08lx, the first map sees it: %d\n", upper, seen, hash & 0xffffffff, isupper((unsigned char)text[12]) != 0 || text[12] != 0);
	unlink("text");
	return 0;
}
