import type { Knex } from 'knex';
import { BUCKET_MS, readCountedUpto } from '../counting/counting.ts';
import { COUNTABLE_FACTS, SUMS_OF_FACTS, SUMS_OF_SUMS, type Quantity } from '../counting/countable-facts.ts';

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

/**
 * Sums of a partner's facts. Whole quarters of an hour come from the counts; from the facts themselves, what a quarter that
 * is cut by the range has, and what is not counted yet. The same group may come several times.
 *
 * @param trx one snapshot
 */
export async function readSums(trx: Knex, query: SumsQuery): Promise<Sums[]> {
  const { counted, uncounted } = split(query, await readCountedUpto(trx));
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
    `with ${COUNTABLE_FACTS}
     select ${KEYS[groupBy].replace('moment', 'at')} as key, currency, ${SUMS_OF_FACTS}
     from facts where partner_id = :partnerId
     group by 1, 2`,
    { partnerId, timeZone, ...span },
  );
  return rows;
}
