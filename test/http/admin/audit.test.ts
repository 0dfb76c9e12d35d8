import assert from 'node:assert/strict';
import request from 'supertest';
import { asActor, noteAct } from '../../../src/db/audit.ts';
import type { AuditEntry } from '../../../src/db/reports/audit-log.ts';
import { savePullSettings } from '../../../src/db/pulls/pull-settings.ts';
import { describeAdminApi } from '../../../src/http/admin/openapi.ts';
import { readDescription } from '../../support/api-description.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { readPastMoment } from '../../support/past-moment.ts';
import { uploadedImport } from '../../support/uploaded-import.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';
import { buildPartnerApi } from '../build-partner-api.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Changes = Record<string, (network: Network) => Promise<[path: string, body?: object | string]>>;

const OFFER = { name: 'Card', url: 'https://bank.example/?c={conversion_id}', reward: { amount: 5, currency: 'USD' } };

const FILE = 'conversion_id,status\nnone-of-ours,approved\n';

const TIERS = [{ from: 0, amount: 5 }];
const PRICES = { currency: 'USD', tiers: TIERS, counts: 'offer', period: 'day', time_zone: 'UTC' };

const PULL = { url: 'https://bank.example/export.csv', every_minutes: 60 };

/** What is asked by a body, and changes nothing. */
const ASKS_ONLY = ['post /v1/admin/offers/{offer_id}/prices/preview'];

/** What changes something, one call for each such route of the description. */
const CHANGES: Changes = {
  'post /v1/admin/partners': () => Promise.resolve(['/partners', { name: 'Ann' }]),
  'patch /v1/admin/partners/{partner_id}': async (network) => [`/partners/${await network.partner()}`, { name: 'Bea' }],
  'post /v1/admin/partners/{partner_id}/key': async (network) => [`/partners/${await network.partner()}/key`],
  'post /v1/admin/advertisers': () => Promise.resolve(['/advertisers', { name: 'Bank' }]),
  'patch /v1/admin/advertisers/{advertiser_id}': ({ advertiserId }) =>
    Promise.resolve([`/advertisers/${advertiserId}`, { state: 'paused' }]),
  'post /v1/admin/advertisers/{advertiser_id}/token': ({ advertiserId }) =>
    Promise.resolve([`/advertisers/${advertiserId}/token`]),
  'post /v1/admin/offers': ({ advertiserId }) =>
    Promise.resolve(['/offers', { ...OFFER, advertiser_id: advertiserId }]),
  'patch /v1/admin/offers/{offer_id}': ({ offerId }) => Promise.resolve([`/offers/${offerId}`, { name: 'Gold card' }]),
  'post /v1/admin/offers/{offer_id}/prices': ({ offerId }) => Promise.resolve([`/offers/${offerId}/prices`, PRICES]),
  'put /v1/admin/offers/{offer_id}/cap': ({ offerId }) =>
    Promise.resolve([`/offers/${offerId}/cap`, { day: 5, beyond: 'pay_nothing' }]),
  'delete /v1/admin/offers/{offer_id}/cap': ({ offerId }) => Promise.resolve([`/offers/${offerId}/cap`]),
  'post /v1/admin/partners/{partner_id}/payouts': async (network) => {
    const partnerId = await network.partner();
    const { leadId, conversionId } = await network.aLead(partnerId);
    await network.report(conversionId, 'approved');
    await settleLatest(network.db, leadId);
    const upto = await readPastMoment(network.db);
    return [`/partners/${partnerId}/payouts`, { currency: 'USD', upto, reference: 'r' }];
  },
  'post /v1/admin/keys': () => Promise.resolve(['/keys', { name: 'kate', role: 'read' }]),
  'delete /v1/admin/keys/{name}': () => Promise.resolve(['/keys/kate']),
  'post /v1/admin/status-calls/{call_id}/accept': async (network) => {
    const { leadId, conversionId } = await network.aLead(await network.partner());
    await network.db('leads').where({ lead_id: leadId }).update({ last_activity_at: '2020-01-01T00:00:00Z' });
    await network.report(conversionId, 'approved').catch(() => undefined);
    const kept = await network.db('status_calls').orderBy('call_id', 'desc').first<{ call_id: number }>('call_id');
    return [`/status-calls/${kept.call_id}/accept`];
  },
  'post /v1/admin/advertisers/{advertiser_id}/signing-secret': ({ advertiserId }) =>
    Promise.resolve([`/advertisers/${advertiserId}/signing-secret`, {}]),
  'delete /v1/admin/advertisers/{advertiser_id}/signing-secret': ({ advertiserId }) =>
    Promise.resolve([`/advertisers/${advertiserId}/signing-secret`]),
  'put /v1/admin/advertisers/{advertiser_id}/pull': ({ advertiserId }) =>
    Promise.resolve([`/advertisers/${advertiserId}/pull`, PULL]),
  'post /v1/admin/advertisers/{advertiser_id}/pull/run': pullChange('run'),
  'post /v1/admin/advertisers/{advertiser_id}/pull/pause': pullChange('pause'),
  'post /v1/admin/advertisers/{advertiser_id}/pull/resume': async (network) => {
    const change = await pullChange('resume')(network);
    await network.db('pull_settings').update({ state: 'paused' });
    return change;
  },
  'delete /v1/admin/advertisers/{advertiser_id}/pull': async (network) => {
    await havePull(network);
    return [`/advertisers/${network.advertiserId}/pull`];
  },
  'post /v1/admin/status-calls/{call_id}/rejudge': async (network) => {
    await network.report('not-known-yet', 'approved').catch(() => undefined);
    const kept = await network.db('status_calls').orderBy('call_id', 'desc').first<{ call_id: number }>('call_id');
    return [`/status-calls/${kept.call_id}/rejudge`];
  },
  'post /v1/admin/conversions/{conversion_id}/status': async (network) => {
    const { conversionId } = await network.aLead(await network.partner());
    return [`/conversions/${conversionId}/status`, { status: 'approved', reason: 'They wrote to us.' }];
  },
  'post /v1/admin/unknown-words': ({ advertiserId }) =>
    Promise.resolve(['/unknown-words', { advertiser_id: advertiserId, word: 'sold', status: 'approved' }]),
  'post /v1/admin/imports': ({ advertiserId }) => Promise.resolve([`/imports?advertiser_id=${advertiserId}`, FILE]),
  'post /v1/admin/imports/{import_id}/pause': async (network) => [
    `/imports/${await uploadedImport(network, 'running')}/pause`,
  ],
  'post /v1/admin/imports/{import_id}/resume': async (network) => [
    `/imports/${await uploadedImport(network, 'paused')}/resume`,
  ],
  'post /v1/admin/imports/{import_id}/cancel': async (network) => [
    `/imports/${await uploadedImport(network, 'running')}/cancel`,
  ],
  'post /v1/admin/imports/{import_id}/apply': async (network) => [
    `/imports/${await uploadedImport(network, 'done')}/apply`,
  ],
};

function pullChange(change: 'run' | 'pause' | 'resume') {
  return async (network: Network): Promise<[string]> => {
    await havePull(network);
    return [`/advertisers/${network.advertiserId}/pull/${change}`];
  };
}

/** The routes are called in no order that matters. */
async function havePull({ db, advertiserId }: Network): Promise<void> {
  const none = { headerNames: [], sealedHeaders: null, mapping: {} };
  const settings = {
    advertiserId,
    url: PULL.url,
    format: 'auto',
    everyMinutes: 60,
    notify: true,
    state: 'active',
  } as const;
  await db.transaction((trx) => savePullSettings(trx, { ...settings, ...none, isRevised: true }));
}

describe('the audit log', () => {
  let network: Network;
  let site: OpsConsole;

  const call = (method: Method, path: string, key = ADMIN_KEY) =>
    request(site.app)[method](`/v1/admin${path}`).set('authorization', `Bearer ${key}`);
  const read = async (query = '') => {
    const answer = await call('get', `/audit${query}`).expect(200);
    return answer.body as { items: AuditEntry[]; next_cursor: string | null };
  };
  const latest = async () => (await read('?limit=1')).items[0];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    site = buildOpsConsole(network);
  });
  afterEach(() => assert.deepEqual(site.logged, []));
  after(() => network.close());

  it('has one line, in the name of who called, for each call of the admin API that changes something', async () => {
    const changing = readDescription(describeAdminApi()).filter(
      ({ method, path }) => method !== 'get' && !ASKS_ONLY.includes(`${method} ${path}`),
    );
    const key = await site.makeKey('admin', 'anna');
    for (const { method, path } of changing) {
      const name = `${method} ${path}`;
      const change = CHANGES[name];
      assert.ok(change, `${name}: say in this test how it is called`);
      const [address, body] = await change(network);
      const before = (await latest())?.audit_id ?? 0;
      const sent = call(method as Method, address, key);
      const answer = await (typeof body === 'string' ? sent.type('text/csv') : sent).send(body);
      assert.ok(answer.status < 300, `${name} answered ${answer.status}: ${answer.text}`);
      const [entry, ...others] = (await read()).items.filter(({ audit_id }) => audit_id > before);
      assert.ok(entry, `${name} left no line`);
      assert.deepEqual(others, [], `${name} left more than one line`);
      assertFields(entry, { actor: 'anna', role: 'admin' });
      // What is made has no before, what ends no after; what changes has both.
      const { action } = entry;
      if (action === 'create' || action === 'change') assert.ok(entry.after, `${name} does not say what is now`);
      if (action === 'delete' || action === 'change') assert.ok(entry.before, `${name} does not say what was before`);
    }
  });

  it('says of a change what differs, before and after', async () => {
    const { offerId } = network;
    await call('patch', `/offers/${offerId}`)
      .send({ reward: { amount: 1300, currency: 'USD' } })
      .expect(200);
    const { before, after, ...entry } = (await latest()) ?? assert.fail();
    assertFields(entry, { actor: 'root', action: 'change', subject_type: 'offer', subject_id: offerId });
    assert.deepEqual(before, { reward_amount: 1250, price_version: 1 });
    assert.deepEqual(after, { reward_amount: 1300, price_version: 2 });
  });

  it('says nothing of a call that changed nothing', async () => {
    const before = await latest();
    await call('patch', `/offers/${network.offerId}`).send({ state: 'active' }).expect(200);
    assert.deepEqual(await latest(), before);
  });

  it('says that a word was mapped also where it meant that already, because its kept calls are applied', async () => {
    const { advertiserId } = network;
    const mapped = { advertiser_id: advertiserId, word: 'Closed', status: 'approved' };
    await call('post', '/unknown-words').send(mapped).expect(200);
    const first = (await latest())?.audit_id ?? 0;
    await call('post', '/unknown-words').send(mapped).expect(200);
    const [entry, ...others] = (await read()).items.filter(({ audit_id }) => audit_id > first);
    assert.deepEqual(others, []);
    assertFields(entry, { action: 'map_word', subject_type: 'advertiser', subject_id: advertiserId, before: null });
    assert.deepEqual(entry?.after, { word: 'closed', meaning: 'approved' });
  });

  it('says nothing of a pull when only the words of its advertiser change, and all else that changes about it', async () => {
    const { db, advertiserId } = network;
    await havePull(network);
    const first = (await latest())?.audit_id ?? 0;
    const revisedAt = () => db('pull_settings').where({ advertiser_id: advertiserId }).pluck('revised_at');
    const before = await revisedAt();
    const vocabulary = { words: { shut: 'rejected' } };
    await call('patch', `/advertisers/${advertiserId}`).send({ vocabulary }).expect(200);
    assert.notDeepEqual(await revisedAt(), before);
    await db('pull_settings').where({ advertiser_id: advertiserId }).update({ headers_secret: 'sealed' });
    await db('pull_settings').where({ advertiser_id: advertiserId }).update({ every_minutes: 90 });
    const { items } = await read();
    assert.deepEqual(
      items
        .filter(({ audit_id }) => audit_id > first)
        .map(({ subject_type, action, after }) => [subject_type, action, Object.keys(after ?? {})]),
      [
        ['pull', 'change', ['every_minutes']],
        ['pull', 'change', []],
        ['advertiser', 'change', ['vocabulary']],
      ],
    );
  });

  it('never holds a secret, nor what one could be found by', async () => {
    const made = (await call('post', '/partners').send({ name: 'Cleo' }).expect(201)).body as Record<string, string>;
    await call('post', `/partners/${made.partner_id}/key`).expect(201);
    const partner = await buildPartnerApi(network.db);
    const rotated = await request(partner.app)
      .post('/v1/partner/signing-secret')
      .set('authorization', `Bearer ${partner.key}`)
      .send({})
      .expect(200);
    const rows = JSON.stringify(await network.db('audit_log').select());
    const hashes = await network.db('partners').select<{ api_key_hash: string }[]>('api_key_hash');
    for (const secret of [
      made.api_key ?? '',
      (rotated.body as { secret: string }).secret,
      ...hashes.map((row) => row.api_key_hash),
    ]) {
      assert.ok(!rows.includes(secret), secret);
    }
    assert.ok(rows.includes('signing_secret'));
  });

  it('names a partner that changes its own settings, and nobody in another transaction', async () => {
    const partner = await buildPartnerApi(network.db);
    const settings = { url: 'https://tracker.example/?c={ref_id}&s={status}' };
    await request(partner.app)
      .put('/v1/partner/postback')
      .set('authorization', `Bearer ${partner.key}`)
      .send(settings)
      .expect(200);
    assertFields(await latest(), { actor: `partner:${partner.partnerId}`, role: 'partner', subject_type: 'partner' });
    await network.db('partners').where({ partner_id: partner.partnerId }).update({ name: 'By hand' });
    assertFields(await latest(), { actor: 'system', role: null, after: { name: 'By hand' } });
  });

  it('keeps why, and acts that change no such row', async () => {
    await asActor(network.db, { name: 'otto', role: 'operate', comment: 'They wrote us' }, async (trx) => {
      await trx('offers').where({ offer_id: network.offerId }).update({ name: 'Silver card' });
      await noteAct(trx, { action: 'ring', subjectType: 'bell', subjectId: '7', after: { times: 2 } });
    });
    const { items } = await read('?actor=otto');
    assert.deepEqual(
      items.map(({ action, subject_id, comment, after }) => ({ action, subject_id, comment, after })),
      [
        { action: 'ring', subject_id: '7', comment: 'They wrote us', after: { times: 2 } },
        { action: 'change', subject_id: network.offerId, comment: 'They wrote us', after: { name: 'Silver card' } },
      ],
    );
  });

  it('holds nothing of what was rolled back', async () => {
    const before = await latest();
    await assert.rejects(
      asActor(network.db, { name: 'otto', role: 'operate' }, async (trx) => {
        await trx('offers').where({ offer_id: network.offerId }).update({ name: 'Nothing' });
        throw new Error('no');
      }),
    );
    assert.deepEqual(await latest(), before);
  });

  it('is only ever added to', async () => {
    for (const change of ['delete from audit_log', "update audit_log set actor = 'nobody'", 'truncate audit_log']) {
      await assert.rejects(network.db.raw(change), /only ever added to/);
    }
  });

  it('is listed in pages, by who, what, which and when, and as CSV', async () => {
    const first = await read('?limit=2');
    const second = await read(`?limit=2&cursor=${first.next_cursor}`);
    assert.equal(first.items.length, 2);
    assert.ok((second.items[0]?.audit_id ?? 0) < (first.items[1]?.audit_id ?? 0));
    for (const [query, fits] of [
      ['subject_type=offer', (entry: AuditEntry) => entry.subject_type === 'offer'],
      [`subject_id=${network.offerId}`, (entry: AuditEntry) => entry.subject_id === network.offerId],
      ['action=create', (entry: AuditEntry) => entry.action === 'create'],
      ['actor=system', (entry: AuditEntry) => entry.actor === 'system'],
    ] as const) {
      const { items } = await read(`?${query}`);
      assert.ok(items.length > 0 && items.every(fits), query);
    }
    assert.deepEqual((await read('?to=2020-01-01T00:00:00Z')).items, []);
    await call('get', '/audit?who=anna').expect(400);
    const csv = await call('get', '/audit?actor=otto').set('accept', 'text/csv').expect(200);
    assert.match(
      csv.text,
      /^"audit_id","at","actor","role","action",.*\r\n\d+,"[^"]+","otto","operate","ring","bell","7"/,
    );
  });
});
