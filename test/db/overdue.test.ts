import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createSettlementActivities } from '../../activities/settlement.ts';
import { closeDeadAttempts } from '../../src/db/attempts.ts';
import { claimLeads } from '../../src/db/outbox.ts';
import { beginSweep, endSweep, oweOverdue, readOverdue, readUnfinished } from '../../src/db/overdue.ts';
import { applyEvent, newLead, settlementFor } from '../../src/domain/lead.ts';
import { readLeadEvents } from '../../src/db/lead-events.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { reportByFile } from '../support/leads/report-by-file.ts';
import { settingsFor } from '../support/postback-settings.ts';

const grace = { postbackMs: 400_000, settlementMs: 100_000, importRowMs: 50 };
const MANY = 20_000;

const OWED_COLUMNS = ['lead_id', 'from_seq', 'upto_seq', 'urgency', 'recheck'];
type OwedRow = { lead_id: string; from_seq: number; upto_seq: number; urgency: number; recheck: boolean };

describe('what is overdue', () => {
  let network: Network;
  let db: Knex;
  let ann: string;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    ann = await network.partner(settingsFor('https://t.example/?c={ref_id}'));
  });

  afterEach(() => network.close());

  /** A lead with an approval that has been relayed. */
  async function approvedLead() {
    const lead = await network.aLead(ann);
    await network.report(lead.conversionId, 'approved');
    await db('outbox').where({ lead_id: lead.leadId }).delete();
    return lead;
  }

  async function settledLead() {
    const lead = await approvedLead();
    const events = await readLeadEvents(db, { leadId: lead.leadId, afterSeq: 0, limit: 10 });
    const status = events[2];
    assert.ok(status?.type === 'status');
    const settlement = settlementFor(events.slice(0, 2).reduce(applyEvent, newLead()), status);
    await createSettlementActivities({ db }).settle({ leadId: lead.leadId, maxAttempts: 3, settlement });
    return lead;
  }

  /** Lets everything have happened that many seconds earlier. */
  async function age(seconds: number): Promise<void> {
    const earlier = (column: string) => ({ [column]: db.raw(`?? - ? * interval '1 second'`, [column, seconds]) });
    await db('lead_events').update(earlier('at'));
    await db('postbacks').update({ ...earlier('created_at'), ...earlier('next_attempt_at') });
    await db('swept_leads').update(earlier('swept_at'));
  }

  async function owing() {
    return await db('outbox').orderBy('lead_id').select<OwedRow[]>(OWED_COLUMNS);
  }

  it('is a postback that is due for longer than the interval between attempts and the margin', async () => {
    const { leadId } = await settledLead();
    await age(390);
    assert.equal(await oweOverdue(db, grace, 10), 0);
    await age(20);
    assert.deepEqual(await readOverdue(db, grace), { postbacks: 1, settlements: 0 });
    assert.equal(await oweOverdue(db, grace, 10), 1);
    assert.deepEqual(await owing(), [{ lead_id: leadId, from_seq: 3, upto_seq: 3, urgency: 0, recheck: true }]);
    const claimed = await claimLeads(db, { limit: 10, leaseMs: 1000, leaseId: 'a' });
    assert.deepEqual(
      claimed.map((lead) => ({ leadId: lead.leadId, uptoSeq: lead.uptoSeq, recheck: lead.recheck })),
      [{ leadId, uptoSeq: 3, recheck: true }],
    );
  });

  it('is counted from when the next attempt is due', async () => {
    const { leadId } = await settledLead();
    await age(1000);
    await db('postbacks').update({ state: 'retrying', next_attempt_at: db.fn.now() });
    assert.equal(await oweOverdue(db, grace, 10), 0);
    await age(500);
    assert.equal(await oweOverdue(db, grace, 10), 1);
    assert.deepEqual(
      (await owing()).map((owed) => owed.lead_id),
      [leadId],
    );
  });

  it('is no postback that has ended, in whichever way', async () => {
    for (const state of ['delivered', 'failed', 'superseded']) {
      await settledLead();
      await db('postbacks').where({ state: 'scheduled' }).update({ state, ended_at: db.fn.now() });
    }
    await age(1000);
    assert.deepEqual(await readOverdue(db, grace), { postbacks: 0, settlements: 0 });
    assert.equal(await oweOverdue(db, grace, 10), 0);
  });

  describe('of rows of files', () => {
    let leadId: string;

    beforeEach(async () => {
      const lead = await network.aLead(ann);
      ({ leadId } = lead);
      await db('outbox').delete();
      await reportByFile(network, lead.conversionId, 'approved');
      await age(100_000);
    });

    /** A file of which so many rows were booked. */
    async function booked(recorded: number, { hoursAgo = 0, dryRun = false } = {}): Promise<void> {
      await db('imports').insert({
        ...{
          import_id: `import${hoursAgo}`,
          advertiser_id: network.advertiserId,
          source: 'ops',
          dry_run: dryRun,
          recorded,
        },
        ...{ state: 'done', ended_at: db.fn.now(), touched_at: db.raw(`now() - ? * interval '1 hour'`, [hoursAgo]) },
      });
    }

    async function countWaitingFor(seconds: number): Promise<number> {
      await db('outbox').update({ owed_since: db.raw(`now() - ? * interval '1 second'`, [seconds]) });
      return (await readOverdue(db, grace)).settlements;
    }

    it('is none that waits no longer than other statuses may, and the two minutes in which files are booked', async () => {
      assert.deepEqual([await countWaitingFor(210), await countWaitingFor(230)], [0, 1]);
    });

    it('is none while the rows of the last day may take so long', async () => {
      await booked(1000);
      assert.deepEqual([await countWaitingFor(260), await countWaitingFor(280)], [0, 1]);
    });

    it('is not put off by files of the day before, nor by those that were only tried', async () => {
      await booked(1000, { hoursAgo: 25 });
      await booked(1000, { dryRun: true });
      assert.equal(await countWaitingFor(230), 1);
    });

    it('is each after a day, however many rows there are', async () => {
      await booked(10_000_000);
      assert.deepEqual([await countWaitingFor(23 * 3600), await countWaitingFor(25 * 3600)], [0, 1]);
    });

    it('is each that was relayed and is not settled', async () => {
      await booked(1000);
      await db('outbox').where({ lead_id: leadId }).delete();
      assert.deepEqual(await readOverdue(db, grace), { postbacks: 0, settlements: 1 });
    });
  });

  it('is a status that is not settled, unless its lead owes it still', async () => {
    const { leadId } = await approvedLead();
    const waiting = await network.aLead(ann);
    await network.report(waiting.conversionId, 'approved');
    await age(90);
    assert.equal(await oweOverdue(db, grace, 10), 0);
    await age(20);
    assert.deepEqual(await readOverdue(db, grace), { postbacks: 0, settlements: 2 });
    assert.equal(await oweOverdue(db, grace, 10), 1);
    const owed = await owing();
    assert.deepEqual(
      owed.filter(({ recheck }) => recheck).map(({ lead_id }) => lead_id),
      [leadId],
    );
  });

  it('is found again only after a longer and longer time', async () => {
    await approvedLead();
    await age(110);
    const sweepAfter = async (seconds: number) => {
      await db('outbox').delete();
      await age(seconds);
      return await oweOverdue(db, grace, 10);
    };
    assert.equal(await oweOverdue(db, grace, 10), 1);
    const found: number[] = [];
    for (const seconds of [390, 20, 790, 20, 1590, 20, 1590, 20]) found.push(await sweepAfter(seconds));
    assert.deepEqual(found, [0, 1, 0, 1, 0, 1, 0, 1]);
  });

  it('is found by batches of leads', async () => {
    for (let lead = 0; lead < 3; lead++) await approvedLead();
    await age(110);
    assert.deepEqual([await oweOverdue(db, grace, 2), await oweOverdue(db, grace, 2)], [2, 1]);
  });

  it('is looked for by one process at a time', async () => {
    const began = await Promise.all(Array.from({ length: 5 }, () => beginSweep(db, 10_000)));
    assert.deepEqual(began.filter(Boolean), [true]);
    await db('sweeps').update({ swept_at: db.raw(`now() - interval '11 seconds'`) });
    assert.equal(await beginSweep(db, 10_000), true);
  });

  it('is not passed by when all before it is settled, however often it is looked for', async () => {
    await settledLead();
    const { leadId } = await approvedLead();
    await age(110);
    for (let sweep = 0; sweep < 2; sweep++) {
      await endSweep(db, grace);
      assert.deepEqual(await readOverdue(db, grace), { postbacks: 0, settlements: 1 });
    }
    await db('lead_events').where({ lead_id: leadId }).delete();
    await endSweep(db, grace);
    const { rows } = await db.raw<{ rows: { age: number }[] }>(
      `select extract(epoch from now() - settled_upto)::float8 as age from sweeps`,
    );
    assert.ok((rows[0]?.age ?? 0) >= 100 && (rows[0]?.age ?? 0) < 110, JSON.stringify(rows));
  });

  it('tells of one lead what it should have done up to an event', async () => {
    const settled = await settledLead();
    const [postback] = await db('postbacks').select<{ postback_id: string }[]>('postback_id');
    assert.deepEqual(await readUnfinished(db, settled.leadId, 3), {
      hasUnsettled: false,
      open: [
        {
          ...{ postbackId: postback?.postback_id, conversionId: settled.conversionId, seq: 3, partnerId: ann },
          ...{ status: 'approved', isHandover: false, attemptsMade: 0 },
        },
      ],
    });
    await network.report(settled.conversionId, 'rejected');
    assert.equal((await readUnfinished(db, settled.leadId, 3)).hasUnsettled, false);
    assert.equal((await readUnfinished(db, settled.leadId, 4)).hasUnsettled, true);
  });

  it('costs nothing to look for while all is well, however much has been done', async () => {
    await db.raw(
      `insert into lead_events (lead_id, seq, at, type, conversion_id, status)
       select 'lead' || n, 1, now() - n * interval '1 minute', 'status', 'c' || n, 'approved'
       from generate_series(1, :many::int) n`,
      { many: MANY },
    );
    await db.raw(
      `insert into settlements (conversion_id, seq, lead_id, status, reward)
       select conversion_id, seq, lead_id, status, 'none' from lead_events`,
    );
    await db.raw(
      `insert into postbacks (postback_id, conversion_id, seq, lead_id, partner_id, offer_id, status, payout, currency,
                              event_at, state)
       select conversion_id, conversion_id, seq, lead_id, :ann::text, 'o', status, 0, 'USD', at, 'delivered' from lead_events`,
      { ann },
    );
    await db.raw('insert into leads (lead_id, last_seq, last_activity_at) select lead_id, 1, at from lead_events');
    await db.raw(
      `insert into postback_attempts (postback_id, attempt, method, url, outcome)
       select postback_id, 1, 'GET', 'https://t.example', 'delivered' from postbacks`,
    );
    await db.raw('vacuum analyze');
    await endSweep(db, grace);

    const looks: Record<string, (explained: Knex) => Promise<unknown>> = {
      readOverdue: (explained) => readOverdue(explained, grace),
      oweOverdue: (explained) => oweOverdue(explained, grace, 500),
      endSweep: (explained) => endSweep(explained, grace),
      closeDeadAttempts,
      readUnfinished: (explained) => readUnfinished(explained, 'lead7', 1),
    };
    for (const [name, look] of Object.entries(looks)) {
      const plans = await plansOf(look);
      assert.ok(plans.length > 0);
      for (const plan of plans) {
        const scans = plan.match(/Seq Scan on (lead_events|settlements|postbacks|leads|postback_attempts)\b/g);
        assert.equal(scans, null, `${name}\n${plan}`);
      }
    }
  });

  /** Has each statement explained instead of done. */
  async function plansOf(look: (db: Knex) => Promise<unknown>): Promise<string[]> {
    const plans: string[] = [];
    const explained = {
      async raw(sql: string, bindings: Knex.ValueDict = {}) {
        const { rows } = await db.raw<{ rows: Record<'QUERY PLAN', string>[] }>(`explain ${sql}`, bindings);
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return { rows: [] };
      },
    };
    await look(explained as unknown as Knex);
    return plans;
  }
});
