import { setTimeout as delay } from 'node:timers/promises';
import type { Late } from '../../src/in-time.ts';
import { pauseUnlessAborted } from '../../src/pause.ts';
import type { TrialNetwork } from './network.ts';
import type { Ops } from './ops.ts';
import type { Random } from './random.ts';

type PullerOptions = { ops: Ops; network: TrialNetwork; random: Random; url: string };

type Pull = { started_at: string; result: string | null };

const SECOND_MS = 1000;
// As often as is allowed; ops have it run more often.
const EVERY_MINUTES = 5;
const LOOK_AGAIN_MS = 3000;

/** Has an advertiser's export pulled by its Schedule, and at once again and again. */
export async function startPuller({ ops, network, random, url }: PullerOptions) {
  const path = `/advertisers/${network.exporterId}`;
  const stopping = new AbortController();
  await ops.ask({ method: 'put', path: `${path}/pull`, body: { url, format: 'csv', every_minutes: EVERY_MINUTES } });
  const pulling = pullAgainAndAgain();

  return {
    /** Resolves when the export as it is now has been imported, or had been before. @throws what `late` says */
    async finish(late: Late): Promise<void> {
      stopping.abort();
      await pulling;
      const since = new Date().toISOString();
      while (!(await hasPulled(since))) {
        late.throwIfLate();
        await runNow();
        await delay(LOOK_AGAIN_MS);
      }
    },
  };

  async function pullAgainAndAgain(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pauseUnlessAborted(random.between(5, 15) * SECOND_MS, stopping.signal);
      await runNow();
    }
  }

  async function runNow(): Promise<void> {
    await ops.ask({ method: 'post', path: `${path}/pull/run` });
  }

  async function hasPulled(since: string): Promise<boolean> {
    const pulls = await ops.ask<{ items: Pull[] }>({ method: 'get', path: `${path}/pulls` });
    return (pulls?.items ?? []).some(
      ({ started_at, result }) => started_at > since && (result === 'imported' || result === 'unchanged'),
    );
  }
}
