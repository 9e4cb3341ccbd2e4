/** Descriptor 0 of a command that runs a guest. */
import * as fs from 'node:fs';
import { reason } from './open.ts';
import { CliError, Exit } from './output.ts';

/** What descriptor 0 gives: all of a file now, anything else when the guest asks. */
export function readStdin(kind: string): Uint8Array | undefined {
	if (kind === 'file') {
		try {
			return new Uint8Array(fs.readFileSync(0));
		} catch (error) {
			throw new CliError(`stdin: ${reason(error as NodeJS.ErrnoException, 'file')}`, Exit.FAILED);
		}
	}
	if (kind !== 'closed' && fs.fstatSync(0).isDirectory())
		throw new CliError('stdin: a file, a pipe or a terminal wanted, a directory got', Exit.FAILED);
	return undefined;
}
