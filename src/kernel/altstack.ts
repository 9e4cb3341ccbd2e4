/** The alternate signal stack: what sigaltstack(2) takes, and whether it is in use (kernel/signal.c, linux/sched/signal.h). */
import type { AltStack } from '../events/entities.ts';
import { MINSIGSTKSZ, Ss } from './abi/signal.ts';

/** Whether sp lies on the alternate stack; one that disarms itself is never "in use" (on_sig_stack). */
export function onAltStack(alt: AltStack, sp: number): boolean {
	return !(alt.flags & Ss.AUTODISARM) && within(alt, sp);
}

/** Whether sp lies in it, disarming or not (__on_sig_stack). */
export function within(alt: AltStack, sp: number): boolean {
	return sp > alt.sp && sp - alt.sp <= alt.size;
}

/** SS_DISABLE, SS_ONSTACK or 0 (sas_ss_flags). */
export function altStackFlags(alt: AltStack, sp: number): number {
	if (alt.size === 0) return Ss.DISABLE;
	return onAltStack(alt, sp) ? Ss.ONSTACK : 0;
}

/**
 * What sigaltstack(2) makes of a request, or undefined for one it refuses (EPERM on the stack, EINVAL, ENOMEM): the caller
 * of sigaltstack asks `refuseAltStack` for the reason, sigreturn does not care.
 */
export function changedAltStack(old: AltStack, wanted: AltStack, sp: number): AltStack | undefined {
	if (refuseAltStack(old, wanted, sp) !== null) return undefined;
	return wanted.flags & Ss.DISABLE ? { sp: 0, size: 0, flags: wanted.flags } : wanted;
}

/** Why do_sigaltstack refuses, or null. */
export function refuseAltStack(old: AltStack, wanted: AltStack, sp: number): 'EPERM' | 'EINVAL' | 'ENOMEM' | null {
	if (onAltStack(old, sp)) return 'EPERM';
	const mode = (wanted.flags & ~Ss.AUTODISARM) >>> 0;
	if (mode !== Ss.DISABLE && mode !== Ss.ONSTACK && mode !== 0) return 'EINVAL';
	if (wanted.sp === old.sp && wanted.size === old.size && wanted.flags === old.flags) return null;
	return mode !== Ss.DISABLE && wanted.size < MINSIGSTKSZ ? 'ENOMEM' : null;
}
