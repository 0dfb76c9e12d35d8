import { pauseUnlessAborted } from '../../src/pause.ts';
import type { Journal } from './journal.ts';
import type { TrialNetwork } from './network.ts';
import type { Ops } from './ops.ts';
import type { Random } from './random.ts';

type PriceChangerOptions = { ops: Ops; network: TrialNetwork; journal: Journal; random: Random };

const SECOND_MS = 1000;
const OWN_LIST_SHARE = 0.3;
const TIERS = 40;

/** Ops, who every few seconds make another price list for an offer, now and then for one partner alone. */
export function startPriceChanger({ ops, network, journal, random }: PriceChangerOptions) {
  const stopping = new AbortController();
  const changing = change();

  return {
    async stop(): Promise<void> {
      stopping.abort();
      await changing;
    },
  };

  async function change(): Promise<void> {
    for (;;) {
      await pauseUnlessAborted(random.between(4, 10) * SECOND_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      const { offerId, currency, counting } = random.pick(network.offers);
      const { timeZone: time_zone, ...counted } = counting;
      await makeList(offerId, { ...drawPrices(), ...counted, time_zone, currency });
    }
  }

  /** Tiers that a trial passes through, each with another price. */
  function drawPrices(): object {
    let from = 0;
    const tiers = Array.from({ length: TIERS }, () => {
      const tier = { from, amount: Math.floor(random.between(100, 2000)) };
      from += Math.ceil(random.between(5, 40));
      return tier;
    });
    const partnerId = random.chance(OWN_LIST_SHARE) ? network.partnerIds['another'] : undefined;
    return { tiers, partner_id: partnerId };
  }

  /** What was not answered may be there too; made once more, it is another version. */
  async function makeList(offerId: string, draft: object): Promise<void> {
    const made = await ops.ask<{ list_id: number }>({ method: 'post', path: `/offers/${offerId}/prices`, body: draft });
    if (made) journal.add({ type: 'priced', offerId, listId: made.list_id });
  }
}
