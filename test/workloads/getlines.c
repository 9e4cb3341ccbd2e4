/* Word frequencies of stdin (its own source) with getline, a hash table, strtok_r and qsort; the longest and shortest lines.
 * @stdin-file self
 * @args ["12"] */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry { char *word; int count; struct entry *next; };
static struct entry *table[127];
static int words, different;

static void count(const char *word)
{
	unsigned h = 0;
	for (const char *p = word; *p; p++) h = h * 65599 + (unsigned char)*p;
	struct entry **e = &table[h % 127];
	while (*e && strcmp((*e)->word, word)) e = &(*e)->next;
	if (!*e) {
		*e = calloc(1, sizeof **e);
		(*e)->word = strdup(word);
		different++;
	}
	(*e)->count++;
	words++;
}

static int by_count(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
	return x->count != y->count ? y->count - x->count : strcmp(x->word, y->word);
}

int main(int argc, char **argv)
{
	char *line = NULL, *longest = strdup("");
	size_t room = 0, bytes = 0;
	ssize_t n;
	int number = 0, empty = 0, at = 0;
	while ((n = getline(&line, &room, stdin)) >= 0) {
		number++;
		bytes += n;
		empty += n == 1;
		if ((size_t)n > strlen(longest)) {
			free(longest);
			longest = strdup(line);
			at = number;
		}
		for (char *p = line; *p; p++) *p = isalnum((unsigned char)*p) ? tolower((unsigned char)*p) : ' ';
		char *save;
		for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) count(word);
	}
	struct entry **all = malloc(different * sizeof *all);
	int k = 0;
	for (int i = 0; i < 127; i++)
		for (struct entry *e = table[i]; e; e = e->next) all[k++] = e;
	qsort(all, different, sizeof *all, by_count);
	int show = argc > 1 ? atoi(argv[1]) : 5;
	for (int i = 0; i < show && i < different; i++) printf("%6d %s\n", all[i]->count, all[i]->word);
	printf("%d lines (%d empty), %d words, %d different, %zu bytes\nlongest is line %d: %s", number, empty, words, different, bytes, at, longest);
	free(line);
	return 0;
}
