import assert from 'node:assert/strict';
import type { ConversionStory } from '../../../src/stories/conversion-story.ts';
import type { LeadStory } from '../../../src/stories/lead-story.ts';
import { assertFields } from '../../support/fields.ts';
import { makeEventfulLead } from '../../support/leads/eventful-lead.ts';
import { makeHotLead } from '../../support/leads/hot-lead.ts';
import { WINDOW_MS } from '../build-ops-app.ts';
import { useAdminApi } from './admin-stage.ts';

describe('stories by the admin API', () => {
  const api = useAdminApi();
  const { build, call, bodyOf } = api;

  it('tell a lead from its first touch to its last postback', async () => {
    const lead = await makeEventfulLead(api.network);
    const story = bodyOf<LeadStory>(await call('get', `/leads/${lead.leadId}`).expect(200));
    assert.equal(story.workflow_id, `lead:${lead.leadId}`);
    assert.equal(story.temporal_ui_url, `http://localhost:8233/namespaces/default/workflows/lead%3A${lead.leadId}`);
    assert.equal(story.linked_partner, lead.last);
    assert.deepEqual(
      story.link_changes.map(({ seq, from, to }) => ({ seq, from, to })),
      [
        { seq: 1, from: 'house', to: lead.first },
        { seq: 4, from: lead.first, to: lead.last },
      ],
    );
    const lastActivity = story.events.findLast((event) => event.type !== 'status')?.at ?? '';
    assert.equal(Date.parse(story.open_until ?? ''), Date.parse(lastActivity) + WINDOW_MS);
    const [conversion, other] = story.conversions;
    assertFields(other, { conversion_id: lead.otherConversionId, status: null, won_by: null });
    assert.equal(conversion?.won_by?.partner_id, lead.last);
    assert.match(
      conversion?.won_by?.why ?? '',
      new RegExp(`${lead.last} had the last touch .*Earlier touches by ${lead.first}`),
    );
    assert.deepEqual(
      conversion?.statuses.map(({ seq, status, settled_with, call: kept }) => ({
        seq,
        status,
        settled_with,
        result: kept?.result,
      })),
      [
        { seq: 3, status: 'pending', settled_with: lead.first, result: 'recorded' },
        { seq: 6, status: 'approved', settled_with: lead.last, result: 'recorded' },
      ],
    );
    assert.deepEqual(
      conversion?.other_calls.map((kept) => kept.result),
      ['duplicate', 'unknown_word'],
    );
    assert.deepEqual(conversion?.reward.net, { amount: 1250, currency: 'USD' });
    const [skipped, delivered] = conversion?.postbacks ?? [];
    assertFields(skipped, { state: 'skipped', skip_reason: 'no_ref_id', ref_id_problem: 'too_long' });
    assert.deepEqual(
      delivered?.attempts.map(({ outcome, response }) => ({
        outcome,
        http_status: response?.http_status,
        body: response?.body,
      })),
      [
        { outcome: 'refused', http_status: 302, body: '' },
        { outcome: 'delivered', http_status: 200, body: 'OK' },
      ],
    );
    assert.equal(delivered?.attempts[0]?.request.url, 'https://t.example/?c=ref-of-last');
    const times = story.timeline.map((moment) => moment.at);
    assert.deepEqual(times, [...times].sort());
    const told = story.timeline.map((moment) => moment.what).join('\n');
    for (const part of [
      'the lead passes from house',
      'won by',
      'reward booked',
      'skipped, its ref_id was unusable (longer than 32 characters)',
      'HTTP 302',
      'with the word "perhaps": refused, nobody has said what this word means',
      ': changed nothing, it was that already',
    ]) {
      assert.ok(told.includes(part), part);
    }
  });

  it('tell a lead page by page, each page as it would stand in the whole', async () => {
    const { leadId } = await makeEventfulLead(api.network);
    const whole = bodyOf<LeadStory>(await call('get', `/leads/${leadId}`).expect(200));
    assertFields(whole, { is_complete: true, next: null });
    const pages: LeadStory[] = [];
    for (let after: number | null = 0; after !== null; after = pages.at(-1)?.next ?? null) {
      pages.push(bodyOf<LeadStory>(await call('get', `/leads/${leadId}?limit=4&after=${after}`).expect(200)));
    }
    assert.deepEqual(
      pages.map((page) => page.events.length),
      [4, 2],
    );
    assert.deepEqual(
      pages.flatMap((page) => page.events),
      whole.events,
    );
    assert.deepEqual(
      pages.flatMap((page) => page.link_changes),
      whole.link_changes,
    );
    for (const page of pages) {
      assertFields(page, { is_complete: false, linked_partner: whole.linked_partner, open_until: whole.open_until });
      for (const conversion of page.conversions) {
        const same = whole.conversions.find((each) => each.conversion_id === conversion.conversion_id);
        assert.deepEqual(conversion, same);
      }
    }
    await call('get', `/leads/${leadId}?limit=100000`).expect(400);
    await call('get', `/leads/${leadId}?after=x`).expect(400);
  });

  it('stay small where a lead is large', async () => {
    const counts = { touches: 20_000, conversions: 2_000, approved: 300 };
    const hot = await makeHotLead(api.network, await api.network.partner(), counts);
    for (const after of [0, counts.touches - 100, hot.lastSeq - 200]) {
      const answer = await call('get', `/leads/${hot.leadId}?after=${after}`).expect(200);
      assert.equal(bodyOf<LeadStory>(answer).events.length, 200);
      assert.ok(answer.text.length < 500_000, `${answer.text.length} characters`);
    }
    const answer = await call('get', `/conversions/${hot.conversionId(1)}`).expect(200);
    const story = bodyOf<ConversionStory>(answer);
    assert.equal(story.is_complete, false);
    assert.match(
      story.won_by?.why ?? '',
      /had the last touch \(event 20000, .* Whoever touched it earlier does not count/,
    );
    assert.ok(answer.text.length < 200_000, `${answer.text.length} characters`);
  });

  it('tell a conversion alone, with the touches that decided it', async () => {
    const lead = await makeEventfulLead(api.network);
    const story = bodyOf<ConversionStory>(await call('get', `/conversions/${lead.otherConversionId}`).expect(200));
    assertFields(story, { conversion_id: lead.otherConversionId, lead_id: lead.leadId, statuses: [] });
    assert.deepEqual(
      story.touches.map(({ seq }) => seq),
      [1, 4],
    );
    assert.equal(story.is_complete, true);
    assert.ok(!JSON.stringify(story).includes(lead.conversionId));
    const won = bodyOf<ConversionStory>(await call('get', `/conversions/${lead.conversionId}`).expect(200));
    assert.deepEqual(
      { won_by: won.won_by?.partner_id, postbacks: won.postbacks.length, status: won.status },
      { won_by: lead.last, postbacks: 2, status: 'approved' },
    );
  });

  it('R4: the house has won where no partner ever touched the lead', async () => {
    const { conversionId } = await api.network.aLead(null);
    await api.network.report(conversionId, 'approved');
    const story = bodyOf<ConversionStory>(await call('get', `/conversions/${conversionId}`).expect(200));
    assert.deepEqual(
      { linked_partner: story.linked_partner, won_by: story.won_by?.partner_id },
      { linked_partner: 'house', won_by: 'house' },
    );
    assert.match(story.won_by?.why ?? '', /No partner had touched/);
  });

  it('are none for what does not exist', async () => {
    for (const path of [
      '/leads/nobody',
      '/conversions/nothing',
      '/leads/a%00b',
      '/partners/nobody',
      '/offers/none',
      '/nothing',
    ]) {
      await call('get', path).expect((response) => assert.ok([400, 404].includes(response.status), path));
    }
  });

  it('name no address of the Web UI where none is known', async () => {
    const lead = await makeEventfulLead(api.network);
    api.app = build({ temporalUiUrl: null });
    assert.equal(bodyOf<LeadStory>(await call('get', `/leads/${lead.leadId}`)).temporal_ui_url, null);
    api.app = build();
  });
});
