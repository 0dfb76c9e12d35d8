import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { claimLeads, completeLeads, postponeLead, readBacklog } from '../../src/db/outbox.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { reportByFile } from '../support/leads/report-by-file.ts';
import { assertFields } from '../support/fields.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { plansOf } from '../support/plans.ts';

const LEASE_MS = 60_000;

// Statuses that were called for, rows of files, and clicks.
const FILL = `
  insert into outbox (lead_id, from_seq, upto_seq, urgency, is_bulk, bulk_rank, owed_since)
    select 'waits-' || n, 1, 1, case when n % 3 = 2 then 1 + n % 2 else 0 end, n % 3 = 1,
      case when n % 3 = 1 then log(2, n) end, now() - n * interval '1 millisecond'
    from generate_series(1, 60000) n;
  analyze outbox`;

type OwedRow = {
  from_seq: number;
  upto_seq: number;
  lease_id: string | null;
  failures: number;
  last_error: string | null;
};

describe('outbox', () => {
  let network: Network;
  let db: Knex;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });

  after(() => network.close());

  beforeEach(async () => {
    await db('outbox').delete();
    await db('imports').delete();
  });

  async function claim({
    leaseId = newLeaseId(),
    ...limits
  }: { limit?: number; clickLimit?: number; bulkLimit?: number; leaseMs?: number; leaseId?: string } = {}) {
    return { leaseId, leads: await claimLeads(db, { limit: 100, leaseMs: LEASE_MS, ...limits, leaseId }) };
  }

  async function touchedLead(): Promise<string> {
    const leadId = network.newLead();
    await network.touch(leadId, 'ann', 'a1');
    return leadId;
  }

  async function convertedLead(): Promise<{ leadId: string; conversionId: string }> {
    const leadId = network.newLead();
    return { leadId, conversionId: await network.convert(leadId) };
  }

  async function owedBy(leadId: string) {
    return await db('outbox').where({ lead_id: leadId }).first<OwedRow | undefined>();
  }

  it('hands out statuses before conversions before mere touches, and each kind oldest first', async () => {
    const touched = [await touchedLead(), await touchedLead()];
    const converted = [(await convertedLead()).leadId, (await convertedLead()).leadId];
    const decided: string[] = [];
    for (let count = 0; count < 2; count++) {
      const { leadId, conversionId } = await convertedLead();
      await network.report(conversionId, 'approved');
      decided.push(leadId);
    }
    const order: string[] = [];
    for (let count = 0; count < 6; count++) {
      const { leads } = await claim({ limit: 1 });
      order.push(...leads.map(({ leadId }) => leadId));
    }
    assert.deepEqual(order, [...decided, ...converted, ...touched]);
  });

  /** However slow the machine is, what is touched then does not stand still. */
  const inAMinute = () => db.raw(`now() + interval '1 minute'`);

  it('hands out what files have brought after every status, and not while a file is booked', async () => {
    const [imported, mixed, decided] = [await convertedLead(), await convertedLead(), await convertedLead()];
    await reportByFile(network, imported.conversionId, 'approved');
    await reportByFile(network, mixed.conversionId, 'pending');
    await network.touch(imported.leadId, 'ann', 'a1');
    await network.report(mixed.conversionId, 'approved');
    await network.report(decided.conversionId, 'approved');
    const importing = { import_id: 'import', advertiser_id: network.advertiserId, source: 'ops', dry_run: false };
    await db('imports').insert({ ...importing, state: 'running', touched_at: inAMinute() });
    const leadsOf = async (limits: object) => (await claim(limits)).leads.map(({ leadId, isBulk }) => [leadId, isBulk]);
    assert.deepEqual(await leadsOf({}), [
      [mixed.leadId, false],
      [decided.leadId, false],
    ]);

    await db('imports')
      .where({ import_id: 'import' })
      .update({ touched_at: db.raw(`now() - interval '10 seconds'`) });
    assert.deepEqual(await leadsOf({ bulkLimit: 0 }), []);
    assert.deepEqual(await leadsOf({ bulkLimit: 1 }), [[imported.leadId, true]]);
  });

  it('hands out what files have brought some minutes ago although another file is booked', async () => {
    const { leadId, conversionId } = await convertedLead();
    await reportByFile(network, conversionId, 'approved');
    const importing = { import_id: 'next', advertiser_id: network.advertiserId, source: 'ops', dry_run: false };
    await db('imports').insert({ ...importing, state: 'running', touched_at: inAMinute() });
    assert.deepEqual((await claim()).leads, []);
    await db('outbox').update({ owed_since: db.raw(`now() - interval '3 minutes'`) });
    assert.deepEqual(
      (await claim()).leads.map((lead) => lead.leadId),
      [leadId],
    );
  });

  it('hands out of what files have brought the first rows of each, and last those whose place nobody knows', async () => {
    const places = [5000, 0, 300_000, 40, 256] as const;
    const leads = new Map<number, string>();
    for (const broughtBefore of places) {
      const { leadId, conversionId } = await convertedLead();
      await reportByFile(network, conversionId, 'approved', { broughtBefore });
      leads.set(broughtBefore, leadId);
    }
    const [unknown, often] = [await convertedLead(), await convertedLead()];
    await reportByFile(network, unknown.conversionId, 'approved');
    await db('outbox').where({ lead_id: unknown.leadId }).update({ bulk_rank: null });
    for (const [status, broughtBefore] of [
      ['pending', 9000],
      ['approved', 3],
      ['rejected', 70_000],
    ] as const) {
      await reportByFile(network, often.conversionId, status, { broughtBefore });
    }
    const order: string[] = [];
    for (let count = 0; count < places.length + 2; count++) {
      order.push(...(await claim({ limit: 1 })).leads.map(({ leadId }) => leadId));
    }
    const expected = [leads.get(0), often.leadId, ...[40, 256, 5000, 300_000].map((place) => leads.get(place))];
    assert.deepEqual(order, [...expected, unknown.leadId]);
  });

  it('hands out what was called for before what files have brought, also where they speak of the same lead', async () => {
    const [filed, called] = [await convertedLead(), await convertedLead()];
    await reportByFile(network, filed.conversionId, 'approved');
    await reportByFile(network, called.conversionId, 'pending', { broughtBefore: 100_000 });
    await network.report(called.conversionId, 'approved');
    await reportByFile(network, called.conversionId, 'rejected', { broughtBefore: 200_000 });
    const { leads } = await claim();
    assert.deepEqual(
      leads.map(({ leadId, isBulk }) => [leadId, isBulk]),
      [
        [called.leadId, false],
        [filed.leadId, true],
      ],
    );
  });

  it('finds what comes next without reading all that is owed', async () => {
    await db.raw(FILL);
    const limits = { limit: 100, clickLimit: 10, bulkLimit: 10, leaseMs: LEASE_MS, leaseId: newLeaseId() };
    const [plan = ''] = await plansOf(db, () => claimLeads(db, limits));
    assert.match(plan, /Index Scan using outbox_bulk/);
    assert.doesNotMatch(plan, /Sort|Seq Scan on outbox/);
  });

  it('reads nothing of what files have brought while a file is booked and none of it has waited for long', async () => {
    await db.raw(FILL);
    await db('outbox').where({ is_bulk: false }).delete();
    const importing = { import_id: 'import', advertiser_id: network.advertiserId, source: 'ops', dry_run: false };
    await db('imports').insert({ ...importing, state: 'running', touched_at: inAMinute() });
    const limits = { limit: 100, clickLimit: 10, bulkLimit: 10, leaseMs: LEASE_MS, leaseId: newLeaseId() };
    const [plan = ''] = await plansOf(db, () => claimLeads(db, limits), '(analyze, timing off)');
    assert.match(plan, /Index Scan using outbox_bulk .*never executed/);
    assert.doesNotMatch(plan, /Sort|Seq Scan on outbox/);
  });

  it('hands out all that a lead owes, in order', async () => {
    const { leadId, conversionId } = await convertedLead();
    await network.touch(leadId, 'ann', 'a1');
    await network.report(conversionId, 'rejected', 'fraud');
    const [lead, ...others] = (await claim()).leads;
    assert.equal(others.length, 0);
    assertFields(lead, { leadId, uptoSeq: 3, failures: 0 });
    const at = (index: number) => lead?.events[index]?.at ?? '';
    const named = { conversionId, offerId: network.offerId, advertiserId: network.advertiserId };
    assert.deepEqual(lead?.events, [
      { type: 'conversion', seq: 1, at: at(0), ...named },
      { type: 'touch', seq: 2, at: at(1), partnerId: 'ann', refId: 'a1', refIdProblem: null },
      { type: 'status', seq: 3, at: at(2), ...named, status: 'rejected', reason: 'fraud' },
    ]);
    for (const index of [0, 1, 2]) assert.match(at(index), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('never hands one lead to two at once', async () => {
    await Promise.all(Array.from({ length: 200 }, touchedLead));
    const claims = await Promise.all(Array.from({ length: 8 }, () => claim({ limit: 50 })));
    const claimed = claims.flatMap(({ leads }) => leads.map(({ leadId }) => leadId));
    assert.equal(new Set(claimed).size, claimed.length);
    const rest = await claim({ limit: 200 });
    assert.equal(claimed.length + rest.leads.length, 200);
    assert.deepEqual((await claim()).leads, []);
  });

  it('hands a lead to another when its lease has run out, and heeds only the new one', async () => {
    const leadId = await touchedLead();
    const dead = await claim({ leaseMs: 1 });
    const next = await eventually(async () => {
      const claimed = await claim();
      assert.equal(claimed.leads[0]?.leadId, leadId);
      return claimed;
    });
    await completeLeads(db, dead.leaseId, [{ leadId, uptoSeq: 1, recheck: false }]);
    await postponeLead(db, { leadId, leaseId: dead.leaseId, retryInMs: 0, error: 'too late' });
    assert.equal((await owedBy(leadId))?.lease_id, next.leaseId);
    await completeLeads(db, next.leaseId, [{ leadId, uptoSeq: 1, recheck: false }]);
    assert.equal(await owedBy(leadId), undefined);
  });

  it('keeps what was committed while the lead was being relayed, and hands it out next', async () => {
    const leadId = await touchedLead();
    const { leaseId, leads } = await claim();
    assert.equal(leads[0]?.uptoSeq, 1);
    await network.touch(leadId, 'bob');
    assert.deepEqual((await claim()).leads, [], 'the lead is still under way');
    await completeLeads(db, leaseId, [{ leadId, uptoSeq: 1, recheck: false }]);
    const again = await claim();
    assert.deepEqual(
      again.leads.map(({ uptoSeq, events }) => ({ uptoSeq, seqs: events.map(({ seq }) => seq) })),
      [{ uptoSeq: 2, seqs: [2] }],
    );
  });

  it('keeps a lead that was asked to look at Postgres while it was being relayed, until it has been told of it', async () => {
    for (const commitsMeanwhile of [false, true]) {
      const leadId = await touchedLead();
      const first = await claim();
      await db('outbox').where({ lead_id: leadId }).update({ recheck: true });
      if (commitsMeanwhile) await network.touch(leadId, 'bob');
      await completeLeads(db, first.leaseId, first.leads);
      const second = await claim();
      const uptoSeq = commitsMeanwhile ? 2 : 1;
      assert.equal(second.leads.length, 1);
      assertFields(second.leads[0], { leadId, uptoSeq, recheck: true });
      assert.equal(second.leads[0]?.events.at(-1)?.seq, uptoSeq);
      await completeLeads(db, second.leaseId, second.leads);
      assert.equal(await owedBy(leadId), undefined);
    }
  });

  it('counts from now on for how long a busy lead has owed what was committed meanwhile', async () => {
    const leadId = await touchedLead();
    await db.raw(`update outbox set owed_since = now() - interval '90 seconds' where lead_id = ?`, [leadId]);
    const { leaseId, leads } = await claim();
    await network.touch(leadId, 'bob');
    await completeLeads(db, leaseId, leads);
    const { leads: owed, oldestSeconds } = await readBacklog(db);
    assert.equal(owed, 1);
    assert.ok(oldestSeconds < 10, `${oldestSeconds}`);
  });

  it('keeps places for leads that owe a status', async () => {
    for (let count = 0; count < 3; count++) await touchedLead();
    const { conversionId, leadId } = await convertedLead();
    assert.equal((await claim({ limit: 4, clickLimit: 0 })).leads.length, 0);
    await network.report(conversionId, 'approved');
    const { leads } = await claim({ limit: 4, clickLimit: 2 });
    assert.equal(leads.length, 3);
    assertFields(leads[0], { leadId, owesStatus: true });
  });

  it('tells who held a lead before what it owes, and nothing of one that has just begun', async () => {
    const leadId = await touchedLead();
    const first = await claim();
    assertFields(first.leads[0], { partnerBefore: null, owesStatus: false });
    await completeLeads(db, first.leaseId, first.leads);
    await network.touch(leadId, 'bob');
    const second = await claim();
    assertFields(second.leads[0], { partnerBefore: 'ann' });
    await completeLeads(db, second.leaseId, second.leads);
    await network.convert(leadId);
    assertFields((await claim()).leads[0], { partnerBefore: 'bob' });
  });

  it('loses nothing when clicks, statuses, claims and completions of the same leads meet', async () => {
    const leads = await Promise.all(Array.from({ length: 20 }, convertedLead));
    const words = ['approved', 'rejected', 'approved', 'rejected', 'approved'];
    const touches = 60;
    const seen = new Map<string, number>();
    let isBusy = true;
    const relays = [1, 2, 3].map(async () => {
      while (isBusy || (await readBacklog(db)).leads > 0) {
        const { leaseId, leads: claimed } = await claim({ limit: 10 });
        for (const { leadId, uptoSeq, events } of claimed) {
          assert.equal(events.at(-1)?.seq, uptoSeq);
          for (const { seq } of events) {
            assert.equal(seq, (seen.get(leadId) ?? 0) + 1);
            seen.set(leadId, seq);
          }
        }
        await completeLeads(db, leaseId, claimed);
      }
    });
    const report = async (conversionId: string) => {
      for (const word of words) await network.report(conversionId, word);
    };
    const visit = async (leadId: string) => {
      for (let count = 0; count < touches; count++) await network.touch(leadId, 'ann');
    };
    await Promise.all(leads.flatMap(({ leadId, conversionId }) => [visit(leadId), report(conversionId)]));
    isBusy = false;
    await Promise.all(relays);
    assert.deepEqual(
      leads.map(({ leadId }) => seen.get(leadId)),
      leads.map(() => 1 + touches + words.length),
    );
  });

  it('splits what a lead owes into pieces of at most 200 events', async () => {
    const leadId = network.newLead();
    await Promise.all(Array.from({ length: 450 }, () => network.touch(leadId, 'ann')));
    const pieces: { from: number | undefined; upto: number | undefined }[] = [];
    for (let count = 0; count < 3; count++) {
      const { leaseId, leads } = await claim();
      const [lead] = leads;
      pieces.push({ from: lead?.events[0]?.seq, upto: lead?.events.at(-1)?.seq });
      await completeLeads(db, leaseId, leads);
    }
    assert.deepEqual(pieces, [
      { from: 1, upto: 200 },
      { from: 201, upto: 400 },
      { from: 401, upto: 450 },
    ]);
    assert.equal(await owedBy(leadId), undefined);
  });

  it('holds a postponed lead back, with the reason, and counts its failures until it succeeds', async () => {
    const leadId = await touchedLead();
    const first = await claim();
    await postponeLead(db, { leadId, leaseId: first.leaseId, retryInMs: LEASE_MS, error: 'Temporal is away' });
    assert.deepEqual((await claim()).leads, []);
    const owed = await owedBy(leadId);
    assertFields(owed, { failures: 1, last_error: 'Temporal is away', lease_id: null });

    await db('outbox').where({ lead_id: leadId }).update({ leased_until: null });
    await network.touch(leadId, 'bob');
    const second = await claim();
    assert.equal(second.leads[0]?.failures, 1);
    await completeLeads(db, second.leaseId, [{ leadId, uptoSeq: 1, recheck: false }]);
    const after = await owedBy(leadId);
    assertFields(after, { from_seq: 2, failures: 0, last_error: null });
  });

  it('says how much is owed and for how long', async () => {
    assert.deepEqual(await readBacklog(db), { leads: 0, oldestSeconds: 0 });
    const leadId = await touchedLead();
    await touchedLead();
    await db.raw(`update outbox set owed_since = now() - interval '90 seconds' where lead_id = ?`, [leadId]);
    const { leads, oldestSeconds } = await readBacklog(db);
    assert.equal(leads, 2);
    assert.ok(oldestSeconds >= 90 && oldestSeconds < 100, `${oldestSeconds}`);
  });
});

function newLeaseId(): string {
  return randomUUID();
}
