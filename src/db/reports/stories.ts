import type { Knex } from 'knex';
import type { LeadEvent } from '../../domain/lead-event.ts';
import type { Status } from '../../domain/status.ts';
import { toLeadEvent, type LeadEventRow } from '../lead-events.ts';
import type { PostbackState, SkipReason } from '../postbacks.ts';

export type StatusCallRow = {
  call_id: number;
  advertiser_id: string;
  at: string;
  conversion_id: string | null;
  raw: unknown;
  result: string;
  lead_id: string | null;
  seq: number | null;
  accepted_at: string | null;
};

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

type RewardEntryRow = {
  entry_id: number;
  conversion_id: string;
  seq: number;
  partner_id: string;
  kind: 'booked' | 'revoked';
  amount: number;
  currency: string;
  price_version: number;
  at: string;
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
  state: PostbackState;
  skip_reason: SkipReason | null;
  next_attempt_at: string | null;
  created_at: string;
  ended_at: string | null;
};

export type AttemptRow = {
  postback_id: string;
  attempt: number;
  started_at: string;
  ended_at: string | null;
  method: string;
  url: string;
  body: string | null;
  outcome: string;
  duration_ms: number | null;
  http_status: number | null;
  error: string | null;
  location: string | null;
  response_body: string | null;
};

/** All that is known of one lead, as it was at one moment. */
export type LeadFacts = {
  lead_id: string;
  created_at: string;
  last_seq: number;
  /** Shorter than `last_seq` only for a lead with more events than anyone can read. */
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

const MAX_EVENTS = 10_000;
const MAX_STATUS_CALLS = 1_000;

export async function readLeadFacts(db: Knex, leadId: string): Promise<LeadFacts | undefined> {
  return await db.transaction(
    async (trx) => {
      const lead = await trx('leads')
        .where({ lead_id: leadId })
        .first<Pick<LeadFacts, 'lead_id' | 'created_at' | 'last_seq'> | undefined>('lead_id', 'created_at', 'last_seq');
      return lead && { ...lead, ...(await readParts(trx, leadId)) };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

/** The lead that a conversion belongs to. */
export async function findLeadOfConversion(db: Knex, conversionId: string): Promise<string | undefined> {
  const row = await db('conversions')
    .where({ conversion_id: conversionId })
    .first<{ lead_id: string } | undefined>('lead_id');
  return row?.lead_id;
}

/** Kept calls of advertisers, by `result` if one is named; the ids after `after`, in their order. */
export async function listStatusCalls(
  db: Knex,
  { result, after, limit }: { result?: string | undefined; after?: number | undefined; limit: number },
): Promise<StatusCallRow[]> {
  const query = db('status_calls').select<StatusCallRow[]>('*').orderBy('call_id').limit(limit);
  if (result !== undefined) void query.where({ result });
  if (after !== undefined) void query.where('call_id', '>', after);
  return await query;
}

async function readParts(trx: Knex, leadId: string): Promise<Omit<LeadFacts, 'lead_id' | 'created_at' | 'last_seq'>> {
  type Row = LeadEventRow & { ref_id_sample: string | null };
  const eventRows = (await trx('lead_events').where({ lead_id: leadId }).orderBy('seq').limit(MAX_EVENTS)) as Row[];
  const samples = eventRows.flatMap(({ seq, ref_id_sample: sample }) =>
    sample === null ? [] : [[seq, sample] as const],
  );
  return {
    events: eventRows.map(toLeadEvent),
    refIdSamples: Object.fromEntries(samples),
    conversions: await readConversions(trx, leadId),
    statusCalls: await readStatusCalls(trx, leadId),
    settlements: await trx('settlements')
      .whereIn('conversion_id', conversionsOf(trx, leadId))
      .orderBy('seq')
      .select<SettlementRow[]>('*'),
    rewardEntries: await trx('reward_entries')
      .whereIn('conversion_id', conversionsOf(trx, leadId))
      .orderBy('entry_id')
      .select<RewardEntryRow[]>('*'),
    postbacks: await trx('postbacks')
      .whereIn('conversion_id', conversionsOf(trx, leadId))
      .orderBy(['seq', 'created_at', 'postback_id'])
      .select<PostbackRow[]>('*'),
    attempts: await trx('postback_attempts')
      .whereIn(
        'postback_id',
        trx('postbacks').whereIn('conversion_id', conversionsOf(trx, leadId)).select('postback_id'),
      )
      .orderBy(['postback_id', 'attempt'])
      .select<AttemptRow[]>('*'),
  };
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

/** By way of the lead's events: they are indexed by lead, the conversions are not. */
function conversionsOf(trx: Knex, leadId: string): Knex.QueryBuilder {
  return trx('lead_events').where({ lead_id: leadId, type: 'conversion' }).select('conversion_id');
}
