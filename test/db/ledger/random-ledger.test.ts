import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { readBalances } from '../../../src/db/ledger/balances.ts';
import { checkLedger } from '../../../src/db/ledger/ledger-check.ts';
import { listPayouts, recordPayout } from '../../../src/db/ledger/payouts.ts';
import { sumLedgerLines } from '../../../src/db/reports/ledger-lines.ts';
import { createOffer } from '../../../src/db/offers.ts';
import { AppError } from '../../../src/errors.ts';
import { newConversionId } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';

const LEADS = 3;
const PARTNERS = 2;
const PRICES = [
  { amount: 1250, currency: 'USD' },
  { amount: 333, currency: 'EUR' },
] as const;

type Step =
  | { do: 'touch'; lead: number; partner: number }
  | { do: 'convert'; lead: number; offer: number }
  | { do: 'report'; conversion: number; word: string }
  | { do: 'pay'; partner: number; offer: number; back: number };

const index = (count: number) => fc.nat({ max: count - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('touch' as const), lead: index(LEADS), partner: index(PARTNERS) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('convert' as const), lead: index(LEADS), offer: index(2) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      conversion: fc.nat({ max: 9 }),
      word: fc.constantFrom('pending', 'approved', 'rejected'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pay' as const),
      partner: index(PARTNERS),
      offer: index(2),
      back: fc.nat({ max: 3 }),
    }),
  },
);

describe('ledgers of random histories', function () {
  this.timeout(120_000);
  let network: Network;
  let db: Knex;
  let offers: string[];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    const euro = { advertiser_id: network.advertiserId, name: 'Lamp', url: 'https://shop.example/?c={conversion_id}' };
    offers = [network.offerId, (await createOffer(db, { ...euro, reward: PRICES[1] })).offer_id];
  });

  after(() => network.close());

  it('balance after every step, and what a payout has closed never changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await liveThrough(steps);
      }),
      { numRuns: 15 },
    );
  });

  async function liveThrough(steps: Step[]): Promise<void> {
    const partners = [await network.partner(), await network.partner()];
    const leads = Array.from({ length: LEADS }, () => network.newLead());
    const conversions: { leadId: string; conversionId: string; amount: number; currency: string }[] = [];
    const moments: string[] = [];
    const closed = new Map<string, unknown>();
    for (const [number, next] of steps.entries()) {
      await take(next, number);
      moments.push(await readClock());
      await assertBalanced();
    }

    async function take(next: Step, number: number): Promise<void> {
      if (next.do === 'touch') return await network.touch(leads[next.lead] ?? '', partners[next.partner] ?? '');
      if (next.do === 'convert') return await convert(next);
      if (next.do === 'report') return await report(next);
      const upto = moments.at(-1 - next.back);
      if (upto === undefined) return;
      const payout = { partnerId: partners[next.partner] ?? '', currency: PRICES[next.offer]?.currency ?? '', upto };
      await db
        .transaction((trx) => recordPayout(trx, { ...payout, reference: `payment ${number}`, comment: null }))
        .catch(onlyNothingToPay);
    }

    async function convert({ lead, offer }: { lead: number; offer: number }): Promise<void> {
      const [leadId = '', conversionId] = [leads[lead], newConversionId()];
      const conversion = { conversionId, offerId: offers[offer] ?? '', advertiserId: network.advertiserId };
      await network.clicks.record({ leadId, touch: null, conversion });
      conversions.push({ leadId, conversionId, ...(PRICES[offer] ?? PRICES[0]) });
    }

    async function report({ conversion, word }: { conversion: number; word: string }): Promise<void> {
      const { leadId, conversionId } = conversions[conversion % conversions.length] ?? {};
      if (leadId === undefined || conversionId === undefined) return;
      const { result } = await network.report(conversionId, word);
      if (result === 'recorded') await settleLatest(db, leadId);
    }

    async function assertBalanced(): Promise<void> {
      const { differences } = await checkLedger(db);
      assert.deepEqual(differences, { accounts: [], conversions: [], payouts: [] });
      const approved = await readApproved(conversions.map(({ conversionId }) => conversionId));
      for (const partnerId of partners) {
        for (const { currency, total, open, paid } of await readBalances(db, partnerId)) {
          const won = conversions.filter(
            (row) => row.currency === currency && approved.get(row.conversionId) === partnerId,
          );
          assert.equal(
            total,
            won.reduce((sum, { amount }) => sum + amount, 0),
          );
          assert.equal(total, open + paid);
        }
        await assertClosedStay(partnerId);
      }
    }

    async function assertClosedStay(partnerId: string): Promise<void> {
      const { rows } = await listPayouts(db, { partnerId, limit: 100 });
      for (const { payout_id, currency, period_from: from, upto: to, amount } of rows) {
        const sums = await sumLedgerLines(db, { partnerId, currency, to, isEarned: true, ...(from && { from }) });
        assert.equal(
          amount,
          sums.reduce((sum, row) => sum + row.amount, 0),
        );
        if (!closed.has(payout_id)) closed.set(payout_id, sums);
        assert.deepEqual(sums, closed.get(payout_id));
      }
    }
  }

  /** By conversion, who has it approved as things stand. R8: whoever won it first keeps it. */
  async function readApproved(conversionIds: string[]): Promise<Map<string, string>> {
    const { rows } = await db.raw<{ rows: { conversion_id: string; partner_id: string }[] }>(
      `select s.conversion_id, s.partner_id
       from (select distinct on (conversion_id) * from settlements where status <> 'pending' order by conversion_id, seq desc) s
       where s.conversion_id = any(:conversionIds) and s.status = 'approved' and s.partner_id is not null`,
      { conversionIds },
    );
    return new Map(rows.map((row) => [row.conversion_id, row.partner_id]));
  }

  /** In milliseconds, as an upto is; rounded down, so never in the future. */
  async function readClock(): Promise<string> {
    const { rows } = await db.raw<{ rows: [{ at: string }] }>(
      `select date_trunc('milliseconds', clock_timestamp()) as at`,
    );
    return rows[0].at;
  }
});

function onlyNothingToPay(error: unknown): undefined {
  if (!(error instanceof AppError && error.kind === 'conflict')) throw error;
}
