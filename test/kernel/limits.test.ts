/** RLIMIT_CPU by virtual time: SIGXCPU every second, SIGKILL at the hard limit. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RLIM_INFINITY, RLIMIT } from '../../src/kernel/abi/mm.ts';
import { Sig } from '../../src/kernel/abi/signal.ts';
import { limitRows } from '../../src/kernel/calls/limits.ts';
import { expireTimers, nextCpuDeadline } from '../../src/kernel/timers.ts';
import { ARGS, Driver } from './driver.ts';

/** A second in steps of the test machine: ten ns each. */
const SECOND = 100_000_000;

function limited(soft: number, hard: number): Driver {
	const d = new Driver(limitRows);
	d.pokeWords(ARGS, soft, hard);
	assert.is(d.call('setrlimit', RLIMIT.CPU, ARGS), 0);
	return d;
}

/** The signals that time sends at this moment. */
function sent(d: Driver): number[] {
	d.decide((decision) => expireTimers(decision));
	return d.events.flatMap((e) => (e.kind === 'signal/post' ? [e.info.signo] : []));
}

test('SIGXCPU at the soft limit and each second after it, SIGKILL at the hard one', () => {
	const d = limited(2, 4);
	const began = d.task.times.steps;
	d.run(2 * SECOND - began - 1);
	assert.equal(sent(d), []);
	d.run(1);
	assert.equal(sent(d), [Sig.SIGXCPU]);
	assert.equal(d.state.groups[1].rlimits[RLIMIT.CPU], [3, 4]);
	d.state = { ...d.state, groups: { 1: { ...d.state.groups[1], pending: [] } } };
	assert.equal(sent(d), []);
	d.run(SECOND);
	assert.equal(sent(d), [Sig.SIGXCPU]);
	d.run(SECOND);
	assert.equal(sent(d), [Sig.SIGKILL]);
});

test('the machine knows when the limit is reached; without a soft one there is none', () => {
	const d = limited(3, RLIM_INFINITY);
	const running = { ...d.state, scheduler: { ...d.state.scheduler, current: 1 } };
	const now = d.state.persona.bootNs + d.state.clock.steps * 10 + d.state.clock.skewNs;
	assert.is(nextCpuDeadline(running, []), now + (3 * SECOND - d.task.times.steps) * 10);
	const free = limited(RLIM_INFINITY, RLIM_INFINITY);
	assert.is(nextCpuDeadline({ ...free.state, scheduler: running.scheduler }, []), null);
	const zero = limited(0, 5);
	assert.equal(sent(zero), [Sig.SIGXCPU], 'at once');
	assert.equal(zero.state.groups[1].rlimits[RLIMIT.CPU], [1, 5]);
});

test.run();
