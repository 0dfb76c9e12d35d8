import type { Knex } from 'knex';
import { createAdvertiser } from '../../src/db/advertisers.ts';
import { createOffer } from '../../src/db/offers.ts';
import { createPartner, updatePartner } from '../../src/db/partners.ts';
import { createPriceList } from '../../src/db/prices/price-lists.ts';
import type { PostbackSettings } from '../../src/domain/postbacks/postback-settings.ts';
import { settingsFor } from '../support/postback-settings.ts';

/** Who takes part in a trial. All offers belong to the one advertiser. */
export type TrialNetwork = {
  advertiserId: string;
  token: string;
  offerIds: string[];
  /** Of the offers, in the same order. */
  currencies: string[];
  /** By what is special about each. */
  partnerIds: Record<string, string>;
};

/** All prices count the same: every first approval, whatever offer it is of. */
export const COUNTING = { counts: 'advertiser', period: 'all' } as const;

const OFFERS = [
  { name: 'Card', reward: { amount: 1250, currency: 'USD' } },
  { name: 'Account', reward: { amount: 300, currency: 'EUR' } },
];

/** How each partner wants to be told, given the URL of the tracker that all of them use. */
const PARTNERS: Record<string, (url: string) => PostbackSettings | null> = {
  plain: (url) => settingsFor(url),
  another: (url) => settingsFor(url),
  posting: (url) => settingsFor(url, { method: 'POST', body: 'form' }),
  'decisions only': (url) => settingsFor(url, { statuses: ['approved', 'rejected'] }),
  'without postbacks': () => null,
};

export async function createTrialNetwork(db: Knex): Promise<TrialNetwork> {
  const { advertiser, token } = await createAdvertiser(db, { name: 'Bank' });
  const offerIds: string[] = [];
  const currencies: string[] = [];
  for (const offer of OFFERS) {
    const url = 'https://bank.example/?click={conversion_id}';
    const { offer_id } = await createOffer(db, { ...offer, advertiser_id: advertiser.advertiser_id, url });
    const { amount, currency } = offer.reward;
    // So that the very first approval is counted.
    await createPriceList(db, offer_id, { ...COUNTING, currency, tiers: [{ from: 0, amount }], timeZone: 'UTC' });
    offerIds.push(offer_id);
    currencies.push(currency);
  }
  const partnerIds: Record<string, string> = {};
  for (const name of Object.keys(PARTNERS)) {
    const { partner } = await createPartner(db, { name });
    partnerIds[name] = partner.partner_id;
  }
  return { advertiserId: advertiser.advertiser_id, token, offerIds, currencies, partnerIds };
}

/** The tracker listens elsewhere in each run. */
export async function tellPartnersUrl(db: Knex, { partnerIds }: TrialNetwork, url: string): Promise<void> {
  for (const [name, partnerId] of Object.entries(partnerIds)) {
    await updatePartner(db, partnerId, { postback: PARTNERS[name]?.(url) ?? null });
  }
}
