import { readdirSync, readFileSync } from 'node:fs';

/** Stops a server and all its processes where they stand: connections stay open and nothing answers. @returns thaws it */
export function freeze(pid: number): () => void {
  // It makes no further processes once it stands still itself.
  process.kill(pid, 'SIGSTOP');
  const frozen = [pid, ...childrenOf(pid)];
  for (const each of frozen) process.kill(each, 'SIGSTOP');
  return () => frozen.forEach((each) => process.kill(each, 'SIGCONT'));
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => parentOf(pid) === parent).map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold blanks; the parent is the second after it.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
