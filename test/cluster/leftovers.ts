import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { birthOf } from '../../src/dev/embedded/process-identity.ts';

type Started = { pid: number; birth: string };

/** Notes a process, so that it can be ended even if this one is killed before it could do so. */
export function noteProcess(folder: string, pid: number): void {
  appendFileSync(fileIn(folder), `${JSON.stringify({ pid, birth: birthOf(pid) })}\n`);
}

/** Ends what an earlier run left behind. A number that belongs to a stranger by now is left alone. */
export function endLeftovers(folder: string): void {
  const path = fileIn(folder);
  if (!existsSync(path)) return;
  for (const line of readFileSync(path, 'utf8').split('\n').filter(Boolean)) {
    const { pid, birth } = JSON.parse(line) as Started;
    if (birth !== '' && birthOf(pid) === birth) process.kill(pid, 'SIGKILL');
  }
  rmSync(path);
}

function fileIn(folder: string): string {
  return join(folder, 'processes.jsonl');
}
