/**
 * The checkpoint module of the patches of October 2008, as guests ask for it (kernel/calls/checkpoint.ts): a dump of a tree of the
 * running machine, and a tree made of an image in it. What v2 cannot hold comes from whoever restarts, as a fork of it would have
 * it. Pure: from a state to an answer, whose events alone reproduce it.
 */
import { DefectError } from '../cpt/defects/defect.ts';
import { plant } from '../cpt/defects/defects.ts';
import type { Rules } from '../cpt/rules.ts';
import { DumpError, dump } from '../cpt/v2/dump.ts';
import { remainders } from '../cpt/v2/remainder.ts';
import { subtree } from '../cpt/v2/tree.ts';
import { Errno } from '../kernel/abi/errno.ts';
import type { ModuleAnswer, ModuleRequest } from '../kernel/decision.ts';
import type { MachineState } from '../reducers/state.ts';
import { restartTree } from './module-restart.ts';

const FAILED: ModuleAnswer = { result: 0, why: '', root: 0, objects: 0, pieces: [], left: [], read: 0, events: [], unread: 0 };

/** The rules of what is planted in a module. @throws DefectError for what no guest can show */
export function moduleRules(specs: readonly string[]): Rules {
	const { rules } = plant(specs);
	if (rules.torn !== undefined || rules.rootRunsEarly !== undefined)
		throw new DefectError(`${specs.join(', ')}: not in a module: all else stands still while a guest dumps and restarts`);
	if (rules.residual !== undefined) throw new DefectError(`${specs.join(', ')}: not in a module: no original lends there`);
	return rules;
}

/** What the module does for a task. `state`: within its call. */
export function serveModule(state: MachineState, task: number, request: ModuleRequest): ModuleAnswer {
	const rules = moduleRules(state.persona.checkpointModule ?? []);
	if (request.kind === 'checkpoint') return checkpointTree(state, task, request.root, rules);
	return { ...FAILED, ...restartTree(state, task, request.image, rules) };
}

function checkpointTree(state: MachineState, caller: number, root: number, rules: Rules): ModuleAnswer {
	const seen = inside(state, caller);
	try {
		if (seen.tasks[root].tgid !== root)
			throw new DumpError(`TASK ${root}`, `a thread; its process is ${seen.tasks[root].tgid}`, Errno.EINVAL);
		const image = dump(seen, rules, root);
		const pieces = rules.premise ? [premised(rules.premise, image.bytes)] : image.chunks;
		const left = remainders(subtree(seen, root)).map(({ what, each }) => `${what} ${each.join(', ')}`);
		return { ...FAILED, root, objects: image.objects.length, pieces, left };
	} catch (error) {
		if (!(error instanceof DumpError)) throw error;
		return { ...FAILED, result: -error.errno, why: error.message, pieces: error.written };
	}
}

/** The image in which a defect of the restart shows; one that has nothing of the kind stays as it is. */
function premised(premise: NonNullable<Rules['premise']>, image: Uint8Array): Uint8Array {
	try {
		return premise(image);
	} catch (error) {
		if (error instanceof DefectError) return image;
		throw error;
	}
}

/** In registers, who asks is inside the call: -ENOSYS stands in ax until there is a result (arch/x86/entry/entry_32.S). */
function inside(state: MachineState, caller: number): MachineState {
	const task = state.tasks[caller];
	return { ...state, tasks: { ...state.tasks, [caller]: { ...task, cpu: { ...task.cpu, eax: -Errno.ENOSYS >>> 0 } } } };
}
