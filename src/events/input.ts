/** Inputs: the only nondeterminism. Each holds all that came; the trace holds its position. */
import type { SigInfo } from './entities.ts';

/** What a look-up below the host root found. Times are ns since 1970. */
export interface HostMeta {
	readonly kind: 'file' | 'dir' | 'symlink' | 'char' | 'fifo';
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly nlink: number;
	readonly size: number;
	readonly rdev: number;
	readonly mtime: bigint;
	/** symlink: its target. */
	readonly target: string;
}

export type InputEvent =
	/** A name in a directory of the host root; null = it does not exist. */
	| { readonly kind: 'input/lookup'; readonly dir: number; readonly name: string; readonly found: HostMeta | null }
	/** A directory's names, sorted; each was or will be looked up on its own. */
	| { readonly kind: 'input/listing'; readonly dir: number; readonly names: readonly string[] }
	/** A file's contents. In a trace file the bytes stand once, by their sha256. */
	| { readonly kind: 'input/content'; readonly inode: number; readonly bytes: Uint8Array }
	/** Bytes (or, empty with eof, the end) from the recorder's descriptor, `ns` after the machine began to wait. */
	| {
			readonly kind: 'input/stream';
			readonly stream: number;
			readonly bytes: Uint8Array;
			readonly eof: boolean;
			readonly ns: number;
	  }
	/** A signal sent to the recorder. */
	| { readonly kind: 'input/signal'; readonly task: number; readonly info: SigInfo; readonly ns: number }
	/** Nothing came while the machine waited (a poll with a timeout): only time passed. */
	| { readonly kind: 'input/none'; readonly ns: number };

/** What a decision lacks: the machine gets it (from the host or the trace) as an input event, then decides again. */
export type InputRequest =
	| { readonly kind: 'lookup'; readonly dir: number; readonly name: string; readonly path: string }
	| { readonly kind: 'listing'; readonly dir: number; readonly path: string }
	| { readonly kind: 'content'; readonly inode: number; readonly path: string };
