import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { readPostbackSettings, updatePartner } from '../../../../src/db/partners.ts';
import { readSigningSecrets } from '../../../../src/db/keys/signing-secrets.ts';
import { trackerPresets } from '../../../../src/domain/trackers/presets.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { startPartnerServer, type PartnerServer } from '../../../support/partner-server.ts';
import { settingsFor } from '../../../support/postback-settings.ts';
import type { ConsoleVisitor } from '../../browser-without-scripts.ts';
import { buildConsole, type Console } from '../../build-console.ts';
import { partnerDeps } from '../../partner-deps.ts';

const SCRIPT = '"><script>alert(1)</script>';

describe('the postback settings in the console', () => {
  let db: Knex;
  let site: Console;
  let visitor: ConsoleVisitor;
  let tracker: PartnerServer;

  before(async () => {
    ({ db } = await createTestDatabase());
    tracker = await startPartnerServer();
  });
  beforeEach(async () => {
    tracker.forget();
    site = await buildConsole(db, { partner: partnerDeps(db, { allowCidrs: ['127.0.0.0/8'] }) });
    visitor = await site.signedIn();
    await visitor.get('/console/postbacks');
  });
  after(async () => {
    await tracker.stop();
    await db.destroy();
  });

  const form = (changes: Record<string, string> = {}) => ({
    ...{ url: 'https://t.example/in?c={ref_id}&s={status}&t={conversion_id}', method: 'GET', body: 'form' },
    ...{ 'send.pending': 'yes', 'send.approved': 'yes', 'send.rejected': 'yes', test_status: 'approved' },
    ...changes,
  });
  const saved = () => readPostbackSettings(db, site.partnerId);

  it('are saved as the form says, and shown again', async () => {
    const url = 'https://t.example/in?c={ref_id}&s={status}';
    const fields = form({
      url,
      method: 'POST',
      body: 'json',
      'status_words.approved': 'sale',
      handover: 'yes',
      canary: 'yes',
    });
    const { 'send.pending': pending, ...rest } = fields;
    assert.equal(pending, 'yes');
    const answer = await visitor.post('/console/postbacks', rest);
    assert.deepEqual([answer.status, answer.headers['location']], [303, '/console/postbacks']);
    assert.deepEqual(
      await saved(),
      settingsFor(url, {
        ...{ method: 'POST', body: 'json', statuses: ['approved', 'rejected'], status_words: { approved: 'sale' } },
        handover: true,
        canary: true,
      }),
    );
    const { text } = await visitor.get('/console/postbacks');
    assert.match(text, /Saved\. Every attempt from now on/);
    assert.match(text, /name="status_words\.approved"[^>]* value="sale"/);
    assert.match(text, /name="send\.approved" value="yes" checked/);
    assert.doesNotMatch(text, /name="send\.pending" value="yes" checked/);
  });

  it('are refused with the reason beside the field, and nothing typed is lost', async () => {
    const answer = await visitor.post(
      '/console/postbacks',
      form({
        url: 'https://t.example/?c={clickid}',
        'status_words.rejected': 'x'.repeat(65),
        'status_urls.pending': 'nonsense',
      }),
    );
    assert.equal(answer.status, 422);
    assert.match(answer.text, /id="url-error">\{clickid\} is not known; did you mean \{ref_id\}\?/);
    assert.match(answer.text, /id="status_words\.rejected-error"/);
    assert.match(answer.text, /id="status_urls\.pending-error"/);
    assert.match(answer.text, new RegExp(`value="${'x'.repeat(65)}"`));
    assert.match(answer.text, />https:\/\/t\.example\/\?c=\{clickid\}<\/textarea>/);
    assert.equal(await saved(), null);
  });

  it('need a status that is sent, and an address that is public', async () => {
    const { url, method } = form();
    const none = await visitor.post('/console/postbacks', { url, method });
    assert.match(none.text, /id="statuses-error">Name at least one status/);
    const inside = await visitor.post('/console/postbacks', form({ url: 'http://10.0.0.1/?c={ref_id}' }));
    assert.match(inside.text, /id="url-error">The host is not an address on the public internet/);
  });

  it('are checked without being saved: the exact bytes, and what will likely cost money', async () => {
    const answer = await visitor.post(
      '/console/postbacks/check',
      form({ url: 'http://t.example/in?c={ref_id}&tid={postback_id}', test_ref_id: 'a b' }),
    );
    assert.equal(answer.status, 200);
    assert.match(answer.text, /GET http:\/\/t\.example\/in\?c=a%20b&amp;tid=test\w+\nuser-agent: Cashcat-Postbacks\/1/);
    assert.match(answer.text, /tid=\{postback_id\} is new for each status/);
    assert.match(answer.text, /Over http anybody on the way can read/);
    assert.match(answer.text, /Not saved yet/);
    assert.equal(await saved(), null);
  });

  it('are tried by a real call, shown with the bytes of both ways and what they mean', async () => {
    const url = `${tracker.origin}/in?c={ref_id}&s={status}`;
    tracker.answer(204);
    const refused = await visitor.post('/console/postbacks/test', form({ url, test_ref_id: 'click-9' }));
    assert.match(refused.text, /The test was <span class="state state-bad">refused/);
    assert.match(refused.text, /204 is not 200/);
    assert.match(refused.text, /HTTP 204\n\n\(empty body\)/);
    tracker.answer(200);
    const taken = await visitor.post('/console/postbacks/test', form({ url }));
    assert.match(taken.text, /The test was <span class="state state-good">delivered/);
    assert.match(taken.text, /HTTP 200\n\nthank you/);
    assert.deepEqual(
      tracker.received.map(({ query }) => query),
      [
        { c: 'click-9', s: 'approved' },
        { c: 'test-click', s: 'approved' },
      ],
    );
  });

  it('are tried only so often in a minute', async () => {
    const url = `${tracker.origin}/in?c={ref_id}`;
    for (let count = 0; count < 10; count++) await visitor.post('/console/postbacks/test', form({ url }));
    assert.match((await visitor.post('/console/postbacks/test', form({ url }))).text, /At most 10 tests a minute/);
    assert.equal(tracker.received.length, 10);
  });

  it('come from every preset with values of the partner, ready to be saved', async () => {
    for (const preset of trackerPresets) {
      const page = (await visitor.get(`/console/postbacks?preset=${preset.id}`)).text;
      const fields = Object.fromEntries(preset.fields.map(({ name, example }) => [`preset.${name}`, example]));
      for (const name of Object.keys(fields)) assert.ok(page.includes(`name="${name}"`), `${preset.id} ${name}`);
      const filled = await visitor.post('/console/postbacks/preset', { preset: preset.id, ...fields });
      assert.equal(filled.status, 200, preset.id);
      assert.match(filled.text, /What would be sent/, preset.id);
      assert.match(filled.text, new RegExp(`<option value="${preset.id}" selected>`), preset.id);
    }
    assert.equal(await saved(), null);
  });

  it('keep handover and the canary when a preset is chosen, and are shown while it is refused', async () => {
    const own = { url: `${tracker.origin}/own?c={ref_id}`, handover: true, canary: true };
    await updatePartner(db, site.partnerId, { postback: settingsFor(own.url, own) });
    const [keitaro] = trackerPresets;
    const fields = Object.fromEntries((keitaro?.fields ?? []).map(({ name, example }) => [`preset.${name}`, example]));
    const filled = (await visitor.post('/console/postbacks/preset', { preset: keitaro?.id ?? '', ...fields })).text;
    for (const name of ['handover', 'canary']) assert.match(filled, new RegExp(`name="${name}"[^>]* checked`), name);
    const refused = (await visitor.post('/console/postbacks/preset', { preset: keitaro?.id ?? '' })).text;
    assert.match(refused, /\/own\?c=\{ref_id\}/);
  });

  it('ask again for a preset value that is missing', async () => {
    const answer = await visitor.post('/console/postbacks/preset', {
      preset: 'keitaro',
      'preset.domain': 'not a domain',
    });
    assert.equal(answer.status, 422);
    assert.match(answer.text, /id="preset\.domain-error"/);
    assert.match(answer.text, /value="not a domain"/);
  });

  it('are removed when asked to', async () => {
    await visitor.post('/console/postbacks', form());
    assert.equal((await visitor.post('/console/postbacks/remove')).status, 303);
    assert.equal(await saved(), null);
    assert.match((await visitor.get('/console/postbacks')).text, /You have no postback URL/);
  });

  it('hold a signing secret that is shown once, and can be replaced and removed', async () => {
    const made = await visitor.post('/console/postbacks/signing');
    const [, secret = ''] = /id="new-secret">(whsec_[^<]+)</.exec(made.text) ?? [];
    assert.ok(secret.length > 30);
    assert.ok(!(await visitor.get('/console/postbacks')).text.includes(secret));
    const replaces = /name="replaces" value="([^"]+)"/.exec(made.text)?.[1] ?? '';
    const again = { keep_old_for_seconds: '3600', replaces };
    const replaced = await visitor.post('/console/postbacks/signing', again);
    // As a reload does: the secret that the endpoint knows goes on.
    assert.equal((await visitor.post('/console/postbacks/signing', again)).status, 303);
    assert.equal(replaced.text.split('whsec_').length - 1 >= 3, true);
    const before = await readSigningSecrets(db, site.partnerId);
    const lost = { keep_old_for_seconds: 'lost', replaces: (before[0] ?? '').slice(0, 10) };
    const [, newest] =
      /id="new-secret">(whsec_[^<]+)</.exec((await visitor.post('/console/postbacks/signing', lost)).text) ?? [];
    assert.deepEqual(await readSigningSecrets(db, site.partnerId), [newest, secret]);
    await visitor.post('/console/postbacks/signing/remove');
    assert.match((await visitor.get('/console/postbacks')).text, /Sign my postbacks/);
  });

  it('show hostile text as text, whatever field it is typed into', async () => {
    const hostile = Object.fromEntries(Object.keys(form()).map((name) => [name, SCRIPT]));
    const more = {
      'status_words.approved': SCRIPT,
      'status_urls.approved': SCRIPT,
      tracker: SCRIPT,
      test_ref_id: SCRIPT,
    };
    for (const path of ['', '/check', '/test']) {
      const answer = await visitor.post(`/console/postbacks${path}`, { ...hostile, ...more });
      assert.ok(answer.status < 500, `${path} ${answer.status}`);
      assert.ok(!answer.text.includes('<script>alert'), path);
    }
    const odd = await visitor.post('/console/postbacks/check', form({ url: '\u0000\ud800' }));
    assert.ok(odd.status < 500);
  });
});
