import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLineOf } from './process-identity.ts';

const SECOND = 1000;
/** A server that ends instead is noticed at once; one that waits for a busy disk may well need a minute. */
export const START_TIMEOUT_MS = 90 * SECOND;
const STOP_TIMEOUT_MS = 30 * SECOND;
const MAX_LOG_BYTES = 5 * 1024 * 1024;
const POLL_MS = 20;

export type ServerCommand = {
  name: string;
  command: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  logFile: string;
  user?: { uid: number; gid: number };
};

export type ServerProcess = {
  pid: number;
  /** How it ended, once it has: `exit code 1`, `signal SIGKILL`. */
  ended(): string | undefined;
  /** What it has written since it was started. */
  log(): string;
  /** From now on an end that was not asked for is told, in a sentence for people. */
  watch(onUnexpectedExit: (message: string) => void): void;
  /** Sends the signal, insists with SIGKILL after half a minute, returns when the process is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
};

/**
 * Starts a server that outlives Ctrl-C: the terminal sends it to the whole process group, and servers that went down
 * with the first keystroke could not be used to finish the work in hand. For the same reason it writes to a file and
 * not to a pipe, which would break when this program is killed.
 */
export async function startServerProcess(server: ServerCommand): Promise<ServerProcess> {
  const log = openLog(server.logFile);
  const child = withPrivateFiles(() =>
    spawn(server.command, server.args, {
      cwd: server.cwd,
      env: server.env,
      stdio: ['ignore', log.descriptor, log.descriptor],
      detached: true,
      ...server.user,
    }),
  );
  closeSync(log.descriptor);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await spawned(child, server);
  child.unref();

  let isExpected = false;
  const ended = (): string | undefined => describeEnd(child);
  return {
    pid: child.pid as number,
    ended,
    log: log.read,
    watch(onUnexpectedExit) {
      const tell = (): void => {
        if (!isExpected) onUnexpectedExit(`${server.name} ended unexpectedly (${ended()}); see ${server.logFile}`);
      };
      if (ended() === undefined) child.once('exit', tell);
      else tell();
    },
    async end(signal) {
      isExpected = true;
      if (ended() !== undefined) return;
      child.ref();
      child.kill(signal);
      const insist = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await gone;
      clearTimeout(insist);
    },
  };
}

/** What `start` starts makes files that no other user can read. */
function withPrivateFiles<T>(start: () => T): T {
  const before = process.umask(0o077);
  try {
    return start();
  } finally {
    process.umask(before);
  }
}

function describeEnd(child: ChildProcess): string | undefined {
  if (child.signalCode !== null) return `signal ${child.signalCode}`;
  return child.exitCode === null ? undefined : `exit code ${child.exitCode}`;
}

function spawned(child: ChildProcess, server: ServerCommand): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new Error(`${server.name} could not be started: ${cause.message}`, { cause })),
    );
  });
}

function openLog(path: string): { descriptor: number; read: () => string } {
  const before = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const start = before > MAX_LOG_BYTES ? 0 : before;
  return {
    descriptor: openSync(path, start === before ? 'a' : 'w', 0o600),
    read: () => readFileSync(path).subarray(start).toString('utf8').trim(),
  };
}

/**
 * Stops a server that an earlier run left behind, for instance after `kill -9`. It is taken for ours only when its
 * command line names our files.
 */
export async function stopLeftover(pid: number, marks: string[], signal: NodeJS.Signals): Promise<boolean> {
  const isOurs = (): boolean => {
    const commandLine = commandLineOf(pid);
    return commandLine !== '' && marks.every((mark) => commandLine.includes(mark));
  };
  if (!isOurs()) return false;
  process.kill(pid, signal);
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isOurs()) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await delay(POLL_MS);
  }
  return true;
}

/** Waits for a condition, and gives up as soon as the server has ended. */
export async function waitUntilReady(
  server: ServerProcess,
  isReady: () => Promise<boolean>,
  timeoutMs = START_TIMEOUT_MS,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isReady())) {
    const ended = server.ended();
    if (ended !== undefined) throw new Error(`it ended at once (${ended}): ${lastLines(server.log())}`);
    if (Date.now() > deadline) throw new Error(`no answer within ${timeoutMs} ms: ${lastLines(server.log())}`);
    await delay(POLL_MS);
  }
}

function lastLines(log: string): string {
  return log.split('\n').slice(-5).join('\n') || 'its log is empty';
}
