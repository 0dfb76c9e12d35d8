import type { Knex } from 'knex';
import { readBalancesOfMany, type Balance } from '../../../src/db/ledger/balances.ts';
import { listPriceLists, type PriceListRow } from '../../../src/db/prices/price-lists.ts';
import type { Status } from '../../../src/domain/status.ts';
import type { TrialNetwork } from '../network.ts';

/** Everything that Postgres holds of a trial. Times are ISO 8601, amounts minor units. */
export type Facts = {
  /** By lead, in the order of their numbers. */
  eventsByLead: Map<string, EventRow[]>;
  settlements: SettlementRow[];
  rewards: RewardRow[];
  postbacks: PostbackRow[];
  /** By postback, in the order of their numbers. */
  attempts: Map<string, AttemptRow[]>;
  priceLists: PriceListRow[];
  /** By partner, as it is told. */
  balances: Map<string, Balance[]>;
  imports: Map<string, ImportRow>;
  /** What is kept of the rows of files, but for those of unknown conversions. */
  fileCalls: FileCallRow[];
};

export type EventRow = {
  lead_id: string;
  seq: number;
  at: string;
  type: 'touch' | 'conversion' | 'status';
  partner_id: string | null;
  ref_id: string | null;
  conversion_id: string | null;
  offer_id: string | null;
  status: Status | null;
  price_amount: number | null;
  price_currency: string | null;
  price_list_id: number | null;
  price_tier_from: number | null;
  /** How many conversions were approved for the first time before. */
  price_counted: number | null;
};

export type SettlementRow = {
  conversion_id: string;
  seq: number;
  lead_id: string;
  status: Status;
  partner_id: string | null;
  touch_seq: number | null;
  reward: 'book' | 'revoke' | 'none';
};

export type RewardRow = {
  conversion_id: string;
  seq: number;
  partner_id: string;
  kind: 'booked' | 'revoked';
  amount: number;
  currency: string;
};

export type PostbackRow = {
  postback_id: string;
  conversion_id: string;
  seq: number;
  partner_id: string | null;
  ref_id: string | null;
  status: Status;
  payout: number;
  currency: string;
  is_handover: boolean;
  state: string;
  skip_reason: string | null;
};

export type AttemptRow = {
  postback_id: string;
  attempt: number;
  started_at: string;
  ended_at: string | null;
  outcome: 'running' | 'delivered' | 'refused' | 'interrupted';
  http_status: number | null;
};

export type ImportRow = {
  import_id: string;
  state: string;
  rows: number;
  done_rows: number;
  recorded: number;
  duplicate: number;
  stale: number;
  ignored: number;
  refused: number;
};

export type FileCallRow = {
  import_id: string;
  row_number: number;
  conversion_id: string;
  status: Status;
  result: string;
};

export async function readFacts(db: Knex, { offerIds, partnerIds }: TrialNetwork): Promise<Facts> {
  const events = await db<EventRow>('lead_events').select().orderBy(['lead_id', 'seq']);
  const attempts = await db<AttemptRow>('postback_attempts').select().orderBy(['postback_id', 'attempt']);
  return {
    eventsByLead: groupBy(events, ({ lead_id }) => lead_id),
    settlements: (await db('settlements').select()) as SettlementRow[],
    rewards: (await db('reward_entries').select()) as RewardRow[],
    postbacks: (await db('postbacks').select()) as PostbackRow[],
    attempts: groupBy(attempts, ({ postback_id }) => postback_id),
    priceLists: (await Promise.all(offerIds.map((offerId) => listPriceLists(db, offerId)))).flat(),
    balances: await readBalancesOfMany(db, Object.values(partnerIds)),
    imports: new Map((await db<ImportRow>('imports').select()).map((row) => [row.import_id, row])),
    fileCalls: (await db('status_calls')
      .whereNotNull('import_id')
      .andWhereNot('result', 'unknown_conversion')
      .select()) as FileCallRow[],
  };
}

/** In the order in which they come. */
export function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
