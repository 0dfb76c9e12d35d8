import { appendFileSync, existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { birthOf, commandLineOf } from '../../src/dev/embedded/process-identity.ts';

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

/** A Postgres that is just being started when the trial is interrupted is known by nothing but its own note of its number. */
export function endPostgresAtExit(folder: string): void {
  process.once('exit', () => {
    try {
      const data = join(realpathSync(join(folder, 'postgres')), 'data');
      const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
      if (commandLineOf(pid).includes(data)) process.kill(pid, 'SIGQUIT');
    } catch {
      // It has ended by itself.
    }
  });
}

function fileIn(folder: string): string {
  return join(folder, 'processes.jsonl');
}
