import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { createLeadEventActivities } from '../../../activities/lead-events.ts';
import { recountAll } from '../../../src/db/counting/counting.ts';
import { readDecidingTouches, readLeadEvents } from '../../../src/db/lead-events.ts';
import { readFactsOfConversion, readLeadFacts } from '../../../src/db/reports/lead-facts.ts';
import { dropTouches } from '../../../src/db/retention/drop-touches.ts';
import { linkPartners } from '../../../src/domain/attribution.ts';
import type { LeadEvent } from '../../../src/domain/lead-event.ts';
import { applyEvent, newLead, settlementFor, type Settlement } from '../../../src/domain/lead.ts';
import { tellConversionStory } from '../../../src/stories/conversion-story.ts';
import { tellLeadStory } from '../../../src/stories/lead-story.ts';
import { createTestDatabase } from '../../support/database.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { DAY_MS } from '../../support/policy.ts';

const DAYS = 30;
const WINDOW_MS = 14 * DAY_MS;

describe('dropping touches of leads that are over', () => {
  let network: Network;
  let db: Knex;
  let partners: string[];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    partners = await Promise.all([network.partner(), network.partner(), network.partner()]);
  });

  after(() => network.close());

  beforeEach(async () => {
    for (const table of ['leads', 'lead_events', 'outbox', 'unfinished_leads', 'dropped_touches'])
      await db(table).delete();
    await db('touch_retention').update({ upto_lead_id: '', dropped_before: null });
    await db('counting_progress').update({ counted_upto: db.fn.now(), conversions_upto: db.fn.now() });
  });

  /** A lead's id as it is made so many days ago. */
  function oldLead(days = 100): string {
    const now = Date.now;
    try {
      Date.now = () => now() - days * DAY_MS;
      return network.newLead();
    } finally {
      Date.now = now;
    }
  }

  /** Has the lead been left alone for so many days, its events relayed. */
  async function age(leadId: string, days = 99): Promise<void> {
    const back = `- ${days} * interval '1 day'`;
    await db('outbox').where({ lead_id: leadId }).delete();
    await db('leads')
      .where({ lead_id: leadId })
      .update({ last_activity_at: db.raw(`last_activity_at ${back}`) });
    await db('lead_events')
      .where({ lead_id: leadId })
      .update({ at: db.raw(`at ${back}`) });
  }

  async function drop(): Promise<number> {
    let dropped = 0;
    for (let after: string | undefined = ''; after !== undefined;) {
      const batch = await dropTouches(db, { days: DAYS, windowMs: WINDOW_MS, after });
      dropped += batch.dropped;
      after = batch.next;
    }
    return dropped;
  }

  const seqsOf = async (leadId: string) =>
    await db('lead_events').where({ lead_id: leadId }).orderBy('seq').pluck<number[]>('seq');

  /** What the lead's workflow does about its statuses, beginning anew from Postgres. */
  async function rebuild(leadId: string, lastSeq: number): Promise<{ settlements: Settlement[]; seqs: number[] }> {
    const { loadLeadEvents } = createLeadEventActivities({ db });
    const settlements: Settlement[] = [];
    const seqs: number[] = [];
    let state = newLead();
    while (state.appliedSeq < lastSeq) {
      const page = await loadLeadEvents({ leadId, afterSeq: state.appliedSeq });
      assert.ok(page.length > 0, `nothing after ${state.appliedSeq}`);
      for (const event of page) {
        // A page may go beyond a gap; the workflow applies what follows, and asks again.
        if (event.seq !== state.appliedSeq + 1) continue;
        if (event.type === 'status') settlements.push(settlementFor(state, event));
        state = applyEvent(state, event);
        seqs.push(event.seq);
      }
    }
    return { settlements, seqs };
  }

  it('keeps what decides at each conversion, status and at the end, and rewards come out the same', async () => {
    const partner = fc.integer({ min: 0, max: 2 });
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.tuple(
          fc.constant('touch' as const),
          partner,
          fc.constantFrom(undefined, 'r1', 'r2', 'x'.repeat(40)),
        ),
      },
      { weight: 1, arbitrary: fc.constant(['convert' as const] as const) },
      {
        weight: 2,
        arbitrary: fc.tuple(
          fc.constant('status' as const),
          fc.nat(5),
          fc.constantFrom('pending', 'approved', 'rejected'),
        ),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
        const leadId = oldLead();
        const conversions = [];
        for (const [what, which, word] of [['touch', 0, 'r1'] as const, ...steps]) {
          if (what === 'touch') await network.touch(leadId, partners[which] ?? '', word);
          else if (what === 'convert') conversions.push(await network.convert(leadId));
          else if (conversions.length > 0) {
            const answer = await network.report(conversions[which % conversions.length] ?? '', word);
            if (answer.result === 'recorded') await settleLatest(db, leadId);
          }
        }
        await age(leadId);
        const events = await readLeadEvents(db, { leadId, afterSeq: 0, limit: 1000 });
        const before = await attribution(leadId, events);
        const rebuilt = await rebuild(leadId, events.length);
        const touches = events.filter(({ type }) => type === 'touch').length;

        const dropped = await drop();
        assert.equal((await seqsOf(leadId)).length + dropped, events.length);
        if (conversions.length === 0) return assert.equal(dropped, touches);
        assert.deepEqual(await attribution(leadId, events), before);
        assert.deepEqual(await rebuild(leadId, events.length), rebuilt);
        const missing = await db('settlements as s')
          .whereIn('s.conversion_id', conversions)
          .whereNotNull('s.touch_seq')
          .whereNotExists(
            db('lead_events as e').whereRaw(
              'e.lead_id = s.lead_id and e.seq = s.touch_seq and e.partner_id = s.partner_id',
            ),
          );
        assert.deepEqual(missing, []);
        assert.equal(await drop(), 0);
      }),
      { numRuns: 60 },
    );
  });

  /** Who held the lead, by which ref_id, just before each of its conversions and statuses and at its end. */
  async function attribution(leadId: string, events: LeadEvent[]) {
    const seqs = [...events.flatMap(({ type, seq }) => (type === 'touch' ? [] : [seq])), events.length + 1];
    const touches = await readDecidingTouches(db, { leadId, seqs });
    return [...touches].map(([seq, deciding]) => ({ seq, holder: linkPartners(deciding) }));
  }

  it('lets a lead of which touches are gone be rebuilt, however many pages of them there were', async () => {
    const [ann = '', bob = ''] = partners;
    const leadId = oldLead();
    await network.touch(leadId, ann, 'r1');
    const conversionId = await network.convert(leadId);
    await Promise.all(Array.from({ length: 2200 }, () => network.touch(leadId, bob, 'many')));
    await network.touch(leadId, ann, 'r2');
    await network.report(conversionId, 'approved');
    await age(leadId);
    const { settlements } = await rebuild(leadId, 2204);
    await drop();
    assert.deepEqual(await seqsOf(leadId), [1, 2, 2203, 2204]);
    const { settlements: again, seqs } = await rebuild(leadId, 2204);
    assert.deepEqual(again, settlements);
    assert.equal(seqs.length, 2204);
  });

  it('still waits, visibly, for an event that is missing and was not dropped', async () => {
    const [ann = ''] = partners;
    const leadId = oldLead();
    await network.touch(leadId, ann);
    await network.touch(leadId, ann, 'r1');
    const conversionId = await network.convert(leadId);
    await age(leadId);
    await drop();
    await network.report(conversionId, 'approved').catch(() => undefined);
    await db('lead_events').where({ lead_id: leadId, type: 'conversion' }).delete();
    await db('lead_events').insert({ lead_id: leadId, seq: 4, type: 'touch', partner_id: ann });
    const { loadLeadEvents } = createLeadEventActivities({ db });
    await assert.rejects(loadLeadEvents({ leadId, afterSeq: 2 }), /has no event 3 in lead_events/);
  });

  it('tells a story of what is left, and says what was dropped and when', async () => {
    const [ann = '', bob = ''] = partners;
    const leadId = oldLead();
    await network.touch(leadId, bob, 'r0');
    for (const refId of ['r1', 'r2', 'r3']) await network.touch(leadId, ann, refId);
    const conversionId = await network.convert(leadId);
    await network.report(conversionId, 'approved');
    await settleLatest(db, leadId);
    await age(leadId);
    assert.equal(await drop(), 3);
    const lead = await readLeadFacts(db, leadId, { afterSeq: 0, limit: 200 });
    const conversion = await readFactsOfConversion(db, conversionId);
    assert.ok(lead && conversion);
    const story = tellLeadStory(lead, { temporalUiUrl: null, temporalNamespace: 'default', windowMs: WINDOW_MS });
    assert.equal(story.is_complete, true);
    assert.equal(story.next, null);
    assert.match(story.dropped_touches?.what ?? '', /^3 earlier touches were dropped on 20\d\d-\d\d-\d\d/);
    assert.ok(story.timeline.some(({ what }) => what.startsWith('3 earlier touches were dropped')));
    const own = tellConversionStory(conversion, {
      temporalUiUrl: null,
      temporalNamespace: 'default',
      windowMs: WINDOW_MS,
    });
    assert.equal(own.won_by?.partner_id, ann);
    assert.match(own.won_by.why, /Whoever touched it earlier does not count\.$/);
    assert.equal(own.dropped_touches?.touches, 3);
  });

  it('forgets a lead that no offer was taken up in', async () => {
    const [ann = ''] = partners;
    const leadId = oldLead();
    await network.touch(leadId, ann, 'r1');
    await network.touch(leadId, ann, 'r2');
    await age(leadId);
    assert.equal(await drop(), 2);
    assert.deepEqual(await db('leads').where({ lead_id: leadId }), []);
    assert.deepEqual(await db('dropped_touches'), []);
  });

  it('leaves a lead whose window may be open, that owes something, or that is not counted yet, and comes back to it', async () => {
    const [ann = ''] = partners;
    const [active, owing] = [oldLead(), oldLead()];
    for (const leadId of [active, owing]) {
      await network.touch(leadId, ann, 'r1');
      await network.touch(leadId, ann, 'r2');
      await network.convert(leadId);
    }
    await age(active, 20);
    await age(owing);
    await db('outbox').insert({ lead_id: owing, from_seq: 3, upto_seq: 3, urgency: 1 });
    assert.equal(await drop(), 0);
    await db('outbox').delete();
    await db('counting_progress').update({ counted_upto: db.raw(`now() - interval '200 days'`) });
    assert.equal(await drop(), 0);
    await db('counting_progress').update({ counted_upto: db.fn.now() });
    assert.equal(await drop(), 1);
    await age(active, 20);
    assert.equal(await drop(), 1);
    assert.deepEqual(await db('unfinished_leads'), []);
  });

  it('does nothing to a lead in a window that is longer than the days', async () => {
    const [ann = ''] = partners;
    const leadId = oldLead();
    await network.touch(leadId, ann, 'r1');
    await age(leadId);
    const { dropped } = await dropTouches(db, { days: DAYS, windowMs: 100 * DAY_MS, after: '' });
    assert.equal(dropped, 0);
  });

  it('keeps the counts of what was dropped when everything is counted anew', async () => {
    const [ann = ''] = partners;
    const leadId = oldLead();
    await network.touch(leadId, ann, 'r1');
    await age(leadId);
    const bucket = db.raw(`date_bin('15 minutes', now() - interval '99 days', timestamptz '2000-01-01')`);
    const none = { conversions: 0, pending: 0, approved: 0, rejected: 0, booked: 0, revoked: 0 };
    await db('partner_counts').insert({ partner_id: ann, bucket, offer_id: '', currency: '', touches: 1, ...none });
    await drop();
    await network.touch(network.newLead(), ann);
    await recountAll(db);
    assert.equal((await db('partner_counts').where({ partner_id: ann, touches: 1 })).length, 1);
  });
});
