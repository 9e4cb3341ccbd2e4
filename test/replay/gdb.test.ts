/** The remote serial protocol without a stub: packets, target descriptions, registers, changes of mappings. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mapEvents, parseMaps } from '../../src/replay/gdb/maps.ts';
import { decodeBody, encodePacket, PacketReader, RemoteError } from '../../src/replay/gdb/packets.ts';
import { decodeRegisters, readLayout } from '../../src/replay/gdb/registers.ts';

test('packets have a checksum and escapes', () => {
	assert.is(encodePacket('g'), '$g#67');
	assert.is(encodePacket('a#b'), `$a}\x03b#${(('a'.charCodeAt(0) + 0x7d + 3 + 0x62) & 0xff).toString(16)}`);
	assert.equal(new PacketReader().push(encodePacket('x$y}z*#')), ['x$y}z*#']);
});

test('run lengths are undone', () => {
	assert.is(decodeBody('0* '), '0000');
	assert.is(decodeBody('ab*"c'), 'abbbbbbc');
	for (const bad of ['* ', 'a*', 'a}', 'a*\x1f'])
		assert.throws(
			() => decodeBody(bad),
			(e: Error) => e instanceof RemoteError,
		);
});

test('packets come in any pieces, with acknowledgements between them', () => {
	const reader = new PacketReader();
	const text = `+${encodePacket('one')}++${encodePacket('two')}`;
	const got: (string | undefined)[] = [];
	for (const c of text) got.push(...reader.push(c));
	assert.equal(got, ['one', 'two']);
	assert.equal(reader.push('$one#00'), [undefined]);
});

const CORE = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'eip', 'eflags', 'cs', 'ss', 'ds', 'es', 'fs', 'gs'];

test('a target description says where registers stand', async () => {
	const xml =
		'<target><architecture>i386</architecture><xi:include href="core.xml"/><feature name="x"><reg name="orig_eax" bitsize="32" regnum="41"/></feature></target>';
	const core = `<feature>${CORE.map((n) => `<reg name="${n}" bitsize="32" type="int32"/>`).join('')}</feature>`;
	const layout = await readLayout(xml, async (name) => (name === 'core.xml' ? core : undefined));
	const packet = new Uint8Array(17 * 4);
	const view = new DataView(packet.buffer);
	CORE.forEach((_, i) => {
		view.setUint32(4 * i, 0x100 + i, true);
	});
	view.setUint32(4 * 10, 0x23, true);
	view.setUint32(4 * 11, 0x2b, true);
	view.setUint32(4 * 15, 0x63, true);
	view.setInt32(64, -1, true);
	const { cpu, origAx } = decodeRegisters(layout, Buffer.from(packet).toString('hex'));
	assert.is(cpu.eax, 0x100);
	assert.is(cpu.edi, 0x107);
	assert.is(cpu.eip, 0x108);
	assert.equal([cpu.cs, cpu.ss, cpu.gs], [0x73, 0x7b, 0x33]);
	assert.is(origAx, -1);
	assert.is(cpu.fx[4], 0);
});

test('what is no i386 program, and what is no register packet, is refused', async () => {
	const refused = async (make: () => Promise<unknown>, wanted: RegExp) => {
		const error = await make().then(
			() => undefined,
			(e: Error) => e,
		);
		assert.instance(error, RemoteError);
		assert.match(error?.message ?? '', wanted);
	};
	await refused(() => readLayout('<reg name="rax" bitsize="64"/>', async () => undefined), /no i386 program/);
	await refused(() => readLayout('<xi:include href="a.xml"/>', async () => undefined), /a\.xml/);
	const layout = await readLayout(undefined, async () => undefined);
	assert.throws(() => decodeRegisters(layout, 'E01'), /registers wanted/);
	assert.throws(() => decodeRegisters(layout, '0000'), /does not tell/);
});

const MAPS = `08048000-08049000 r-xp 00000000 08:01 17 /bin/a
0804a000-0804c000 rw-p 00000000 00:00 0 [heap]
ff000000-ff002000 rw-p 00000000 00:00 0 [stack]
`;

test('mappings that changed become events, those that did not none', () => {
	const before = parseMaps(MAPS);
	assert.is(before.length, 3);
	assert.equal(mapEvents(1, before, parseMaps(MAPS)), []);
	const now = parseMaps(
		MAPS.replace('0804c000', '0804e000').replace('ff000000', 'fefff000').replace('r-xp', 'r--p') +
			'f0000000-f0001000 r--p 00002000 08:01 9 /lib/b\n',
	);
	const sorted = [...now].sort((a, b) => a.start - b.start);
	assert.equal(
		mapEvents(1, before, sorted).map((e) => [e.kind, 'start' in e ? e.start : 'vma' in e ? e.vma.start : 0]),
		[
			['mm/resize', 0xff000000],
			['mm/flags', 0x08048000],
			['mm/map', 0x0804c000],
			['mm/map', 0xf0000000],
		],
	);
	assert.equal(
		mapEvents(1, before, before.slice(1)).map((e) => e.kind),
		['mm/unmap'],
	);
});

test.run();
