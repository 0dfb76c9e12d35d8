import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { createLeadEventActivities } from '../../activities/lead-events.ts';
import type { LeadEvent } from '../../src/domain/lead-event.ts';
import { applyEvent, newLead } from '../../src/domain/lead.ts';
import { statuses } from '../../src/domain/status.ts';
import { createTestDatabase } from '../support/database.ts';
import { numbered, status, touch, touchWithBadRefId } from '../support/leads/events.ts';
import { assertFields } from '../support/fields.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';

describe('loading what a lead lacks', () => {
  let network: Network;
  let leadId: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    leadId = network.newLead();
    await Promise.all(Array.from({ length: 250 }, (_, index) => network.touch(leadId, 'ann', String(index))));
  });

  after(() => network.close());

  it('goes page by page, in order and without gaps', async () => {
    const { loadLeadEvents } = createLeadEventActivities(network);
    const loaded: number[] = [];
    while (loaded.length < 250) {
      const page = await loadLeadEvents({ leadId, afterSeq: loaded.length });
      assert.ok(page.length > 0 && page.length <= 1000);
      loaded.push(...page.map(({ seq }) => seq));
    }
    assert.deepEqual(
      loaded,
      Array.from({ length: 250 }, (_, index) => index + 1),
    );
  });

  it('takes no more than fits into a payload, and one event at least', async () => {
    const { loadLeadEvents } = createLeadEventActivities(network);
    const { leadId: talkative, conversionId } = await network.aLead(null);
    for (let count = 0; count < 4; count++) await network.report(conversionId, count % 2 ? 'rejected' : 'approved');
    await network
      .db('lead_events')
      .where({ lead_id: talkative })
      .update({ reason: 'x'.repeat(100_000) });
    const lengths: number[] = [];
    for (let afterSeq = 0; afterSeq < 5; afterSeq += lengths.at(-1) ?? 0) {
      lengths.push((await loadLeadEvents({ leadId: talkative, afterSeq })).length);
    }
    assert.deepEqual(lengths, [3, 2]);
  });

  it('ends where Postgres has no more', async () => {
    const { loadLeadEvents } = createLeadEventActivities(network);
    assert.deepEqual(await loadLeadEvents({ leadId, afterSeq: 250 }), []);
    assert.deepEqual(await loadLeadEvents({ leadId: 'never-heard-of', afterSeq: 0 }), []);
  });

  it('waits, visibly, while the next event is missing and later ones are there', async () => {
    const { loadLeadEvents } = createLeadEventActivities(network);
    const { leadId: holed } = await network.aLead('ann');
    await network.db('lead_events').where({ lead_id: holed, seq: 1 }).delete();
    await assert.rejects(loadLeadEvents({ leadId: holed, afterSeq: 0 }), (error) => {
      assert.ok(error instanceof ApplicationFailure);
      assertFields(error, { type: 'LeadEventsMissing', nonRetryable: false });
      assert.ok(error.message.includes(holed) && error.message.includes('no event 1'));
      return true;
    });
  });
});

describe('loading what a lead has forgotten of a conversion', () => {
  let network: Network;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
  });

  after(() => network.close());

  async function insert(leadId: string, events: LeadEvent[]): Promise<void> {
    const rows = events.map((event) => {
      const { type, seq, at } = event;
      const common = { lead_id: leadId, type, seq, at };
      if (event.type === 'touch') {
        const { partnerId: partner_id, refId: ref_id, refIdProblem: ref_id_problem } = event;
        return { ...common, partner_id, ref_id, ref_id_problem };
      }
      const { conversionId: conversion_id, offerId: offer_id, advertiserId: advertiser_id } = event;
      const conversionRow = { ...common, conversion_id, offer_id, advertiser_id };
      return event.type === 'status' ? { ...conversionRow, status: event.status } : conversionRow;
    });
    await network.db('lead_events').insert(rows);
  }

  it('gives exactly what the lead would have remembered', async () => {
    const { loadConversion } = createLeadEventActivities(network);
    const partner = fc.constantFrom('ann', 'bob', 'cat');
    const number = fc.constantFrom(1, 2);
    const fact = fc.oneof(
      fc.tuple(partner, fc.option(fc.constantFrom('r1', 'r2'))).map(([id, refId]) => touch(id, refId)),
      partner.map(touchWithBadRefId),
      fc.tuple(fc.constantFrom(...statuses), number).map(([word, id]) => status(word, `${id}`)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fact, { minLength: 4, maxLength: 20 }), async (facts) => {
        const leadId = network.newLead();
        // Conversions have ids of their own in each lead.
        const own = facts.map((each) =>
          each.type === 'touch' ? each : { ...each, conversionId: `${leadId}-${each.conversionId}` },
        );
        const events = numbered(own);
        await insert(leadId, events);
        for (const beforeSeq of [2, events.length, events.length + 1]) {
          const lead = events.slice(0, beforeSeq - 1).reduce(applyEvent, newLead());
          for (const conversionId of [`${leadId}-1`, `${leadId}-2`]) {
            const known = lead.conversions.find((each) => each.conversionId === conversionId);
            assert.deepEqual(await loadConversion({ leadId, conversionId, beforeSeq }), known ?? null);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
