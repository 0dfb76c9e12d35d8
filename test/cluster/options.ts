import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the person who runs the trial may choose, by variables of the environment. */
export type TrialOptions = {
  /** How many times something is killed, in all. */
  kills: number;
  /** Left out, a resumed trial keeps its own, and a new one takes another each time. */
  seed: number | undefined;
  /** Goes on with what is in the folder, instead of beginning anew. */
  isResumed: boolean;
  folder: string;
  clicksPerSecond: number;
  secondsBetweenKills: number;
};

/** @throws Error when a number is none */
export function readOptions(env: NodeJS.ProcessEnv): TrialOptions {
  return {
    kills: numberOf(env, 'KILLS') ?? 40,
    seed: numberOf(env, 'SEED'),
    isResumed: ['1', 'true', 'yes'].includes(env['RESUME'] ?? ''),
    folder: env['CLUSTER_DIR'] || join(tmpdir(), 'cashcat-cluster'),
    clicksPerSecond: numberOf(env, 'CLICKS_PER_SECOND') ?? 10,
    secondsBetweenKills: numberOf(env, 'SECONDS_BETWEEN_KILLS') ?? 3,
  };
}

function numberOf(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`${name}: give a number, not "${text}".`);
  return Number(text);
}
