/** The one WebAssembly.Memory of a processor: layout.ts says what is where. */
import { POOL } from './layout.ts';

/** The part of the WebAssembly interface used here; the language's own library does not declare it. */
export interface WasmMemory {
	readonly buffer: ArrayBuffer;
}
declare const WebAssembly: { readonly Memory: new (descriptor: { initial: number; maximum: number }) => WasmMemory };

/** Reserves address space for the pool; the host gives pages as they are touched, so a large one costs nothing. */
export function reserve(bytes: number): WasmMemory {
	for (let pages = Math.ceil((POOL + bytes) / 65536); ; pages >>>= 1) {
		try {
			return new WebAssembly.Memory({ initial: pages, maximum: pages });
		} catch (e) {
			if (pages < 1024) throw e;
		}
	}
}
