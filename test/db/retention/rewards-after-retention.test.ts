// Nothing that a reward depends on is ever dropped: a copy of a database lives through the whole retention at its
// strictest, and from then on both go through the same.
import { MockActivityEnvironment } from '@temporalio/testing';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { createLeadEventActivities } from '../../../activities/lead-events.ts';
import { createRetention, type RetentionDays } from '../../../activities/retention.ts';
import { createSettlementActivities } from '../../../activities/settlement.ts';
import { connectDb } from '../../../src/db/connect.ts';
import { countNext, recountAll } from '../../../src/db/counting/counting.ts';
import { readBalances } from '../../../src/db/ledger/balances.ts';
import { checkLedger } from '../../../src/db/ledger/ledger-check.ts';
import { recordPayout } from '../../../src/db/ledger/payouts.ts';
import { setOfferCap } from '../../../src/db/prices/offer-caps.ts';
import { createPriceList } from '../../../src/db/prices/price-lists.ts';
import { readFactsOfConversion } from '../../../src/db/reports/lead-facts.ts';
import { readPartnerStats } from '../../../src/db/reports/partner-stats.ts';
import { AppError } from '../../../src/errors.ts';
import { applyEvent, newLead, settlementFor } from '../../../src/domain/lead.ts';
import type { Status } from '../../../src/domain/status.ts';
import { recordByOps } from '../../../src/intake/status-by-ops.ts';
import { createLog } from '../../../src/log.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { tellConversionStory } from '../../../src/stories/conversion-story.ts';
import { retentionKinds } from '../../../workflows/long-jobs.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { DAY_MS } from '../../support/policy.ts';
import { settingsFor } from '../../support/postback-settings.ts';
import { capOf, draftOf } from '../../support/price-lists.ts';
import { testPostgres } from '../../support/servers.ts';

const WINDOW_MS = 14 * DAY_MS;
const STRICTEST: RetentionDays = {
  ...{ botVisits: 1, statusCalls: 30, responseBodies: 1, importFiles: 1, visitorHashes: 1, touches: 30 },
};
const AGE_DAYS = 100;
const LEADS = 3;

type Step =
  | { do: 'touch'; lead: number; partner: number; refId: string | undefined }
  | { do: 'convert'; lead: number }
  | { do: 'report'; conversion: number; word: string }
  | { do: 'pay'; partner: number };
type Correction = { conversion: number; status: Status };

const status = fc.constantFrom('pending' as const, 'approved' as const, 'rejected' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ do: fc.constant('touch' as const), lead: fc.nat(LEADS - 1), partner: fc.nat(1) },
      refId: fc.constantFrom(undefined, 'r1', 'r2', 'x'.repeat(40)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('convert' as const), lead: fc.nat(LEADS - 1) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ do: fc.constant('report' as const), conversion: fc.nat(9) },
      word: fc.oneof(status, fc.constant('perhaps')),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pay' as const), partner: fc.nat(1) }) },
);
const correction: fc.Arbitrary<Correction> = fc.record({ conversion: fc.nat(9), status });

describe('after the strictest retention', function () {
  this.timeout(240_000);

  it('rewards, ledgers, figures, stories and whatever is corrected late are what they would have been', async () => {
    let droppedTouches = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 12, maxLength: 30 }),
        fc.array(correction, { minLength: 1, maxLength: 6 }),
        async (steps, corrections) => {
          const { urls, partners } = await makeTwins(steps);
          const [kept, dropped] = urls.map((url) => connectDb({ url, poolSize: 4, statementTimeoutMs: 10_000 }));
          assert.ok(kept && dropped);
          try {
            const before = await account(kept, partners);
            await retain(dropped);
            droppedTouches += (await touchesIn(kept)) - (await touchesIn(dropped));
            assert.deepEqual(await account(dropped, partners), before);
            for (const db of [kept, dropped]) await correctLate(db, corrections);
            assert.deepEqual(await account(dropped, partners), await account(kept, partners));
          } finally {
            await Promise.all([kept.destroy(), dropped.destroy()]);
          }
        },
      ),
      { numRuns: 6, endOnFailure: true },
    );
    assert.ok(droppedTouches > 0, 'no touch was dropped in any history');
  });
});

/** Two databases with the same history of long ago. */
async function makeTwins(steps: Step[]): Promise<{ urls: [string, string]; partners: string[] }> {
  const database = await createTestDatabase();
  const network = await createNetwork(database);
  const { db } = network;
  const partners = [
    await network.partner(settingsFor('https://t.example/?c={ref_id}')),
    await network.partner({ ...settingsFor('https://u.example/?c={ref_id}'), handover: true }),
  ];
  await createPriceList(db, network.offerId, draftOf());
  await setOfferCap(db, network.offerId, capOf({ total: 4 }));
  await liveThrough(network, partners, steps);
  await makeOld(db);
  await recountAll(db);
  while (!(await countNext(db, 30 * DAY_MS))?.isDone);
  await network.close();
  const { createDatabase } = await testPostgres();
  const copy = await createDatabase(new URL(database.url).pathname.slice(1));
  return { urls: [database.url, copy], partners };
}

async function liveThrough(network: Network, partners: string[], steps: Step[]): Promise<void> {
  const { db } = network;
  const leads = Array.from({ length: LEADS }, () => oldLead(network));
  const conversions: { leadId: string; conversionId: string }[] = [];
  for (const [number, next] of steps.entries()) {
    if (next.do === 'touch') await network.touch(leads[next.lead] ?? '', partners[next.partner] ?? '', next.refId);
    if (next.do === 'convert') {
      const leadId = leads[next.lead] ?? '';
      conversions.push({ leadId, conversionId: await network.convert(leadId) });
    }
    if (next.do === 'report' && conversions.length > 0) {
      const { leadId = '', conversionId = '' } = conversions[next.conversion % conversions.length] ?? {};
      await network.report(conversionId, next.word).catch(onlyRefused);
      await settleAll(db, leadId);
    }
    if (next.do === 'pay') {
      const payout = { partnerId: partners[next.partner] ?? '', currency: 'USD', reference: `payment ${number}` };
      const upto = new Date(Date.now() - 1).toISOString();
      await db.transaction((trx) => recordPayout(trx, { ...payout, upto, comment: null })).catch(onlyRefused);
    }
  }
  await attemptAll(db);
}

/** What else is kept of a lead, and may be dropped. */
async function attemptAll(db: Knex): Promise<void> {
  await db.raw(
    `insert into postback_attempts (postback_id, attempt, method, url, outcome, http_status, response_body, started_at, ended_at)
     select postback_id, 1, 'GET', 'https://t.example/', 'delivered', 200, 'thank you', now(), now()
     from postbacks where state = 'scheduled';
     update postbacks set state = 'delivered', ended_at = now() where state = 'scheduled';
     insert into bot_visits (partner_id, bot) select partner_id, 'Googlebot' from partners;
     insert into visit_traces (at, lead_id, partner_id, address_hash, agent_hash, by_link)
     select now(), lead_id, 'ann', 'a', 'b', false from leads`,
  );
}

/** The order of ids is that of time, and a lead is looked at when its id is old. */
function oldLead(network: Network): string {
  const now = Date.now;
  try {
    Date.now = () => now() - AGE_DAYS * DAY_MS;
    return network.newLead();
  } finally {
    Date.now = now;
  }
}

/** Has everything happened long ago that may be dropped; ledger lines are never changed. */
async function makeOld(db: Knex): Promise<void> {
  for (const [table, column] of [
    ['leads', 'last_activity_at'],
    ['lead_events', 'at'],
    ['conversions', 'created_at'],
    ['status_calls', 'at'],
    ['postback_attempts', 'started_at'],
    ['bot_visits', 'at'],
    ['visit_traces', 'at'],
  ] as const) {
    await db.raw(`update ?? set ?? = ?? - ${AGE_DAYS} * interval '1 day'`, [table, column, column]);
  }
  await db('outbox').delete();
}

async function retain(db: Knex): Promise<void> {
  const deps = { db, days: STRICTEST, windowMs: WINDOW_MS, metrics: createMetrics(), log: createLog('silent') };
  const { dropExpired } = createRetention(deps).activities;
  for (const kind of retentionKinds) await new MockActivityEnvironment().run(dropExpired, { kind });
  for (const table of ['status_calls', 'bot_visits', 'visit_traces']) assert.equal((await db(table)).length, 0, table);
  assert.equal((await db('postback_attempts').whereNotNull('response_body')).length, 0);
}

async function touchesIn(db: Knex): Promise<number> {
  return (await db('lead_events').where({ type: 'touch' })).length;
}

/** Statuses that ops give when all windows are over, settled by workflows that begin anew. */
async function correctLate(db: Knex, corrections: Correction[]): Promise<void> {
  const conversions = await db('conversions')
    .orderBy('conversion_id')
    .select<{ conversion_id: string; lead_id: string }[]>('conversion_id', 'lead_id');
  if (conversions.length === 0) return;
  for (const { conversion, status } of corrections) {
    const { conversion_id: conversionId = '', lead_id: leadId = '' } =
      conversions[conversion % conversions.length] ?? {};
    const given = { conversionId, status, reason: 'checked', comment: null };
    await recordByOps({ db, windowMs: WINDOW_MS }, given, { name: 'root', role: 'admin' });
    await settleAll(db, leadId);
  }
}

/** Goes through a lead as its workflow does that begins anew, and settles each status; what is settled stays. */
async function settleAll(db: Knex, leadId: string): Promise<void> {
  const { loadLeadEvents } = createLeadEventActivities({ db });
  const { settle } = createSettlementActivities({ db });
  const [lead] = await db('leads').where({ lead_id: leadId }).select<{ last_seq: number }[]>('last_seq');
  let state = newLead();
  while (state.appliedSeq < (lead?.last_seq ?? 0)) {
    for (const event of await loadLeadEvents({ leadId, afterSeq: state.appliedSeq })) {
      if (event.seq !== state.appliedSeq + 1) continue;
      if (event.type === 'status') await settle({ leadId, maxAttempts: 3, settlement: settlementFor(state, event) });
      state = applyEvent(state, event);
    }
  }
}

/** All that anybody is told of money: by conversion, by partner, and what the check says. */
async function account(db: Knex, partners: string[]) {
  const ids = await db('conversions').orderBy('conversion_id').pluck<string[]>('conversion_id');
  const day = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
  const range = { from: day(-2 * AGE_DAYS), to: day(2), time_zone: 'UTC' };
  const { differences, accounts, conversions, payouts } = await checkLedger(db);
  return {
    check: { differences, accounts, conversions, payouts },
    conversions: await Promise.all(ids.map((id) => tellOfMoney(db, id))),
    postbacks: await db('postbacks')
      .orderBy(['conversion_id', 'seq', 'partner_id'])
      .select(
        'conversion_id',
        'seq',
        'partner_id',
        'ref_id',
        'status',
        'reason',
        'payout',
        'skip_reason',
        'is_handover',
      ),
    partners: await Promise.all(
      partners.map(async (partnerId) => ({
        balances: (await readBalances(db, partnerId)).map(({ currency, total, open, paid }) => [
          currency,
          total,
          open,
          paid,
        ]),
        figures: (await readPartnerStats(db, { ...range, partner_id: partnerId, group_by: 'offer' })).rows,
        days: (await readPartnerStats(db, { ...range, partner_id: partnerId, group_by: 'day' })).totals,
      })),
    ),
  };
}

async function tellOfMoney(db: Knex, conversionId: string) {
  const facts = await readFactsOfConversion(db, conversionId);
  assert.ok(facts, conversionId);
  const story = tellConversionStory(facts, { temporalUiUrl: null, temporalNamespace: 'default', windowMs: WINDOW_MS });
  const { won_by, reward, statuses, linked_partner } = story;
  return {
    ...{ conversionId, linked_partner, net: reward.net },
    wonBy: won_by && { partner: won_by.partner_id, seq: won_by.seq, refId: won_by.ref_id },
    entries: reward.entries.map(({ seq, partner_id, kind, line, amount, currency, payout_reference }) => ({
      ...{ seq, partner_id, kind, line, amount, currency, payout_reference },
    })),
    statuses: statuses.map(({ seq, status, settled_with, price }) => ({ seq, status, settled_with, price })),
  };
}

function onlyRefused(error: unknown): undefined {
  if (!(error instanceof AppError)) throw error;
}
