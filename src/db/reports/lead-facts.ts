import type { Knex } from 'knex';
import type { LeadEvent } from '../../domain/lead-event.ts';
import type { Status } from '../../domain/status.ts';
import { toLeadEvent, type LeadEventRow } from '../lead-events.ts';
import type { PostbackState, SkipReason } from '../postbacks.ts';
import type { StatusCallRow } from './status-calls.ts';

/** A conversion with the names of its offer and advertiser; `status` is its last one, null before the first. */
export type ConversionRow = {
  conversion_id: string;
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
type SettlementRow = {
  conversion_id: string;
  seq: number;
  status: Status;
  /** Null is the house. */
  partner_id: string | null;
  touch_seq: number | null;
  reward: 'book' | 'revoke' | 'none';
  settled_at: string;
};

/** A line of a partner's earnings. */
type RewardEntryRow = {
  entry_id: number;
  conversion_id: string;
  seq: number;
  partner_id: string;
  kind: 'booked' | 'revoked';
  /** Minor units of `currency`; negative when revoked. */
  amount: number;
  currency: string;
  price_version: number;
  at: string;
};

/** One message to a partner about one status. */
export type PostbackRow = {
  postback_id: string;
  conversion_id: string;
  seq: number;
  /** Null is the house. */
  partner_id: string | null;
  ref_id: string | null;
  status: Status;
  reason: string | null;
  /** Minor units of `currency`. */
  payout: number;
  currency: string;
  state: PostbackState;
  skip_reason: SkipReason | null;
  next_attempt_at: string | null;
  created_at: string;
  ended_at: string | null;
};

/** One attempt of a postback: what was sent, and what came back. */
export type AttemptRow = {
  postback_id: string;
  attempt: number;
  started_at: string;
  ended_at: string | null;
  method: string;
  url: string;
  body: string | null;
  /** `running`, `delivered`, `refused` or `interrupted`. */
  outcome: string;
  duration_ms: number | null;
  http_status: number | null;
  /** Why no response arrived, such as `timeout`; null when one did. */
  error: string | null;
  location: string | null;
  /** The first 4 KiB, as text. */
  response_body: string | null;
};

/** All that is known of one lead, as it was at one moment: its own facts, and the rows as stories show them. */
export type LeadFacts = {
  leadId: string;
  createdAt: string;
  lastSeq: number;
  /** Shorter than `lastSeq` only for a lead with more events than anyone can read. */
  events: LeadEvent[];
  /** The beginning of unusable ref_ids, by the seq of their touch. */
  refIdSamples: Record<number, string>;
  conversions: ConversionRow[];
  statusCalls: StatusCallRow[];
  settlements: SettlementRow[];
  rewardEntries: RewardEntryRow[];
  postbacks: PostbackRow[];
  attempts: AttemptRow[];
};

type Lead = Pick<LeadFacts, 'leadId' | 'createdAt' | 'lastSeq'>;

const MAX_EVENTS = 10_000;
const MAX_STATUS_CALLS = 1_000;

/** Everything about a lead, in one snapshot; undefined when there is no such lead. */
export async function readLeadFacts(db: Knex, leadId: string): Promise<LeadFacts | undefined> {
  return await db.transaction(
    async (trx) => {
      const lead = await trx('leads')
        .where({ lead_id: leadId })
        .select({ leadId: 'lead_id', createdAt: 'created_at', lastSeq: 'last_seq' })
        .first<Lead | undefined>();
      return lead && { ...lead, ...(await readParts(trx, leadId)) };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

/** The lead that a conversion belongs to; undefined when there is no such conversion. */
export async function findLeadOfConversion(db: Knex, conversionId: string): Promise<string | undefined> {
  const row = await db('conversions')
    .where({ conversion_id: conversionId })
    .first<{ lead_id: string } | undefined>('lead_id');
  return row?.lead_id;
}

async function readParts(trx: Knex, leadId: string): Promise<Omit<LeadFacts, keyof Lead>> {
  return {
    ...(await readEvents(trx, leadId)),
    conversions: await readConversions(trx, leadId),
    statusCalls: await readStatusCalls(trx, leadId),
    settlements: await readSettlements(trx, leadId),
    rewardEntries: await readRewardEntries(trx, leadId),
    postbacks: await readPostbacks(trx, leadId),
    attempts: await readAttempts(trx, leadId),
  };
}

async function readEvents(trx: Knex, leadId: string): Promise<Pick<LeadFacts, 'events' | 'refIdSamples'>> {
  const rows = await trx('lead_events')
    .where({ lead_id: leadId })
    .orderBy('seq')
    .limit(MAX_EVENTS)
    .select<(LeadEventRow & { ref_id_sample: string | null })[]>('*');
  const samples = rows.flatMap(({ seq, ref_id_sample: sample }) => (sample === null ? [] : [[seq, sample] as const]));
  return { events: rows.map(toLeadEvent), refIdSamples: Object.fromEntries(samples) };
}

async function readConversions(trx: Knex, leadId: string): Promise<ConversionRow[]> {
  return await trx('conversions as c')
    .whereIn('c.conversion_id', conversionsOf(trx, leadId))
    .leftJoin('offers as o', 'o.offer_id', 'c.offer_id')
    .leftJoin('advertisers as a', 'a.advertiser_id', 'c.advertiser_id')
    .orderBy('c.seq')
    .select<ConversionRow[]>('c.*', 'o.name as offer_name', 'a.name as advertiser_name');
}

async function readStatusCalls(trx: Knex, leadId: string): Promise<StatusCallRow[]> {
  // By conversion, so that refused calls are part of the story too; another advertiser's guesses are not.
  return await trx('status_calls as s')
    .join('conversions as c', (on) => {
      on.on('c.conversion_id', 's.conversion_id').andOn('c.advertiser_id', 's.advertiser_id');
    })
    .whereIn('s.conversion_id', conversionsOf(trx, leadId))
    .orderBy('s.call_id')
    .limit(MAX_STATUS_CALLS)
    .select<StatusCallRow[]>('s.*');
}

async function readSettlements(trx: Knex, leadId: string): Promise<SettlementRow[]> {
  return await trx('settlements')
    .whereIn('conversion_id', conversionsOf(trx, leadId))
    .orderBy('seq')
    .select<SettlementRow[]>('*');
}

async function readRewardEntries(trx: Knex, leadId: string): Promise<RewardEntryRow[]> {
  return await trx('reward_entries')
    .whereIn('conversion_id', conversionsOf(trx, leadId))
    .orderBy('entry_id')
    .select<RewardEntryRow[]>('*');
}

async function readPostbacks(trx: Knex, leadId: string): Promise<PostbackRow[]> {
  return await trx('postbacks')
    .whereIn('conversion_id', conversionsOf(trx, leadId))
    .orderBy(['seq', 'created_at', 'postback_id'])
    .select<PostbackRow[]>('*');
}

async function readAttempts(trx: Knex, leadId: string): Promise<AttemptRow[]> {
  const postbacks = trx('postbacks').whereIn('conversion_id', conversionsOf(trx, leadId)).select('postback_id');
  return await trx('postback_attempts')
    .whereIn('postback_id', postbacks)
    .orderBy(['postback_id', 'attempt'])
    .select<AttemptRow[]>('*');
}

/** By way of the lead's events: they are indexed by lead, the conversions are not. */
function conversionsOf(trx: Knex, leadId: string): Knex.QueryBuilder {
  return trx('lead_events').where({ lead_id: leadId, type: 'conversion' }).select('conversion_id');
}
