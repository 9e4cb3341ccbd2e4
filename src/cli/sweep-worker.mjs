// The worker of `sweep` when the command runs from its source: threads do not inherit the loader of TypeScript.
import { tsImport } from 'tsx/esm/api';

const { default: work } = await tsImport('./sweep-worker.ts', import.meta.url);
export default work;
