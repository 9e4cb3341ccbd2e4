/** Events of signals. */

import type { AltStack, SigAction, SigInfo, SigSet } from './entities.ts';
import type { RegisterPatch } from './task.ts';

export type SignalEvent =
	/** A signal becomes pending for a thread or (`group`) its thread group. */
	| { readonly kind: 'signal/post'; readonly task: number; readonly group: boolean; readonly info: SigInfo }
	/** The pending signal is taken off its queue: delivered, ignored, or consumed by sigtimedwait. */
	| {
			readonly kind: 'signal/take';
			readonly task: number;
			readonly group: boolean;
			readonly index: number;
			readonly signo: number;
	  }
	/** All pending signals of the set go (a stop cancels SIGCONT, SIG_IGN discards…). */
	| { readonly kind: 'signal/flush'; readonly task: number; readonly set: SigSet }
	| { readonly kind: 'signal/mask'; readonly task: number; readonly blocked: SigSet; readonly saved: SigSet | null }
	| { readonly kind: 'signal/action'; readonly sighand: number; readonly signo: number; readonly action: SigAction }
	/** A handler is entered: the frame was written by memory/write before; registers and mask are the handler's. */
	| {
			readonly kind: 'signal/deliver';
			readonly task: number;
			readonly signo: number;
			readonly handler: number;
			/** Address of the frame on the user stack. */
			readonly frame: number;
			readonly blocked: SigSet;
			readonly altstack: AltStack;
			readonly regs: RegisterPatch;
	  }
	/** sigreturn or rt_sigreturn: everything back from the frame. */
	| {
			readonly kind: 'signal/return';
			readonly task: number;
			readonly blocked: SigSet;
			readonly altstack: AltStack;
			readonly regs: RegisterPatch;
	  }
	/** The call interrupted by a signal goes back to its instruction (or on through restart_syscall). */
	| { readonly kind: 'signal/restart'; readonly task: number; readonly regs: RegisterPatch }
	/** Default action. */
	| {
			readonly kind: 'signal/default';
			readonly task: number;
			readonly signo: number;
			readonly action: 'ignore' | 'terminate' | 'core' | 'stop' | 'continue';
	  };
