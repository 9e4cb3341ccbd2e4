/** --root: the guest sees what is below the directory, through links and `..` never more, and the host is never written. */
import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, guest, noCompiler, path, replay } from './cli.ts';

const root = path('root');
mkdirSync(join(root, 'd/sub'), { recursive: true });
mkdirSync(join(root, 'bin'));
writeFileSync(path('secret'), 'secret\n');
writeFileSync(join(root, 'd/file'), 'inside\n');
writeFileSync(join(root, 'secret'), 'the one inside\n');
symlinkSync('file', join(root, 'd/link'));
symlinkSync('/d/file', join(root, 'd/absolute'));
symlinkSync(path('secret'), join(root, 'd/out'));
symlinkSync('../../../../../../../../secret', join(root, 'd/up'));
symlinkSync('..', join(root, 'd/sub/parent'));
symlinkSync('loop', join(root, 'd/loop'));
symlinkSync('/bin/hello', join(root, 'bin/alias'));
cpSync(guest('hello'), join(root, 'bin/hello'));

/** Every name below a folder with what is in it. */
function contents(dir: string): string[] {
	return readdirSync(dir, { withFileTypes: true })
		.sort((a, b) => (a.name < b.name ? -1 : 1))
		.flatMap((e) => {
			const at = join(dir, e.name);
			const { mtimeMs, mode } = lstatSync(at);
			return [
				`${at} ${mode} ${mtimeMs} ${e.isFile() ? readFileSync(at, 'latin1') : ''}`,
				...(e.isDirectory() ? contents(at) : []),
			];
		});
}

test('PROG is a path inside the root, and its links stay there', () => {
	for (const prog of ['/bin/hello', 'bin/hello', '/bin/alias', '/../../bin/hello', '/d/../bin/./hello']) {
		const ran = replay(['record', '--root', root, '-o', 'p.t', '--', prog]);
		assert.is(ran.status, 1, `${prog}: ${ran.stderr}`);
		assert.is(replay(['p.t']).status, 0, prog);
	}
	assert.match(replay(['record', '--root', root, '--', '/d/out']).stderr, /\/d\/out: no such file below the root/);
	assert.match(replay(['record', '--root', root, '--', '/d/loop']).stderr, /\/d\/loop: too many symbolic links/);
});

if (noCompiler) console.log(`skipped: ${noCompiler}`);
else {
	compile(
		'root/bin/look',
		`#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <dirent.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>
int main(int c, char **v) {
	char line[100];
	for (int i = 1; i < c; i++) {
		FILE *f = fopen(v[i], "r");
		char *got = f ? fgets(line, sizeof line, f) : 0;
		printf("%s: %s\\n", v[i], got ? strtok(got, "\\n") : strerror(errno));
	}
	DIR *d = opendir("/d");
	int names = 0;
	for (struct dirent *e; d && (e = readdir(d)); names++);
	printf("%d names\\n", names);
	FILE *f = fopen("/d/file", "w");
	printf("written %d\\n", f ? fprintf(f, "changed\\n") : -errno);
	if (f) fclose(f);
	f = fopen("/d/file", "r");
	printf("read %s", f ? fgets(line, sizeof line, f) : "nothing\\n");
	printf("%d %d %d %d %d\\n", unlink("/secret"), mkdir("/new", 0755), rename("/d/link", "/d/moved"), chmod("/d/sub", 0), symlink("x", "/y"));
	return 0;
}
`,
	);

	test('links and .. never lead out, and writing stays in the trace', () => {
		const before = contents(root);
		const names = [
			'/d/file',
			'/d/link',
			'/d/absolute',
			'/d/out',
			'/d/up',
			'/../../secret',
			'/d/sub/parent/file',
			'/d/loop',
			'/d',
			'/none',
		];
		const ran = replay(['record', '--root', root, '-o', 'look.t', '--', '/bin/look', ...names]);
		assert.is(ran.status, 0, ran.stderr);
		assert.equal(ran.stdout.trimEnd().split('\n'), [
			'/d/file: inside',
			'/d/link: inside',
			'/d/absolute: inside',
			'/d/out: No such file or directory',
			'/d/up: the one inside',
			'/../../secret: the one inside',
			'/d/sub/parent/file: inside',
			'/d/loop: Too many levels of symbolic links',
			'/d: Is a directory',
			'/none: No such file or directory',
			'9 names',
			'written 8',
			'read changed',
			'0 0 0 0 0',
		]);
		assert.equal(contents(root), before);
		assert.is(readFileSync(path('secret'), 'utf8'), 'secret\n');
		const again = replay(['look.t', '--echo']);
		assert.is(again.status, 0);
		assert.is(again.stdout, ran.stdout);
	});

	test('without --root nothing of the host is there', () => {
		const ran = replay(['record', '-o', 'bare.t', '--', './root/bin/look', '/etc/passwd', path('secret')]);
		assert.match(ran.stdout, /^\/etc\/passwd: No such file or directory\n.*secret: No such file or directory\n0 names\n/);
	});
}

test.run();
