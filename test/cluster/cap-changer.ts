import { pauseUnlessAborted } from '../../src/pause.ts';
import type { Cap, Journal } from './journal.ts';
import type { TrialNetwork, TrialOffer } from './network.ts';
import type { Ops } from './ops.ts';
import type { Random } from './random.ts';

type CapChangerOptions = { ops: Ops; network: TrialNetwork; journal: Journal; random: Random };

type CapAnswer = { cap: { approved_today: number; approved_in_all: number } | null };

const SECOND_MS = 1000;

/** Ops, who now and then make room for a few more conversions of the offers that have caps. */
export function startCapChanger({ ops, network, journal, random }: CapChangerOptions) {
  const stopping = new AbortController();
  const changing = change();

  return {
    async stop(): Promise<void> {
      stopping.abort();
      await changing;
    },
  };

  async function change(): Promise<void> {
    while (!stopping.signal.aborted) {
      for (const offer of network.offers) await makeRoom(offer);
      await pauseUnlessAborted(random.between(20, 60) * SECOND_MS, stopping.signal);
    }
  }

  async function makeRoom({ offerId, counting, beyond }: TrialOffer): Promise<void> {
    if (beyond === null) return;
    const path = `/offers/${offerId}/cap`;
    const is = await ops.ask<CapAnswer>({ method: 'get', path });
    if (!is) return;
    const { approved_today = 0, approved_in_all = 0 } = is.cap ?? {};
    const total = approved_in_all + roomFor(2, 16);
    const day = approved_today + roomFor(2, 12);
    // A closed offer opens again with the day; here ops alone open it.
    const limits = beyond === 'close_offer' ? { day: null, total } : drawLimits(day, total);
    const cap: Cap = { ...limits, beyond };
    journal.add({ type: 'capping', offerId, cap });
    const set = await ops.ask({ method: 'put', path, body: { ...cap, time_zone: counting.timeZone } });
    if (set) journal.add({ type: 'capped', offerId });
  }

  function drawLimits(day: number, total: number): Pick<Cap, 'day' | 'total'> {
    return random.pick([
      { day, total },
      { day, total: null },
      { day: null, total },
    ]);
  }

  function roomFor(least: number, most: number): number {
    return Math.floor(random.between(least, most));
  }
}
