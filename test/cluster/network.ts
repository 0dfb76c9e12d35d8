import type { Knex } from 'knex';
import { createAdvertiser } from '../../src/db/advertisers.ts';
import { createOffer } from '../../src/db/offers.ts';
import { createPartner, updatePartner } from '../../src/db/partners.ts';
import { createPriceList } from '../../src/db/prices/price-lists.ts';
import type { PostbackSettings } from '../../src/domain/postbacks/postback-settings.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { zoneWhereItIs } from '../support/time-zones.ts';

/** How an offer's approvals are numbered: all of its price lists count the same. */
export type Counting = { counts: 'advertiser' | 'offer'; period: 'day' | 'all'; timeZone: string };

export type TrialOffer = {
  offerId: string;
  advertiserId: string;
  currency: string;
  counting: Counting;
  /** What happens beyond its caps; null for one that has none. */
  beyond: 'pay_nothing' | 'close_offer' | null;
};

/** Who takes part in a trial. */
export type TrialNetwork = {
  /** The advertiser that reports by calls and by files. */
  callerId: string;
  token: string;
  /** The one whose export is pulled; nobody else reports its conversions. */
  exporterId: string;
  offers: TrialOffer[];
  /** By what is special about each. */
  partnerIds: Record<string, string>;
};

/** Short, so that many leads end in a trial, and some statuses come too late. */
export const WINDOW_SECONDS = 120;

type OfferPlan = Omit<TrialOffer, 'offerId' | 'advertiserId' | 'counting'> & { name: string; amount: number };

// All of one advertiser's count together, so that the number of each approval tells the order of all.
const OF_CALLER: OfferPlan[] = [
  { name: 'Card', amount: 1250, currency: 'USD', beyond: 'pay_nothing' },
  { name: 'Account', amount: 300, currency: 'EUR', beyond: null },
  { name: 'Insurance', amount: 700, currency: 'USD', beyond: 'close_offer' },
];
const OF_EXPORTER: (OfferPlan & { period: Counting['period'] })[] = [
  { name: 'Voucher', amount: 50, currency: 'USD', beyond: null, period: 'day' },
  { name: 'Book', amount: 80, currency: 'EUR', beyond: null, period: 'all' },
];

/** How each partner wants to be told, given the URL of the tracker that all of them use. */
const PARTNERS: Record<string, (url: string) => PostbackSettings | null> = {
  plain: (url) => settingsFor(url, { handover: true }),
  another: (url) => settingsFor(url),
  posting: (url) => settingsFor(url, { method: 'POST', body: 'form', handover: true }),
  'decisions only': (url) => settingsFor(url, { statuses: ['approved', 'rejected'], handover: true }),
  'without postbacks': () => null,
};
/** Those that hear of a lost lead if they were told of it as pending (R14). */
export const ASKING_FOR_HANDOVERS = ['plain', 'posting'];

export async function createTrialNetwork(db: Knex): Promise<TrialNetwork> {
  // So that a trial which lasts beyond the next full hour sees a new day begin.
  const timeZone = zoneWhereItIs(23, new Date());
  const caller = await createAdvertiser(db, { name: 'Bank' });
  const exporter = await createAdvertiser(db, { name: 'Shop' });
  const [callerId, exporterId] = [caller.advertiser.advertiser_id, exporter.advertiser.advertiser_id];
  const offers: TrialOffer[] = [];
  for (const plan of OF_CALLER) {
    offers.push(await createTrialOffer(db, callerId, plan, { counts: 'advertiser', period: 'day', timeZone }));
  }
  for (const { period, ...plan } of OF_EXPORTER) {
    offers.push(await createTrialOffer(db, exporterId, plan, { counts: 'offer', period, timeZone }));
  }
  const partnerIds: Record<string, string> = {};
  for (const name of Object.keys(PARTNERS)) {
    const { partner } = await createPartner(db, { name });
    partnerIds[name] = partner.partner_id;
  }
  return { callerId, token: caller.token, exporterId, offers, partnerIds };
}

async function createTrialOffer(
  db: Knex,
  advertiserId: string,
  { name, amount, currency, beyond }: OfferPlan,
  counting: Counting,
): Promise<TrialOffer> {
  const url = `https://${name.toLowerCase()}.example/?click={conversion_id}`;
  const { offer_id: offerId } = await createOffer(db, {
    ...{ name, url, advertiser_id: advertiserId, reward: { amount, currency } },
  });
  // So that the very first approval is counted.
  await createPriceList(db, offerId, { ...counting, currency, tiers: [{ from: 0, amount }] });
  return { offerId, advertiserId, currency, counting, beyond };
}

/** The tracker listens elsewhere in each run. */
export async function tellPartnersUrl(db: Knex, { partnerIds }: TrialNetwork, url: string): Promise<void> {
  for (const [name, partnerId] of Object.entries(partnerIds)) {
    await updatePartner(db, partnerId, { postback: PARTNERS[name]?.(url) ?? null });
  }
}
