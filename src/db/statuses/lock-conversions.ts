import type { Judged, StatusReport } from '../../domain/status-report.ts';
import type { Asks } from '../pipelined.ts';
import { prepared } from '../prepared.ts';
import { shareCounters, type ApprovalCounter } from '../prices/approval-counters.ts';
import type { Price } from '../settlements.ts';

/** A lead whose events nobody else numbers until the transaction ends. */
export type LockedLead = { leadId: string; lastSeq: number; lastActivityMs: number };

/** What the next status of a conversion is judged by and written with. */
export type ReportedConversion = Judged & {
  conversionId: string;
  leadId: string;
  offerId: string;
  /** Its offer's, of this moment. */
  reward: Price;
  /** What price lists and caps have its approvals counted by; null when none has. */
  counters: ApprovalCounter[] | null;
};

/** What would have to be waited for: a lead or its advertiser's prices, or the count of approvals. */
export type Held = 'lead_held' | 'count_held';

/** What reports are judged by, all of it as it stays until the transaction ends. */
export type LockedConversions = {
  leads: Map<string, LockedLead>;
  /** By {@link conversionKey}: what is not here, its advertiser does not have. */
  conversions: Map<string, ReportedConversion>;
  /** By key, those that somebody else holds; none where we have waited for them. */
  held: Map<string, Held>;
  /**
   * Of Postgres, read when all locks were ours: ISO 8601 in microseconds, so that times follow the numbers of events.
   * '' where none of the conversions is known, so that nothing is recorded.
   */
  now: string;
};

// Always in the order of their ids, as clicks lock them: two batches with the same leads wait for each other instead of
// dead-locking. Hardly ever is an advertiser not shared, so those that are not make a list, which is short: a join with all that
// are would go through every advertiser of the batch for each report.
const lockLeadsOf = (whenHeld: 'wait' | 'leave') => `
  with shared as materialized (${shareCounters(whenHeld)})
  select (select array_agg(id) from shared where not is_shared) as "unsharedAdvertisers", lead_id as "leadId",
    last_seq as "lastSeq", extract(epoch from last_activity_at)::float8 * 1000 as "lastActivityMs"
  from leads
  where lead_id = any (array(
    select c.lead_id from unnest(:conversionIds::text[], :advertiserIds::text[]) as r (conversion_id, advertiser_id)
    join conversions c on c.conversion_id = r.conversion_id and c.advertiser_id = r.advertiser_id
    where r.advertiser_id <> all (array(select id from shared where not is_shared))
  ))
  order by lead_id
  for update${whenHeld === 'wait' ? '' : ' skip locked'}`;
const LOCK_LEADS = lockLeadsOf('wait');
const LOCK_UNHELD_LEADS = lockLeadsOf('leave');

// A statement of its own: what it sees was committed before the last lock was ours, and stays as it is.
const READ_CONVERSIONS = `
  select c.conversion_id as "conversionId", c.advertiser_id as "advertiserId", c.lead_id as "leadId",
    c.offer_id as "offerId", c.status, extract(epoch from c.created_at)::float8 * 1000 as "convertedMs",
    o.reward_amount as amount, o.reward_currency as currency,
    o.price_version as "priceVersion", (
      select json_agg(json_build_object(
        'counterId', k.counter_id, 'counts', k.counts, 'period', k.period, 'timeZone', k.time_zone
      ))
      from approval_counters k
      where (k.counts, k.counted_id) in (('advertiser', c.advertiser_id), ('offer', c.offer_id))
    ) as counters,
    (select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as now
  from unnest(:conversionIds::text[], :advertiserIds::text[]) as r (conversion_id, advertiser_id)
  join conversions c on c.conversion_id = r.conversion_id and c.advertiser_id = r.advertiser_id
  join offers o on o.offer_id = c.offer_id`;

// Of the calls that became events; what ops or a file brought is one as well. What repeats a decision says it once more: a
// repeat of `pending` never comes after one.
const READ_DECISIONS = `
  with decisions as (
    select s.conversion_id, s.advertiser_id, min(s.call_id) as first_id, max(s.call_id) as last_id
    from unnest(:conversionIds::text[], :advertiserIds::text[]) as r (conversion_id, advertiser_id)
    join status_calls s on s.conversion_id = r.conversion_id and s.advertiser_id = r.advertiser_id
    join lead_events e on e.lead_id = s.lead_id and e.seq = s.seq
    where s.seq is not null and e.status <> 'pending'
    group by 1, 2
  )
  select d.conversion_id as "conversionId", d.advertiser_id as "advertiserId", greatest(d.last_id, (
    select max(s.call_id) from status_calls s
    where s.conversion_id = d.conversion_id and s.advertiser_id = d.advertiser_id and s.result = 'duplicate'
      and s.call_id > d.first_id
  )) as "callId"
  from decisions d`;

type ConversionRow = Omit<ReportedConversion, 'reward' | 'lastActivityMs'> &
  Price & { advertiserId: string; now: string };

/**
 * Locks the leads of all conversions that are reported on, for the rest of the transaction: statuses and clicks of one
 * lead are numbered one after the other.
 *
 * @param whenHeld `wait` for whoever holds a lead or changes its advertiser's prices, or `leave` it
 */
export async function lockConversions(
  trx: Asks,
  reports: readonly StatusReport[],
  whenHeld: 'wait' | 'leave',
): Promise<LockedConversions> {
  const named = new Map(
    reports.flatMap(({ conversionId, advertiserId }) =>
      conversionId === null ? [] : [[conversionKey(advertiserId, conversionId), { conversionId, advertiserId }]],
    ),
  );
  const asked = {
    conversionIds: [...named.values()].map(({ conversionId }) => conversionId),
    advertiserIds: [...named.values()].map(({ advertiserId }) => advertiserId),
  };
  const [{ leads, unsharedAdvertisers }, rows] = await Promise.all([
    lockLeads(trx, asked, whenHeld),
    readConversions(trx, asked),
  ]);
  const locked: LockedConversions = { leads, conversions: new Map(), held: new Map(), now: rows[0]?.now ?? '' };
  for (const row of rows) {
    const key = conversionKey(row.advertiserId, row.conversionId);
    const lead = leads.get(row.leadId);
    if (!lead || unsharedAdvertisers.has(row.advertiserId)) locked.held.set(key, 'lead_held');
    locked.conversions.set(key, toConversion(row, lead));
  }
  if (reports.some(({ callId }) => callId !== null)) await readDecisions(trx, locked, asked);
  return locked;
}

/** Field by field: to spread a row costs more than all else that is done with it here. */
function toConversion(row: ConversionRow, lead: LockedLead | undefined): ReportedConversion {
  const { conversionId, leadId, offerId, status, convertedMs, counters, amount, currency, priceVersion } = row;
  const reward = { amount, currency, priceVersion };
  const lastActivityMs = lead?.lastActivityMs ?? 0;
  return { conversionId, leadId, offerId, status, convertedMs, lastActivityMs, counters, reward };
}

/** Notes which call brought the latest decision on each conversion: a kept call may be older. */
async function readDecisions(
  trx: Asks,
  { conversions }: LockedConversions,
  asked: { conversionIds: string[]; advertiserIds: string[] },
): Promise<void> {
  type Decision = { conversionId: string; advertiserId: string; callId: number };
  const { rows } = await trx.raw<{ rows: Decision[] }>(READ_DECISIONS, asked).options(prepared('read-decisions'));
  for (const { conversionId, advertiserId, callId } of rows) {
    const conversion = conversions.get(conversionKey(advertiserId, conversionId));
    if (conversion) conversion.lastDecisionCallId = callId;
  }
}

async function readConversions(
  trx: Asks,
  asked: { conversionIds: string[]; advertiserIds: string[] },
): Promise<ConversionRow[]> {
  const { rows } = await trx
    .raw<{ rows: ConversionRow[] }>(READ_CONVERSIONS, asked)
    .options(prepared('read-reported-conversions'));
  return rows;
}

async function lockLeads(
  trx: Asks,
  asked: { conversionIds: string[]; advertiserIds: string[] },
  whenHeld: 'wait' | 'leave',
): Promise<{ leads: Map<string, LockedLead>; unsharedAdvertisers: Set<string> }> {
  const [sql, name] = whenHeld === 'wait' ? [LOCK_LEADS, 'lock-leads'] : [LOCK_UNHELD_LEADS, 'lock-unheld-leads'];
  type Row = LockedLead & { unsharedAdvertisers: string[] | null };
  const countedAdvertisers = [...new Set(asked.advertiserIds)].sort();
  const { rows } = await trx.raw<{ rows: Row[] }>(sql, { ...asked, countedAdvertisers }).options(prepared(name));
  return {
    leads: new Map(rows.map((lead) => [lead.leadId, lead])),
    unsharedAdvertisers: new Set(rows[0]?.unsharedAdvertisers),
  };
}

/** A conversion as one advertiser names it: another's is not found by it. */
export function conversionKey(advertiserId: string, conversionId: string): string {
  return `${advertiserId} ${conversionId}`;
}
