import assert from 'node:assert/strict';
import request from 'supertest';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { createOffer } from '../../../src/db/offers.ts';
import type { AuditEntry } from '../../../src/db/reports/audit-log.ts';
import { createTestDatabase } from '../../support/database.ts';
import { aPostback } from '../../support/ended-postbacks.ts';
import { assertFields } from '../../support/fields.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { uploadedImport } from '../../support/uploaded-import.ts';
import { withoutLedgerGuard } from '../../support/ledger-guard.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';
import { listPages, nameOf } from './list-pages.ts';
import { openedWith } from './vocabulary-opened.ts';

type Form = [path: string, fields?: Record<string, string>, file?: string];
type Stage = { network: Network; browser: ConsoleVisitor };

/** What a form of these asks only shows something. */
const ASKS_ONLY = ['post /ops/prices/:id/preview'];

const OFFER = { name: 'Card', description: 'A card.', url: 'https://bank.example/?c={conversion_id}', amount: '5' };
const PULL = { url: 'https://bank.example/export.csv', every_minutes: '60', format: 'auto', notify: 'true' };
const PRICES = { 'amount.0': '5', counts: 'offer', period: 'day', time_zone: 'UTC' };

/** One form for each page that changes something. */
const CHANGES: Record<string, (stage: Stage) => Promise<Form>> = {
  'post /ops/conversions/:id/status': async ({ network }) => {
    const { conversionId } = await network.aLead(await network.partner());
    return [
      `/ops/conversions/${conversionId}/status`,
      { status: 'approved', reason: 'They wrote.', comment: 'By mail' },
    ];
  },
  'post /ops/postbacks/:id/redeliver': async ({ network }) => {
    const partnerId = await network.partner();
    const postback = { url: 'https://t.example/?c={ref_id}', method: 'GET', statuses: ['approved'] };
    await network.db('partners').where({ partner_id: partnerId }).update({ postback });
    const { conversionId } = await network.aLead(partnerId);
    const { postbackId } = await aPostback(network.db, { partnerId, conversionId, attempts: [500] });
    return [`/ops/postbacks/${postbackId}/redeliver`];
  },
  'post /ops/partners/:id/ledger/pay': async ({ network }) => {
    const partnerId = await network.partner();
    const { leadId, conversionId } = await network.aLead(partnerId);
    await network.report(conversionId, 'approved');
    await settleLatest(network.db, leadId);
    // A payout closes whole days.
    await withoutLedgerGuard(network.db, async (trx) => {
      await trx('ledger_lines').where({ partner_id: partnerId }).update({ at: '2026-01-30T00:00:00Z' });
    });
    const day = '2026-01-31';
    return [`/ops/partners/${partnerId}/ledger/pay`, { currency: 'USD', day, reference: 'r1', amount: '1250' }];
  },
  'post /ops/partners': () => Promise.resolve(['/ops/partners', { name: 'Ann' }]),
  'post /ops/partners/:id': async ({ network }) => [`/ops/partners/${await network.partner()}`, { name: 'Bea' }],
  'post /ops/partners/:id/state': async ({ network }) => [
    `/ops/partners/${await network.partner()}/state`,
    { state: 'paused' },
  ],
  'post /ops/partners/:id/key': async ({ network }) => {
    const partnerId = await network.partner();
    const { api_key_prefix: replaces } = await network
      .db('partners')
      .where({ partner_id: partnerId })
      .first<{ api_key_prefix: string }>('api_key_prefix');
    return [`/ops/partners/${partnerId}/key`, { replaces }];
  },
  'post /ops/advertisers': () => Promise.resolve(['/ops/advertisers', { name: 'Bank' }]),
  'post /ops/advertisers/:id': async ({ network }) => [
    `/ops/advertisers/${await anAdvertiser(network)}`,
    { name: 'B' },
  ],
  'post /ops/advertisers/:id/state': async ({ network }) => [
    `/ops/advertisers/${await anAdvertiser(network)}/state`,
    { state: 'paused' },
  ],
  'post /ops/advertisers/:id/token': async ({ network }) => {
    const { advertiser } = await createAdvertiser(network.db, { name: 'Bank' });
    return [`/ops/advertisers/${advertiser.advertiser_id}/token`, { replaces: advertiser.token_prefix }];
  },
  'post /ops/advertisers/:id/proofs': async ({ network }) => [
    `/ops/advertisers/${await anAdvertiser(network)}/proofs`,
    { token: 'yes', addresses: '192.0.2.0/24' },
  ],
  'post /ops/advertisers/:id/signing-secret': async ({ network }) => [
    `/ops/advertisers/${await anAdvertiser(network)}/signing-secret`,
    { replaces: '' },
  ],
  'post /ops/advertisers/:id/vocabulary': async ({ network }) => [
    `/ops/advertisers/${await anAdvertiser(network)}/vocabulary`,
    { opened: openedWith(), word: 'sale', meaning: 'approved', default_status: '' },
  ],
  'post /ops/advertisers/:id/pull': async ({ network }) => [
    `/ops/advertisers/${await anAdvertiser(network)}/pull`,
    PULL,
  ],
  'post /ops/advertisers/:id/pull/run': async (stage) => [`${await aPull(stage)}/run`],
  'post /ops/advertisers/:id/pull/pause': async (stage) => [`${await aPull(stage)}/pause`],
  'post /ops/advertisers/:id/pull/resume': async (stage) => {
    const place = await aPull(stage);
    await stage.browser.post(`${place}/pause`);
    return [`${place}/resume`];
  },
  'post /ops/advertisers/:id/pull/end': async (stage) => [`${await aPull(stage)}/end`],
  'post /ops/offers': async ({ network }) => ['/ops/offers', { ...OFFER, ...(await priced(network)) }],
  'post /ops/offers/:id': async ({ network }) => [
    `/ops/offers/${await anOffer(network)}`,
    { ...OFFER, ...(await priced(network)), name: 'Gold' },
  ],
  'post /ops/offers/:id/state': async ({ network }) => [
    `/ops/offers/${await anOffer(network)}/state`,
    { state: 'paused' },
  ],
  'post /ops/prices/:id': async ({ network }) => [`/ops/prices/${await anOffer(network)}`, PRICES],
  'post /ops/prices/:id/cap': async ({ network }) => [
    `/ops/prices/${await anOffer(network)}/cap`,
    { day: '5', total: '', time_zone: 'UTC', beyond: 'pay_nothing' },
  ],
  'post /ops/prices/:id/cap/remove': async ({ network, browser }) => {
    const offerId = await anOffer(network);
    await browser.post(`/ops/prices/${offerId}/cap`, { day: '5', total: '', time_zone: 'UTC', beyond: 'pay_nothing' });
    return [`/ops/prices/${offerId}/cap/remove`];
  },
  'post /ops/inbound/:id/accept': async ({ network }) => {
    const { leadId, conversionId } = await network.aLead(await network.partner());
    await network.db('leads').where({ lead_id: leadId }).update({ last_activity_at: '2020-01-01T00:00:00Z' });
    await network.report(conversionId, 'approved').catch(() => undefined);
    return [`/ops/inbound/${await lastCall(network)}/accept`];
  },
  'post /ops/inbound/:id/rejudge': async ({ network }) => {
    await network.report('not-known-yet', 'approved').catch(() => undefined);
    return [`/ops/inbound/${await lastCall(network)}/rejudge`];
  },
  'post /ops/inbox/map': async ({ network }) => [
    '/ops/inbox/map',
    { advertiser_id: await anAdvertiser(network), word: 'sold', status: 'approved' },
  ],
  'post /ops/imports': ({ network: { advertiserId } }) =>
    Promise.resolve([
      '/ops/imports',
      { advertiser_id: advertiserId, dry_run: 'true' },
      'conversion_id,status\nc,approved\n',
    ]),
  'post /ops/imports/:id/apply': async ({ network }) => [`/ops/imports/${await uploadedImport(network, 'done')}/apply`],
  'post /ops/imports/:id/pause': async ({ network }) => [
    `/ops/imports/${await uploadedImport(network, 'running')}/pause`,
  ],
  'post /ops/imports/:id/resume': async ({ network }) => [
    `/ops/imports/${await uploadedImport(network, 'paused')}/resume`,
  ],
  'post /ops/imports/:id/cancel': async ({ network }) => [
    `/ops/imports/${await uploadedImport(network, 'running')}/cancel`,
  ],
  'post /ops/keys': () => Promise.resolve(['/ops/keys', { name: 'kate', role: 'read' }]),
  'post /ops/keys/:name/revoke': () => Promise.resolve(['/ops/keys/kate/revoke']),
};

async function anAdvertiser({ db }: Network): Promise<string> {
  return (await createAdvertiser(db, { name: 'Bank' })).advertiser.advertiser_id;
}

/** @returns where the pull of an advertiser is */
async function aPull({ network, browser }: Stage): Promise<string> {
  const place = `/ops/advertisers/${await anAdvertiser(network)}/pull`;
  await browser.post(place, PULL);
  return place;
}

async function anOffer(network: Network): Promise<string> {
  const { name, url } = OFFER;
  const offer = { advertiser_id: await anAdvertiser(network), name, url, reward: { amount: 500, currency: 'USD' } };
  return (await createOffer(network.db, offer)).offer_id;
}

async function priced(network: Network) {
  return { advertiser_id: await anAdvertiser(network), currency: 'USD' };
}

async function lastCall({ db }: Network): Promise<number> {
  return (await db('status_calls').orderBy('call_id', 'desc').first<{ call_id: number }>('call_id')).call_id;
}

describe('the audit log of the ops console', () => {
  let network: Network;
  let site: OpsConsole;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    site = buildOpsConsole(network);
  });
  afterEach(() => assert.deepEqual(site.logged, []));
  after(() => network.close());

  async function entriesAfter(auditId: number): Promise<AuditEntry[]> {
    const answer = await request(site.app)
      .get('/v1/admin/audit?limit=20')
      .set('authorization', `Bearer ${ADMIN_KEY}`)
      .expect(200);
    return (answer.body as { items: AuditEntry[] }).items.filter(({ audit_id }) => audit_id > auditId);
  }

  it('has one line, in the name of who is signed in, for each form that changes something', async () => {
    const browser = await site.signedIn(await site.makeKey('admin', 'anna'));
    await browser.get('/ops/imports/new');
    const shown: RegExpMatchArray[] = [];
    const forms = listPages(network).filter((page) => page.method !== 'get' && !ASKS_ONLY.includes(nameOf(page)));
    for (const page of forms) {
      const name = nameOf(page);
      const change = CHANGES[name];
      assert.ok(change, `${name}: say in this test what is sent to it`);
      const [path, fields = {}, file] = await change({ network, browser });
      const last = (await entriesAfter(0))[0]?.audit_id ?? 0;
      const answer =
        file === undefined ? await browser.post(path, fields) : await browser.postFile(path, { fields, file });
      assert.ok(answer.status < 400, `${name} answered ${answer.status}: ${/<main.*/s.exec(answer.text)?.[0]}`);
      const [entry, ...others] = await entriesAfter(last);
      assert.ok(entry, `${name} left no line`);
      assert.deepEqual(others, [], `${name} left more than one line`);
      assertFields(entry, { actor: 'anna', role: 'admin' });
      shown.push(...answer.text.matchAll(/\b(?:ck|at|ak)_\w{20,}|whsec_[\w+/=]{20,}/g));
    }
    assert.ok(shown.length >= 5, 'keys, tokens and secrets were shown');
    const log = JSON.stringify(await network.db('audit_log').select());
    for (const [secret] of shown) assert.ok(!log.includes(secret), `a secret that begins with ${secret.slice(0, 6)}`);
  });
});
