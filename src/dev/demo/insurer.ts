import type { Knex } from 'knex';
import { createAdvertiser, updateAdvertiser } from '../../db/advertisers.ts';
import { createOffer } from '../../db/offers.ts';
import { createPriceList } from '../../db/prices/price-lists.ts';
import { addLead } from './history/lead-rows.ts';
import { emptyHistory } from './history/history-rows.ts';
import { HOUR_MS, MINUTE_MS } from './history/plan-leads.ts';
import { createRandom } from './history/random.ts';
import { writeRows } from './history/write-history.ts';

const ADVERTISER_ID = 'north-insurance';
const OFFER_ID = 'home-insurance';
const REWARD = { amount: 3000, currency: 'USD' };
const SEED = 7;
// Nobody has said yet what it means.
const UNKNOWN_WORD = 'storno';
const CAME_BEFORE_NOW_MS = [5 * HOUR_MS, 2 * HOUR_MS, 50 * MINUTE_MS];

/**
 * A second advertiser for the demo, with words and names of its own, a price that rises with what was approved in a month,
 * and calls that wait because of a word that is not known.
 */
export async function createInsurer(
  trx: Knex.Transaction,
  { landingUrl, partnerId, now }: { landingUrl: string; partnerId: string; now: number },
): Promise<void> {
  await createAdvertiser(trx, { name: 'North Insurance', advertiser_id: ADVERTISER_ID });
  await updateAdvertiser(trx, ADVERTISER_ID, {
    vocabulary: {
      words: { quote: 'pending', signed: 'approved', declined: 'rejected', test: 'ignore' },
      default_status: null,
      parameters: { conversion_id: 'click_id', status: 'state' },
    },
  });
  await createOffer(trx, {
    ...{ offer_id: OFFER_ID, advertiser_id: ADVERTISER_ID, name: 'Home insurance', reward: REWARD },
    description: 'A quote in five minutes, cover from tomorrow. Cancel any month.',
    url: landingUrl,
  });
  await createPriceList(trx, OFFER_ID, {
    tiers: [
      { from: 0, amount: REWARD.amount },
      { from: 5, amount: 3400 },
      { from: 20, amount: 3800 },
    ],
    ...{ currency: REWARD.currency, counts: 'advertiser', period: 'month', timeZone: 'Europe/Berlin' },
  });
  await writeWaitingCalls(trx, { partnerId, now });
}

/** Visitors of whom the advertiser has said something that we do not understand. */
async function writeWaitingCalls(
  trx: Knex.Transaction,
  { partnerId, now }: { partnerId: string; now: number },
): Promise<void> {
  const rows = emptyHistory();
  const context = { random: createRandom(SEED), rows, advertiserId: ADVERTISER_ID, priceOf: () => REWARD };
  for (const [index, beforeNowMs] of CAME_BEFORE_NOW_MS.entries()) {
    const at = now - beforeNowMs;
    addLead(context, {
      touches: [{ at, partnerId, givenRefId: `home-${index + 1}` }],
      conversion: { at: at + MINUTE_MS, offerId: OFFER_ID, statuses: [] },
    });
  }
  rows.status_calls = rows.conversions.map(({ conversion_id, created_at }) => ({
    ...{
      advertiser_id: ADVERTISER_ID,
      conversion_id: conversion_id ?? null,
      word: UNKNOWN_WORD,
      result: 'unknown_word',
    },
    at: new Date(Number(created_at) + 20 * MINUTE_MS),
    raw: JSON.stringify({ method: 'GET', query: { click_id: conversion_id, state: UNKNOWN_WORD }, body: null }),
  }));
  await writeRows(trx, rows);
}
