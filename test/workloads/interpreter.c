/* A small language compiled to bytecode and interpreted: reads a program from stdin, hash table of words, jump threading, call stack.
 * @stdin ": square dup * ;\n: fib dup 2 < if exit then dup 1 - fib swap 2 - fib + ;\n: gcd begin dup while swap over mod repeat drop ;\n: collatz 0 swap begin dup 1 > while dup 2 mod if 3 * 1 + else 2 / then swap 1 + swap repeat drop ;\n12 square .\n18 fib .\n1071 462 gcd .\n27 collatz .\n0 1000 begin dup while dup square rot + swap 1 - repeat drop .\n5 0 / .\nnonsense\n1 2 3 .s\n"
   @dynamic */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PUSH, CALL, EXIT, JUMP, JZ, ADD, SUB, MUL, DIV, MOD, LESS, GREATER, EQUAL, DUP, DROP, SWAP, OVER, ROT, DOT, SHOW, WORDS };
static const char *const primitives[] = { "", "", "exit", "", "", "+", "-", "*", "/", "mod", "<", ">", "=", "dup", "drop", "swap", "over", "rot", ".", ".s" };

struct word { char *name; int at; struct word *next; };
static struct word *table[64];
static int *code, used, room, stack[256], *sp = stack, calls[4096];
static long long executed;
static jmp_buf failed;

static void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("error: ");
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	sp = stack;
	longjmp(failed, 1);
}

static unsigned hash(const char *s)
{
	unsigned h = 5381;
	while (*s) h = h * 33 ^ (unsigned char)*s++;
	return h % 64;
}

static void emit(int x)
{
	if (used == room) code = realloc(code, (room = room ? room * 2 : 16) * sizeof *code);
	code[used++] = x;
}

static void run(int start)
{
	int depth = 0;
	for (int pc = start;; executed++) {
		if (sp - stack > 250) fail("stack overflow");
		int a = sp[-1], b = sp - stack > 1 ? sp[-2] : 0;
		switch (code[pc++]) {
		case PUSH: *sp++ = code[pc++]; break;
		case CALL:
			if (depth == 4096) fail("calls too deep");
			calls[depth++] = pc + 1;
			pc = code[pc];
			break;
		case EXIT:
			if (!depth) return;
			pc = calls[--depth];
			break;
		case JUMP: pc = code[pc]; break;
		case JZ: pc = *--sp ? pc + 1 : code[pc]; break;
		case ADD: sp--; sp[-1] = b + a; break;
		case SUB: sp--; sp[-1] = b - a; break;
		case MUL: sp--; sp[-1] = b * a; break;
		case DIV: if (!a) fail("division of %d by zero", b); sp--; sp[-1] = b / a; break;
		case MOD: if (!a) fail("remainder of %d by zero", b); sp--; sp[-1] = b % a; break;
		case LESS: sp--; sp[-1] = b < a; break;
		case GREATER: sp--; sp[-1] = b > a; break;
		case EQUAL: sp--; sp[-1] = b == a; break;
		case DUP: *sp++ = a; break;
		case DROP: sp--; break;
		case SWAP: sp[-1] = b; sp[-2] = a; break;
		case OVER: *sp++ = b; break;
		case ROT: { int c = sp[-3]; sp[-3] = b; sp[-2] = a; sp[-1] = c; break; }
		case DOT: printf("%d\n", *--sp); break;
		case SHOW: for (int *p = stack; p < sp; p++) printf("%d ", *p); printf("(%d)\n", (int)(sp - stack)); break;
		}
	}
}

static void line(char *text)
{
	static int defining;
	int start = used, marks[32], depth = 0;
	for (char *token = strtok(text, " \n"); token; token = strtok(NULL, " \n")) {
		char *end;
		long number = strtol(token, &end, 10);
		if (!*end) { emit(PUSH); emit((int)number); continue; }
		if (!strcmp(token, ":")) {
			struct word *w = malloc(sizeof *w);
			w->name = strdup(strtok(NULL, " \n"));
			w->at = used;
			w->next = table[hash(w->name)];
			table[hash(w->name)] = w;
			defining = 1;
			continue;
		}
		if (!strcmp(token, ";")) { emit(EXIT); defining = 0; start = used; continue; }
		if (!strcmp(token, "if")) { emit(JZ); marks[depth++] = used; emit(0); continue; }
		if (!strcmp(token, "else")) { emit(JUMP); emit(0); code[marks[depth - 1]] = used; marks[depth - 1] = used - 1; continue; }
		if (!strcmp(token, "then")) { code[marks[--depth]] = used; continue; }
		if (!strcmp(token, "begin")) { marks[depth++] = used; continue; }
		if (!strcmp(token, "while")) { emit(JZ); marks[depth++] = used; emit(0); continue; }
		if (!strcmp(token, "repeat")) { emit(JUMP); emit(marks[depth - 2]); code[marks[depth - 1]] = used; depth -= 2; continue; }
		int found = 0;
		for (struct word *w = table[hash(token)]; w && !found; w = w->next)
			if (!strcmp(w->name, token)) { emit(CALL); emit(w->at); found = 1; }
		for (int i = 0; i < (int)(sizeof primitives / sizeof *primitives) && !found; i++)
			if (!strcmp(primitives[i], token)) { emit(i); found = 1; }
		if (!found) fail("%s?", token);
	}
	if (defining || start == used) return;
	emit(EXIT);
	run(start);
	used = start;
}

int main(void)
{
	char text[512];
	int errors = 0;
	while (fgets(text, sizeof text, stdin)) {
		int mark = used;
		if (setjmp(failed)) { errors++; used = mark; continue; }
		line(text);
	}
	printf("%lld instructions, %d errors\n", executed, errors);
	return errors;
}
