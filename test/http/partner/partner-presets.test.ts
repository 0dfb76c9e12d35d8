import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import type { PostbackSettings } from '../../../src/domain/postbacks/postback-settings.ts';
import { trackerIds } from '../../../src/domain/trackers/tracker-preset.ts';
import { createTestDatabase } from '../../support/database.ts';
import { buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';

type Preset = { id: string; referral_link: string; fields: { name: string; example: string }[] };
type Filled = { referral_link: string; postback: PostbackSettings };

describe("the presets of a partner's API", () => {
  let db: Knex;
  let api: PartnerApi;

  before(async () => {
    ({ db } = await createTestDatabase());
    api = await buildPartnerApi(db);
  });
  after(() => db.destroy());

  it('become settings that can be saved as they are, each without a warning', async () => {
    const { items } = (await api.call('get', '/presets').expect(200)).body as { items: Preset[] };
    assert.deepEqual(items.map(({ id }) => id).sort(), [...trackerIds].sort());
    for (const { id, fields } of items) {
      const values = Object.fromEntries(fields.map(({ name, example }) => [name, example]));
      const { postback } = (await api.call('post', `/presets/${id}/fill`, values).expect(200)).body as Filled;
      const saved = (await api.call('put', '/postback', postback).expect(200)).body as { warnings: object[] };
      assert.deepEqual(saved.warnings, [], id);
    }
  });

  it("carry the partner's own referral link with the tracker's macro", async () => {
    const keitaro = (await api.call('get', '/presets/keitaro').expect(200)).body as Preset;
    assert.equal(keitaro.referral_link, `https://cashcat.example/${api.partnerId}/?ref_id={subid}`);
  });

  it('name the value that is missing or wrong, and are unknown when there is none', async () => {
    const refused = await api.call('post', '/presets/keitaro/fill', { domain: 'a b', key: 'k' }).expect(400);
    const { problems } = refused.body as { problems: { field: string }[] };
    assert.deepEqual(
      problems.map(({ field }) => field),
      ['domain'],
    );
    await api.call('post', '/presets/keitaro/fill').expect(400);
    await api.call('get', '/presets/nobody').expect(404);
    await api.call('post', '/presets/nobody/fill', {}).expect(404);
  });
});
