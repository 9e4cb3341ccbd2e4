/* A small stack machine with a jump table, running two programs: a loop that sums squares, and recursive Fibonacci. */
#include "guest.h"

enum { HALT, PUSH, ADD, SUB, MUL, DUP, SWAP, OVER, DROP, LESS, JUMP, BRANCH, CALL, RETURN, LOAD, STORE, EMIT };

static const int squares[] = { /* variables: 0 the counter, 1 the sum */
	PUSH, 0, STORE, 0, PUSH, 0, STORE, 1,
	LOAD, 0, DUP, MUL, LOAD, 1, ADD, STORE, 1, /* 8 */
	LOAD, 0, PUSH, 1, ADD, DUP, STORE, 0,
	PUSH, 20000, LESS, BRANCH, 8,
	LOAD, 1, EMIT, HALT,
};
static const int fibonacci[] = {
	PUSH, 20, CALL, 6, EMIT, HALT,
	DUP, PUSH, 2, LESS, BRANCH, 25, /* 6: n → fib(n) */
	DUP, PUSH, 1, SUB, CALL, 6, SWAP, PUSH, 2, SUB, CALL, 6, ADD, RETURN, /* 12 */
};

static u32 run(const char *name, const int *code)
{
	int stack[64], calls[64], variables[8], *sp = stack, *rp = calls;
	u32 count = 0;
	for (const int *pc = code;; count++) {
		switch (*pc++) {
		case HALT: return count;
		case PUSH: *++sp = *pc++; break;
		case ADD: sp--; *sp += sp[1]; break;
		case SUB: sp--; *sp -= sp[1]; break;
		case MUL: sp--; *sp *= sp[1]; break;
		case DUP: sp++; *sp = sp[-1]; break;
		case SWAP: { int t = *sp; *sp = sp[-1]; sp[-1] = t; break; }
		case OVER: sp++; *sp = sp[-2]; break;
		case DROP: sp--; break;
		case LESS: sp--; *sp = *sp < sp[1]; break;
		case JUMP: pc = code + *pc; break;
		case BRANCH: pc = *sp-- ? code + *pc : pc + 1; break;
		case CALL: *++rp = (int)(pc + 1 - code); pc = code + *pc; break;
		case RETURN: pc = code + *rp--; break;
		case LOAD: *++sp = variables[*pc++]; break;
		case STORE: variables[*pc++] = *sp--; break;
		case EMIT: print("%s: %d\n", name, *sp--); break;
		}
	}
}

int main(void)
{
	print("%u instructions\n", run("squares", squares));
	print("%u instructions\n", run("fibonacci", fibonacci));
	return 0;
}
