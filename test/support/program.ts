import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Role } from '../../src/config.ts';
import { stopAtEnd } from './servers.ts';

export const ADMIN_API_KEY = 'end-to-end-admin-key';

export type ProgramOptions = {
  /** All of them when left out. */
  roles?: Role[];
  /** Left out, the program brings its own Postgres; the same with Temporal. */
  databaseUrl?: string;
  temporalAddress?: string;
  env?: Record<string, string>;
};

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** The program as its users start it: a process of its own, built, configured by its environment alone. */
export type RunningProgram = {
  pid: number;
  /** Empty in a process without the role api. */
  publicUrl: string;
  opsUrl: string;
  /** What it has printed so far, line by line. */
  logs(): string[];
  /** Sends the signal and waits for the end. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
  /** Asks it to stop, as an orchestrator does. */
  stop(): Promise<Exit>;
  exited: Promise<Exit>;
};

type ReadyLine = { msg: 'ready'; publicUrl: string | null; opsUrl: string };

const root = fileURLToPath(new URL('../../', import.meta.url));
// A developer's own settings must not reach the programs under test.
const INHERITED = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'TMPDIR', 'NODE_V8_COVERAGE'];

const FIXED = {
  HOST: '127.0.0.1',
  PORT: '0',
  OPS_PORT: '0',
  ADMIN_API_KEY,
  LEAD_SECRET: 'end-to-end-lead-secret',
  PULL_HEADERS_KEY: 'end-to-end-headers-key',
  // No balancer needs the time.
  SHUTDOWN_DRAIN_SECONDS: '0',
  POSTBACK_ALLOW_CIDRS: '127.0.0.0/8,::1/128',
};

/** Starts a program and waits until it is ready. @throws Error with all it has printed when it ends before that */
export async function startProcess(options: ProgramOptions): Promise<RunningProgram> {
  await buildOnce();
  const child = spawn(process.execPath, ['dist/src/main.js'], {
    cwd: root,
    env: environmentOf(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const exited = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  // A program with servers of its own must have the chance to end them.
  const forget = stopAtEnd(child.pid as number, options.databaseUrl === undefined ? 'SIGINT' : 'SIGKILL');
  void exited.then(forget);
  const ready = await Promise.race([readReadyLine(child, lines), exited]);
  if (!('msg' in ready)) throw new Error(`The program ended with ${describeExit(ready)}:\n${lines.join('\n')}`);

  const kill = async (signal: NodeJS.Signals): Promise<Exit> => {
    child.kill(signal);
    return await exited;
  };
  return {
    pid: child.pid as number,
    publicUrl: reachable(ready.publicUrl ?? ''),
    opsUrl: reachable(ready.opsUrl),
    logs: () => [...lines],
    kill,
    stop: () => kill('SIGTERM'),
    exited,
  };
}

/** Runs a role that ends by itself. @returns its exit and what it printed, line by line */
export async function runToEnd(options: ProgramOptions): Promise<Exit & { lines: string[] }> {
  await buildOnce();
  const child = spawn(process.execPath, ['dist/src/main.js'], {
    cwd: root,
    env: environmentOf(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const forget = stopAtEnd(child.pid as number, 'SIGKILL');
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => lines.push(line));
  }
  const exit = await new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  forget();
  return { ...exit, lines };
}

function environmentOf({ roles, databaseUrl, temporalAddress, env }: ProgramOptions): NodeJS.ProcessEnv {
  const inherited = INHERITED.flatMap((name) => (process.env[name] ? [[name, process.env[name]] as const] : []));
  return {
    ...Object.fromEntries(inherited),
    ...FIXED,
    ...(roles && { ROLES: roles.join(',') }),
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    ...(temporalAddress !== undefined && { TEMPORAL_ADDRESS: temporalAddress }),
    ...env,
  };
}

function readReadyLine(child: ChildProcess, lines: string[]): Promise<ReadyLine> {
  return new Promise((resolve) => {
    for (const output of [child.stdout, child.stderr]) {
      if (!output) continue;
      createInterface({ input: output }).on('line', (line) => {
        lines.push(line);
        if (line.includes('"msg":"ready"')) resolve(JSON.parse(line) as ReadyLine);
      });
    }
  });
}

function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

/** The name localhost would be looked up again for each connection. */
function reachable(url: string): string {
  return url.replace('//localhost:', '//127.0.0.1:');
}

let building: Promise<void> | undefined;

/** The built program is what users run, and it starts in half the time; it is built when a source is newer. */
function buildOnce(): Promise<void> {
  return (building ??= build());
}

async function build(): Promise<void> {
  const newest = Math.max(...['src', 'workflows', 'activities'].map((folder) => newestIn(join(root, folder))));
  const builtAt = statSync(join(root, 'dist/.tsbuildinfo'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (builtAt > newest) return;
  await promisify(execFile)('npm', ['run', 'build'], { cwd: root }).catch((cause: Error & { stdout?: string }) => {
    throw new Error(`The program cannot be built: ${cause.stdout ?? cause.message}`, { cause });
  });
}

function newestIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(...files.map((file) => statSync(join(file.parentPath, file.name)).mtimeMs));
}
