export { importFile } from './import.ts';
export { lead } from './lead.ts';
export { pull } from './pull.ts';
export { replay } from './replay.ts';
export { retention } from './retention.ts';
