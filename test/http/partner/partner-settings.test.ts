import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import type { PostbackSettings } from '../../../src/domain/postback-settings.ts';
import type { FieldProblem } from '../../../src/errors.ts';
import { createTestDatabase } from '../../support/database.ts';
import { buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';

const URL = 'https://tracker.example/postback?cid={ref_id}&status={status}&txid={conversion_id}';

describe("a partner's settings by its own API", () => {
  let db: Knex;
  let api: PartnerApi;

  const save = async (settings: object) =>
    (await api.call('put', '/postback', settings).expect(200)).body as { postback: PostbackSettings };
  const refuse = async (settings: object) =>
    (await api.call('put', '/postback', settings).expect(422)).body as { errors: FieldProblem[] };
  const read = async () => ((await api.call('get', '').expect(200)).body as { postback: unknown }).postback;

  before(async () => {
    ({ db } = await createTestDatabase());
  });
  beforeEach(async () => {
    api = await buildPartnerApi(db);
  });
  after(() => db.destroy());

  it('are saved with what was left out', async () => {
    const { postback } = await save({ url: URL });
    assert.deepEqual([postback.url, postback.method, postback.statuses.length], [URL, 'GET', 3]);
    assert.deepEqual(await read(), postback);
  });

  it('are removed', async () => {
    await save({ url: URL });
    await api.call('delete', '/postback').expect(204);
    assert.equal(await read(), null);
  });

  it('that cannot be saved are refused by field, and the saved ones stay', async () => {
    const { postback } = await save({ url: URL });
    for (const [settings, field] of [
      [{ url: 'https://t.example/?c={refid}' }, 'url'],
      [{ url: 'http://127.0.0.1/?c={ref_id}' }, 'url'],
      [{ url: URL, statuses: [] }, 'statuses'],
      [{ url: URL, wrong: 1 }, 'wrong'],
    ] as const) {
      const { errors } = await refuse(settings);
      assert.deepEqual(
        errors.map((error) => error.field),
        [field],
      );
    }
    assert.deepEqual(await read(), postback);
  });
});
