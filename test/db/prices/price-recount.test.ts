import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import fc from 'fast-check';
import { createPriceList } from '../../../src/db/prices/price-lists.ts';
import { priceStatuses, type StatusPrice, type StatusToPrice } from '../../../src/db/prices/price-statuses.ts';
import { countedBy, type CountedBy } from '../../../src/domain/price-list.ts';
import { pricePeriods } from '../../../src/domain/price-period.ts';
import { statuses, type Status } from '../../../src/domain/status.ts';
import { newConversionId } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { draftOf } from '../../support/price-lists.ts';

const HOUR_MS = 3_600_000;
const TIERS = [0, 1, 3, 6, 10].map((from) => ({ from, amount: 1000 + from }));
const REWARD = { amount: 7, currency: 'USD', priceVersion: 1 };
// Changes of the clock, ends of months, and the new year of both.
const BORDERS = [
  '2027-03-28T01:00Z',
  '2027-10-31T01:00Z',
  '2027-01-01T00:00Z',
  '2027-02-28T23:00Z',
  '2027-11-07T06:00Z',
];

type Report = { conversion: number; status: Status; atMs: number };

/** Reports around a border, in the order in which they come; each with the time since the one before, in hours. */
const history = fc
  .record({
    border: fc.constantFrom(...BORDERS),
    timeZone: fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'),
    period: fc.constantFrom(...pricePeriods),
    counts: fc.constantFrom(...countedBy),
    steps: fc.array(
      fc.record({
        conversion: fc.nat({ max: 12 }),
        status: fc.constantFrom<Status>(...statuses, 'approved', 'approved'),
        hours: fc.constantFrom(0, 0, 0.01, 0.5, 1, 7, 25),
      }),
      { minLength: 1, maxLength: 30 },
    ),
    batch: fc.integer({ min: 1, max: 8 }),
  })
  .map(({ steps, border, ...rest }) => {
    let atMs = Date.parse(border) - 30 * HOUR_MS;
    const reports = steps.map(({ hours, ...report }): Report => ({ ...report, atMs: (atMs += hours * HOUR_MS) }));
    return { ...rest, reports };
  });

describe('R13: prices that hang on a counter', () => {
  let network: Network;
  let db: Knex;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });

  after(() => network.close());

  it('are those of a plain recount, over changes of the clock and ends of months, in batches of any size', async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ reports, batch, ...terms }) => {
        // Everything of a history is taken back, so that the next one begins from nothing.
        const trx = await db.transaction();
        try {
          await createPriceList(
            trx,
            network.offerId,
            draftOf({ ...terms, tiers: TIERS, effectiveFrom: '2026-01-01T00:00:00.000Z' }),
          );
          const told = toStatuses(reports);
          const priced = [];
          for (let begin = 0; begin < told.length; begin += batch) {
            const given = told.slice(begin, begin + batch);
            const { prices } = await priceStatuses(trx, given);
            await keep(trx, given, prices);
            priced.push(...prices.map(({ amount, counted, isReapproval }) => ({ amount, counted, isReapproval })));
          }
          assert.deepEqual(priced, await recount(trx, told, terms));
        } finally {
          await trx.rollback();
        }
      }),
      { numRuns: 60 },
    );
  });

  /** Each conversion is a lead of its own, and its statuses are what R7 lets through. */
  function toStatuses(reports: Report[]): StatusToPrice[] {
    const conversions = new Map<number, { conversionId: string; status: Status | null }>();
    return reports.flatMap(({ conversion, status, atMs }) => {
      const known = conversions.get(conversion) ?? { conversionId: newConversionId(), status: null };
      const before = known.status;
      if (before === status || (before !== null && status === 'pending')) return [];
      conversions.set(conversion, { ...known, status });
      const { conversionId } = known;
      const at = new Date(atMs).toISOString();
      const { offerId } = network;
      return [{ leadId: conversionId, conversionId, offerId, status, before, at, reward: REWARD, isCounted: true }];
    });
  }

  /** As facts, by which a correction finds its price. */
  async function keep(trx: Knex, given: StatusToPrice[], prices: StatusPrice[]): Promise<void> {
    const { rows } = await trx.raw<{ rows: [{ last: number }] }>(
      'select coalesce(max(seq), 0) as last from lead_events',
    );
    const rowsToKeep = given.map(({ conversionId, status, at }, index) => ({
      ...{
        lead_id: conversionId,
        conversion_id: conversionId,
        seq: rows[0].last + index + 1,
        type: 'status',
        at,
        status,
      },
      ...{ offer_id: network.offerId, advertiser_id: network.advertiserId, price_amount: prices[index]?.amount },
      ...{ price_currency: 'USD', price_version: 1, price_counted: prices[index]?.counted },
    }));
    await trx('lead_events').insert(rowsToKeep);
  }

  /** By the calendar of Postgres, one after the other. */
  async function recount(
    trx: Knex,
    told: StatusToPrice[],
    { period, timeZone }: { period: string; timeZone: string; counts: CountedBy },
  ) {
    const { rows } = await trx.raw<{ rows: { key: string }[] }>(
      `select case when :period = 'all' then 'all' else date_trunc(nullif(:period, 'all'), at at time zone :timeZone)::text end as key
       from unnest(:ats::timestamptz[]) with ordinality t (at, n) order by n`,
      { period, timeZone, ats: told.map(({ at }) => at) },
    );
    const counted = new Map<string, number>();
    const first = new Map<string, { amount: number; counted: number | null }>();
    return told.map(({ conversionId, status }, index) => {
      const key = rows[index]?.key ?? '';
      const known = status === 'approved' ? first.get(conversionId) : undefined;
      if (known) return { ...known, isReapproval: true };
      const before = counted.get(key) ?? 0;
      const amount = TIERS.findLast(({ from }) => from <= before)?.amount ?? NaN;
      const price = { amount, counted: before };
      if (status === 'approved') {
        counted.set(key, before + 1);
        first.set(conversionId, price);
      }
      return { ...price, isReapproval: false };
    });
  }
});
