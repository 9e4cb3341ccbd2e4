/* Files through stdio: write and read back, fseek, ftell, fgets, ungetc, append, rename, remove, tmpfile-like use, buffering modes, errors. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void show(const char *name)
{
	FILE *f = fopen(name, "r");
	if (!f) {
		printf("%s: %s\n", name, strerror(errno));
		return;
	}
	char line[80];
	int n = 0;
	while (fgets(line, sizeof line, f)) printf("%s:%d: %s", name, ++n, line);
	printf("%s: %ld bytes, eof %d error %d\n", name, ftell(f), feof(f) != 0, ferror(f) != 0);
	fclose(f);
}

int main(void)
{
	FILE *f = fopen("data.txt", "w+");
	for (int i = 0; i < 5; i++) fprintf(f, "line %d of %s, %g\n", i, "text", i / 4.0);
	printf("at %ld\n", ftell(f));
	rewind(f);
	char word[32];
	int a, b = 0;
	while (fscanf(f, "line %d of %31[^,], %*g\n", &a, word) == 2) b += a;
	printf("scanned sum %d, last word %s\n", b, word);
	fseek(f, 5, SEEK_SET);
	fputc('X', f);
	fseek(f, -3, SEEK_END);
	int c = fgetc(f);
	ungetc('u', f);
	printf("%c", c);
	printf(" %c", fgetc(f));
	printf(" %c\n", fgetc(f));
	fclose(f);
	show("data.txt");
	f = fopen("data.txt", "a");
	fputs("appended\n", f);
	fclose(f);
	f = fopen("data.txt", "r+");
	setvbuf(f, NULL, _IOFBF, 16);
	fseek(f, 40, SEEK_SET);
	fwrite("<written over>", 1, 14, f);
	fflush(f);
	fclose(f);
	printf("rename %d", rename("data.txt", "moved.txt"));
	printf(", remove of the old name %d", remove("data.txt"));
	printf(" errno %d\n", errno);
	show("data.txt");
	show("moved.txt");

	struct { int id; char name[12]; double value; } record;
	f = fopen("records", "wb");
	for (int i = 0; i < 100; i++) {
		memset(&record, 0, sizeof record);
		record.id = i * 7;
		snprintf(record.name, sizeof record.name, "rec%03d", i);
		record.value = i * 1.25;
		fwrite(&record, sizeof record, 1, f);
	}
	fclose(f);
	f = fopen("records", "rb");
	for (int i = 99; i > 0; i -= 31) {
		fseek(f, i * (long)sizeof record, SEEK_SET);
		if (fread(&record, sizeof record, 1, f) == 1) printf("%d %s %.2f\n", record.id, record.name, record.value);
	}
	printf("past the end %zu", (fseek(f, 0, SEEK_END), fread(&record, sizeof record, 1, f)));
	printf(" eof %d\n", feof(f) != 0);
	struct stat st;
	fstat(fileno(f), &st);
	printf("size %lld mode %o regular %d\n", (long long)st.st_size, st.st_mode & 0700, S_ISREG(st.st_mode));
	fclose(f);
	truncate("records", 50);
	stat("records", &st);
	printf("truncated to %lld\n", (long long)st.st_size);
	unlink("records");
	unlink("moved.txt");
	printf("gone: %d\n", access("moved.txt", F_OK));
	printf("directory: %d", mkdir("d", 0700));
	f = fopen("d/inside", "w");
	fprintf(f, "%s", "inside\n");
	fclose(f);
	show("d/inside");
	printf("rmdir %d", rmdir("d"));
	printf(" %s\n", strerror(errno));
	printf("unlink %d", unlink("d/inside"));
	printf(", rmdir %d\n", rmdir("d"));
	f = fopen("/no/such/file", "r");
	printf("%s %s\n", f ? "opened" : "not opened", strerror(errno));
	return 0;
}
