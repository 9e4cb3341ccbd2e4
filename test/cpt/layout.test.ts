/** Sizes, offsets and bytes of the image's structs are those a C compiler gives them, for 32 and for 64 bits. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { STRUCTS } from '../../src/cpt/v2/objects.ts';
import { hasGcc32 } from '../workloads/native.ts';
import { compiledLayout, expectedLayout, layoutSource, MODES, madeBy, storedLayout, storedSource } from './layout.ts';

test('layout.c is the program of the declarations (node --import tsx test/cpt/layout.ts)', () => {
	assert.is(storedSource(), layoutSource());
});

for (const mode of MODES) {
	test(`the declarations are as the stored table of gcc ${mode}`, () => {
		assert.is(storedLayout(mode), madeBy(mode) + expectedLayout());
	});
}

test('gcc -m32 here says the same', () => {
	if (!hasGcc32()) {
		console.log('skipped: no gcc -m32 here; the stored table was compared');
		return;
	}
	assert.is(compiledLayout('-m32'), expectedLayout());
});

/** Byte offsets from the patches' header file, read by hand: [struct, size, [field, offset]…]. */
const BY_HAND: readonly [string, number, readonly [string, number][]][] = [
	[
		'cpt_head',
		32,
		[
			['cpt_image_major', 8],
			['cpt_arch', 16],
			['cpt_time', 24],
		],
	],
	[
		'cpt_object_hdr',
		16,
		[
			['cpt_hdrlen', 8],
			['cpt_type', 12],
			['cpt_content', 14],
		],
	],
	[
		'cpt_task_image',
		296,
		[
			['cpt_state', 16],
			['cpt_pid', 48],
			['cpt_set_tid', 80],
			['cpt_exit_code', 96],
			['cpt_uid', 112],
			['cpt_comm', 144],
			['cpt_tls', 160],
			['cpt_utime', 184],
			['cpt_start_time', 240],
			['cpt_maj_flt', 280],
			['cpt_children_num', 288],
			['cpt_pad', 292],
		],
	],
	[
		'cpt_mm_image',
		128,
		[
			['cpt_start_code', 16],
			['cpt_brk', 56],
			['cpt_end_env', 96],
			['cpt_flags', 112],
			['cpt_map_count', 120],
		],
	],
	[
		'cpt_vma_image',
		80,
		[
			['cpt_file', 16],
			['cpt_vma_type', 24],
			['cpt_start', 32],
			['cpt_pgprot', 56],
			['cpt_page_num', 72],
		],
	],
	[
		'cpt_page_block',
		32,
		[
			['cpt_start', 16],
			['cpt_end', 24],
		],
	],
	[
		'cpt_obj_bits',
		24,
		[
			['cpt_size', 16],
			['__cpt_pad1', 20],
		],
	],
	[
		'cpt_x86_regs',
		120,
		[
			['cpt_debugreg', 16],
			['cpt_gs', 48],
			['cpt_ax', 76],
			['cpt_orig_ax', 92],
			['cpt_flags', 104],
			['cpt_ss', 112],
		],
	],
];

test('the format of the patches', () => {
	assert.equal(
		STRUCTS.map((s) => s.name),
		BY_HAND.map(([name]) => name),
	);
	for (const [i, [name, size, fields]] of BY_HAND.entries()) {
		assert.is(STRUCTS[i].size, size, name);
		for (const [field, offset] of fields)
			assert.is(STRUCTS[i].fields.find((f) => f.name === field)?.offset, offset, `${name}.${field}`);
	}
});

test.run();
