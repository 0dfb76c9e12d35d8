import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from '../../errors.ts';

export type KeptKeys = { adminApiKey: string; leadSecret: string };

/** The keys of this installation: made at its first start and the same ever after, as visitors' cookies depend on them. */
export async function readOrMakeKeys(dataDir: string): Promise<KeptKeys> {
  const path = join(dataDir, 'keys.json');
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (kept !== undefined) return parseKeys(kept, path);
  const keys = { adminApiKey: newKey(), leadSecret: newKey() };
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(draft, path);
  return keys;
}

function newKey(): string {
  return randomBytes(32).toString('base64url');
}

function parseKeys(text: string, path: string): KeptKeys {
  try {
    const { adminApiKey, leadSecret } = JSON.parse(text) as Partial<Record<keyof KeptKeys, unknown>>;
    if (typeof adminApiKey === 'string' && typeof leadSecret === 'string') return { adminApiKey, leadSecret };
  } catch {
    // Said below, together with what to do.
  }
  throw new StartupError(`${path} does not hold the two keys it should: restore it, or delete it to get new keys.`);
}
