import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../src/domain/status.ts';
import { pauseUnlessAborted } from '../../src/pause.ts';
import type { Callers, HttpAnswer } from './callers.ts';
import { drawFate, drawPauseMs } from './fates.ts';
import { startFileSender } from './file-sender.ts';
import type { Journal, StatusEntry } from './journal.ts';
import { acceptLate } from './late-statuses.ts';
import type { TrialNetwork } from './network.ts';
import type { Ops } from './ops.ts';
import type { Random } from './random.ts';

type AdvertiserOptions = {
  callers: Callers;
  /** They may accept what comes too late. */
  ops: Ops;
  network: TrialNetwork;
  journal: Journal;
  random: Random;
  /** Its partner may hear of it now; the decision follows. */
  onPending: (conversionId: string) => void;
};

export type Advertiser = {
  /** Will say what becomes of this conversion, or nothing. */
  hearOf(conversionId: string): void;
  /** Says the rest without waiting any longer, by calls and by a last file, and resolves when all of it is answered. */
  finish(): Promise<void>;
};

const REPEAT_MS = 400;
const FILE_SHARE = 0.3;
const TWICE_SHARE = 0.2;
const ACCEPTED_SHARE = 0.7;

/**
 * Calls a status in until it is answered, and only then the next one of that conversion, as advertisers do; of some
 * conversions it tells by files alone.
 */
export function startAdvertiser({ callers, ops, network, journal, random, onPending }: AdvertiserOptions): Advertiser {
  const files = startFileSender({ callers, network, journal });
  const finishing = new AbortController();
  // One for each conversion that waits for its status.
  setMaxListeners(0, finishing.signal);
  const telling = new Set<Promise<void>>();
  const headers = { authorization: `Bearer ${network.token}` };

  return {
    hearOf(conversionId) {
      const fate = drawFate(random).flatMap((status) => (random.chance(TWICE_SHARE) ? [status, status] : [status]));
      if (fate.length === 0) return;
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
    for (const [index, status] of fate.entries()) {
      await pauseUnlessAborted(drawPauseMs(random, fate[index - 1]), finishing.signal);
      const result = await callUntilAnswered(conversionId, status);
      if (result === 'recorded' && status === 'pending') onPending(conversionId);
      if (result === 'window_closed' && random.chance(ACCEPTED_SHARE)) {
        await acceptLate(ops, journal, { conversionId, status });
      }
    }
  }

  /** @returns undefined for an answer that nobody expected */
  async function callUntilAnswered(conversionId: string, status: Status): Promise<StatusEntry['result'] | undefined> {
    const query = new URLSearchParams({ conversion_id: conversionId, status });
    journal.add({ type: 'asked', conversionId, status });
    for (;;) {
      const answer = await callers.get(`/advertisers/${network.callerId}/postback?${query.toString()}`, headers);
      const result = answer && readResult(answer);
      if (result) {
        journal.add({ type: 'status', conversionId, status, result });
        return result;
      }
      if (answer !== undefined && answer.status !== 503) {
        const what = `${status} of ${conversionId} was answered with ${answer.status}: ${answer.body.slice(0, 200)}`;
        return void journal.add({ type: 'odd', what });
      }
      await delay(REPEAT_MS);
    }
  }
}

function readResult({ status, body }: HttpAnswer): StatusEntry['result'] | undefined {
  if (status === 200) return (JSON.parse(body) as Pick<StatusEntry, 'result'>).result;
  return status === 409 && body.includes('window_closed') ? 'window_closed' : undefined;
}
