import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { createAdvertiser } from '../../db/advertisers.ts';
import { createOffer, listOffers, updateOffer, type Offer } from '../../db/offers.ts';
import { createPartner, listPartners, readPartner, updatePartner } from '../../db/partners.ts';
import type { PostbackSettings } from '../../domain/postbacks/postback-settings.ts';

import { writeHistory, type HistoryOptions } from './history/write-history.ts';
import { createInsurer } from './insurer.ts';

/** What the banner shows of the demo catalogue. The keys exist only here: the database holds their hashes. */
export type Demo = {
  partnerId: string;
  partnerKey: string;
  advertiserId: string;
  advertiserToken: string;
  offerId: string;
  receiverUrl: string;
};

const PAGE_LENGTH = 200;

const OFFERS = [
  {
    offer_id: 'travel-card',
    name: 'Travel credit card',
    description: 'No yearly fee, lounge access twice a year. Free delivery within three days.',
    reward: { amount: 1250, currency: 'USD' },
  },
  {
    offer_id: 'savings-account',
    name: 'Savings account',
    description: 'Opened online in ten minutes; interest is paid every month.',
    reward: { amount: 800, currency: 'USD' },
  },
  {
    offer_id: 'starter-loan',
    name: 'First loan, interest-free',
    description: 'Up to 500 dollars for 30 days. Decision in a quarter of an hour.',
    reward: { amount: 2100, currency: 'USD' },
  },
];

export type DemoOptions = { dataDir: string; receiverUrl: string; rules: HistoryOptions['rules'] };

/**
 * A small readable catalogue on the first start, and some days of a partner's past. Later starts only lead the demo
 * partner's postbacks and the offers to the receiver's present address, as long as they still point to its former one.
 *
 * @returns null when this database was filled by somebody else
 */
export async function prepareDemo(db: Knex, { dataDir, receiverUrl, rules }: DemoOptions): Promise<Demo | null> {
  const file = join(dataDir, 'demo.json');
  const known = await readDemo(file);
  if (!known && (await listPartners(db, { limit: 1 })).length > 0) return null;
  const demo = known ? { ...known, receiverUrl } : await createDemo(db, receiverUrl, rules);
  if (known && known.receiverUrl !== receiverUrl) await moveReceiver(db, known, receiverUrl);
  await writeFile(file, JSON.stringify(demo, null, 2), { mode: 0o600 });
  return demo;
}

async function readDemo(file: string): Promise<Demo | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Demo;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function createDemo(db: Knex, receiverUrl: string, rules: HistoryOptions['rules']): Promise<Demo> {
  return await db.transaction(async (trx) => {
    const settings = postbackTo(receiverUrl);
    const { partner, apiKey: partnerKey } = await createPartner(trx, {
      name: 'Demo Partner',
      partner_id: 'demopartner',
      postback: settings,
    });
    const { partner: rival } = await createPartner(trx, { name: 'Rival Media', partner_id: 'rival-media' });
    const { advertiser, token } = await createAdvertiser(trx, { name: 'Demo Bank', advertiser_id: 'demobank' });
    const { advertiser_id } = advertiser;
    for (const offer of OFFERS) await createOffer(trx, { ...offer, advertiser_id, url: landingAt(receiverUrl) });
    const cast = { partnerId: partner.partner_id, rivalId: rival.partner_id, advertiserId: advertiser_id };
    const now = Date.now();
    await createInsurer(trx, { landingUrl: landingAt(receiverUrl), partnerId: partner.partner_id, now });
    await writeHistory(trx, { ...cast, now, offers: OFFERS, settings, rules });
    return {
      partnerId: partner.partner_id,
      partnerKey,
      advertiserId: advertiser_id,
      advertiserToken: token,
      offerId: 'travel-card',
      receiverUrl,
    };
  });
}

async function moveReceiver(db: Knex, { partnerId, receiverUrl: former }: Demo, receiverUrl: string): Promise<void> {
  const partner = await readPartner(db, partnerId);
  if (partner?.postback?.url === postbackTo(former).url) {
    await updatePartner(db, partnerId, { postback: postbackTo(receiverUrl) });
  }
  for (const { offer_id, url } of await listAllOffers(db)) {
    if (url === landingAt(former)) await updateOffer(db, offer_id, { url: landingAt(receiverUrl) });
  }
}

async function listAllOffers(db: Knex): Promise<Offer[]> {
  const offers: Offer[] = [];
  for (;;) {
    const page = await listOffers(db, { limit: PAGE_LENGTH, after: offers.at(-1)?.offer_id });
    offers.push(...page);
    if (page.length < PAGE_LENGTH) return offers;
  }
}

function postbackTo(receiverUrl: string): PostbackSettings {
  return {
    url: `${receiverUrl}/postback?click={ref_id}&status={status}&payout={payout}&conversion={conversion_id}`,
    method: 'GET',
    body: null,
    statuses: ['pending', 'approved', 'rejected'],
    status_words: {},
    status_urls: {},
    handover: false,
  };
}

function landingAt(receiverUrl: string): string {
  return `${receiverUrl}/landing?conversion_id={conversion_id}`;
}
