/**
 * VMA lists as values: sorted by start, not overlapping, mergeable neighbours merged. Every function returns a new list.
 * Follows what mm/mmap.c, mm/mprotect.c and mm/mremap.c of Linux leave behind; pages are not handled here.
 */
import { assert } from '../events/assert.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import { findVmaIndex } from './address-space.ts';
import type { Vma } from './state.ts';
import { Vm } from './state.ts';

/** Linux: VM_SPECIAL holds DONTEXPAND (the vDSO's mapping has it); a stack's neighbours keep apart from it. */
const NEVER_MERGED = Vm.GROWSDOWN | Vm.DONTEXPAND;
const VDSO_PATH = '[vdso]';

/** Whether it is an attached segment of System V shared memory. */
export const isSegment = (vma: Vma): boolean => vma.inode === 0 && vma.object !== 0 && vma.path.startsWith('/SYSV');

/** Whether `b`, which begins where `a` ends, is the same mapping going on. */
export function mergeable(a: Vma, b: Vma): boolean {
	return (
		a.end === b.start &&
		a.flags === b.flags &&
		(a.flags & NEVER_MERGED) === 0 &&
		a.object === b.object &&
		(a.object === 0 || a.pgoff + (a.end - a.start) / PAGE_SIZE === b.pgoff) &&
		a.inode === b.inode &&
		a.path === b.path &&
		a.path !== VDSO_PATH &&
		// What has a close of its own is never merged: each part counts as attached.
		!isSegment(a)
	);
}

/** The list with mergeable neighbours joined. */
export function mergeVmas(vmas: readonly Vma[]): readonly Vma[] {
	const merged: Vma[] = [];
	for (const vma of vmas) {
		const last = merged.length - 1;
		if (last >= 0 && mergeable(merged[last], vma)) merged[last] = { ...merged[last], end: vma.end };
		else merged.push(vma);
	}
	return merged.length === vmas.length ? vmas : merged;
}

/** The page offset means nothing in private anonymous memory: always 0 there, so that equal mappings are equal values. */
export function normalVma(vma: Vma): Vma {
	return vma.object === 0 && vma.pgoff !== 0 ? { ...vma, pgoff: 0 } : vma;
}

/** The part of a VMA within [start, end). */
function part(vma: Vma, start: number, end: number): Vma {
	if (start === vma.start && end === vma.end) return vma;
	return { ...vma, start, end, pgoff: vma.object === 0 ? 0 : vma.pgoff + (start - vma.start) / PAGE_SIZE };
}

function checkRange(start: number, end: number): void {
	assert(start % PAGE_SIZE === 0 && end % PAGE_SIZE === 0, 'page-aligned range');
	assert(start >= 0 && start < end && end <= 2 ** 32, 'range within the address space');
}

/** The list with a boundary at `at`, if a VMA lies across it. */
export function splitVmas(vmas: readonly Vma[], at: number): readonly Vma[] {
	const i = findVmaIndex(vmas, at);
	const vma = vmas[i];
	if (vma === undefined || vma.start >= at) return vmas;
	return [...vmas.slice(0, i), part(vma, vma.start, at), part(vma, at, vma.end), ...vmas.slice(i + 1)];
}

/** VMAs, cut to the range, that lie in [start, end). */
export function vmasIn(vmas: readonly Vma[], start: number, end: number): Vma[] {
	const found: Vma[] = [];
	for (let i = findVmaIndex(vmas, start); i < vmas.length && vmas[i].start < end; i++) {
		found.push(part(vmas[i], Math.max(start, vmas[i].start), Math.min(end, vmas[i].end)));
	}
	return found;
}

/** The list with `vma` in it. Its range must be free. */
export function insertVma(vmas: readonly Vma[], vma: Vma): readonly Vma[] {
	checkRange(vma.start, vma.end);
	const i = findVmaIndex(vmas, vma.start);
	assert(vmas[i] === undefined || vmas[i].start >= vma.end, `a mapping is in the way of ${vma.start.toString(16)}`);
	return spliceVmas(vmas, i, i, [normalVma(vma)]);
}

/** The list with [from, to) replaced. Merges at the seams and inside only: a program may hold thousands of mappings. */
function spliceVmas(vmas: readonly Vma[], from: number, to: number, middle: readonly Vma[]): readonly Vma[] {
	const first = Math.max(0, from - 1);
	return vmas
		.slice(0, first)
		.concat(mergeVmas([...vmas.slice(first, from), ...middle, ...vmas.slice(to, to + 1)]), vmas.slice(to + 1));
}

/** Indices [from, to) of the VMAs that reach into [start, end), and what of the outer ones lies outside it. */
function reach(vmas: readonly Vma[], start: number, end: number) {
	const from = findVmaIndex(vmas, start);
	let to = findVmaIndex(vmas, end);
	if (vmas[to] !== undefined && vmas[to].start < end) to++;
	const before = from < to && vmas[from].start < start ? [part(vmas[from], vmas[from].start, start)] : [];
	const after = from < to && vmas[to - 1].end > end ? [part(vmas[to - 1], end, vmas[to - 1].end)] : [];
	return { from, to, before, after };
}

/** The list without [start, end). */
export function removeVmas(vmas: readonly Vma[], start: number, end: number): readonly Vma[] {
	checkRange(start, end);
	const { from, to, before, after } = reach(vmas, start, end);
	return from === to ? vmas : spliceVmas(vmas, from, to, [...before, ...after]);
}

/** Every VMA in [start, end) gets (flags & ~clear) | set. Holes are left alone. */
export function flagVmas(vmas: readonly Vma[], start: number, end: number, clear: number, set: number): readonly Vma[] {
	checkRange(start, end);
	const { from, to, before, after } = reach(vmas, start, end);
	const changed = vmasIn(vmas, start, end).map((v) => {
		const flags = ((v.flags & ~clear) | set) >>> 0;
		return flags === v.flags ? v : { ...v, flags };
	});
	return from === to ? vmas : spliceVmas(vmas, from, to, [...before, ...changed, ...after]);
}

/** What is mapped in [from, from+length) goes on at `to`, whose range must be free once the old one is gone. */
export function moveVmas(vmas: readonly Vma[], from: number, to: number, length: number): readonly Vma[] {
	const moved = vmasIn(vmas, from, from + length);
	let list = removeVmas(vmas, from, from + length);
	for (const v of moved) list = insertVma(list, { ...v, start: v.start - from + to, end: v.end - from + to });
	return list;
}

/** The VMA that begins at `start` becomes [newStart, newEnd); what it grows over must be free. */
export function resizeVma(vmas: readonly Vma[], start: number, newStart: number, newEnd: number): readonly Vma[] {
	checkRange(newStart, newEnd);
	const i = findVmaIndex(vmas, start);
	const vma = vmas[i];
	assert(vma !== undefined && vma.start === start, `no mapping begins at ${start.toString(16)}`);
	const pgoff = vma.object === 0 ? 0 : vma.pgoff + (newStart - start) / PAGE_SIZE;
	assert(pgoff >= 0, 'a mapping begins before its object');
	return insertVma([...vmas.slice(0, i), ...vmas.slice(i + 1)], { ...vma, start: newStart, end: newEnd, pgoff });
}
