import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import type { PostbackSettings } from '../../../src/domain/postbacks/postback-settings.ts';
import type { FieldProblem } from '../../../src/errors.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';

type Warning = { code: string; field: string; message: string };

const URL = 'https://tracker.example/postback?cid={ref_id}&status={status}&txid={conversion_id}';

describe("a partner's settings by its own API", () => {
  let db: Knex;
  let api: PartnerApi;

  const save = async (settings: object) =>
    (await api.call('put', '/postback', settings).expect(200)).body as {
      postback: PostbackSettings;
      warnings: Warning[];
    };
  const refuse = async (settings: object) =>
    (await api.call('put', '/postback', settings).expect(422)).body as { errors: FieldProblem[] };
  const whoIs = async () =>
    (await api.call('get', '').expect(200)).body as { postback: unknown; endpoint: object; warnings: Warning[] };
  const read = async () => (await whoIs()).postback;

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

  it('are saved with warnings of what may cost money, which stay as long as it is so', async () => {
    const { warnings } = await save({ url: 'http://tracker.example/?c={ref_id}&txid={postback_id}&s={status}' });
    const codes = warnings.map(({ code }) => code).sort();
    assert.deepEqual(codes, ['insecure_url', 'postback_id_as_transaction']);
    assert.deepEqual((await whoIs()).warnings, warnings);
    assert.deepEqual((await save({ url: URL })).warnings, []);
    assert.deepEqual((await whoIs()).warnings, []);
  });

  it('that are missing, and visits with unusable ref_ids, are warned of with a sample', async () => {
    await db('lead_events').insert({
      ...{ lead_id: api.partnerId, seq: 1, type: 'touch', partner_id: api.partnerId },
      ...{ ref_id_problem: 'too_long', ref_id_sample: '<script>' },
    });
    const { warnings } = await whoIs();
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['no_postback_url', 'unusable_ref_id'],
    );
    assert.match(
      warnings[1]?.message ?? '',
      /1 visit came with a ref_id longer than 32 characters, such as "<script>"/,
    );
  });

  it('come with how the endpoint answers, and a warning while it is failing', async () => {
    await save({ url: URL });
    assertFields((await whoIs()).endpoint, { state: 'unknown', consecutive_failures: 0, last_success_at: null });
    const at = '2026-01-31T09:15:00.000Z';
    const failing = { consecutive_failures: 3, failing_since: at, last_failure_at: at, recent_attempts: 3 };
    await db('partner_endpoints').insert({ partner_id: api.partnerId, origin: 'https://tracker.example', ...failing });
    const { endpoint, warnings } = await whoIs();
    assertFields(endpoint, { state: 'failing', consecutive_failures: 3, last_success_at: null, last_failure_at: at });
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['endpoint_failing'],
    );
    await db('partner_endpoints').update({ consecutive_failures: 0, failing_since: null, last_success_at: at });
    assertFields((await whoIs()).endpoint, { state: 'ok' });
  });

  it('warn of macros that a tracker has not filled in', async () => {
    await save({ url: URL });
    const bucket = { partner_id: api.partnerId, bucket: db.fn.now(), touches: 2, latest_ref_id: '{clickid}' };
    await db('unfilled_ref_ids').insert({ ...bucket, latest_at: db.fn.now() });
    const [warning] = (await whoIs()).warnings;
    assert.equal(warning?.code, 'unfilled_ref_id');
    assert.match(warning?.message ?? '', /2 visits came with the ref_id "\{clickid\}"/);
  });
});
