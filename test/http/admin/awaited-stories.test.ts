import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ConversionStory } from '../../../src/stories/conversion-story.ts';
import { useAdminApi } from './admin-stage.ts';

describe('stories by the admin API that are awaited', () => {
  const api = useAdminApi();
  const { call, bodyOf } = api;

  const settle = (conversionId: string, leadId: string) =>
    api.network.db('settlements').insert({
      ...{ conversion_id: conversionId, lead_id: leadId, seq: 3, status: 'approved' },
      ...{ partner_id: null, touch_seq: null, reward: 'none' },
    });
  const addPostback = (conversionId: string, leadId: string, changes: object) =>
    api.network.db('postbacks').insert({
      ...{ postback_id: `w${leadId.slice(-15)}`, conversion_id: conversionId, lead_id: leadId, seq: 3 },
      ...{ partner_id: null, offer_id: api.network.offerId, status: 'approved', payout: 0, currency: 'USD' },
      ...{ event_at: '2026-01-01T00:00:00Z', state: 'skipped', skip_reason: 'house', ...changes },
    });
  const waitFor = async (conversionId: string, seconds: number) =>
    bodyOf<ConversionStory>(await call('get', `/conversions/${conversionId}?wait=${seconds}`).expect(200));
  const theNextLook = () => once(api.network.db, 'query');

  it('come when their statuses are settled and their postbacks delivered', async () => {
    const partnerId = await api.network.partner();
    const { conversionId, leadId } = await api.network.aLead(partnerId);
    await api.network.report(conversionId, 'approved');
    const looked = theNextLook();
    const awaited = waitFor(conversionId, 30);
    await looked;
    await addPostback(conversionId, leadId, { partner_id: partnerId, state: 'scheduled', skip_reason: null });
    await settle(conversionId, leadId);
    await theNextLook();
    await api.network.db('postbacks').where({ conversion_id: conversionId }).update({ state: 'delivered' });
    assert.deepEqual(
      (await awaited).postbacks.map(({ state }) => state),
      ['delivered'],
    );
  });

  // One that waited all the same would outlast the test.
  it('come at once when nothing is to be waited for, such as an attempt that is due much later', async () => {
    const partnerId = await api.network.partner();
    const { conversionId, leadId } = await api.network.aLead(partnerId);
    await waitFor(conversionId, 30);
    await api.network.report(conversionId, 'approved');
    await settle(conversionId, leadId);
    const later = new Date(Date.now() + 5 * 60_000);
    const retrying = { partner_id: partnerId, state: 'retrying', skip_reason: null, next_attempt_at: later };
    await addPostback(conversionId, leadId, retrying);
    const { postbacks } = await waitFor(conversionId, 30);
    assert.deepEqual(
      postbacks.map(({ state }) => state),
      ['retrying'],
    );
  });

  it('come as they are when the time is up', async () => {
    const { conversionId } = await api.network.aLead(await api.network.partner());
    await api.network.report(conversionId, 'approved');
    const askedAt = performance.now();
    const story = await waitFor(conversionId, 1);
    assert.ok(performance.now() - askedAt > 900);
    assert.equal(story.statuses[0]?.settled_with, null);
    await call('get', `/conversions/${conversionId}?wait=31`).expect(400);
    await call('get', '/conversions/nothing?wait=30').expect(404);
  });
});
