export { lead } from './lead.ts';
export { replay } from './replay.ts';
