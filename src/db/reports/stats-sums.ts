import type { Knex } from 'knex';
import { BUCKET_MS, readCountedUpto } from '../counting/counting.ts';
import { SUMS_OF_FACTS, SUMS_OF_SUMS, type Quantity } from '../counting/countable-facts.ts';
import { refuseWhenFarBehind } from '../counting/far-behind.ts';

/** Sums of one group; `currency` is '' for the counts, and rewards have a row for each currency. */
export type Sums = Record<Quantity, number> & { key: string | null; currency: string };

/** Whose facts of which time, ISO 8601 UTC in milliseconds, by what. */
export type SumsQuery = {
  partnerId: string;
  from: string;
  to: string;
  timeZone: string;
  groupBy: 'day' | 'offer' | 'none';
};

type Span = { start: string; end: string };

/** SQL for what the facts or counts of a moment are grouped by. */
const KEYS = {
  day: '(moment at time zone :timeZone)::date::text',
  offer: 'offer_id',
  none: 'null::text',
};

// The countable facts of one partner alone; nobody else's are summed up for it. R3: a conversion counts for whoever had the
// last touch before it in its lead.
const OWN_FACTS = `
  select at, '' as offer_id, '' as currency, 'touches' as quantity, 1::bigint as amount
  from lead_events where at >= :start and at < :end and type = 'touch' and partner_id = :partnerId
  union all
  select c.at, c.offer_id, '', 'conversions', 1
  from lead_events c cross join lateral (
    select partner_id from lead_events t where t.lead_id = c.lead_id and t.seq < c.seq and t.type = 'touch'
    order by t.seq desc limit 1
  ) last
  where c.at >= :start and c.at < :end and c.type = 'conversion' and last.partner_id = :partnerId
  union all
  select s.settled_at, c.offer_id, '', s.status, 1
  from settlements s join conversions c on c.conversion_id = s.conversion_id
  where s.settled_at >= :start and s.settled_at < :end and s.partner_id = :partnerId
  union all
  select r.at, c.offer_id, r.currency, r.kind, r.amount
  from reward_entries r join conversions c on c.conversion_id = r.conversion_id
  where r.at >= :start and r.at < :end and r.partner_id = :partnerId`;

/**
 * Sums of a partner's facts. Whole quarters of an hour come from the counts; from the facts themselves, what a quarter that
 * is cut by the range has, and what is not counted yet. The same group may come several times.
 *
 * @param trx one snapshot
 * @throws AppError `unavailable` while too many are not counted yet
 */
export async function readSums(trx: Knex, query: SumsQuery): Promise<Sums[]> {
  const { counted, uncounted } = split(query, await readCountedUpto(trx));
  for (const span of uncounted) await refuseWhenFarBehind(trx, span);
  const sums = counted ? await sumCounts(trx, query, counted) : [];
  for (const span of uncounted) sums.push(...(await sumFacts(trx, query, span)));
  return sums;
}

function split({ from, to }: SumsQuery, countedUpto: string): { counted: Span | null; uncounted: Span[] } {
  const start = roundTo(BUCKET_MS, Math.ceil, from);
  const end = countedUpto <= to ? countedUpto : roundTo(BUCKET_MS, Math.floor, to);
  if (start >= end) return { counted: null, uncounted: [{ start: from, end: to }] };
  const uncounted = [
    { start: from, end: start },
    { start: end, end: to },
  ];
  return { counted: { start, end }, uncounted: uncounted.filter((span) => span.start < span.end) };
}

function roundTo(stepMs: number, round: (steps: number) => number, moment: string): string {
  return new Date(round(Date.parse(moment) / stepMs) * stepMs).toISOString();
}

// Thousands of counts lie in a day, so each quarter of an hour is looked up in the time zone only once.
async function sumCounts(trx: Knex, { partnerId, timeZone, groupBy }: SumsQuery, span: Span): Promise<Sums[]> {
  const column = { day: 'bucket as moment', offer: 'offer_id', none: 'true' }[groupBy];
  const { rows } = await trx.raw<{ rows: Sums[] }>(
    `select ${KEYS[groupBy]} as key, currency, ${SUMS_OF_SUMS}
     from (
       select ${column}, currency, ${SUMS_OF_SUMS} from partner_counts
       where partner_id = :partnerId and bucket >= :start and bucket < :end
       group by 1, 2
     ) counts
     group by 1, 2`,
    { partnerId, timeZone, ...span },
  );
  return rows;
}

async function sumFacts(trx: Knex, { partnerId, timeZone, groupBy }: SumsQuery, span: Span): Promise<Sums[]> {
  const { rows } = await trx.raw<{ rows: Sums[] }>(
    `select ${KEYS[groupBy].replace('moment', 'at')} as key, currency, ${SUMS_OF_FACTS}
     from (${OWN_FACTS}) facts
     group by 1, 2`,
    { partnerId, timeZone, ...span },
  );
  return rows;
}
