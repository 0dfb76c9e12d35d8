import type { Knex } from 'knex';
import { BUCKET_MS, readCountedUpto } from '../counting/counting.ts';
import { quantities, SUMS_OF_FACTS, SUMS_OF_SUMS, type Quantity } from '../counting/countable-facts.ts';
import { refuseWhenFarBehind } from '../counting/far-behind.ts';

/** Sums of one group; `currency` is '' for the counts, and rewards have a row for each currency. */
export type Sums = Record<Quantity, number> & { key: string | null; currency: string };

/** Whose facts of which time, ISO 8601 UTC in milliseconds. */
export type SumsQuery = { partnerId: string; from: string; to: string; timeZone: string };

/** What they are grouped by. */
export type SumsGroup = 'day' | 'offer' | 'none';

type Span = { start: string; end: string };

const DAY_MS = 24 * 60 * 60 * 1000;

/** SQL for the day of a moment. */
const DAY = '(moment at time zone :timeZone)::date';
/** SQL for what the counts of a moment are grouped by. */
const KEYS: Record<SumsGroup, string> = { day: DAY, offer: 'offer_id', none: 'null::text' };

// The countable facts of one partner alone; nobody else's are summed up for it. R3: a conversion counts for whoever had the
// last touch before it in its lead.
const OWN_FACTS = `
  with events as materialized (
    select lead_id, seq, at, type, offer_id from lead_events
    where at >= :start and at < :end and (type = 'touch' and partner_id = :partnerId or type = 'conversion')
  )
  select at as moment, '' as offer_id, '' as currency, 'touches' as quantity, 1::bigint as amount
  from events where type = 'touch'
  union all
  select c.at, c.offer_id, '', 'conversions', 1
  from events c cross join lateral (
    select partner_id from lead_events t where t.lead_id = c.lead_id and t.seq < c.seq and t.type = 'touch'
    order by t.seq desc limit 1
  ) last
  where c.type = 'conversion' and last.partner_id = :partnerId
  union all
  select s.settled_at, c.offer_id, '', s.status, 1
  from settlements s join conversions c on c.conversion_id = s.conversion_id
  where s.settled_at >= :start and s.settled_at < :end and s.partner_id = :partnerId
  union all
  select r.at, c.offer_id, r.currency, r.kind, r.amount
  from reward_entries r join conversions c on c.conversion_id = r.conversion_id
  where r.at >= :start and r.at < :end and r.partner_id = :partnerId`;

const COUNTS_BY_TIME = `
  select bucket as moment, currency, ${quantities.join()} from partner_counts_by_time
  where partner_id = :partnerId and bucket >= :start and bucket < :end`;

// The days of UTC within a range are there in one piece, whatever its time zone; the rest is made of quarters of an hour.
const COUNTS_BY_OFFER = `
  select offer_id, currency, ${quantities.join()} from partner_counts_by_offer
  where partner_id = :partnerId and bucket >= :firstDay and bucket < :lastDay
  union all
  select offer_id, currency, ${quantities.join()} from partner_counts
  where partner_id = :partnerId and bucket >= :start and bucket < :firstDay
  union all
  select offer_id, currency, ${quantities.join()} from partner_counts
  where partner_id = :partnerId and bucket >= :lastDay and bucket < :end`;

/**
 * Sums of a partner's facts, for each of `groups`. Whole quarters of an hour come from the counts; from the facts themselves,
 * what a quarter that is cut by the range has, and what is not counted yet. The same key may come several times.
 *
 * @param trx one snapshot
 * @throws AppError `unavailable` while too many are not counted yet
 */
export async function readSums<Group extends SumsGroup>(
  trx: Knex,
  query: SumsQuery,
  groups: Group[],
): Promise<Record<Group, Sums[]>> {
  const { counted, uncounted } = split(query, await readCountedUpto(trx));
  for (const span of uncounted) await refuseWhenFarBehind(trx, span);
  const facts: SumsOfFacts[] = [];
  for (const span of uncounted) facts.push(...(await sumFacts(trx, query, span)));
  const sums: Partial<Record<SumsGroup, Sums[]>> = {};
  for (const group of groups) {
    const counts = counted ? await sumCounts(trx, query, { ...counted, group }) : [];
    sums[group] = [...counts, ...facts.map((row) => ({ ...row, key: keyOf(row, group) }))];
  }
  return sums as Record<Group, Sums[]>;
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

/** Each report has sums of its own to read, which are far fewer than the counts (src/db/migrations/026-fast-console.ts). */
async function sumCounts(
  trx: Knex,
  { partnerId, timeZone }: SumsQuery,
  { group, ...span }: Span & { group: SumsGroup },
): Promise<Sums[]> {
  const days = wholeDays(span);
  const { rows } = await trx.raw<{ rows: Sums[] }>(
    `select grouped_by::text as key, currency, ${quantities.join()} from (
       select ${KEYS[group]} as grouped_by, currency, ${SUMS_OF_SUMS}
       from (${group === 'offer' ? COUNTS_BY_OFFER : COUNTS_BY_TIME}) counts
       group by 1, 2
     ) sums`,
    { partnerId, timeZone, ...span, firstDay: days.start, lastDay: days.end },
  );
  return rows;
}

/** The whole days of UTC within a span; none at its end, when it has none. */
function wholeDays({ start, end }: Span): Span {
  const days = { start: roundTo(DAY_MS, Math.ceil, start), end: roundTo(DAY_MS, Math.floor, end) };
  return days.start < days.end ? days : { start: end, end };
}

type SumsOfFacts = Omit<Sums, 'key'> & { day: string; offer_id: string };

/** By day and offer at once, because to find them takes longer than to sum them up. */
async function sumFacts(trx: Knex, { partnerId, timeZone }: SumsQuery, span: Span): Promise<SumsOfFacts[]> {
  const { rows } = await trx.raw<{ rows: SumsOfFacts[] }>(
    `select local_day::text as day, offer_id, currency, ${quantities.join()} from (
       select ${DAY} as local_day, offer_id, currency, ${SUMS_OF_FACTS}
       from (${OWN_FACTS}) facts
       group by 1, 2, 3
     ) sums`,
    { partnerId, timeZone, ...span },
  );
  return rows;
}

function keyOf({ day, offer_id }: SumsOfFacts, group: SumsGroup): string | null {
  return { day, offer: offer_id, none: null }[group];
}
