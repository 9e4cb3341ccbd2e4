/* What guests about futexes share: operations that procs.h does not have, and waiting until others sleep. */
#pragma once
#include "procs.h"

enum { FUTEX_WAIT_REQUEUE_PI = 11, FUTEX_CMP_REQUEUE_PI = 12, FUTEX_LOCK_PI2 = 13, FUTEX_CLOCK_REALTIME = 256, NR_futex_waitv = 449 };
#define FUTEX_TID_MASK 0x3fffffffu

/* futex(2); `timeout` is the second count of operations that have one */
static inline int futex(volatile void *word, int op, u32 value, int timeout, volatile void *word2, u32 value3)
{
	return sys(NR_futex, word, op, value, timeout, word2, value3);
}

/* Waits until `n` say that they are about to sleep, and a little more. */
static inline void settle(volatile int *asleep, int n)
{
	while (*asleep < n) pause_ms(1);
	pause_ms(5);
}
