import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { LOCK_FILE, lockDataDir } from '../../src/dev/embedded/data-dir-lock.ts';
import { findFreePort } from '../../src/free-port.ts';
import { endLeftovers, endPostgresAtExit } from './leftovers.ts';
import type { TrialNetwork } from './network.ts';
import type { TrialOptions } from './options.ts';
import { TEMPORAL_PORTS, type TemporalPorts } from './temporal-server.ts';

/** What a trial keeps from run to run, beside the servers' files and the journal. */
export type Trial = {
  seed: number;
  ports: { postgres: number; temporal: TemporalPorts[] };
  /** Null until Temporal's databases and its namespace are made. */
  network: TrialNetwork | null;
};

const FILE = 'trial.json';
const TEMPORAL_SERVERS = 2;

/**
 * Opens the folder of a trial to go on with it, or empties it and begins anew; nobody else can use it until this process ends.
 * @throws Error when it is not a trial's, or another one is running in it
 */
export async function openFolder({ folder, isResumed, seed }: TrialOptions): Promise<Trial> {
  const isKept = existsSync(join(folder, FILE));
  if (isResumed && !isKept) throw new Error(`There is no trial in ${folder} to go on with.`);
  mkdirSync(folder, { recursive: true });
  const found = readdirSync(folder).filter((name) => name !== LOCK_FILE);
  if (!isKept && found.length > 0)
    throw new Error(`${folder} holds something else than a trial: give CLUSTER_DIR an empty folder.`);
  await lockDataDir(folder);
  endLeftovers(folder);
  endPostgresAtExit(folder);
  if (isResumed) {
    const trial = JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as Trial;
    return { ...trial, seed: seed ?? trial.seed };
  }
  for (const name of found) rmSync(join(folder, name), { recursive: true, force: true });
  mkdirSync(join(folder, 'logs'), { recursive: true });
  // Root's Postgres runs as a user of its own.
  chmodSync(folder, 0o755);
  const trial = { seed: seed ?? Date.now() % 1_000_000, ports: await choosePorts(), network: null };
  saveTrial(folder, trial);
  return trial;
}

export function saveTrial(folder: string, trial: Trial): void {
  const path = join(folder, FILE);
  writeFileSync(`${path}.new`, JSON.stringify(trial, null, 2));
  renameSync(`${path}.new`, path);
}

/** The same ever after: what is killed comes back where the others look for it. */
async function choosePorts(): Promise<Trial['ports']> {
  const taken = new Set<number>();
  while (taken.size < 1 + TEMPORAL_SERVERS * TEMPORAL_PORTS.length) taken.add(await findFreePort());
  const [postgres = 0, ...others] = taken;
  const temporal = Array.from({ length: TEMPORAL_SERVERS }, (_, server) => {
    const ports = others.slice(server * TEMPORAL_PORTS.length);
    return Object.fromEntries(TEMPORAL_PORTS.map((name, index) => [name, ports[index]])) as TemporalPorts;
  });
  return { postgres, temporal };
}
