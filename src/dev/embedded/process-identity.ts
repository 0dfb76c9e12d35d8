import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

// A process id alone says little: after a crash or a reboot the same number may belong to a stranger. So a process is
// known by its command line (servers, whose data folder is part of it) or by the moment it started (our own programs).

/** The command line, its words separated by blanks; empty for a process that is gone or a zombie. */
export function commandLineOf(pid: number): string {
  if (existsSync('/proc/self/cmdline')) return readOrEmpty(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
  return runOrEmpty('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
}

/**
 * A text that is the same for the whole life of the process and for no other; empty when there is no such process, or
 * only its zombie, which waits for its parent to ask how it ended and holds nothing any more.
 */
export function birthOf(pid: number): string {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  if (stat === '') return birthByPs(pid);
  // The second field is the program's name in brackets and may hold blanks; the start time is the 20th after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return isEnded(fields[0]) ? '' : `${readOrEmpty('/proc/sys/kernel/random/boot_id').trim()} ${fields[19]}`;
}

function birthByPs(pid: number): string {
  const [state, ...start] = runOrEmpty('ps', ['-o', 'state=', '-o', 'lstart=', '-p', String(pid)]).split(/\s+/);
  return isEnded(state) ? '' : start.join(' ');
}

function isEnded(state: string | undefined): boolean {
  return state === undefined || /^[ZX]/.test(state);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function runOrEmpty(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
