import assert from 'node:assert/strict';
import type { Express } from 'express';
import request from 'supertest';
import type { PartnerEndpoint } from '../../../src/db/endpoints/endpoints.ts';
import { createDeliveryStage, type DeliveryStage } from '../../activities/delivery-stage.ts';
import { answer } from '../../activities/settling.ts';
import { ADMIN_KEY, buildOpsApp, FAILING_AFTER } from '../build-ops-app.ts';

describe("the list of partners' endpoints", () => {
  let stage: DeliveryStage;
  let app: Express;
  let failing: string;
  let well: string;

  before(async () => {
    stage = await createDeliveryStage();
    ({ app } = buildOpsApp(stage.network));
    const postback = await stage.duePostback();
    failing = postback.partnerId;
    stage.partner.script = Array.from({ length: FAILING_AFTER }, () => async () => answer(503));
    for (let attempt = 1; attempt <= FAILING_AFTER; attempt++) await stage.failureOf(postback.postbackId);
    const other = await stage.duePostback();
    well = other.partnerId;
    await stage.deliver(other.postbackId);
  });

  after(() => stage.close());

  async function list(query = ''): Promise<{ endpoints: PartnerEndpoint[]; next: string | null }> {
    const path = `/v1/admin/endpoints${query}`;
    const answered = await request(app).get(path).set('authorization', `Bearer ${ADMIN_KEY}`).expect(200);
    return answered.body as { endpoints: PartnerEndpoint[]; next: string | null };
  }

  it('tells which are failing, since when, and what is known of them', async () => {
    const { endpoints, next } = await list('?state=failing');
    assert.equal(next, null);
    const [endpoint] = endpoints;
    assert.deepEqual(
      endpoints.map(({ partner_id }) => partner_id),
      [failing],
    );
    assert.equal(endpoint?.consecutive_failures, FAILING_AFTER);
    assert.equal(endpoint?.failure_rate, 1);
    assert.ok(endpoint?.failing_since);
  });

  it('is read page by page', async () => {
    const first = await list('?limit=1');
    const second = await list(`?limit=1&after=${first.next}`);
    const ids = [...first.endpoints, ...second.endpoints].map(({ partner_id }) => partner_id);
    assert.deepEqual(ids, [failing, well].sort());
    assert.deepEqual(await list(`?after=${second.next}`), { endpoints: [], next: null });
  });

  it('takes no state that there is not', async () => {
    await request(app).get('/v1/admin/endpoints?state=broken').set('authorization', `Bearer ${ADMIN_KEY}`).expect(400);
  });
});
