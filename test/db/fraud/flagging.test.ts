import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { flagNext, type FlagLimits } from '../../../src/db/fraud/flagging.ts';
import { writeVisitTraces, type VisitTrace } from '../../../src/db/fraud/visit-traces.ts';
import { listFraudFlags } from '../../../src/db/reports/fraud-flags.ts';
import { readFactsOfConversion } from '../../../src/db/reports/lead-facts.ts';
import { tellFlag } from '../../../src/domain/fraud-flag.ts';
import { tellConversionStory } from '../../../src/stories/conversion-story.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';

const LIMITS: FlagLimits = {
  ...{ fastStatusMs: 10_000, lateTouchMs: 60_000, burstLeads: 5, burstMs: 600_000, linkVisitors: 3 },
};
const HOUR = 3600;

describe('fraud flags', () => {
  let network: Network;
  let db: Knex;
  let ann: string;
  let bob: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    [ann, bob] = await Promise.all([network.partner(), network.partner()]);
  });

  after(() => network.close());

  beforeEach(async () => {
    await db('fraud_flags').delete();
    await db('visit_traces').delete();
    await db('flagging_progress').update({ flagged_upto: db.fn.now() });
  });

  /** Flags all statuses so far. @returns the flags of a conversion, each with its reason */
  async function flagsOf(conversionId: string): Promise<{ kind: string; partnerId: string; reason: string }[]> {
    while ((await flagNext(db, LIMITS, { settlingSeconds: 0 }))?.hasMore);
    const { rows } = await listFraudFlags(db, { conversion_id: conversionId, limit: 100 });
    return rows.map(({ kind, partner_id: partnerId, evidence }) => ({
      kind,
      partnerId,
      reason: tellFlag(kind, evidence),
    }));
  }

  /** Makes what happened in a lead so far happen so long ago. */
  async function ago(leadId: string, seconds: number): Promise<void> {
    const back = `- ${seconds} * interval '1 second'`;
    await db('lead_events')
      .where({ lead_id: leadId })
      .update({ at: db.raw(`at ${back}`) });
    await db('conversions')
      .where({ lead_id: leadId })
      .update({ created_at: db.raw(`created_at ${back}`) });
  }

  /** An ordinary lead: touched and converted an hour ago. */
  async function ordinaryLead(partnerId = ann) {
    const lead = await network.aLead(partnerId);
    await ago(lead.leadId, HOUR);
    return lead;
  }

  async function traced(
    given: Partial<VisitTrace> & { leadId: string },
    address = 'one',
    agent = 'phone',
  ): Promise<void> {
    const trace = { at: new Date(), conversionId: null, partnerId: ann, embedded: null, byLink: false, ...given };
    const hashes = { addressHash: Buffer.from(address), agentHash: Buffer.from(agent) };
    await writeVisitTraces(network.pool, [{ ...trace, ...hashes }]);
  }

  it('leave an ordinary conversion alone', async () => {
    const { leadId, conversionId } = await ordinaryLead();
    await traced({ leadId });
    await network.report(conversionId, 'pending');
    await network.report(conversionId, 'approved');
    assert.deepEqual(await flagsOf(conversionId), []);
  });

  it('tell of a status that came sooner than a person can fill in a form', async () => {
    const { leadId, conversionId } = await network.aLead(ann);
    await ago(leadId, 3);
    await network.report(conversionId, 'approved');
    const [flag, ...more] = await flagsOf(conversionId);
    assert.deepEqual([flag?.kind, flag?.partnerId, more], ['fast_status', ann, []]);
    assert.match(flag?.reason ?? '', /^approved came \d seconds after the click; a person takes longer\.$/);
  });

  it('leave alone a rejection, a slow status, and a lead of the house, however soon', async () => {
    const [rejected, house] = [await network.aLead(ann), await network.aLead(null)];
    await network.report(rejected.conversionId, 'rejected');
    await network.report(house.conversionId, 'approved');
    const slow = await network.aLead(ann);
    await ago(slow.leadId, 11);
    await network.report(slow.conversionId, 'approved');
    for (const { conversionId } of [rejected, house, slow]) assert.deepEqual(await flagsOf(conversionId), []);
  });

  it('tell of another partner that takes a lead over seconds before its approval', async () => {
    const { leadId, conversionId } = await ordinaryLead();
    await network.touch(leadId, bob);
    await network.touch(leadId, bob);
    await network.report(conversionId, 'approved');
    const [flag, ...more] = await flagsOf(conversionId);
    assert.deepEqual(more, []);
    assert.equal(flag?.kind, 'late_touch');
    assert.equal(flag.partnerId, bob);
    assert.match(
      flag.reason,
      new RegExp(`touched the lead (?:less than a|\\d) seconds? before the approval.* before that ${ann} held it`),
    );
  });

  it('tell of such a touch also where the conversion was made after it', async () => {
    const { leadId } = await ordinaryLead();
    await network.touch(leadId, bob);
    await ago(leadId, 40);
    const own = await network.convert(leadId);
    await ago(leadId, 15);
    await network.report(own, 'approved');
    const [flag, ...more] = await flagsOf(own);
    assert.deepEqual([flag?.kind, flag?.partnerId, more], ['late_touch', bob, []]);
    assert.match(
      flag?.reason ?? '',
      /touched the lead 5\d seconds before the approval, just before the conversion was made/,
    );
  });

  it('leave alone a takeover long before, and a partner that comes again', async () => {
    const long = await ordinaryLead();
    await network.touch(long.leadId, bob);
    await ago(long.leadId, 61);
    const again = await ordinaryLead();
    await network.touch(again.leadId, ann);
    for (const conversionId of [long.conversionId, again.conversionId]) {
      await network.report(conversionId, 'approved');
      assert.deepEqual(await flagsOf(conversionId), []);
    }
  });

  it('tell of clicks from inside another page', async () => {
    const { leadId, conversionId } = await ordinaryLead();
    await traced({ leadId, embedded: 'iframe' });
    await traced({ leadId, conversionId, partnerId: null, embedded: 'iframe' });
    await network.report(conversionId, 'pending');
    assert.deepEqual(await flagsOf(conversionId), [
      {
        ...{ kind: 'embedded_click', partnerId: ann },
        reason: '2 clicks came from inside another page (iframe), where nobody sees or presses anything.',
      },
    ]);
  });

  it("leave alone another partner's embedded click on the same lead", async () => {
    const { leadId, conversionId } = await ordinaryLead();
    await traced({ leadId, partnerId: bob, embedded: 'iframe' });
    await network.report(conversionId, 'pending');
    assert.deepEqual(await flagsOf(conversionId), []);
  });

  it('tell of many leads from one address, and not of as many over a long time or of as many partners', async () => {
    const { leadId, conversionId } = await ordinaryLead();
    const quiet = await ordinaryLead();
    await traced({ leadId });
    await traced({ leadId: quiet.leadId }, 'office');
    for (let index = 1; index < 5; index++) {
      await traced({ leadId: `other-${index}` });
      await traced({ leadId: `slow-${index}`, at: new Date(Date.now() - index * HOUR * 1000) }, 'office');
      await traced({ leadId: `foreign-${index}`, partnerId: bob }, 'office');
    }
    await network.report(conversionId, 'approved');
    await network.report(quiet.conversionId, 'approved');
    assert.deepEqual(await flagsOf(conversionId), [
      {
        ...{ kind: 'address_burst', partnerId: ann },
        reason: "5 leads touched by this partner's link came from one address within 10 minutes.",
      },
    ]);
    assert.deepEqual(await flagsOf(quiet.conversionId), []);
  });

  it('tell of a link with a token that many visitors used, and not of one visitor that used it often', async () => {
    const [shared, own] = [await ordinaryLead(), await ordinaryLead()];
    // Visitors are counted by day.
    const at = new Date();
    for (const address of ['a', 'b', 'c']) {
      await traced({ leadId: shared.leadId, byLink: true, partnerId: null, at }, address);
      await traced({ leadId: own.leadId, byLink: true, partnerId: null, at }, 'a');
      await traced({ leadId: own.leadId, byLink: false, partnerId: null }, address);
    }
    await network.report(shared.conversionId, 'approved');
    await network.report(own.conversionId, 'approved');
    const [flag, ...more] = await flagsOf(shared.conversionId);
    assert.deepEqual([flag?.kind, more], ['shared_link', []]);
    assert.match(flag?.reason ?? '', /was used by 3 visitors without a cookie/);
    assert.deepEqual(await flagsOf(own.conversionId), []);
  });

  it('are written once, however often statuses are looked at, and grow with what is found later', async () => {
    const { leadId, conversionId } = await ordinaryLead();
    await traced({ leadId, embedded: 'iframe' });
    await network.report(conversionId, 'pending');
    const first = await flagsOf(conversionId);
    await db('flagging_progress').update({ flagged_upto: '-infinity' });
    assert.deepEqual(await flagsOf(conversionId), first);
    await traced({ leadId, embedded: 'iframe' });
    await network.report(conversionId, 'approved');
    const [grown, ...more] = await flagsOf(conversionId);
    assert.deepEqual(more, []);
    assert.match(grown?.reason ?? '', /^2 clicks/);
  });

  it('look at more statuses than fit into one look, and several of one conversion at once', async () => {
    const { leadId, conversionId } = await network.aLead(ann);
    await db.raw(
      `insert into lead_events (lead_id, seq, type, at, conversion_id, offer_id, advertiser_id, status)
       select :leadId, 2 + n, 'status', now() + n / 7 * interval '1 millisecond', :conversionId, 'o', 'a', 'approved'
       from generate_series(1, 1200) n`,
      { leadId, conversionId },
    );
    await db('lead_events')
      .where({ lead_id: leadId, type: 'status' })
      .update({ at: db.raw(`at - interval '1 second'`) });
    await db('flagging_progress').update({ flagged_upto: db.raw(`now() - interval '1 hour'`) });
    let looks = 0;
    while ((await flagNext(db, LIMITS, { settlingSeconds: 0 }))?.hasMore) looks++;
    assert.equal(looks, 2);
    assert.deepEqual(
      (await flagsOf(conversionId)).map(({ kind }) => kind),
      ['fast_status'],
    );
  });

  it('count a bounded part of a flood of visits, so that it holds nobody up', async () => {
    const { leadId, conversionId } = await ordinaryLead();
    await db.raw(
      `insert into visit_traces (at, lead_id, partner_id, address_hash, agent_hash, embedded, by_link)
       select now(), case when n % 2 = 0 then :leadId else 'other-' || n end, :ann, 'flood', decode(lpad(to_hex(n), 8, '0'), 'hex'),
         'iframe', true
       from generate_series(1, 20000) n`,
      { leadId, ann },
    );
    await network.report(conversionId, 'approved');
    const flags = await flagsOf(conversionId);
    assert.deepEqual(flags.map(({ kind }) => kind).sort(), ['address_burst', 'embedded_click', 'shared_link']);
    const reasonOf = (kind: string) => flags.find((flag) => flag.kind === kind)?.reason ?? '';
    assert.match(reasonOf('embedded_click'), /^500 clicks/);
    assert.match(reasonOf('shared_link'), /used by 500 visitors/);
  });

  it('are written for everybody else where one lead cannot be looked at, which is told', async () => {
    const [bad, fine, odd] = [await network.aLead(ann), await network.aLead(ann), await network.aLead(ann)];
    for (const { conversionId } of [bad, fine, odd]) await network.report(conversionId, 'approved');
    // Its advertiser says that it happened before there were calendars: an odd time, and no reason to stop.
    await db('lead_events').where({ lead_id: odd.leadId, type: 'status' }).update({ event_at: '-infinity' });
    // Somebody holds what the flag of one would write, for longer than a look may take.
    const holding = await db.transaction();
    await holding('fraud_flags').insert({
      ...{ kind: 'fast_status', lead_id: bad.leadId, conversion_id: bad.conversionId, partner_id: ann, measure: 0 },
      evidence: '{}',
    });
    const first = await flagNext(db, LIMITS, { settlingSeconds: 0, withinMs: 1500 });
    await holding.rollback();
    assert.deepEqual(first?.skipped, [bad.leadId]);
    assert.deepEqual(await db('leads_not_looked_at').pluck('lead_id'), [bad.leadId]);
    const flagged = async ({ conversionId: conversion_id }: { conversionId: string }) =>
      (await listFraudFlags(db, { conversion_id, limit: 100 })).rows.length;
    assert.deepEqual(await Promise.all([bad, fine, odd].map(flagged)), [0, 1, 1]);

    await db('flagging_progress').update({ flagged_upto: db.raw(`now() - interval '1 minute'`) });
    while ((await flagNext(db, LIMITS, { settlingSeconds: 0 }))?.hasMore);
    assert.deepEqual(await Promise.all([bad, fine, odd].map(flagged)), [1, 1, 1]);
    assert.equal((await db('leads_not_looked_at')).length, 0);
  });

  it('are looked for within a time that binds nothing that comes after', async () => {
    const { conversionId } = await network.aLead(ann);
    await network.report(conversionId, 'approved');
    await db.transaction(async (trx) => {
      const before = await readLongest(trx);
      assert.equal((await flagNext(trx, LIMITS, { settlingSeconds: 0, withinMs: 1234 }))?.flags.length, 1);
      assert.deepEqual(await readLongest(trx), before);
    });
  });

  it('stand in the story with their reason, and change nothing else in it', async () => {
    const { leadId, conversionId } = await network.aLead(ann);
    await network.report(conversionId, 'approved');
    const tell = async () => {
      const facts = await readFactsOfConversion(db, conversionId);
      assert.ok(facts);
      return tellConversionStory(facts, { temporalUiUrl: null, temporalNamespace: 'default', windowMs: 1000 });
    };
    const before = await tell();
    await flagsOf(conversionId);
    const after = await tell();
    assert.deepEqual(
      after.flags.map(({ kind, lead_id }) => ({ kind, lead_id })),
      [{ kind: 'fast_status', lead_id: leadId }],
    );
    assert.ok(
      after.timeline.some(({ what }) =>
        what.startsWith(`conversion ${conversionId} of ${ann} was flagged: approved came`),
      ),
    );
    const told = after.timeline.filter(({ what }) => !what.includes('was flagged'));
    assert.deepEqual({ ...after, flags: [], timeline: told }, before);
  });
});

/** How long a statement may take here. */
async function readLongest(trx: Knex): Promise<unknown> {
  const { rows } = await trx.raw<{ rows: unknown[] }>('show statement_timeout');
  return rows[0];
}
