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
  /** All that is kept of calls and of the rows of files, but for those of unknown conversions. */
  calls: CallRow[];
  /** In the order in which they were made. */
  pulls: PullRow[];
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
  advertiser_id: string | null;
  status: Status | null;
  price_amount: number | null;
  price_currency: string | null;
  price_list_id: number | null;
  price_tier_from: number | null;
  /** How many conversions were approved for the first time before, as its list counts them. */
  price_counted: number | null;
  /** Which cap leaves it without a price, and how many that allows. */
  price_cap: 'cap_day' | 'cap_total' | null;
  price_cap_limit: number | null;
};

export type SettlementRow = {
  conversion_id: string;
  seq: number;
  lead_id: string;
  status: Status;
  partner_id: string | null;
  touch_seq: number | null;
  reward: 'book' | 'revoke' | 'none';
  settled_at: string;
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
  reason: string | null;
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
  /** Why no complete answer came. */
  error: string | null;
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

/** A call, or a row of a file. */
export type CallRow = {
  call_id: number;
  at: string;
  conversion_id: string;
  status: Status;
  result: string;
  /** Null for a call. */
  import_id: string | null;
  row_number: number | null;
  /** Of the event that it became; null when it became none. */
  lead_id: string | null;
  seq: number | null;
};

export type PullRow = {
  pull_id: string;
  result: string | null;
  import_id: string | null;
  /** The version of the export, in quotes. */
  etag: string | null;
};

export async function readFacts(db: Knex, { offers, partnerIds }: TrialNetwork): Promise<Facts> {
  const events = await db<EventRow>('lead_events').select().orderBy(['lead_id', 'seq']);
  const attempts = await db<AttemptRow>('postback_attempts').select().orderBy(['postback_id', 'attempt']);
  return {
    eventsByLead: groupBy(events, ({ lead_id }) => lead_id),
    settlements: (await db('settlements').select()) as SettlementRow[],
    rewards: (await db('reward_entries').select()) as RewardRow[],
    postbacks: (await db('postbacks').select()) as PostbackRow[],
    attempts: groupBy(attempts, ({ postback_id }) => postback_id),
    priceLists: (await Promise.all(offers.map(({ offerId }) => listPriceLists(db, offerId)))).flat(),
    balances: await readBalancesOfMany(db, Object.values(partnerIds)),
    imports: new Map((await db<ImportRow>('imports').select()).map((row) => [row.import_id, row])),
    calls: (await db('status_calls').whereNot('result', 'unknown_conversion').orderBy('call_id')) as CallRow[],
    pulls: await db<PullRow>('pulls').select().orderBy('pull_id'),
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
