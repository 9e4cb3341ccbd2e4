/** The words of the command line as bytes: Node decodes them as UTF-8 and loses what is not. */
import * as fs from 'node:fs';

/** The bytes of the words behind the script, as far as the system tells them; else their UTF-8. */
export function rawArguments(): readonly Buffer[] {
	const words = process.argv.slice(2);
	const plain = words.map((w) => Buffer.from(w));
	let line: Buffer;
	try {
		line = fs.readFileSync('/proc/self/cmdline');
	} catch {
		return plain;
	}
	const raw: Buffer[] = [];
	for (let from = 0, nul = line.indexOf(0); nul >= 0; from = nul + 1, nul = line.indexOf(0, from))
		raw.push(line.subarray(from, nul));
	const tail = words.length === 0 ? [] : raw.slice(-words.length);
	return tail.length === words.length && tail.every((bytes, i) => bytes.toString() === words[i]) ? tail : plain;
}
