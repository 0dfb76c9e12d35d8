import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { arch, homedir, platform } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { StartupError } from '../../errors.ts';

// The newest version that can also be built with a plain `go install`: later ones use replace directives.
const CLI_VERSION = '1.5.1';
const GO_PACKAGE = `github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`;
const OFFICIAL_ARCHIVES = 'https://temporal.download/cli/archive/';
const CONNECT_TIMEOUT_MS = 3000;
const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;
const PROGRAM = platform() === 'win32' ? 'temporal.exe' : 'temporal';

export type TemporalBinary = {
  path: string;
  /** Where it came from, for people. */
  source: string;
  /** The version of the server inside, e.g. `1.29.1`. */
  serverVersion: string;
};

type SearchOptions = {
  env: NodeJS.ProcessEnv;
  onProgress: (line: string) => void;
  /** Where the official archives are; given only by tests. */
  archives?: string;
};

/** Finds the Temporal CLI, which carries the development server, or gets it once and keeps it for every checkout. */
export async function findTemporalBinary(options: SearchOptions): Promise<TemporalBinary> {
  const { env } = options;
  const onPath = await findOnPath(PROGRAM, env);
  const installed = onPath && (await describe(onPath, 'found on PATH'));
  if (installed) return installed;

  const folder = cacheFolder(env, `temporal-cli-${CLI_VERSION}`);
  const cached = await describe(join(folder, PROGRAM), 'kept from an earlier start');
  if (cached) return cached;

  const failures: string[] = [];
  for (const [source, fetchInto] of [
    ['downloaded', download],
    ['built with Go', build],
  ] as const) {
    try {
      const path = await keepInCache(folder, (draft) => fetchInto(draft, options));
      const binary = await describe(path, source);
      if (binary) return binary;
      failures.push(`${source}: ${path} does not run`);
    } catch (error) {
      failures.push(`not ${source}: ${reasonOf(error)}`);
    }
  }
  throw new StartupError(
    `The Temporal server could not be found or fetched (${failures.join('; ')}). Install the Temporal CLI so that "temporal" is on PATH, or install Go, or point TEMPORAL_ADDRESS at a server that runs already.`,
  );
}

/** A folder for things that every checkout of this user shares. */
export function cacheFolder(env: NodeJS.ProcessEnv, name: string): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'cashcat', name);
}

export async function findOnPath(program: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, program);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function describe(path: string, source: string): Promise<TemporalBinary | undefined> {
  const version = await promisify(execFile)(path, ['--version']).catch(() => undefined);
  const serverVersion = /Server (\d+\.\d+\.\d+)/.exec(version?.stdout ?? '')?.[1];
  return serverVersion === undefined ? undefined : { path, source, serverVersion };
}

/**
 * `fill` puts the program into the folder it is given. Two starts at once each make their own; the last rename wins.
 * @returns where it is kept
 */
export async function keepInCache(
  folder: string,
  fill: (draft: string) => Promise<void>,
  program = PROGRAM,
): Promise<string> {
  const draft = join(folder, `draft-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(draft, { recursive: true });
    await fill(draft);
    await rename(join(draft, program), join(folder, program));
    return join(folder, program);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function download(draft: string, { onProgress, archives = OFFICIAL_ARCHIVES }: SearchOptions): Promise<void> {
  const system = platform() === 'win32' ? 'windows' : platform();
  const machine = arch() === 'x64' ? 'amd64' : arch();
  const url = `${archives}v${CLI_VERSION}?platform=${system}&arch=${machine}`;
  onProgress(`Downloading the Temporal server ${CLI_VERSION}, once`);
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  try {
    const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
    if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
    const archive = join(draft, 'archive');
    await pipeline(Readable.fromWeb(response.body), createWriteStream(archive));
    await promisify(execFile)('tar', ['-xf', archive, '-C', draft, PROGRAM]);
  } finally {
    await dispatcher.destroy();
  }
}

async function build(draft: string, options: SearchOptions): Promise<void> {
  options.onProgress('Building the Temporal server once with Go, about three minutes');
  await installWithGo(draft, [GO_PACKAGE], options);
}

/** Builds programs into the folder; `goPackages` may begin with flags of `go install`. @throws Error with what Go said */
export async function installWithGo(draft: string, goPackages: string[], options: SearchOptions): Promise<void> {
  const { env, onProgress } = options;
  const go = await findOnPath(platform() === 'win32' ? 'go.exe' : 'go', env);
  if (go === undefined) throw new Error('there is no "go" on PATH');
  const startedAt = Date.now();
  const ticker = setInterval(() => {
    onProgress(`Building the Temporal server: ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }, 20_000);
  try {
    await runGo(go, ['install', '-trimpath', '-ldflags', '-s -w', ...goPackages], {
      ...env,
      CGO_ENABLED: '0',
      GOBIN: draft,
    });
  } finally {
    clearInterval(ticker);
  }
}

function runGo(go: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(go, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-2000)));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`go install ended with ${code}: ${output.trim()}`)),
    );
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}, ${error.cause.message}` : error.message;
}
