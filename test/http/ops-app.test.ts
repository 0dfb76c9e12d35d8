import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Express } from 'express';
import request from 'supertest';
import { hashKey } from '../../src/db/keys/keys.ts';
import type { OpsDeps } from '../../src/http/ops-app.ts';
import type { ConversionStory } from '../../src/stories/conversion-story.ts';
import type { LeadStory } from '../../src/stories/lead-story.ts';
import { createTestDatabase, startOutage } from '../support/database.ts';
import { makeEventfulLead } from '../support/leads/eventful-lead.ts';
import { assertFields } from '../support/fields.ts';
import { makeHotLead } from '../support/leads/hot-lead.ts';
import { ADMIN_KEY as KEY, buildOpsApp, WINDOW_MS } from './build-ops-app.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';

const OFFER_URL = 'https://bank.example/?c={conversion_id}';

type Answer = Record<string, unknown>;
type Problem = { kind: string; detail: string; problems?: { field: string; message: string }[] };

/** Those that the description of the operations listener holds besides the probes and metrics. */
function adminPaths(paths: Record<string, object>): [string, object][] {
  return Object.entries(paths).filter(([path]) => path.startsWith('/v1/admin'));
}

describe('the operations listener', () => {
  let network: Network;
  let app: Express;
  let logged: object[];
  let warned: object[];

  const build = (changes: Partial<OpsDeps> = {}) => {
    const built = buildOpsApp(network, changes);
    ({ logged, warned } = built);
    return built.app;
  };
  const call = (method: 'get' | 'post' | 'patch', path: string, body?: object) => {
    const made = request(app)[method](`/v1/admin${path}`).set('authorization', `Bearer ${KEY}`);
    return body === undefined ? made : made.send(body);
  };
  const bodyOf = <T = Answer>(response: request.Response) => response.body as T;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    app = build();
  });
  after(() => network.close());
  afterEach(() => assert.deepEqual(logged, []));

  describe('for a caller without a key', () => {
    it('shows metrics and health', async () => {
      await request(app)
        .get('/metrics')
        .expect(200, 'leads 1\n')
        .expect('content-type', /0\.0\.4/);
      await request(app).get('/healthz').expect(200);
      await request(app).get('/readyz').expect(200);
      const reason = new Error('no');
      await request(build({ checkReady: () => Promise.reject(reason) }))
        .get('/readyz')
        .expect(503);
      assert.deepEqual(warned, [{ err: reason }]);
    });

    it('describes the admin API but answers none of it', async () => {
      const { paths } = bodyOf<{ paths: Record<string, object> }>(
        await request(app).get('/v1/admin/openapi.json').expect(200),
      );
      // Callers of many addresses, because each may send some wrong keys alone.
      const behindProxy = build({ trustProxy: 1 });
      let callers = 0;
      for (const [path, operations] of adminPaths(paths)) {
        for (const method of Object.keys(operations) as ('get' | 'post' | 'patch')[]) {
          const response = await request(behindProxy)
            [method](path.replace(/\{[^}]+\}/g, 'x'))
            .set('x-forwarded-for', `192.0.2.${++callers}`)
            .expect(401);
          assert.equal(bodyOf<Problem>(response).kind, 'unauthorized', `${method} ${path}`);
        }
      }
    });

    it('refuses wrong keys, slows them down when they are many, and lets the right one in all the same', async () => {
      app = build();
      const wrong = () => request(app).get('/v1/admin/partners').set('authorization', 'Bearer wrong');
      let response = await wrong();
      assert.equal(response.status, 401);
      for (let guess = 0; guess < 100 && response.status === 401; guess++) response = await wrong();
      assert.equal(response.status, 429);
      await call('get', '/partners').expect(200);
      assert.equal((await wrong()).status, 429);
      app = build();
    });

    it('tells the callers behind a proxy apart', async () => {
      const behindProxy = build({ trustProxy: 1 });
      const wrong = (ip: string) =>
        request(behindProxy).get('/v1/admin/partners').set('x-forwarded-for', ip).set('authorization', 'Bearer wrong');
      let response = await wrong('192.0.2.1');
      for (let guess = 0; guess < 100 && response.status === 401; guess++) response = await wrong('192.0.2.1');
      assert.equal(response.status, 429);
      await wrong('192.0.2.2').expect(401);
    });

    it('is told which methods a route answers to', async () => {
      for (const path of ['/metrics', '/healthz', '/readyz', '/v1/admin/openapi.json']) {
        await request(app).put(path).expect(405).expect('allow', 'GET, HEAD');
      }
    });

    it('has no admin API in a process without the role api', async () => {
      const bare = build({ admin: null });
      await request(bare).get('/v1/admin/partners').set('authorization', `Bearer ${KEY}`).expect(404);
      await request(bare).get('/metrics').expect(200);
    });
  });

  describe('by the host it is called by', () => {
    const hostIs = (host: string, path = '/v1/admin/partners') =>
      request(app).get(path).set('host', host).set('authorization', `Bearer ${KEY}`);

    it('answers to localhost, to addresses and to names it is known by', async () => {
      for (const host of [
        'localhost:3001',
        'LOCALHOST',
        '127.0.0.1:3001',
        '[::1]:3001',
        '10.1.2.3',
        'Ops.Example:443',
      ]) {
        const { status } = await hostIs(host);
        assert.equal(status, 200, host);
      }
    });

    it('refuses any other name, with what to do about it', async () => {
      for (const host of [
        'evil.example',
        'localhost.evil.example',
        'evil.example:3001',
        'a@localhost',
        '[::1',
        '',
        '127.0.0.1.evil.example',
      ]) {
        for (const path of ['/v1/admin/partners', '/v1/admin/openapi.json', '/ops', '/', '/metrics']) {
          const response = await hostIs(host, path);
          assert.equal(response.status, 421, `${host} ${path}`);
          assert.match(bodyOf<Problem>(response).detail, /OPS_ALLOWED_HOSTS/);
        }
      }
    });

    it('says under any name whether it lives and is ready', async () => {
      for (const path of ['/healthz', '/readyz']) await hostIs('pod-7.cluster.example', path).expect(200);
    });

    it('is scraped by its address, or by a name it is known by', async () => {
      for (const host of ['10.1.2.3:3001', '[2001:db8::7]:3001', 'ops.example'])
        await hostIs(host, '/metrics').expect(200);
    });

    it('lets only its own pages change anything', async () => {
      const from = (origin: string, host = 'localhost:3001') =>
        call('post', '/partners', { name: 'Origin' }).set('host', host).set('origin', origin);
      await from('http://localhost:3001').expect(201);
      await from('https://ops.example').expect(201);
      await from('http://10.1.2.3:3001', '10.1.2.3:3001').expect(201);
      for (const origin of ['https://evil.example', 'http://localhost:8080', 'http://10.9.9.9', 'null', '']) {
        const response = await from(origin);
        assert.equal(response.status, 403, origin);
        assert.equal(bodyOf<Problem>(response).kind, 'wrong_origin', origin);
      }
      await hostIs('localhost:3001').set('origin', 'https://evil.example').expect(200);
    });
  });

  describe('partners', () => {
    it('are made with a key that is shown once, and a referral link', async () => {
      const made = bodyOf(await call('post', '/partners', { name: 'Ann' }).expect(201));
      assert.match(String(made.partner_id), /^[a-z0-9]{11}$/);
      assert.match(String(made.api_key), /^ck_/);
      assert.equal(made.referral_url, `https://cashcat.example/${String(made.partner_id)}/`);
      const read = await call('get', `/partners/${String(made.partner_id)}`).expect(200);
      assert.ok(!read.text.includes(String(made.api_key)));
      assert.deepEqual(bodyOf(read).ref_id_warnings, []);
    });

    it('get the id they ask for when it is free and not a word of ours', async () => {
      await call('post', '/partners', { name: 'Ben', partner_id: 'ben-media' }).expect(201);
      assert.equal(
        bodyOf<Problem>(await call('post', '/partners', { name: 'B', partner_id: 'ben-media' }).expect(409)).kind,
        'taken',
      );
      for (const partner_id of ['docs', 'advertisers', 'UPPER', 'a b', '', 'ab']) {
        const { problems } = bodyOf<Problem>(await call('post', '/partners', { name: 'B', partner_id }).expect(400));
        assert.equal(problems?.[0]?.field, 'partner_id');
      }
    });

    it('keep postback settings with what was left out filled in', async () => {
      const postback = { url: 'https://t.example/?c={ref_id}&s={status}', status_words: { approved: 'ok' } };
      const made = bodyOf(await call('post', '/partners', { name: 'Cay', postback }).expect(201));
      const full = {
        ...postback,
        method: 'GET',
        body: null,
        statuses: ['pending', 'approved', 'rejected'],
        status_urls: {},
        handover: false,
      };
      assert.deepEqual(made.postback, full);
      const path = `/partners/${String(made.partner_id)}`;
      const paused = bodyOf(await call('patch', path, { state: 'paused' }).expect(200));
      assertFields(paused, { state: 'paused', postback: full });
      assert.equal(bodyOf(await call('patch', path, { postback: null }).expect(200)).postback, null);
    });

    for (const [what, postback, field] of [
      ['a macro nobody knows', { url: 'https://t.example/?c={clickid}' }, 'postback.url'],
      ['a macro in the host', { url: 'https://{ref_id}.example/' }, 'postback.url'],
      ['a private address', { url: 'http://10.0.0.1/?c={ref_id}' }, 'postback.url'],
      ['the address of a cloud', { url: 'http://169.254.169.254/?c={ref_id}' }, 'postback.url'],
      ['a private address in disguise', { url: 'http://0x0a000001/?c={ref_id}' }, 'postback.url'],
      ['a private IPv6 address', { url: 'http://[::ffff:10.0.0.1]/?c={ref_id}' }, 'postback.url'],
      [
        'a private address for one status',
        { url: 'https://t.example/?c={ref_id}', status_urls: { approved: 'http://10.0.0.1/?c={ref_id}' } },
        'postback.status_urls.approved',
      ],
      ['a field nobody knows', { url: 'https://t.example/?c={ref_id}', methode: 'GET' }, 'postback.methode'],
      [
        'a status nobody knows',
        { url: 'https://t.example/?c={ref_id}', status_words: { paid: 'x' } },
        'postback.status_words.paid',
      ],
      ['a body for a GET', { url: 'https://t.example/?c={ref_id}', body: 'json' }, 'postback.body'],
      ['a URL that says nothing', { url: 'https://t.example/' }, 'postback.url'],
      ['no status at all', { url: 'https://t.example/?c={ref_id}', statuses: [] }, 'postback.statuses'],
      ['no URL', {}, 'postback.url'],
    ] as const) {
      it(`cannot have postbacks with ${what}`, async () => {
        const problem = bodyOf<Problem>(await call('post', '/partners', { name: 'Dan', postback }).expect(400));
        assert.equal(problem.kind, 'invalid');
        assert.deepEqual([...new Set(problem.problems?.map((each) => each.field))], [field]);
        assert.ok(problem.detail.includes(field));
      });
    }

    it('can have postbacks to addresses that the operator allows, in GET and POST', async () => {
      const postback = { url: 'http://127.0.0.1:9000/?c={ref_id}', method: 'POST', body: 'json' };
      await call('post', '/partners', { name: 'Eve', postback }).expect(201);
      await call('post', '/partners', { name: 'Eve', postback: { url: 'http://localhost:9000/{ref_id}' } }).expect(201);
    });

    it('are listed in pages', async () => {
      const first = bodyOf<{ partners: Answer[]; next: string }>(await call('get', '/partners?limit=2').expect(200));
      assert.equal(first.partners.length, 2);
      const second = bodyOf<{ partners: Answer[] }>(
        await call('get', `/partners?limit=2&after=${first.next}`).expect(200),
      );
      assert.notEqual(second.partners[0]?.partner_id, first.partners[0]?.partner_id);
      await call('get', '/partners?limit=201').expect(400);
      await call('get', '/partners?limit=2&limit=3').expect(400);
      await call('get', '/partners?sort=name').expect(400);
    });

    it('R5: a partner is shown with the unusable ref_ids it sent', async () => {
      const partnerId = await network.partner();
      await network.touch(network.newLead(), partnerId, 'y'.repeat(50));
      const { ref_id_warnings: warnings } = bodyOf<{ ref_id_warnings: Answer[] }>(
        await call('get', `/partners/${partnerId}`),
      );
      assert.deepEqual(
        warnings.map(({ problem, count, latest_sample }) => ({ problem, count, latest_sample })),
        [{ problem: 'too_long', count: 1, latest_sample: 'y'.repeat(50) }],
      );
    });

    it('get a new key, and the old one ends', async () => {
      const made = bodyOf(await call('post', '/partners', { name: 'Fay' }));
      const replaced = bodyOf(await call('post', `/partners/${String(made.partner_id)}/key`).expect(201));
      assert.notEqual(replaced.api_key, made.api_key);
      const stored = await network.db('partners').where({ partner_id: made.partner_id }).select('api_key_hash');
      assert.deepEqual(stored, [{ api_key_hash: hashKey(String(replaced.api_key)) }]);
    });
  });

  describe('advertisers and offers', () => {
    it('are made, read, changed and listed', async () => {
      const advertiser = bodyOf(
        await call('post', '/advertisers', { name: 'Bank', advertiser_id: 'bank' }).expect(201),
      );
      assert.match(String(advertiser.token), /^at_/);
      assert.equal(advertiser.postback_url, 'https://cashcat.example/advertisers/bank/postback');
      const given = {
        advertiser_id: 'bank',
        name: 'Card',
        url: OFFER_URL,
        reward: { amount: 1250, currency: 'USD' },
        offer_id: 'card',
      };
      assert.equal(bodyOf(await call('post', '/offers', given).expect(201)).offer_id, 'card');
      const patched = bodyOf(
        await call('patch', '/offers/card', { reward: { amount: '1300', currency: 'USD' } }).expect(200),
      );
      assertFields(patched, { reward: { amount: 1300, currency: 'USD' }, price_version: 2 });
      assert.deepEqual(bodyOf(await call('get', '/offers/card').expect(200)), patched);
      assert.equal(bodyOf(await call('patch', '/advertisers/bank', { state: 'paused' }).expect(200)).state, 'paused');
      assert.equal(bodyOf<{ offers: Answer[] }>(await call('get', '/offers?advertiser_id=bank')).offers.length, 1);
      assert.ok(
        bodyOf<{ advertisers: Answer[] }>(await call('get', '/advertisers').expect(200)).advertisers.length >= 2,
      );
      assert.ok(!(await call('get', '/advertisers/bank')).text.includes(String(advertiser.token)));
    });

    it('get a new token, and the old one ends', async () => {
      const made = bodyOf(await call('post', '/advertisers', { name: 'Lender' }).expect(201));
      const id = String(made.advertiser_id);
      const replaced = bodyOf(await call('post', `/advertisers/${id}/token`).expect(201));
      await assert.rejects(network.statuses.authenticate(id, String(made.token)), { kind: 'unauthorized' });
      await network.statuses.authenticate(id, String(replaced.token));
    });

    for (const [what, change, field] of [
      ['without a conversion id in its URL', { url: 'https://bank.example/' }, 'url'],
      ['with a reward in fractions', { reward: { amount: 12.5, currency: 'USD' } }, 'reward.amount'],
      ['with a negative reward', { reward: { amount: -1, currency: 'USD' } }, 'reward.amount'],
      ['with a currency nobody knows', { reward: { amount: 1, currency: 'usd' } }, 'reward.currency'],
      ['with control characters in its name', { name: 'a\u0000b' }, 'name'],
      ['with NUL in its description', { description: '\u0000' }, 'description'],
      ['of an advertiser who does not exist', { advertiser_id: 'nobody' }, 'advertiser_id'],
      ['without a name', { name: undefined }, 'name'],
    ] as const) {
      it(`cannot be made: an offer ${what}`, async () => {
        const given = {
          advertiser_id: network.advertiserId,
          name: 'Card',
          url: OFFER_URL,
          reward: { amount: 1, currency: 'USD' },
        };
        const { problems } = bodyOf<Problem>(await call('post', '/offers', { ...given, ...change }).expect(400));
        assert.equal(problems?.[0]?.field, field);
      });
    }
  });

  describe('stories', () => {
    it('tell a lead from its first touch to its last postback', async () => {
      const lead = await makeEventfulLead(network);
      const story = bodyOf<LeadStory>(await call('get', `/leads/${lead.leadId}`).expect(200));
      assert.equal(story.workflow_id, `lead:${lead.leadId}`);
      assert.equal(story.temporal_ui_url, `http://localhost:8233/namespaces/default/workflows/lead%3A${lead.leadId}`);
      assert.equal(story.linked_partner, lead.last);
      assert.deepEqual(
        story.link_changes.map(({ seq, from, to }) => ({ seq, from, to })),
        [
          { seq: 1, from: 'house', to: lead.first },
          { seq: 4, from: lead.first, to: lead.last },
        ],
      );
      const lastActivity = story.events.findLast((event) => event.type !== 'status')?.at ?? '';
      assert.equal(Date.parse(story.open_until ?? ''), Date.parse(lastActivity) + WINDOW_MS);
      const [conversion, other] = story.conversions;
      assertFields(other, { conversion_id: lead.otherConversionId, status: null, won_by: null });
      assert.equal(conversion?.won_by?.partner_id, lead.last);
      assert.match(
        conversion?.won_by?.why ?? '',
        new RegExp(`${lead.last} had the last touch .*Earlier touches by ${lead.first}`),
      );
      assert.deepEqual(
        conversion?.statuses.map(({ seq, status, settled_with, call: kept }) => ({
          seq,
          status,
          settled_with,
          result: kept?.result,
        })),
        [
          { seq: 3, status: 'pending', settled_with: lead.first, result: 'recorded' },
          { seq: 6, status: 'approved', settled_with: lead.last, result: 'recorded' },
        ],
      );
      assert.deepEqual(
        conversion?.other_calls.map((kept) => kept.result),
        ['duplicate', 'unknown_word'],
      );
      assert.deepEqual(conversion?.reward.net, { amount: 1250, currency: 'USD' });
      const [skipped, delivered] = conversion?.postbacks ?? [];
      assertFields(skipped, { state: 'skipped', skip_reason: 'no_ref_id', ref_id_problem: 'too_long' });
      assert.deepEqual(
        delivered?.attempts.map(({ outcome, response }) => ({
          outcome,
          http_status: response?.http_status,
          body: response?.body,
        })),
        [
          { outcome: 'refused', http_status: 302, body: '' },
          { outcome: 'delivered', http_status: 200, body: 'OK' },
        ],
      );
      assert.equal(delivered?.attempts[0]?.request.url, 'https://t.example/?c=ref-of-last');
      const times = story.timeline.map((moment) => moment.at);
      assert.deepEqual(times, [...times].sort());
      const told = story.timeline.map((moment) => moment.what).join('\n');
      for (const part of [
        'the lead passes from house',
        'won by',
        'reward booked',
        'skipped, its ref_id was unusable (too_long)',
        'HTTP 302',
        'unknown_word',
      ]) {
        assert.ok(told.includes(part), part);
      }
    });

    it('tell a lead page by page, each page as it would stand in the whole', async () => {
      const { leadId } = await makeEventfulLead(network);
      const whole = bodyOf<LeadStory>(await call('get', `/leads/${leadId}`).expect(200));
      assertFields(whole, { is_complete: true, next: null });
      const pages: LeadStory[] = [];
      for (let after: number | null = 0; after !== null; after = pages.at(-1)?.next ?? null) {
        pages.push(bodyOf<LeadStory>(await call('get', `/leads/${leadId}?limit=4&after=${after}`).expect(200)));
      }
      assert.deepEqual(
        pages.map((page) => page.events.length),
        [4, 2],
      );
      assert.deepEqual(
        pages.flatMap((page) => page.events),
        whole.events,
      );
      assert.deepEqual(
        pages.flatMap((page) => page.link_changes),
        whole.link_changes,
      );
      for (const page of pages) {
        assertFields(page, { is_complete: false, linked_partner: whole.linked_partner, open_until: whole.open_until });
        for (const conversion of page.conversions) {
          const same = whole.conversions.find((each) => each.conversion_id === conversion.conversion_id);
          assert.deepEqual(conversion, same);
        }
      }
      await call('get', `/leads/${leadId}?limit=100000`).expect(400);
      await call('get', `/leads/${leadId}?after=x`).expect(400);
    });

    it('stay small where a lead is large', async () => {
      const counts = { touches: 20_000, conversions: 2_000, approved: 300 };
      const hot = await makeHotLead(network, await network.partner(), counts);
      for (const after of [0, counts.touches - 100, hot.lastSeq - 200]) {
        const answer = await call('get', `/leads/${hot.leadId}?after=${after}`).expect(200);
        assert.equal(bodyOf<LeadStory>(answer).events.length, 200);
        assert.ok(answer.text.length < 500_000, `${answer.text.length} characters`);
      }
      const answer = await call('get', `/conversions/${hot.conversionId(1)}`).expect(200);
      const story = bodyOf<ConversionStory>(answer);
      assert.equal(story.is_complete, false);
      assert.match(
        story.won_by?.why ?? '',
        /had the last touch \(event 20000, .* Whoever touched it earlier does not count/,
      );
      assert.ok(answer.text.length < 200_000, `${answer.text.length} characters`);
    });

    it('tell a conversion alone, with the touches that decided it', async () => {
      const lead = await makeEventfulLead(network);
      const story = bodyOf<ConversionStory>(await call('get', `/conversions/${lead.otherConversionId}`).expect(200));
      assertFields(story, { conversion_id: lead.otherConversionId, lead_id: lead.leadId, statuses: [] });
      assert.deepEqual(
        story.touches.map(({ seq }) => seq),
        [1, 4],
      );
      assert.equal(story.is_complete, true);
      assert.ok(!JSON.stringify(story).includes(lead.conversionId));
      const won = bodyOf<ConversionStory>(await call('get', `/conversions/${lead.conversionId}`).expect(200));
      assert.deepEqual(
        { won_by: won.won_by?.partner_id, postbacks: won.postbacks.length, status: won.status },
        { won_by: lead.last, postbacks: 2, status: 'approved' },
      );
    });

    describe('awaited', () => {
      const settle = (conversionId: string, leadId: string) =>
        network.db('settlements').insert({
          ...{ conversion_id: conversionId, lead_id: leadId, seq: 3, status: 'approved' },
          ...{ partner_id: null, touch_seq: null, reward: 'none' },
        });
      const addPostback = (conversionId: string, leadId: string, changes: object) =>
        network.db('postbacks').insert({
          ...{ postback_id: `w${leadId.slice(-15)}`, conversion_id: conversionId, lead_id: leadId, seq: 3 },
          ...{ partner_id: null, offer_id: network.offerId, status: 'approved', payout: 0, currency: 'USD' },
          ...{ event_at: '2026-01-01T00:00:00Z', state: 'skipped', skip_reason: 'house', ...changes },
        });
      const waitFor = async (conversionId: string, seconds: number) =>
        bodyOf<ConversionStory>(await call('get', `/conversions/${conversionId}?wait=${seconds}`).expect(200));
      const theNextLook = () => once(network.db, 'query');

      it('come when their statuses are settled and their postbacks delivered', async () => {
        const partnerId = await network.partner();
        const { conversionId, leadId } = await network.aLead(partnerId);
        await network.report(conversionId, 'approved');
        const looked = theNextLook();
        const awaited = waitFor(conversionId, 30);
        await looked;
        await addPostback(conversionId, leadId, { partner_id: partnerId, state: 'scheduled', skip_reason: null });
        await settle(conversionId, leadId);
        await theNextLook();
        await network.db('postbacks').where({ conversion_id: conversionId }).update({ state: 'delivered' });
        assert.deepEqual(
          (await awaited).postbacks.map(({ state }) => state),
          ['delivered'],
        );
      });

      // One that waited all the same would outlast the test.
      it('come at once when nothing is to be waited for, such as an attempt that is due much later', async () => {
        const partnerId = await network.partner();
        const { conversionId, leadId } = await network.aLead(partnerId);
        await waitFor(conversionId, 30);
        await network.report(conversionId, 'approved');
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
        const { conversionId } = await network.aLead(await network.partner());
        await network.report(conversionId, 'approved');
        const askedAt = performance.now();
        const story = await waitFor(conversionId, 1);
        assert.ok(performance.now() - askedAt > 900);
        assert.equal(story.statuses[0]?.settled_with, null);
        await call('get', `/conversions/${conversionId}?wait=31`).expect(400);
        await call('get', '/conversions/nothing?wait=30').expect(404);
      });
    });

    it('R4: the house has won where no partner ever touched the lead', async () => {
      const { conversionId } = await network.aLead(null);
      await network.report(conversionId, 'approved');
      const story = bodyOf<ConversionStory>(await call('get', `/conversions/${conversionId}`).expect(200));
      assert.deepEqual(
        { linked_partner: story.linked_partner, won_by: story.won_by?.partner_id },
        { linked_partner: 'house', won_by: 'house' },
      );
      assert.match(story.won_by?.why ?? '', /No partner had touched/);
    });

    it('are none for what does not exist', async () => {
      for (const path of [
        '/leads/nobody',
        '/conversions/nothing',
        '/leads/a%00b',
        '/partners/nobody',
        '/offers/none',
        '/nothing',
      ]) {
        await call('get', path).expect((response) => assert.ok([400, 404].includes(response.status), path));
      }
    });

    it('name no address of the Web UI where none is known', async () => {
      const lead = await makeEventfulLead(network);
      app = build({ temporalUiUrl: null });
      assert.equal(bodyOf<LeadStory>(await call('get', `/leads/${lead.leadId}`)).temporal_ui_url, null);
      app = build();
    });
  });

  describe('R9: status calls that came too late', () => {
    it('are listed, and recorded when they are accepted, once', async () => {
      const { leadId, conversionId } = await network.aLead(await network.partner());
      await network.db('leads').where({ lead_id: leadId }).update({ last_activity_at: '2020-01-01T00:00:00Z' });
      await assert.rejects(network.report(conversionId, 'approved'), { kind: 'window_closed' });
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

  it('answers a method that a route does not know with 405 and those it knows', async () => {
    const { paths } = bodyOf<{ paths: Record<string, object> }>(await request(app).get('/v1/admin/openapi.json'));
    for (const [path, operations] of adminPaths(paths)) {
      const methods = Object.keys(operations).map((method) => method.toUpperCase());
      const unknown = methods.includes('PUT') ? 'patch' : 'put';
      const response = await request(app)
        [unknown](path.replace(/\{[^}]+\}/g, 'x'))
        .set('authorization', `Bearer ${KEY}`)
        .expect(405);
      const allowed = (response.headers.allow ?? '').split(', ').filter((method) => method !== 'HEAD');
      assert.deepEqual(allowed.toSorted(), methods.toSorted(), path);
      assert.equal(bodyOf<Problem>(response).kind, 'method_not_allowed');
    }
  });

  describe('what cannot be accepted', () => {
    const messageFor = async (method: 'get' | 'post', path: string, body?: object) =>
      bodyOf<Problem>(await call(method, path, body).expect(400)).problems?.[0]?.message ?? '';
    const offerOf = (amount: unknown) => ({
      advertiser_id: network.advertiserId,
      name: 'Card',
      url: OFFER_URL,
      reward: { amount, currency: 'USD' },
    });

    it('is answered with what is asked for', async () => {
      for (const amount of ['12.50', '', 'x', -1, 12.5, null, undefined, [1]]) {
        assert.match(await messageFor('post', '/offers', offerOf(amount)), /minor units|is missing/, String(amount));
      }
      for (const limit of ['x', '', '0', '201', '1.5', '1e1']) {
        const message = 'must be a whole number from 1 to 200';
        assert.equal(await messageFor('get', `/partners?limit=${limit}`), message);
      }
      const reserved = await messageFor('post', '/partners', { name: 'B', partner_id: 'docs' });
      assert.equal(reserved, '"docs" is reserved: choose another id');
      const illFormed = await messageFor('post', '/partners', { name: 'B', partner_id: 'Docs' });
      assert.match(illFormed, /3 to 40 lower-case letters/);
      const offerUrl = { ...offerOf(1), url: 'https://bank.example/?c={{conversion_id}}' };
      assert.match(await messageFor('post', '/offers', offerUrl), /\{conversion_id\}/);
    });
  });

  describe('what cannot be read', () => {
    it('is a problem that says what to send', async () => {
      const send = (type: string, body: string) =>
        call('post', '/partners')
          .set('content-type', type)
          .send(body)
          .expect('content-type', /problem\+json/);
      assert.equal(bodyOf<Problem>(await send('application/json', '{"name":').expect(400)).kind, 'malformed');
      assert.match(bodyOf<Problem>(await send('text/plain', 'name=x').expect(400)).detail, /JSON/);
      assert.match(bodyOf<Problem>(await send('application/json', '[]').expect(400)).detail, /JSON/);
      const unknown = bodyOf<Problem>(await send('application/json', '{"name":"x","nmae":"y"}').expect(400));
      assert.deepEqual(unknown.problems, [{ field: 'nmae', message: 'is not a known field' }]);
      await send('application/json', JSON.stringify({ name: 'x'.repeat(70_000) })).expect(413);
    });
  });

  it('answers 503 with Retry-After while the database is away, and goes on when it is back', async () => {
    const outage = await startOutage(network.db);
    try {
      const response = await call('get', '/partners');
      assert.ok(response.status === 503, `${response.status} ${response.text}`);
      assert.ok(Number(response.headers['retry-after']) > 0);
    } finally {
      await outage.end();
    }
    await call('get', '/partners').expect(200);
  });
});
