/** Events of memory: mappings, and every write the kernel makes to guest memory. */
import type { MemoryObject, Mm, Vma } from './entities.ts';

export type MmFields = Omit<Mm, 'id' | 'object' | 'vmas'>;

export type MemoryEvent =
	/** An address space with its private memory object. */
	| { readonly kind: 'mm/new'; readonly mm: Mm; readonly object: MemoryObject }
	/**
	 * fork: a copy of the address space `from` but for mappings that say no (VM_DONTCOPY, or VM_WIPEONFORK for their pages). Its private object holds the pages that
	 * the other holds now: from here on each is written by itself.
	 */
	| { readonly kind: 'mm/fork'; readonly mm: number; readonly from: number; readonly object: number }
	/** The last task left it. */
	| { readonly kind: 'mm/drop'; readonly mm: number }
	| { readonly kind: 'mm/set'; readonly mm: number; readonly fields: Partial<MmFields> }
	/** A new mapping; the range is free (an mm/unmap comes before where it was not). Merged with equal neighbours. */
	| { readonly kind: 'mm/map'; readonly mm: number; readonly vma: Vma }
	/** Mappings and private pages of [start, end) go. */
	| { readonly kind: 'mm/unmap'; readonly mm: number; readonly start: number; readonly end: number }
	/** Every VMA in [start, end) gets (flags & ~clear) | set: mprotect, mlock, madvise. */
	| {
			readonly kind: 'mm/flags';
			readonly mm: number;
			readonly start: number;
			readonly end: number;
			readonly clear: number;
			readonly set: number;
	  }
	/** mremap: the VMA at `from` (length bytes) moves to `to` with its private pages. */
	| { readonly kind: 'mm/move'; readonly mm: number; readonly from: number; readonly to: number; readonly length: number }
	/** The VMA that begins at `start` grows (or shrinks) to [newStart, newEnd): brk, mremap in place, stack growth. */
	| {
			readonly kind: 'mm/resize';
			readonly mm: number;
			readonly start: number;
			readonly newStart: number;
			readonly newEnd: number;
	  }
	/** Private pages of [start, end) are forgotten: MADV_DONTNEED. */
	| { readonly kind: 'mm/discard'; readonly mm: number; readonly start: number; readonly end: number }
	| { readonly kind: 'object/new'; readonly object: MemoryObject }
	/** The last mapping of shared memory went. */
	| { readonly kind: 'object/drop'; readonly object: number }
	/** The kernel writes to guest memory through the mappings of `mm`, copying shared pages first. `force`: even where the VMA is read-only. */
	| {
			readonly kind: 'memory/write';
			readonly mm: number;
			readonly address: number;
			readonly bytes: Uint8Array;
			readonly force: boolean;
	  };
