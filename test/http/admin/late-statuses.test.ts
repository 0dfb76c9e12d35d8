import assert from 'node:assert/strict';
import type { ConversionStory } from '../../../src/stories/conversion-story.ts';
import { assertFields } from '../../support/fields.ts';
import { useAdminApi } from './admin-stage.ts';

describe('R9: status calls that came too late', () => {
  const api = useAdminApi();
  const { call, bodyOf } = api;

  it('are listed, and recorded when they are accepted, once', async () => {
    const { leadId, conversionId } = await api.network.aLead(await api.network.partner());
    await api.network.db('leads').where({ lead_id: leadId }).update({ last_activity_at: '2020-01-01T00:00:00Z' });
    await assert.rejects(api.network.report(conversionId, 'approved'), { kind: 'window_closed' });
    const listed = bodyOf<{ items: { call_id: number; conversion_id: string }[] }>(
      await call('get', '/status-calls?result=window_closed').expect(200),
    );
    const [kept] = listed.items;
    assert.equal(kept?.conversion_id, conversionId);
    for (const other of [`0x${kept.call_id.toString(16)}`, `${kept.call_id}e0`, `${kept.call_id}.0`]) {
      await call('post', `/status-calls/${other}/accept`).expect(404);
    }
    const path = `/status-calls/${kept.call_id}/accept`;
    const accepted = bodyOf(await call('post', path).expect(200));
    assertFields(accepted, { conversion_id: conversionId, status: 'approved', result: 'recorded' });
    await call('post', path).expect(409);
    assert.equal(bodyOf<ConversionStory>(await call('get', `/conversions/${conversionId}`)).status, 'approved');
  });

  it('are unknown where there is none', async () => {
    for (const id of ['999999', '0', '-1', 'x', '1e400', '99999999999999999999']) {
      await call('post', `/status-calls/${id}/accept`).expect(404);
    }
  });
});
