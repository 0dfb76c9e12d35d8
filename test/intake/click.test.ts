import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { connectClickPool } from '../../src/db/connect.ts';
import type { Click } from '../../src/db/clicks.ts';
import { createClickIntake } from '../../src/intake/click.ts';
import { newConversionId, newLeadId } from '../../src/new-ids.ts';
import { AppError } from '../../src/errors.ts';
import { createTestDatabase, startOutage, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';

type Owed = { from_seq: number; upto_seq: number; urgency: number };
type EventRow = {
  seq: number;
  type: string;
  partner_id: string | null;
  ref_id: string | null;
  ref_id_problem: string | null;
  ref_id_sample: string | null;
};
type ConversionRow = { lead_id: string; seq: number; offer_id: string; advertiser_id: string; status: string | null };

describe('click intake on Postgres', () => {
  let database: TestDatabase;
  let network: Network;
  let db: Knex;

  before(async () => {
    database = await createTestDatabase();
    network = await createNetwork(database);
    ({ db } = network);
  });

  after(() => network.close());

  function touchOf(leadId: string, partnerId: string, refId: string | null = null): Click {
    return { leadId, touch: { partnerId, refId, refIdProblem: null, refIdSample: null }, conversion: null };
  }

  function conversionOf(leadId: string): Click {
    const { offerId, advertiserId } = network;
    return { leadId, touch: null, conversion: { conversionId: newConversionId(), offerId, advertiserId } };
  }

  function directLink(leadId: string, partnerId: string): Click {
    return { ...conversionOf(leadId), touch: touchOf(leadId, partnerId).touch };
  }

  /** The lead of each click, or why it was refused; all come in one turn and thus in one batch. */
  async function answersTo(clicks: Parameters<Network['clicks']['record']>[0][]): Promise<string[]> {
    const refusal = (error: unknown) => (error instanceof AppError ? error.kind : String(error));
    return await Promise.all(clicks.map((click) => network.clicks.record(click).catch(refusal)));
  }

  async function eventsOf(leadId: string): Promise<EventRow[]> {
    return await db('lead_events').where({ lead_id: leadId }).orderBy('seq').select<EventRow[]>('*');
  }

  async function owedBy(leadId: string): Promise<Owed | undefined> {
    return await db('outbox').where({ lead_id: leadId }).first<Owed | undefined>('from_seq', 'upto_seq', 'urgency');
  }

  it('a direct link is a touch and then a conversion, as two events', async () => {
    const leadId = newLeadId();
    const click = directLink(leadId, 'ann');
    await network.clicks.record(click);
    const events = await eventsOf(leadId);
    assert.deepEqual(
      events.map(({ seq, type, partner_id }) => ({ seq, type, partner_id })),
      [
        { seq: 1, type: 'touch', partner_id: 'ann' },
        { seq: 2, type: 'conversion', partner_id: null },
      ],
    );
    const stored = await db('conversions')
      .where({ conversion_id: click.conversion?.conversionId })
      .first<ConversionRow | undefined>();
    assertFields(stored, {
      lead_id: leadId,
      seq: 2,
      offer_id: network.offerId,
      advertiser_id: network.advertiserId,
      status: null,
    });
  });

  it('a click of nobody begins a lead, whose events are numbered from 1 and owed', async () => {
    const byKind = { touch: touchOf('', 'ann', 'r1'), conversion: conversionOf(''), both: directLink('', 'bob') };
    const clicks = Object.values(byKind).map((click) => ({ ...click, leadId: undefined }));
    const leads = await Promise.all(clicks.map((click) => network.clicks.record(click)));
    assert.equal(new Set(leads).size, 3);
    const stored = await Promise.all(
      leads.map(async (leadId) => ({
        events: (await eventsOf(leadId)).map(({ seq, type, partner_id, ref_id }) => ({
          seq,
          type,
          partner_id,
          ref_id,
        })),
        owed: await owedBy(leadId),
        lastSeq: (await db('leads').where({ lead_id: leadId }).first<{ last_seq: number }>()).last_seq,
        conversions: await db('conversions').where({ lead_id: leadId }).pluck<string[]>('conversion_id'),
      })),
    );
    const conversionIds = clicks.map(({ conversion }) => (conversion ? [conversion.conversionId] : []));
    assert.deepEqual(stored, [
      {
        events: [{ seq: 1, type: 'touch', partner_id: 'ann', ref_id: 'r1' }],
        owed: { from_seq: 1, upto_seq: 1, urgency: 2 },
        lastSeq: 1,
        conversions: conversionIds[0],
      },
      {
        events: [{ seq: 1, type: 'conversion', partner_id: null, ref_id: null }],
        owed: { from_seq: 1, upto_seq: 1, urgency: 1 },
        lastSeq: 1,
        conversions: conversionIds[1],
      },
      {
        events: [
          { seq: 1, type: 'touch', partner_id: 'bob', ref_id: null },
          { seq: 2, type: 'conversion', partner_id: null, ref_id: null },
        ],
        owed: { from_seq: 1, upto_seq: 2, urgency: 1 },
        lastSeq: 2,
        conversions: conversionIds[2],
      },
    ]);
  });

  it('the lead owes all its events, as urgently as the most urgent of them', async () => {
    const leadId = newLeadId();
    await network.clicks.record(touchOf(leadId, 'ann'));
    assert.deepEqual(await owedBy(leadId), { from_seq: 1, upto_seq: 1, urgency: 2 });
    await network.clicks.record(directLink(leadId, 'bob'));
    assert.deepEqual(await owedBy(leadId), { from_seq: 1, upto_seq: 3, urgency: 1 });
    await network.clicks.record(touchOf(leadId, 'ann'));
    assert.deepEqual(await owedBy(leadId), { from_seq: 1, upto_seq: 4, urgency: 1 });

    await db('outbox').where({ lead_id: leadId }).delete();
    await Promise.all([network.clicks.record(touchOf(leadId, 'ann')), network.clicks.record(touchOf(leadId, 'bob'))]);
    assert.deepEqual(await owedBy(leadId), { from_seq: 5, upto_seq: 6, urgency: 2 });
  });

  it('each click of a lead moves its last activity', async () => {
    const leadId = newLeadId();
    await network.clicks.record(touchOf(leadId, 'ann'));
    await db('leads').where({ lead_id: leadId }).update({ last_activity_at: '2026-01-01T00:00:00Z' });
    await network.clicks.record(conversionOf(leadId));
    const { rows } = await db.raw<{ rows: { is_now: boolean }[] }>(
      `select l.last_activity_at = e.at as is_now from leads l join lead_events e using (lead_id)
       where lead_id = ? and seq = 2`,
      [leadId],
    );
    assert.deepEqual(rows, [{ is_now: true }]);
  });

  it('numbers the events of each lead 1 to n without gaps when many clicks of the same leads come at once from two processes', async () => {
    const pools = [1, 2].map(() => connectClickPool({ url: database.url, statementTimeoutMs: 5000 }));
    const intakes = pools.map((pool) => createClickIntake({ pool, answerWithinMs: 60_000 }));
    const leads = Array.from({ length: 40 }, () => newLeadId());
    const rounds = 100;
    const expected = new Map(leads.map((leadId) => [leadId, 0]));
    const recorded: Promise<string>[] = [];
    for (let round = 0; round < rounds; round++) {
      // Every intake meets the leads in another order: unsorted, the batches would dead-lock.
      for (const [process, intake] of intakes.entries()) {
        for (const leadId of process === round % 2 ? leads : leads.toReversed()) {
          const click = round % 5 === 0 ? directLink(leadId, 'ann') : touchOf(leadId, 'ann');
          expected.set(leadId, (expected.get(leadId) ?? 0) + (click.conversion ? 2 : 1));
          recorded.push(intake.record(click));
        }
      }
      // So many at once that batches are full, and no more: on a busy machine the others would hold the leads for too long.
      if (round % 10 === 9) await Promise.all(recorded.splice(0));
    }

    const { rows } = await db.raw<{ rows: { lead_id: string; last: number; events: number; owed: number }[] }>(
      `select lead_id, min(seq) as first, max(seq) as last, count(*) as events,
         (select upto_seq from outbox o where o.lead_id = e.lead_id and o.from_seq = 1) as owed,
         (select last_seq from leads l where l.lead_id = e.lead_id) as numbered
       from lead_events e where lead_id = any(?) group by lead_id order by lead_id`,
      [leads],
    );
    assert.deepEqual(
      rows,
      leads.toSorted().map((leadId) => {
        const events = expected.get(leadId);
        return { lead_id: leadId, first: 1, last: events, events, owed: events, numbered: events };
      }),
    );
    await Promise.all(pools.map((pool) => pool.end()));
  });

  it('within a lead the numbers follow the order in which the clicks of a batch came', async () => {
    const leads = [newLeadId(), newLeadId(), newLeadId()];
    const refIds = Array.from({ length: 85 }, (_, index) => String(index));
    await Promise.all(
      refIds.flatMap((refId) => leads.map((leadId) => network.clicks.record(touchOf(leadId, 'ann', refId)))),
    );
    for (const leadId of leads) {
      assert.deepEqual(
        (await eventsOf(leadId)).map((event) => event.ref_id),
        refIds,
      );
    }
  });

  it('a click that comes after the answer to another has the higher number, however busy the intake is', async () => {
    const leadId = newLeadId();
    const refIds = Array.from({ length: 20 }, (_, index) => String(index));
    for (const refId of refIds) {
      const others = Array.from({ length: 300 }, () => network.clicks.record(touchOf(newLeadId(), 'bob')));
      await network.clicks.record(touchOf(leadId, 'ann', refId));
      await others[0];
    }
    assert.deepEqual(
      (await eventsOf(leadId)).map((event) => event.ref_id),
      refIds,
    );
  });

  it('a value that Postgres refuses is refused alone; its neighbours in the batch are kept and answered', async () => {
    const good = Array.from({ length: 50 }, () => newLeadId());
    const bad = newLeadId();
    const clicks = good.map((leadId) => directLink(leadId, 'ann'));
    clicks.splice(23, 0, touchOf(bad, 'ann', 'a\0b'));
    const answers = await answersTo(clicks);
    assert.deepEqual(
      answers,
      clicks.map(({ leadId }) => (leadId === bad ? 'malformed' : leadId)),
    );
    assert.deepEqual(await eventsOf(bad), []);
    for (const leadId of good) assert.equal((await eventsOf(leadId)).length, 2);
  });

  it('a value that Postgres refuses is refused alone among new leads too', async () => {
    const clicks = Array.from({ length: 50 }, (_, index) => ({
      ...directLink('', 'ann'),
      touch: touchOf('', 'ann', index === 23 ? 'a\0b' : 'fine').touch,
      leadId: undefined,
    }));
    const answers = await answersTo(clicks);
    assert.equal(answers[23], 'malformed');
    const leads = answers.filter((_, index) => index !== 23);
    assert.equal(new Set(leads).size, 49);
    for (const leadId of leads) assert.equal((await eventsOf(leadId)).length, 2);
  });

  it('a lead that somebody has locked is refused alone; its neighbours in the batch are kept and answered', async () => {
    const good = Array.from({ length: 50 }, () => newLeadId());
    const blocked = newLeadId();
    await network.clicks.record(touchOf(blocked, 'ann'));
    const obstacle = await db.transaction();
    await obstacle('leads').where({ lead_id: blocked }).forUpdate().first();
    const clicks = good.map((leadId) => directLink(leadId, 'ann'));
    clicks.splice(23, 0, touchOf(blocked, 'bob'));
    const answers = await answersTo(clicks);
    await obstacle.rollback();
    assert.deepEqual(
      answers,
      clicks.map(({ leadId }) => (leadId === blocked ? 'unavailable' : leadId)),
    );
    for (const leadId of good) assert.equal((await eventsOf(leadId)).length, 2);
    await network.clicks.record(touchOf(blocked, 'carl'));
    assert.deepEqual(
      (await eventsOf(blocked)).map(({ seq, partner_id }) => ({ seq, partner_id })),
      [
        { seq: 1, partner_id: 'ann' },
        { seq: 2, partner_id: 'carl' },
      ],
    );
  });

  it('a bad click of a lead leaves no gap among the good ones of the same batch', async () => {
    const leadId = newLeadId();
    const refIds = ['a', 'b', 'bad\0', 'c', 'd'];
    await Promise.allSettled(refIds.map((refId) => network.clicks.record(touchOf(leadId, 'ann', refId))));
    assert.deepEqual(
      (await eventsOf(leadId)).map(({ seq, ref_id }) => ({ seq, ref_id })),
      [
        { seq: 1, ref_id: 'a' },
        { seq: 2, ref_id: 'b' },
        { seq: 3, ref_id: 'c' },
        { seq: 4, ref_id: 'd' },
      ],
    );
  });

  it('a conversion_id that is taken is refused without a trace', async () => {
    const click = directLink(newLeadId(), 'ann');
    await network.clicks.record(click);
    const again = { ...click, leadId: newLeadId() };
    await assert.rejects(network.clicks.record(again), { kind: 'malformed' });
    assert.deepEqual(await eventsOf(again.leadId), []);
    assert.equal(await owedBy(again.leadId), undefined);
  });

  it('R5: an unusable ref_id is a touch all the same, with what is wrong and a sample', async () => {
    const leadId = newLeadId();
    const tooLong = 'x'.repeat(33);
    await network.touch(leadId, 'ann', tooLong);
    const [event] = await eventsOf(leadId);
    assertFields(event, {
      type: 'touch',
      partner_id: 'ann',
      ref_id: null,
      ref_id_problem: 'too_long',
      ref_id_sample: tooLong,
    });
  });

  it('R1: visits of bots are kept apart and link nobody', async () => {
    await network.clicks.recordBotVisit({ partnerId: 'bot-partner', bot: 'googlebot' });
    const visits = await db('bot_visits').where({ partner_id: 'bot-partner' }).select('bot');
    assert.deepEqual(visits, [{ bot: 'googlebot' }]);
    assert.deepEqual(await db('lead_events').where({ partner_id: 'bot-partner' }), []);
  });

  it('flush returns when every click is in Postgres', async () => {
    const leads = Array.from({ length: 700 }, () => newLeadId());
    const recorded = leads.map((leadId) => network.clicks.record(touchOf(leadId, 'ann')));
    await network.clicks.flush();
    assert.equal((await db('leads').whereIn('lead_id', leads)).length, leads.length);
    await Promise.all(recorded);
  });

  it('clicks are refused while Postgres is away and taken as soon as it is back', async () => {
    const leadId = newLeadId();
    const outage = await startOutage(db);
    await assert.rejects(network.clicks.record(touchOf(leadId, 'ann')), { kind: 'unavailable' });
    await outage.end();
    // Clicks have connections of their own.
    await eventually(() => network.clicks.record(touchOf(leadId, 'bob')));
    assert.deepEqual(
      (await eventsOf(leadId)).map(({ seq, partner_id }) => ({ seq, partner_id })),
      [{ seq: 1, partner_id: 'bob' }],
    );
  });
});
