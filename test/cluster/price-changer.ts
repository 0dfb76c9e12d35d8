import { pauseUnlessAborted } from '../../src/pause.ts';
import { ADMIN_API_KEY } from '../support/program.ts';
import type { Callers } from './callers.ts';
import type { Journal } from './journal.ts';
import { COUNTING, type TrialNetwork } from './network.ts';
import type { Random } from './random.ts';

/** `callers` reach the operations listener. */
type PriceChangerOptions = { callers: Callers; network: TrialNetwork; journal: Journal; random: Random };

const SECOND_MS = 1000;
const REPEAT_MS = 400;
const OWN_LIST_SHARE = 0.3;
const TIERS = 40;
const HEADERS = { authorization: `Bearer ${ADMIN_API_KEY}`, 'content-type': 'application/json' };

/** Ops, who every few seconds make another price list for an offer, now and then for one partner alone. */
export function startPriceChanger({ callers, network, journal, random }: PriceChangerOptions) {
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
      await pauseUnlessAborted(random.between(4, 10) * SECOND_MS, stopping.signal);
      const offer = random.pick(network.offerIds.map((offerId, index) => ({ offerId, index })));
      const draft = { ...drawPrices(), currency: network.currencies[offer.index] };
      await makeList(offer.offerId, draft);
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
    return { ...COUNTING, tiers, time_zone: 'UTC', partner_id: partnerId };
  }

  /** What was not answered may be there too; made once more, it is another version. */
  async function makeList(offerId: string, draft: object): Promise<void> {
    while (!stopping.signal.aborted) {
      const answer = await callers.post(`/v1/admin/offers/${offerId}/prices`, HEADERS, JSON.stringify(draft));
      if (answer?.status === 201) {
        const { list_id: listId } = JSON.parse(answer.body) as { list_id: number };
        return journal.add({ type: 'priced', offerId, listId });
      }
      if (answer !== undefined && answer.status !== 503) {
        const what = `a price list was answered with ${answer.status}: ${answer.body.slice(0, 200)}`;
        return journal.add({ type: 'odd', what });
      }
      await pauseUnlessAborted(REPEAT_MS, stopping.signal);
    }
  }
}
