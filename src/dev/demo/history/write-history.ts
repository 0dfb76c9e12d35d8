import type { Knex } from 'knex';
import { recountAll } from '../../../db/counting/counting.ts';
import type { PostbackSettings } from '../../../domain/postbacks/postback-settings.ts';
import { emptyHistory, historyTables, type HistoryRows } from './history-rows.ts';
import { addLead, type Price } from './lead-rows.ts';
import { createPartnerPast } from './partner-past.ts';
import { planLeads } from './plan-leads.ts';
import { addPostbacks } from './postback-rows.ts';
import { createRandom } from './random.ts';

export type HistoryOptions = {
  /** Milliseconds; everything happened before. */
  now: number;
  partnerId: string;
  /** Another partner, who wins some of the leads. */
  rivalId: string;
  advertiserId: string;
  offers: readonly { offer_id: string; reward: Price }[];
  settings: PostbackSettings;
  rules: { attempts: number; intervalMs: number };
};

const SEED = 20_261_126;
const ROWS_AT_ONCE = 500;

/**
 * Some days of a partner's past, as facts: what would have been written had the program run. Every status is settled and
 * every postback has ended, so nothing of it is sent, and no lead owes anything.
 */
export function makeHistory({
  now,
  partnerId,
  rivalId,
  advertiserId,
  offers,
  settings,
  rules,
}: HistoryOptions): HistoryRows {
  const random = createRandom(SEED);
  const rows = emptyHistory();
  const prices = new Map(offers.map(({ offer_id, reward }) => [offer_id, reward]));
  const priceOf = (offerId: string): Price => prices.get(offerId) ?? { amount: 0, currency: 'USD' };
  const past = createPartnerPast(now, settings);
  const cast = { now, partnerId, rivalId, offerIds: offers.map(({ offer_id }) => offer_id) };
  for (const lead of planLeads(random, cast)) {
    const statuses = addLead({ random, rows, advertiserId, priceOf }, lead);
    addPostbacks({ random, rows, past, partnerId, rules }, statuses);
  }
  return rows;
}

/** Writes the history of a database that has none yet. */
export async function writeHistory(trx: Knex.Transaction, options: HistoryOptions): Promise<void> {
  await writeRows(trx, makeHistory(options));
  await recountAll(trx);
}

export async function writeRows(trx: Knex.Transaction, rows: HistoryRows): Promise<void> {
  for (const table of historyTables) await trx.batchInsert(table, rows[table], ROWS_AT_ONCE);
}
