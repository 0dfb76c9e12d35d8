import assert from 'node:assert/strict';
import request from 'supertest';
import type { Knex } from 'knex';
import { createTestDatabase } from '../../support/database.ts';
import { buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';

describe("a partner's API key", () => {
  let db: Knex;
  let api: PartnerApi;

  const whoIs = (key: string) => request(api.app).get('/v1/partner').set('authorization', `Bearer ${key}`);
  const replace = async (body?: object) => {
    const answer = (await api.call('post', '/key', body).expect(200)).body as { api_key: string };
    const before = api.key;
    api = api.asPartner({ partnerId: api.partnerId, key: answer.api_key });
    return before;
  };

  before(async () => {
    ({ db } = await createTestDatabase());
  });
  beforeEach(async () => {
    api = await buildPartnerApi(db);
  });
  after(() => db.destroy());

  it('tells who calls', async () => {
    const response = await api.call('get', '').expect(200);
    assert.equal((response.body as { partner_id: string }).partner_id, api.partnerId);
    await request(api.app).get('/v1/partner').expect(401);
    await whoIs('ck_wrong').expect(401);
  });

  it('is replaced by a new one and ends at once', async () => {
    const before = await replace();
    await whoIs(before).expect(401);
    await whoIs(api.key).expect(200);
  });

  it('goes on for a while when that is asked for, and no longer', async () => {
    const before = await replace({ keep_old_for_seconds: 3600 });
    await whoIs(before).expect(200);
    await db('partners').where({ partner_id: api.partnerId }).update({ old_api_key_until: db.fn.now() });
    await whoIs(before).expect(401);
  });

  it('that was replaced twice ends, whatever was asked for', async () => {
    const before = await replace({ keep_old_for_seconds: 3600 });
    await replace({ keep_old_for_seconds: 3600 });
    await whoIs(before).expect(401);
  });

  it('is refused for a while after thirty wrong ones from the same address, unless it is right', async () => {
    for (let count = 0; count < 30; count++) await whoIs('ck_wrong').expect(401);
    await whoIs('ck_wrong').expect(429);
    await whoIs(api.key).expect(200);
  });

  it('lets in any number of calls at once', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => whoIs(api.key)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  });
});
