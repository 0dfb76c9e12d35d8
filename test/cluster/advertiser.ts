import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../src/domain/status.ts';
import { pauseUnlessAborted } from '../../src/pause.ts';
import type { Callers } from './callers.ts';
import { startFileSender } from './file-sender.ts';
import type { Journal, StatusEntry } from './journal.ts';
import type { TrialNetwork } from './network.ts';
import type { Random } from './random.ts';

type AdvertiserOptions = { callers: Callers; network: TrialNetwork; journal: Journal; random: Random };

export type Advertiser = {
  /** Will say what becomes of this conversion, or nothing. */
  hearOf(conversionId: string): void;
  /** Says the rest without waiting any longer, by calls and by a last file, and resolves when all of it is answered. */
  finish(): Promise<void>;
};

const SECOND_MS = 1000;
const REPEAT_MS = 400;
const SILENT_SHARE = 0.25;
const FILE_SHARE = 0.3;
const LATE_SHARE = 0.15;
const TWICE_SHARE = 0.2;

const FATES: Status[][] = [
  ['approved'],
  ['approved'],
  ['rejected'],
  ['pending'],
  ['pending', 'approved'],
  ['pending', 'approved'],
  ['pending', 'rejected'],
  ['approved', 'rejected'],
  ['rejected', 'approved'],
  ['pending', 'approved', 'rejected'],
  ['approved', 'rejected', 'approved'],
  // The last one is stale by then.
  ['approved', 'pending'],
];

/**
 * Calls a status in until it is answered, and only then the next one of that conversion, as advertisers do; of some
 * conversions it tells by files alone.
 */
export function startAdvertiser({ callers, network, journal, random }: AdvertiserOptions): Advertiser {
  const files = startFileSender({ callers, network, journal });
  const finishing = new AbortController();
  // One for each conversion that waits for its status.
  setMaxListeners(0, finishing.signal);
  const telling = new Set<Promise<void>>();
  const headers = { authorization: `Bearer ${network.token}` };

  return {
    hearOf(conversionId) {
      if (random.chance(SILENT_SHARE)) return;
      const fate = random.pick(FATES).flatMap((status) => (random.chance(TWICE_SHARE) ? [status, status] : [status]));
      if (random.chance(FILE_SHARE)) return files.add(conversionId, fate);
      const told = tell(conversionId, fate).finally(() => telling.delete(told));
      telling.add(told);
    },
    async finish() {
      finishing.abort();
      await Promise.all([...telling, files.finish()]);
    },
  };

  async function tell(conversionId: string, fate: Status[]): Promise<void> {
    for (const status of fate) {
      const seconds = random.chance(LATE_SHARE) ? random.between(15, 60) : random.between(0, 6);
      await pauseUnlessAborted(seconds * SECOND_MS, finishing.signal);
      await callUntilAnswered(conversionId, status);
    }
  }

  async function callUntilAnswered(conversionId: string, status: Status): Promise<void> {
    const query = new URLSearchParams({ conversion_id: conversionId, status });
    journal.add({ type: 'asked', conversionId, status });
    for (;;) {
      const answer = await callers.get(`/advertisers/${network.advertiserId}/postback?${query.toString()}`, headers);
      if (answer?.status === 200) {
        const { result } = JSON.parse(answer.body) as Pick<StatusEntry, 'result'>;
        return journal.add({ type: 'status', conversionId, status, result });
      }
      if (answer !== undefined && answer.status !== 503) {
        const what = `${status} of ${conversionId} was answered with ${answer.status}: ${answer.body.slice(0, 200)}`;
        return journal.add({ type: 'odd', what });
      }
      await delay(REPEAT_MS);
    }
  }
}
