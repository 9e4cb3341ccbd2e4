/** The header of a trace: all that a machine is made from, but the bytes of files, which stand in blob frames. */
import * as v from 'valibot';
import { DefectError } from '../cpt/defects/defect.ts';
import { FORMAT_VERSION } from '../events/trace/format.ts';
import { moduleRules } from './module.ts';

/**
 * Version of what the engine does: raised whenever the same trace would execute differently, so that an old trace says
 * so instead of diverging. `npm run record-traces` records the samples again.
 */
export const SEMANTICS_VERSION = 11;

/** Version of the package that wrote the trace. */
export const WRITER = 'cpt-replay 0.1.0';

const u32 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const text = v.pipe(v.string(), v.maxLength(131072));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const leaf = v.tuple([u32, v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(0xffffffff)), u32, u32, u32, u32]);
const streamKind = v.picklist(['tty', 'pipe', 'file', 'null', 'closed', 'other']);
/** MessagePack gives small integers as numbers, large ones as bigint. */
const big = v.pipe(
	v.union([v.bigint(), count]),
	v.transform((n) => BigInt(n)),
);

/** Whether a defect can be planted in the checkpoint module. */
function isPlantable(spec: string): boolean {
	try {
		moduleRules([spec]);
		return true;
	} catch (error) {
		if (error instanceof DefectError) return false;
		throw error;
	}
}

const personaSchema = v.strictObject({
	sysname: text,
	nodename: text,
	release: text,
	version: text,
	machine: text,
	domainname: text,
	kernel: v.tuple([u32, u32, u32]),
	cpuid: v.pipe(v.array(leaf), v.minLength(1), v.maxLength(256)),
	userCs: v.pipe(u32, v.maxValue(0xffff)),
	userDs: v.pipe(u32, v.maxValue(0xffff)),
	nsPerStep: v.pipe(count, v.minValue(1), v.maxValue(1_000_000)),
	tscPerNs: v.pipe(count, v.minValue(1), v.maxValue(1000)),
	epochNs: big,
	bootNs: count,
	firstPid: v.pipe(u32, v.minValue(1), v.maxValue(4194303)),
	quantum: v.pipe(count, v.minValue(1)),
	memoryBytes: count,
	checkpointModule: v.optional(v.pipe(v.array(v.pipe(text, v.check(isPlantable, 'a defect of the catalogue'))), v.maxLength(64))),
});

const meta = v.strictObject({ mode: u32, uid: u32, gid: u32, mtime: big });

const headerSchema = v.strictObject({
	format: v.literal(FORMAT_VERSION),
	semantics: count,
	writer: text,
	grain: v.picklist(['inputs', 'steps']),
	persona: personaSchema,
	/** Seed of all randomness the guest sees. */
	seed: u32,
	/** The schedule: the seed's alone, or with quanta and priorities at random (schedule.ts). */
	chaos: v.boolean(),
	/** The program: absolute path in the guest, and its contents. */
	path: text,
	program: sha256,
	/** What a look-up of the program found below a host root; null in an empty one. */
	meta: v.nullable(meta),
	/** Of a dynamic program: its loader, as the program itself. */
	loader: v.optional(v.strictObject({ path: text, file: sha256, meta })),
	argv: v.pipe(v.array(text), v.maxLength(65536)),
	/** The name execve would have been given, where argv and path do not say it: of a script its own. */
	filename: v.optional(text),
	env: v.pipe(v.array(text), v.maxLength(65536)),
	cwd: text,
	/** `empty`: a tree that holds the program alone; `host`: names are looked up below a directory of the recorder. */
	root: v.picklist(['empty', 'host']),
	/** What descriptors 0, 1, 2 were. */
	streams: v.tuple([streamKind, streamKind, streamKind]),
	/** Contents of stdin when it was a regular file. */
	stdin: v.nullable(sha256),
	/** Position of the first event, in steps: 0, or where a restored run goes on. */
	from: count,
	/** Of a restored run: the state that was lent to the restart (an encoded state), as it is before the first restore event. */
	base: v.nullable(sha256),
	/** Where the steps come from when no processor of ours made them (grain `steps`): they are applied as recorded. */
	source: v.optional(v.literal('hardware')),
});

export type TraceHeader = v.InferOutput<typeof headerSchema>;

/** The sha256 of every content that a header names, in the order in which a trace begins with them. */
export function headerContents({ program, loader, stdin, base }: TraceHeader): string[] {
	return [program, loader?.file ?? null, stdin, base].filter((name) => name !== null);
}

/** The header, or a line that says which field is not what it must be. */
export function parseHeader(value: unknown): TraceHeader | string {
	const result = v.safeParse(headerSchema, value);
	if (result.success) return result.output;
	const [issue] = result.issues;
	const path = issue.path?.map((p) => String(p.key)).join('.') ?? 'header';
	return `header field ${path}: ${issue.expected ?? (issue.type === 'check' ? issue.message : 'a valid value')} wanted, ${issue.received} got`;
}
