/**
 * The commands the README shows say what it shows, times apart. With UPDATE=1 the README is written again from what they say.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BIN, dir, shell } from './cli.ts';
import { installLibrary } from './library.ts';

await installLibrary(dir);
for (const name of ['traces', 'test']) symlinkSync(resolve(name), `${dir}/${name}`);
mkdirSync(`${dir}/examples`);
writeFileSync(`${dir}/examples/restarter.ts`, readFileSync('examples/restarter.ts'));

interface Command {
	/** As a user types it. */
	readonly line: string;
	readonly shown: string;
}

const readme = () => readFileSync('README.md', 'utf8');
const BLOCK = /```\n(\$ [\s\S]*?)```/g;

function commandsOf(block: string): Command[] {
	return block
		.split(/^\$ /m)
		.slice(1)
		.map((text) => {
			const end = text.indexOf('\n');
			return { line: text.slice(0, end), shown: text.slice(end + 1) };
		});
}

/** What npm does is not run here; everything else is. */
const runs = ({ line }: Command) => /^(npx replay|sed) /.test(line);

function output({ line }: Command): string {
	const { stdout, stderr } = shell(line.replace(/^npx replay/, '$R'));
	return stderr + stdout;
}

/** Without times and what follows from them, the version of the engine's semantics, and how many values a state has. */
function steady(text: string): string {
	return text
		.replace(/\d+(\.\d+)? (m?s)\b/g, '… $2')
		.replace(/\(\d+ MIPS/g, '(… MIPS')
		.replace(/ \((… MIPS[^)]*)\)/g, '')
		.replace(/semantics \d+/g, 'semantics …')
		.replace(/\d+ threads?/g, '… threads')
		.replace(/^(restored|borrowed) +\d+ values.*$/gm, '$1 …')
		.trimEnd();
}

if (process.env.UPDATE) {
	writeFileSync(
		'README.md',
		readme().replace(BLOCK, (_, block: string) => {
			const told = commandsOf(block).map((c) => `$ ${c.line}\n${runs(c) ? output(c) : c.shown}`);
			return `\`\`\`\n${told.join('')}\`\`\``;
		}),
	);
	console.log('README.md written');
}

const commands = [...readme().matchAll(BLOCK)].flatMap((m) => commandsOf(m[1])).filter(runs);

test('the README opens with the pause window found by one command', () => {
	assert.match(commands[0].line, /^npx replay bisect .* --defect pause-window$/);
	assert.ok(commands.length >= 10);
});

for (const command of commands) {
	test(`$ ${command.line}`, () => {
		const got = steady(output(command));
		assert.is(got, steady(command.shown), `${BIN}: again with UPDATE=1 node --import tsx test/cli/readme.test.ts`);
	});
}

test.run();
