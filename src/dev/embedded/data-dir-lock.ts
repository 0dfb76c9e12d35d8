import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from '../../errors.ts';
import { birthOf } from './process-identity.ts';

export const LOCK_FILE = 'in-use-by.json';

/** Makes this process the only one that runs servers on the folder; returns the function that gives it back. */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const path = join(dataDir, LOCK_FILE);
  const owner = JSON.stringify({ pid: process.pid, birth: birthOf(process.pid) });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, owner);
  try {
    // A link appears at once and with its content, or not at all: nobody ever reads half a lock.
    while (!(await linked(draft, path))) await removeStale(path, dataDir);
  } finally {
    await rm(draft, { force: true });
  }
  return () => rm(path, { force: true });
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(path: string, dataDir: string): Promise<void> {
  const found = await readIfThere(path);
  refuseIfAlive(found, dataDir);
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Between the look and the rename another program may have taken the folder: then what we moved is its lock.
  const moved = await readIfThere(aside);
  if (moved !== found) await rename(aside, path);
  else await rm(aside, { force: true });
}

function refuseIfAlive(lock: string, dataDir: string): void {
  const owner = parseOwner(lock);
  if (owner === undefined || birthOf(owner.pid) !== owner.birth) return;
  throw new StartupError(
    `Another Cashcat (process ${owner.pid}) is already running on ${dataDir}. Stop it first, or give this one its own DATA_DIR and ports.`,
  );
}

function parseOwner(lock: string): { pid: number; birth: string } | undefined {
  try {
    const { pid, birth } = JSON.parse(lock) as { pid?: unknown; birth?: unknown };
    return typeof pid === 'number' && typeof birth === 'string' && birth !== '' ? { pid, birth } : undefined;
  } catch {
    return undefined;
  }
}

async function readIfThere(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
