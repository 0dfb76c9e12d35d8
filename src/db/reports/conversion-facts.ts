import type { Knex } from 'knex';
import type { StatusEvent } from '../../domain/lead-event.ts';
import type { Status } from '../../domain/status.ts';
import { LEAD_EVENT_COLUMNS, toLeadEvent, type LeadEventRow } from '../lead-events.ts';
import type { PostbackState, SkipReason } from '../postbacks.ts';
import { FRAUD_FLAG_COLUMNS, type FraudFlagRow } from './fraud-flags.ts';
import { readStatusPrices, type StatusPrice } from './price-facts.ts';
import { readRewardEntries, type RewardEntryRow } from './reward-entries.ts';
import { STATUS_CALL_COLUMNS, type StatusCallRow } from './status-calls.ts';

/** A conversion with the names of its offer and advertiser; `status` is its last one, null before the first. */
export type ConversionRow = {
  conversion_id: string;
  lead_id: string;
  seq: number;
  offer_id: string;
  offer_name: string | null;
  advertiser_id: string;
  advertiser_name: string | null;
  created_at: string;
  status: Status | null;
  status_at: string | null;
};

/** With whom a status was settled, and what that did to the reward. */
export type SettlementRow = {
  conversion_id: string;
  seq: number;
  status: Status;
  /** Null is the house. */
  partner_id: string | null;
  touch_seq: number | null;
  reward: 'book' | 'revoke' | 'none';
  settled_at: string;
};

/** One message to a partner about one status. */
export type PostbackRow = {
  postback_id: string;
  conversion_id: string;
  /** Of the status that it tells of. */
  seq: number;
  lead_id: string;
  offer_id: string;
  /** Null is the house. */
  partner_id: string | null;
  ref_id: string | null;
  status: Status;
  reason: string | null;
  /** R14: it tells a partner that the lead was lost to another. */
  is_handover: boolean;
  /** When that status was recorded. */
  event_at: string;
  /** Minor units of `currency`. */
  payout: number;
  currency: string;
  state: PostbackState;
  skip_reason: SkipReason | null;
  next_attempt_at: string | null;
  created_at: string;
  ended_at: string | null;
};

export const attemptKinds = ['scheduled', 'redelivery'] as const;
export const attemptOutcomes = ['running', 'delivered', 'refused', 'interrupted'] as const;

/** One attempt of a postback: what was sent, and what came back. */
export type AttemptRow = {
  postback_id: string;
  attempt: number;
  kind: (typeof attemptKinds)[number];
  started_at: string;
  ended_at: string | null;
  method: string;
  url: string;
  /** As they were sent; null where nothing was, and for attempts from before they were kept. */
  headers: Record<string, string> | null;
  body: string | null;
  outcome: (typeof attemptOutcomes)[number];
  duration_ms: number | null;
  http_status: number | null;
  /** Why no response arrived, such as `timeout`; null when one did. */
  error: string | null;
  location: string | null;
  /** The first 4 KiB, as text. */
  response_body: string | null;
};

/** A kept call with the name of the file that it is a row of. */
export type ToldCall = StatusCallRow & { file_name: string | null };

/** All that became of some conversions. */
export type ConversionFacts = {
  conversions: ConversionRow[];
  statuses: StatusEvent[];
  prices: StatusPrice[];
  statusCalls: ToldCall[];
  settlements: SettlementRow[];
  rewardEntries: RewardEntryRow[];
  postbacks: PostbackRow[];
  attempts: AttemptRow[];
  flags: FraudFlagRow[];
  /** False when there is more of something than anyone reads; then the rest of it is left out. */
  isWhole: boolean;
};

// By name, so that no column leaves the program only because somebody has added it to a table.
const CONVERSION_COLUMNS = [
  'conversion_id',
  'lead_id',
  'seq',
  'offer_id',
  'advertiser_id',
  'created_at',
  'status',
  'status_at',
] as const satisfies (keyof ConversionRow)[];
const SETTLEMENT_COLUMNS = [
  'conversion_id',
  'seq',
  'status',
  'partner_id',
  'touch_seq',
  'reward',
  'settled_at',
] as const satisfies (keyof SettlementRow)[];
export const POSTBACK_COLUMNS = [
  'postback_id',
  'conversion_id',
  'seq',
  'lead_id',
  'offer_id',
  'partner_id',
  'ref_id',
  'status',
  'reason',
  'is_handover',
  'event_at',
  'payout',
  'currency',
  'state',
  'skip_reason',
  'next_attempt_at',
  'created_at',
  'ended_at',
] as const satisfies (keyof PostbackRow)[];
export const ATTEMPT_COLUMNS = [
  'postback_id',
  'attempt',
  'kind',
  'started_at',
  'ended_at',
  'method',
  'url',
  'headers',
  'body',
  'outcome',
  'duration_ms',
  'http_status',
  'error',
  'location',
  'response_body',
] as const satisfies (keyof AttemptRow)[];

const MAX_ROWS = 2000;

const NOTHING = {
  ...{ conversions: [], statuses: [], prices: [], statusCalls: [], settlements: [], rewardEntries: [], postbacks: [] },
  ...{ attempts: [], flags: [] },
} satisfies Omit<ConversionFacts, 'isWhole'>;

/** Each part is sorted as its index is, so that no limit leads Postgres into walking through a whole table. */
export async function readConversionFacts(trx: Knex, conversionIds: string[]): Promise<ConversionFacts> {
  const facts = conversionIds.length === 0 ? NOTHING : await readAll(trx, conversionIds);
  return { ...facts, isWhole: Object.values(facts).every((rows) => rows.length < MAX_ROWS) };
}

async function readAll(trx: Knex, conversionIds: string[]): Promise<Omit<ConversionFacts, 'isWhole'>> {
  const ofConversions = (table: string, order: string[]) =>
    trx(table)
      .whereIn('conversion_id', conversionIds)
      .orderBy(['conversion_id', ...order]);
  const statuses = await ofConversions('lead_events', ['seq'])
    .where({ type: 'status' })
    .limit(MAX_ROWS)
    .select<LeadEventRow[]>(LEAD_EVENT_COLUMNS);
  const called = {
    conversions: await readConversions(trx, conversionIds),
    statusCalls: await readStatusCalls(trx, conversionIds),
  };
  // All else comes of a status, and nearly every conversion has none.
  if (statuses.length === 0) return { ...NOTHING, ...called };
  const postbacks = await ofConversions('postbacks', ['seq', 'created_at', 'postback_id'])
    .limit(MAX_ROWS)
    .select<PostbackRow[]>(POSTBACK_COLUMNS);
  return {
    ...called,
    statuses: statuses.map(toLeadEvent).filter((event) => event.type === 'status'),
    prices: await readStatusPrices(trx, { conversionIds, limit: MAX_ROWS }),
    settlements: await ofConversions('settlements', ['seq'])
      .limit(MAX_ROWS)
      .select<SettlementRow[]>(SETTLEMENT_COLUMNS),
    rewardEntries: await readRewardEntries(trx, { conversionIds, limit: MAX_ROWS }),
    postbacks,
    attempts: await readAttempts(trx, postbacks),
    flags: await ofConversions('fraud_flags', ['kind', 'partner_id'])
      .limit(MAX_ROWS)
      .select<FraudFlagRow[]>(FRAUD_FLAG_COLUMNS),
  };
}

async function readConversions(trx: Knex, conversionIds: string[]): Promise<ConversionRow[]> {
  return await trx('conversions as c')
    .whereIn('c.conversion_id', conversionIds)
    .leftJoin('offers as o', 'o.offer_id', 'c.offer_id')
    .leftJoin('advertisers as a', 'a.advertiser_id', 'c.advertiser_id')
    .orderBy('c.seq')
    .limit(MAX_ROWS)
    .select<ConversionRow[]>([
      ...CONVERSION_COLUMNS.map((column) => `c.${column}`),
      'o.name as offer_name',
      'a.name as advertiser_name',
    ]);
}

async function readStatusCalls(trx: Knex, conversionIds: string[]): Promise<ToldCall[]> {
  // By conversion, so that refused calls are part of the story too; another advertiser's guesses are not.
  return await trx('status_calls as s')
    .join('conversions as c', (on) => {
      on.on('c.conversion_id', 's.conversion_id').andOn('c.advertiser_id', 's.advertiser_id');
    })
    .leftJoin('imports as i', 'i.import_id', 's.import_id')
    .whereIn('s.conversion_id', conversionIds)
    .orderBy(['s.conversion_id', 's.call_id'])
    .limit(MAX_ROWS)
    .select<ToldCall[]>([...STATUS_CALL_COLUMNS.map((column) => `s.${column}`), 'i.file_name']);
}

async function readAttempts(trx: Knex, postbacks: PostbackRow[]): Promise<AttemptRow[]> {
  if (postbacks.length === 0) return [];
  return await trx('postback_attempts')
    .whereIn(
      'postback_id',
      postbacks.map((postback) => postback.postback_id),
    )
    .orderBy(['postback_id', 'attempt'])
    .limit(MAX_ROWS)
    .select<AttemptRow[]>(ATTEMPT_COLUMNS);
}
