/** SSE3 (SDM vol. 1, 12.3). fisttp is with the x87. */
import { sized, vectorRow, whole } from './packed.ts';
import type { Lower, Row } from './row.ts';

const row = (opcode: number, prefix: 0x66 | 0xf2 | 0xf3, name: string, form: string, lower: Lower, more: Partial<Row>): Row =>
	vectorRow({ opcode: 0x0f00 | opcode, prefix, name, form, lower, feature: 'sse3', chapter: 'sse3', ...more });
const align = { align: true };
const w = { access: 'w r' };

export const SSE3: readonly Row[] = [
	row(0x12, 0xf3, 'movsldup', 'Vx,Wx', whole('movsldup'), { ...w, ...align }),
	row(0x16, 0xf3, 'movshdup', 'Vx,Wx', whole('movshdup'), { ...w, ...align }),
	row(0x12, 0xf2, 'movddup', 'Vx,Wq', whole('movddup'), w),
	row(0x7c, 0x66, 'haddpd', 'Vx,Wx', whole('haddpd'), align),
	row(0x7c, 0xf2, 'haddps', 'Vx,Wx', whole('haddps'), align),
	row(0x7d, 0x66, 'hsubpd', 'Vx,Wx', whole('hsubpd'), align),
	row(0x7d, 0xf2, 'hsubps', 'Vx,Wx', whole('hsubps'), align),
	row(0xd0, 0x66, 'addsubpd', 'Vx,Wx', whole('addsubpd'), align),
	row(0xd0, 0xf2, 'addsubps', 'Vx,Wx', whole('addsubps'), align),
	row(0xf0, 0xf2, 'lddqu', 'Vx,Mx', sized('move'), w),
];
