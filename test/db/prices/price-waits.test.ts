import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { asActor } from '../../../src/db/audit.ts';
import { limitWaiting } from '../../../src/db/limit-waiting.ts';
import { createOffer, updateOffer } from '../../../src/db/offers.ts';
import { lockCounters } from '../../../src/db/prices/approval-counters.ts';
import { createPriceList } from '../../../src/db/prices/price-lists.ts';
import { recordUnheldStatuses } from '../../../src/db/statuses/record-statuses.ts';
import type { StatusReport } from '../../../src/domain/status-report.ts';
import { createStatusIntake } from '../../../src/intake/status.ts';
import { newConversionId } from '../../../src/new-ids.ts';
import { countLocked, createTestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { policy } from '../../support/policy.ts';
import { draftOf } from '../../support/price-lists.ts';
import { MIDDAY } from '../../support/time-zones.ts';

describe('an approval that is counted where somebody else is counting', () => {
  let network: Network;
  let db: Knex;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    await createPriceList(db, network.offerId, draftOf({ counts: 'offer' }));
  });

  afterEach(() => network.close());

  /** A conversion of another offer, whose approvals nobody counts. */
  async function elsewhere(): Promise<string> {
    const { offer_id: offerId } = await createOffer(db, {
      ...{ advertiser_id: network.advertiserId, name: 'Loan', reward: { amount: 500, currency: 'EUR' } },
      url: 'https://bank.example/loan?click={conversion_id}',
    });
    const conversionId = newConversionId();
    const conversion = { conversionId, offerId, advertiserId: network.advertiserId };
    await network.clicks.record({ leadId: network.newLead(), touch: null, conversion });
    return conversionId;
  }

  it('waits for it, and stops neither what is not counted there nor what does not count at all', async () => {
    const partnerId = await network.partner();
    const [hot, pending, corrected] = await Promise.all([1, 2, 3].map(() => network.aLead(partnerId)));
    assert.ok(hot && pending && corrected);
    await network.report(corrected.conversionId, 'approved');
    const other = await elsewhere();

    const held = await db.transaction();
    await held('approval_counts').increment('approved', 1);
    let isAnswered = false;
    const waiting = network.report(hot.conversionId, 'approved').then((answer) => {
      isAnswered = true;
      return answer;
    });
    // In one batch with it.
    const others = await Promise.all([
      network.report(other, 'approved'),
      network.report(pending.conversionId, 'pending'),
      network.report(corrected.conversionId, 'rejected'),
    ]);
    assert.deepEqual(
      others.map(({ result }) => result),
      ['recorded', 'recorded', 'recorded'],
    );
    assert.equal((await network.report(corrected.conversionId, 'rejected')).result, 'duplicate');
    assert.equal(isAnswered, false);
    await held.commit();
    assert.equal((await waiting).result, 'recorded');
    const price = await db('lead_events')
      .where({ conversion_id: hot.conversionId, type: 'status' })
      .first<{ counted: number }>({ counted: 'price_counted' });
    assert.equal(price.counted, 2);
  });

  it('keeps the order of reports on its conversion', async () => {
    const { conversionId } = await network.aLead(await network.partner());
    const first = await network.aLead(await network.partner());
    await network.report(first.conversionId, 'approved');
    const held = await db.transaction();
    await held('approval_counts').increment('approved', 1);
    const answers = Promise.all(['approved', 'rejected'].map((word) => network.report(conversionId, word)));
    // Whatever waits, waits for this.
    await network.report(await elsewhere(), 'pending');
    await held.commit();
    assert.deepEqual(
      (await answers).map(({ result }) => result),
      ['recorded', 'recorded'],
    );
    const events = await db('lead_events')
      .where({ conversion_id: conversionId, type: 'status' })
      .orderBy('seq')
      .select<{ status: string }[]>('status');
    assert.deepEqual(
      events.map(({ status }) => status),
      ['approved', 'rejected'],
    );
  });

  it('keeps it where the earlier report waits for others that wait', async () => {
    const partnerId = await network.partner();
    const leads = await Promise.all([1, 2, 3, 4].map(() => network.aLead(partnerId)));
    const [first = '', second = '', third = '', hot = ''] = leads.map(({ conversionId }) => conversionId);
    await network.report(first, 'approved');
    const held = await db.transaction();
    await held('approval_counts').increment('approved', 1);
    const before = [network.report(second, 'approved')];
    await eventually(async () => assert.equal(await countLocked(db), 1));
    before.push(network.report(third, 'approved'));
    await eventually(async () => assert.equal(await countLocked(db), 2));
    const answers = Promise.all(['approved', 'rejected'].map((word) => network.report(hot, word)));
    // Whatever can be recorded meanwhile is.
    await network.report(await elsewhere(), 'pending');
    await held.commit();
    await Promise.all(before);
    assert.deepEqual(
      (await answers).map(({ result }) => result),
      ['recorded', 'recorded'],
    );
    const [conversion] = await db('conversions').where({ conversion_id: hot }).select<{ status: string }[]>('status');
    assert.equal(conversion?.status, 'rejected');
  });

  it('stops nobody else for longer than a batch waits, when it is held for long', async () => {
    const partnerId = await network.partner();
    const [first, hot] = await Promise.all([1, 2].map(() => network.aLead(partnerId)));
    assert.ok(first && hot);
    await network.report(first.conversionId, 'approved');
    const held = await db.transaction();
    await held('approval_counts').increment('approved', 1);
    await assert.rejects(reportImpatiently(network, hot.conversionId), { name: 'AppError', kind: 'unavailable' });
    await held.rollback();
    assert.equal((await network.report(hot.conversionId, 'approved')).result, 'recorded');
  });

  it('never meets whoever begins a new period in a deadlock', async () => {
    const { conversionId } = await network.aLead(await network.partner());
    for (const period of ['day', 'all'] as const) {
      await createPriceList(db, network.offerId, draftOf({ counts: 'advertiser', period, timeZone: MIDDAY }));
    }
    const [day, all] = await db('approval_counters')
      .where({ counts: 'advertiser' })
      .orderBy('counter_id')
      .select<{ counter_id: number; period: string }[]>('counter_id', 'period');
    assert.deepEqual([day?.period, all?.period], ['day', 'all']);
    // The day has not begun to be counted.
    const [today] = await db('approval_counts')
      .where({ counter_id: day?.counter_id })
      .delete()
      .returning<object[]>('*');
    // An approval of another offer, which moves its advertiser's counts in their order.
    const other = await db.transaction();
    // Before Postgres looks for a deadlock and ends one of the two.
    await limitWaiting(other, 500);
    await other('approval_counts').insert({ ...today, approved: 1 });
    const waiting = network.report(conversionId, 'approved');
    await eventually(async () => assert.equal(await countLocked(db), 1, 'nobody waits for the count'));
    await other('approval_counts').where({ counter_id: all?.counter_id }).increment('approved', 1);
    await other.commit();
    assert.equal((await waiting).result, 'recorded');
    const counts = await db('approval_counts').orderBy('counter_id').select<{ approved: number }[]>('approved');
    assert.deepEqual(
      counts.map(({ approved }) => approved),
      [1, 2, 2],
    );
  });
});

describe('a status whose prices are being changed', () => {
  let network: Network;
  let db: Knex;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });

  afterEach(() => network.close());

  /** As ops do it: in one transaction with the note of who it was. */
  function changePrices() {
    return asActor(db, { name: 'anna', role: 'admin' }, (trx) => createPriceList(trx, network.offerId, draftOf()));
  }

  async function conversionOfSomebodyElse() {
    const { advertiser } = await createAdvertiser(db, { name: 'Shop' });
    const advertiserId = advertiser.advertiser_id;
    const { offer_id: offerId } = await createOffer(db, {
      ...{ advertiser_id: advertiserId, name: 'Shoes', reward: { amount: 500, currency: 'EUR' } },
      url: 'https://shop.example/?click={conversion_id}',
    });
    const conversionId = newConversionId();
    const leadId = network.newLead();
    await network.clicks.record({ leadId, touch: null, conversion: { conversionId, offerId, advertiserId } });
    return { advertiserId, conversionId };
  }

  it('waits for the change, and stops no status of another advertiser', async () => {
    const own = await network.aLead(await network.partner());
    const others = await conversionOfSomebodyElse();
    const change = await db.transaction();
    await lockCounters(change, network.advertiserId);
    let isAnswered = false;
    const waiting = network.report(own.conversionId, 'approved').finally(() => (isAnswered = true));
    // In one batch with it.
    const other = await network.statuses.record({
      ...others,
      ...{ word: 'approved', reason: null, transactionId: null, raw: { method: 'GET', query: {}, body: null } },
    });
    assert.equal(other.result, 'recorded');
    assert.equal(isAnswered, false);
    await change.commit();
    assert.equal((await waiting).result, 'recorded');
  });

  it('is refused for now when the change takes long, and nothing of it is kept', async () => {
    const { conversionId } = await network.aLead(await network.partner());
    const change = await db.transaction();
    await lockCounters(change, network.advertiserId);
    await assert.rejects(reportImpatiently(network, conversionId), { name: 'AppError', kind: 'unavailable' });
    await change.rollback();
    assert.equal((await db('status_calls').where({ conversion_id: conversionId }).select('call_id')).length, 0);
    assert.equal((await network.report(conversionId, 'approved')).result, 'recorded');
  });

  it('does not let the change in while it is recorded, and whoever makes the change is told to try again', async () => {
    const { conversionId } = await network.aLead(await network.partner());
    const recording = await db.transaction();
    await recordUnheldStatuses(recording, [reportOf(conversionId)], { windowMs: 60_000, whenCounting: 'leave' });
    await assert.rejects(changePrices(), {
      name: 'AppError',
      kind: 'unavailable',
      message: /nothing was changed: try again/,
    });
    await recording.commit();
    assert.equal((await changePrices())?.version, 1);
  });

  it('lets the change in when it is recorded, though that takes longer than the change waits at a time', async () => {
    const { conversionId } = await network.aLead(await network.partner());
    const recording = await db.transaction();
    await recordUnheldStatuses(recording, [reportOf(conversionId)], { windowMs: 60_000, whenCounting: 'leave' });
    const changing = changePrices();
    changing.catch(() => undefined);
    const waits = new Set<string>();
    await eventually(async () => {
      for (const since of await startsOfLocked(db)) waits.add(since);
      assert.ok(waits.size > 1, 'it waits once more');
    }, 10_000);
    await recording.commit();
    assert.equal((await changing)?.version, 1);
    const [noted] = await db('audit_log').where({ subject_type: 'price_list' }).select<{ actor: string }[]>('actor');
    assert.equal(noted?.actor, 'anna');
  });

  it('gets in before a change that waits for something else is tried once more', async () => {
    const { conversionId } = await network.aLead(await network.partner());
    const holder = await db.transaction();
    await holder('offers').where({ offer_id: network.offerId }).forNoKeyUpdate().select('offer_id');
    const changing = changePrices();
    changing.catch(() => undefined);
    await eventually(async () => assert.equal(await countLocked(db), 1, 'the change does not wait'));
    assert.equal((await network.report(conversionId, 'approved')).result, 'recorded');
    await holder.commit();
    assert.equal((await changing)?.version, 1);
  });

  it('R13: that had to wait is priced as its offer is when it is recorded', async () => {
    const { leadId, conversionId } = await network.aLead(await network.partner());
    const holder = await db.transaction();
    await holder('leads').where({ lead_id: leadId }).forUpdate().select('lead_id');
    const waiting = network.report(conversionId, 'approved');
    await eventually(async () => assert.equal(await countLocked(db), 1, 'nobody waits for the lead'));
    await updateOffer(db, network.offerId, { reward: { amount: 4200, currency: 'USD' } });
    await holder.commit();
    await waiting;
    const event = await db('lead_events')
      .where({ conversion_id: conversionId, type: 'status' })
      .first<{ amount: number }>({ amount: 'price_amount' });
    assert.equal(event.amount, 4200);
  });

  function reportOf(conversionId: string): StatusReport {
    return {
      ...{ advertiserId: network.advertiserId, conversionId, word: 'approved', meaning: 'approved' },
      ...{ reason: null, transactionId: null, raw: { method: 'GET', query: {}, body: null }, source: 'call' },
      ...{ eventAt: null, notify: true, callId: null, isAcceptedLate: false },
    };
  }
});

/** Reports an approval by a door that waits no longer than advertisers do. */
async function reportImpatiently({ db, advertiserId }: Network, conversionId: string): Promise<void> {
  await createStatusIntake({ db, windowMs: policy.windowMs }).record({
    ...{ advertiserId, conversionId, word: 'approved', reason: null, transactionId: null },
    raw: { method: 'GET', query: {}, body: null },
  });
}

/** Since when statements wait for another transaction. */
async function startsOfLocked(db: Knex): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { at: string }[] }>(
    `select query_start::text as at from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows.map(({ at }) => at);
}
