import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { createSettlementActivities } from '../../../activities/settlement.ts';
import { countTowards, readCountedUpto } from '../../../src/db/counting/counting.ts';
import { createOffer } from '../../../src/db/offers.ts';
import { readPartnerOverview, readPartnerStats, statsGroups } from '../../../src/db/reports/partner-stats.ts';
import { readTouch } from '../../../src/intake/touch.ts';
import { newConversionId } from '../../../src/new-ids.ts';
import { latestSettlement } from '../../activities/settling.ts';
import { createTestDatabase } from '../../support/database.ts';
import { withoutLedgerGuard } from '../../support/ledger-guard.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { assertSumsOfCounts } from '../../support/sums-of-counts.ts';
import { recount } from './recount-stats.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

// In each of these nights clocks are changed somewhere, on Lord Howe Island by half an hour, in Havana at midnight.
const NIGHTS = ['2025-03-30T01:00:00Z', '2025-11-02T06:00:00Z', '2025-04-05T15:00:00Z'].map((text) => Date.parse(text));
const ZONES = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'America/Havana'],
  ...['Australia/Lord_Howe', 'Asia/Kathmandu', 'Asia/Kolkata'],
];

const PARTNERS = 2;
const LEADS = 2;

type Step =
  | { do: 'touch'; lead: number; partner: number; refId: string | undefined; isDirect: boolean; offer: number }
  | { do: 'convert'; lead: number; offer: number }
  | { do: 'report'; conversion: number; word: string }
  | { do: 'count'; spanMs: number }
  | { do: 'set the clock back'; byMs: number };

const lead = fc.nat(LEADS - 1);
const offer = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('touch' as const),
      lead,
      partner: fc.nat(PARTNERS - 1),
      refId: fc.constantFrom(undefined, 'a', 'b', '{clickid}', 'x'.repeat(33)),
      isDirect: fc.boolean(),
      offer,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('convert' as const), lead, offer }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      conversion: fc.nat(20),
      word: fc.constantFrom('pending', 'approved', 'rejected'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('count' as const),
      spanMs: fc.oneof(fc.constant(1000 * HOUR), fc.integer({ min: 1, max: 4 * HOUR })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('set the clock back' as const),
      byMs: fc.integer({ min: 1, max: 20 * MINUTE }),
    }),
  },
);

/** To the next step: often not at all, or just up to the border of a quarter of an hour or a day, or just over it. */
const pause = fc.oneof(
  fc.constant(1),
  fc.integer({ min: 1, max: 5 * MINUTE }),
  fc.integer({ min: 1, max: 9 * HOUR }),
  fc.record({ before: fc.integer({ min: -1, max: 1 }), border: fc.constantFrom(15 * MINUTE, HOUR, 24 * HOUR) }),
);

const history = fc.record({
  begin: fc
    .tuple(fc.constantFrom(...NIGHTS), fc.integer({ min: 0, max: 8 * HOUR }))
    .map(([night, before]) => night - before),
  steps: fc.array(fc.tuple(pause, step), { minLength: 20, maxLength: 60 }),
  looks: fc.array(
    fc.record({ from: fc.nat(1000), to: fc.nat(1000), partner: fc.nat(PARTNERS - 1), zone: fc.constantFrom(...ZONES) }),
    { minLength: 4, maxLength: 4 },
  ),
});

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

describe("the story of the console's numbers", function () {
  this.timeout(120_000);
  let network: Network;
  let db: Knex;
  let offers: string[];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    const { offer_id: inEuro } = await createOffer(db, {
      advertiser_id: network.advertiserId,
      name: 'Lamp',
      url: 'https://shop.example/?c={conversion_id}',
      reward: { amount: 333, currency: 'EUR' },
    });
    offers = [network.offerId, inEuro];
  });

  after(() => network.close());

  /** What has been counted so far is forgotten; only facts of this history are there. */
  async function beginAt(moment: number): Promise<void> {
    for (const table of ['postbacks', 'settlements', 'conversions', 'lead_events', 'partner_counts']) {
      await db(table).delete();
    }
    await withoutLedgerGuard(db, (trx) => trx('ledger_lines').delete());
    await db('counting_progress').update({ counted_upto: new Date(moment).toISOString() });
  }

  async function count(horizon: number, spanMs: number): Promise<void> {
    await db.transaction(async (trx) => {
      await countTowards(trx, { upto: await readCountedUpto(trx), horizon: new Date(horizon).toISOString(), spanMs });
    });
  }

  /** The facts that have come since the last call happened at this moment. */
  async function dateNewFacts(leadId: string, moment: number): Promise<void> {
    const at = new Date(moment).toISOString();
    const isNew = (column: string) => `${column} > now() - interval '1 hour'`;
    await db('lead_events').where({ lead_id: leadId }).whereRaw(isNew('at')).update({ at });
    await db('settlements').where({ lead_id: leadId }).whereRaw(isNew('settled_at')).update({ settled_at: at });
    await withoutLedgerGuard(db, (trx) => trx('ledger_lines').whereRaw(isNew('at')).update({ at }));
  }

  /** Lives through a history. @returns when it ended */
  async function live(given: History, partners: string[]): Promise<number> {
    const leadIds = Array.from({ length: LEADS }, () => network.newLead());
    const conversions: { leadId: string; conversionId: string }[] = [];
    let now = given.begin;
    for (const [wait, next] of given.steps) {
      now =
        typeof wait === 'number'
          ? now + wait
          : Math.max(now, Math.ceil((now + 1) / wait.border) * wait.border + wait.before);
      if (next.do === 'count') await count(now, next.spanMs);
      else if (next.do === 'set the clock back') await count(Date.parse(await readCountedUpto(db)) - next.byMs, HOUR);
      else await dateNewFacts(await happen(next), now);
    }
    return now + 1;

    async function happen(next: Exclude<Step, { do: 'count' | 'set the clock back' }>): Promise<string> {
      if (next.do === 'report') return await report(next);
      const leadId = leadIds[next.lead] ?? '';
      const touch = next.do === 'touch' ? readTouch(partners[next.partner] ?? '', next.refId) : null;
      const conversionId = newConversionId();
      const isConversion = next.do === 'convert' || next.isDirect;
      const { advertiserId } = network;
      const conversion = isConversion ? { conversionId, offerId: offers[next.offer] ?? '', advertiserId } : null;
      await network.clicks.record({ leadId, touch, conversion });
      if (isConversion) conversions.push({ leadId, conversionId });
      return leadId;
    }

    async function report({ conversion, word }: { conversion: number; word: string }): Promise<string> {
      const { leadId, conversionId } = conversions[conversion % conversions.length] ?? {};
      if (leadId === undefined || conversionId === undefined) return '';
      const { result } = await network.report(conversionId, word);
      if (result !== 'recorded') return leadId;
      const settlement = await latestSettlement(db, leadId);
      await createSettlementActivities({ db }).settle({ leadId, maxAttempts: 3, settlement });
      return leadId;
    }
  }

  it('is that of the facts, by anything, for any time zone and any range, whenever they are counted', async () => {
    const partners = [await network.partner(), await network.partner()];
    await fc.assert(
      fc.asyncProperty(history, async (given) => {
        await beginAt(given.begin);
        const end = await live(given, partners);
        await assertSumsOfCounts(db);
        const momentAt = (share: number) =>
          new Date(given.begin + Math.round(((end - given.begin) * share) / 1000)).toISOString();
        for (const { from, to, partner, zone } of given.looks) {
          if (from === to) continue;
          const query = {
            partner_id: partners[partner] ?? '',
            from: momentAt(Math.min(from, to)),
            to: momentAt(Math.max(from, to)),
            time_zone: zone,
          };
          const { byDay, byOffer } = await readPartnerOverview(db, query);
          for (const group_by of statsGroups) {
            const stats = await readPartnerStats(db, { ...query, group_by });
            const { rows, totals } = stats;
            if (group_by === 'day') assert.deepEqual(byDay, stats);
            if (group_by === 'offer') assert.deepEqual(byOffer, stats);
            assert.deepEqual(
              { rows: sorted(rows), totals },
              await recount(db, { ...query, group_by }),
              JSON.stringify(query),
            );
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});

/** In an order that does not depend on what the figures are. */
function sorted(rows: object[]): unknown {
  return rows.map((row) => JSON.stringify(row)).sort();
}
