/** How an address space resolves a linear page: what the processor and the kernel's memory views ask. */
export { PAGE_SIZE, Pages } from '../events/pages.ts';

/**
 * What backs one linear page, as the state knows it.
 * The private page, when there is one (in the state or in a live frame), hides the backing page;
 * the first write to a page with a backing creates the private page from it (copy-on-write).
 */
export interface PageLookup {
	/** Permission bits of the VMA: READ 1, WRITE 2, EXEC 4 (VM_READ, VM_WRITE, VM_EXEC). */
	readonly access: number;
	/** Memory object and page index that a write goes to. */
	readonly object: number;
	readonly index: number;
	/** Its bytes, 4096, or undefined when the state has no such page (zeros, or the backing below). */
	readonly bytes: Uint8Array | undefined;
	/** For a private mapping of a file: the file's page, used until the private one exists. */
	readonly backing?: { readonly object: number; readonly index: number; readonly bytes: Uint8Array | undefined };
	/** The page lies beyond the end of its file: any access is a fault with `bus` set. */
	readonly bus: boolean;
}

/** Resolves linear pages of one address space. Pure; an answer may be kept until the mappings change. */
export interface Pager {
	/** @param vpn linear address >>> 12. Returns undefined where nothing is mapped. */
	lookup(vpn: number): PageLookup | undefined;
}
