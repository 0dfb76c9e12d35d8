import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import request from 'supertest';
import type { Response, Test } from 'supertest';
import { Webhook } from 'standardwebhooks';
import type { Knex } from 'knex';
import { createAdvertiser, updateAdvertiser } from '../../../src/db/advertisers.ts';
import { removeAdvertiserSecrets } from '../../../src/db/keys/advertiser-secrets.ts';
import type { OriginProofs } from '../../../src/domain/origin-proofs.ts';
import { newSigningSecret } from '../../../src/new-ids.ts';
import { countLocked, createTestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { assertFields } from '../../support/fields.ts';
import { freshCatalogue } from '../../support/fresh-catalogue.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY, buildOpsApp, type BuiltOpsApp } from '../build-ops-app.ts';
import { buildPublicApp, type BuiltPublicApp } from '../build-public-app.ts';

type Body = Record<string, unknown>;
const TOKEN_ONLY: OriginProofs = { token: true, signature: false, addresses: null };

describe('where a status call comes from', () => {
  let network: Network;
  let ops: BuiltOpsApp;
  let site: BuiltPublicApp;
  let path: string;
  let token: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ops = buildOpsApp(network);
  });
  after(() => network.close());

  beforeEach(async () => {
    const made = await createAdvertiser(network.db, { name: 'Bank' });
    ({ token } = made);
    path = `/advertisers/${made.advertiser.advertiser_id}/postback`;
    const catalogue = await freshCatalogue(network.db);
    // One proxy stands in front, and says where a call comes from.
    site = await buildPublicApp({ catalogue, statuses: network.statuses, trustProxy: 1 });
  });
  afterEach(() => assert.deepEqual([...site.logged, ...ops.logged], []));

  const admin = (method: 'get' | 'post' | 'patch' | 'delete', rest = '') =>
    request(ops.app)
      [method](`/v1/admin${path.replace('/postback', '')}${rest}`)
      .set('authorization', `Bearer ${ADMIN_KEY}`);
  const agree = (proofs: OriginProofs) => admin('patch').send({ proofs });
  const makeSecret = async (body: Body = {}) =>
    String(((await admin('post', '/signing-secret').send(body).expect(201)).body as Body).secret);
  const QUERY = 'conversion_id=nobody&status=approved';
  const call = (query = QUERY) => request(site.app).get(`${path}?${query}`);
  const withToken = (given = token) => call(`${QUERY}&token=${given}`);

  function signed(call: Test, secret: string, payload: string, id = 'msg_1'): Test {
    const at = new Date();
    return call
      .set('webhook-id', id)
      .set('webhook-timestamp', String(Math.floor(at.getTime() / 1000)))
      .set('webhook-signature', new Webhook(secret).sign(id, at, payload));
  }

  async function anOwnConversion(): Promise<string> {
    const { conversionId } = await network.aLead(null);
    const advertiser = { advertiser_id: path.split('/')[2] };
    await network.db('conversions').where({ conversion_id: conversionId }).update(advertiser);
    return conversionId;
  }

  // A call that is let in is about a conversion that nobody knows.
  const letIn = 404;
  const refused = 401;

  describe('by token', () => {
    it('is shown by either of two live tokens, while one is replaced', async () => {
      const newer = String(
        ((await admin('post', '/token').send({ keep_old_for_seconds: 60 }).expect(201)).body as Body).token,
      );
      await withToken(newer).expect(letIn);
      await withToken(token).expect(letIn);
      assert.notEqual(((await admin('get').expect(200)).body as Body).old_token_until, null);
      const newest = String(((await admin('post', '/token').expect(201)).body as Body).token);
      await withToken(newest).expect(letIn);
      for (const ended of [token, newer]) await withToken(ended).expect(refused);
    });

    it('that memory knows asks Postgres nothing', async () => {
      site = await buildPublicApp({
        catalogue: await freshCatalogue(network.db),
        statuses: {
          authenticate: () => assert.fail('asked'),
          record: ({ conversionId }) =>
            Promise.resolve({ conversionId: conversionId ?? '', status: 'approved', result: 'recorded' }),
          keepMalformed: () => assert.fail('not reached'),
        },
      });
      await withToken().expect(200);
    });

    it('that memory does not know yet is looked up', async () => {
      const catalogue = await freshCatalogue(network.db);
      const known = await catalogue.findAdvertiser(path.split('/')[2] ?? '');
      const { statuses } = network;
      site = await buildPublicApp({
        statuses,
        catalogue: { ...catalogue, findAdvertiser: () => Promise.resolve(known) },
      });
      const newer = String(((await admin('post', '/token').expect(201)).body as Body).token);
      await withToken(newer).expect(letIn);
      // Memory is behind by as long as CATALOGUE_POLL_SECONDS.
      await withToken(token).expect(letIn);
      await withToken('wrong').expect(refused);
    });
  });

  describe('by signature', () => {
    it('alone needs no token, and covers the query of a call without a body', async () => {
      const secret = await makeSecret();
      await agree({ token: false, signature: true, addresses: null }).expect(200);
      await signed(call(), secret, QUERY).expect(letIn);
      await signed(call(), secret, '').expect(refused);
      await signed(call(`${QUERY}&reason=x`), secret, QUERY).expect(refused);
      await signed(call(), newSigningSecret(), QUERY).expect(refused);
      await withToken().expect(refused);
    });

    it('covers the body as it was sent, and nothing else of the call is read', async () => {
      const secret = await makeSecret();
      const { conversionId } = await network.aLead(null);
      await agree({ token: false, signature: true, addresses: null }).expect(200);
      const post = (body: string, type = 'application/json', query = '') =>
        request(site.app).post(`${path}${query}`).set('content-type', type).send(body);
      const json = ` {"conversion_id" : "nobody",\n "status":"approved"}`;
      await signed(post(json), secret, json).expect(letIn);
      await signed(post(json), secret, json.trim()).expect(refused);
      await signed(post(QUERY, 'application/x-www-form-urlencoded'), secret, QUERY).expect(letIn);
      const partly = `{"conversion_id":"${conversionId}"}`;
      await signed(post(partly, 'application/json', '?status=approved'), secret, partly).expect(400);
      const kept = await network.db('status_calls').orderBy('call_id', 'desc').first<{ raw: { query: object } }>('raw');
      assert.deepEqual(kept.raw.query, {});
    });

    it('covers the bytes of the body, in whatever encoding', async () => {
      const secret = await makeSecret();
      await agree({ token: false, signature: true, addresses: null }).expect(200);
      const body = Buffer.from(`${QUERY}&reason=Caf\u00e9`, 'latin1');
      const at = new Date();
      const timestamp = String(Math.floor(at.getTime() / 1000));
      const mac = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
        .update(`msg_1.${timestamp}.`)
        .update(body);
      const post = request(site.app).post(path).set('content-type', 'application/x-www-form-urlencoded');
      post.set({ 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp }).serialize((bytes: string) => bytes);
      await post
        .set('webhook-signature', `v1,${mac.digest('base64')}`)
        .send(body)
        .expect(letIn);
    });

    it('is made by either of two live secrets, while one is replaced', async () => {
      const older = await makeSecret();
      const newer = await makeSecret({ keep_old_for_seconds: 60 });
      await agree({ token: false, signature: true, addresses: null }).expect(200);
      for (const secret of [older, newer]) await signed(call(), secret, QUERY).expect(letIn);
      const listed = ((await admin('get', '/signing-secret').expect(200)).body as { items: Body[] }).items;
      assert.deepEqual(
        listed.map(({ prefix, expires_at }) => [prefix, expires_at === null]),
        [
          [newer.slice(0, 10), true],
          [older.slice(0, 10), false],
        ],
      );
      const newest = await makeSecret();
      for (const secret of [older, newer]) await signed(call(), secret, QUERY).expect(refused);
      await signed(call(), newest, QUERY).expect(letIn);
    });

    it('sent again within its time changes nothing more', async () => {
      const secret = await makeSecret();
      await agree({ token: false, signature: true, addresses: null }).expect(200);
      const { conversionId } = await network.aLead(null);
      const advertiser = { advertiser_id: path.split('/')[2] };
      await network.db('conversions').where({ conversion_id: conversionId }).update(advertiser);
      const query = `conversion_id=${conversionId}&status=approved`;
      const results = [];
      for (let times = 0; times < 2; times++) {
        results.push(((await signed(call(query), secret, query).expect(200)).body as Body).result);
      }
      assert.deepEqual(results, ['recorded', 'duplicate']);
    });

    it('sent again after a newer decision does not undo it, whichever way it comes', async () => {
      const secret = await makeSecret();
      await agree({ token: false, signature: true, addresses: null }).expect(200);
      const conversionId = await anOwnConversion();
      const queryOf = (status: string) => `conversion_id=${conversionId}&status=${status}`;
      const form = (text: string) => request(site.app).post(path).type('form').send(text);
      const say = async (make: (query: string) => Test, status: string, id: string) =>
        ((await signed(make(queryOf(status)), secret, queryOf(status), id).expect(200)).body as Body).result;
      const results = [
        await say(call, 'approved', 'msg_1'),
        await say(call, 'rejected', 'msg_2'),
        await say(call, 'approved', 'msg_1'),
        await say(form, 'approved', 'msg_1'),
        await say(call, 'rejected', 'msg_2'),
        await say(call, 'approved', 'msg_3'),
        await say(call, 'rejected', 'msg_2'),
        await say(form, 'rejected', 'msg_4'),
      ];
      const expected = ['recorded', 'recorded', 'stale', 'stale', 'duplicate', 'recorded', 'stale', 'recorded'];
      assert.deepEqual(results, expected);
      const kept = await network.db('status_calls').where({ conversion_id: conversionId, result: 'stale' });
      assert.equal(kept.length, 3, 'each is in the log');
    });

    it('of one id for all calls keeps none of them out', async () => {
      const secret = await makeSecret();
      await agree({ token: false, signature: true, addresses: null }).expect(200);
      const conversionId = await anOwnConversion();
      for (const status of ['pending', 'approved', 'rejected']) {
        const query = `conversion_id=${conversionId}&status=${status}`;
        const { body } = (await signed(call(query), secret, query).expect(200)) as { body: Body };
        assert.equal(body.result, 'recorded');
      }
    });
  });

  describe('by address', () => {
    it('alone needs nothing else, and is told by the proxy that is trusted', async () => {
      await agree({ token: false, signature: false, addresses: ['192.0.2.0/24', '2001:db8:7::/48'] }).expect(200);
      for (const ip of ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8:7::9']) {
        await call().set('x-forwarded-for', ip).expect(letIn);
      }
      for (const ip of ['192.0.3.7', '2001:db8:8::9', '192.0.2.7, 192.0.3.7', 'nonsense']) {
        await call().set('x-forwarded-for', ip).expect(refused);
      }
      await call().expect(refused);
    });
  });

  it('without a token leaves what is said as it is, whatever stands in the parameter of the token', async () => {
    await agree({ token: false, signature: false, addresses: ['192.0.2.0/24'] }).expect(200);
    const { conversionId } = await network.aLead(null);
    const advertiser = { advertiser_id: path.split('/')[2] };
    await network.db('conversions').where({ conversion_id: conversionId }).update(advertiser);
    for (const given of [conversionId.slice(-1), conversionId]) {
      const query = `conversion_id=${conversionId}&status=approved&token=${given}`;
      await call(query).set('x-forwarded-for', '192.0.2.7').expect(200);
    }
  });

  it('needs all that was agreed', async () => {
    const secret = await makeSecret();
    await agree({ token: true, signature: true, addresses: ['192.0.2.7'] }).expect(200);
    const query = `${QUERY}&token=${token}`;
    const all = () => signed(call(query), secret, query).set('x-forwarded-for', '192.0.2.7');
    await all().expect(letIn);
    await all().set('x-forwarded-for', '192.0.2.8').expect(refused);
    await call(query).set('x-forwarded-for', '192.0.2.7').expect(refused);
    await signed(call(), secret, QUERY).set('x-forwarded-for', '192.0.2.7').expect(refused);
    const wrong = `${QUERY}&token=wrong`;
    await signed(call(wrong), secret, wrong).set('x-forwarded-for', '192.0.2.7').expect(refused);
    assert.deepEqual(
      site.refusedCalls.map(({ reason }) => reason),
      ['address', 'signature', 'token', 'token'],
    );
  });

  it('is not told of a refused call, which is counted with a sample that holds no token', async () => {
    const wrong = `at_${'x'.repeat(32)}`;
    const response = await withToken(wrong).expect(refused);
    assert.doesNotMatch(response.text, new RegExp(wrong));
    assertFields(site.refusedCalls[0], { reason: 'token' });
    assert.doesNotMatch(JSON.stringify(site.refusedCalls), new RegExp(wrong));
    await request(site.app).get(`/advertisers/nobody-we-know/postback?token=${wrong}`).expect(refused);
    assert.equal(site.refusedCalls.length, 1);
  });

  it('leaves neither the address of a caller nor a secret under a name of its own in the sample', async () => {
    const networks = { '192.0.2.77': '192.0.2.0/24', '2001:db8:7:9::5': '2001:db8:7::/48', '2001::9': '2001:0:0::/48' };
    for (const [ip, network] of Object.entries(networks)) {
      await call(`key=${token}&a=${newSigningSecret()}`).set('x-forwarded-for', ip).expect(refused);
      const { sample } = site.refusedCalls.at(-1) ?? {};
      assert.deepEqual(sample, {
        ...{ method: 'GET', query: { key: '[secret]', a: '[secret]' }, body: null },
        network,
      });
    }
  });

  describe('settings that would let anybody in, or nobody', () => {
    const refusals: Record<string, Partial<OriginProofs>> = {
      'no proof at all': { token: false },
      'no address': { addresses: [] },
      'all addresses': { token: false, addresses: ['0.0.0.0/0'] },
      'all addresses of IPv6': { token: false, addresses: ['::/0'] },
      'half of them': { addresses: ['128.0.0.0/1'] },
      'IPv4 within IPv6': { addresses: ['::ffff:192.0.2.0/120'] },
      'what is no address': { addresses: ['bank.example'] },
      'a signature without a secret': { signature: true },
      'too many': { addresses: Array.from({ length: 51 }, (_, index) => `192.0.2.${index}`) },
    };
    for (const [what, changes] of Object.entries(refusals)) {
      it(`are refused: ${what}`, async () => {
        const response = await agree({ ...TOKEN_ONLY, ...changes }).expect(400);
        const [problem] = (response.body as { problems: { field: string }[] }).problems;
        assert.match(problem?.field ?? '', /^proofs\.(token|signature|addresses)/);
        await withToken().expect(letIn);
      });
    }

    /** Waits until a request waits for what `holder` has changed; then that is committed. */
    async function afterWaiting(asked: Test, holder: Knex.Transaction): Promise<Response> {
      const answered = asked.then((response) => response);
      await eventually(async () =>
        assert.equal(await countLocked(network.db), 1, 'nothing waits for what is being changed'),
      );
      await holder.commit();
      return await answered;
    }

    it('are refused also while somebody else is about to make them so', async () => {
      const advertiserId = path.split('/')[2] ?? '';
      await makeSecret();
      const removing = await network.db.transaction();
      await removeAdvertiserSecrets(removing, advertiserId);
      const mustSign = { ...TOKEN_ONLY, token: false, signature: true };
      assert.equal((await afterWaiting(agree(mustSign), removing)).status, 400);
      await withToken().expect(letIn);

      const secret = await makeSecret();
      const asking = await network.db.transaction();
      await updateAdvertiser(asking, advertiserId, { proofs: mustSign });
      assert.equal((await afterWaiting(admin('delete', '/signing-secret'), asking)).status, 409);
      await signed(call(), secret, QUERY).expect(letIn);
    });

    it('are refused: taking away the secret that calls are signed with', async () => {
      await makeSecret();
      await agree({ ...TOKEN_ONLY, signature: true }).expect(200);
      await admin('delete', '/signing-secret').expect(409);
      await agree(TOKEN_ONLY).expect(200);
      await admin('delete', '/signing-secret').expect(204);
      assert.deepEqual((await admin('get', '/signing-secret').expect(200)).body, { items: [] });
    });
  });

  it('of an advertiser that is not there is answered as unknown to ops', async () => {
    for (const [method, rest] of [
      ['get', 'signing-secret'],
      ['post', 'signing-secret'],
      ['delete', 'signing-secret'],
      ['get', 'refused-calls'],
    ] as const) {
      const url = `/v1/admin/advertisers/nobody-we-know/${rest}`;
      await request(ops.app)[method](url).set('authorization', `Bearer ${ADMIN_KEY}`).expect(404);
    }
  });

  it('is listed for ops where it was not proven, hour by hour', async () => {
    const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString();
    const [advertiser_id, last_at] = [path.split('/')[2], hour];
    await network.db('refused_calls').insert({ advertiser_id, hour, reason: 'token', calls: 7, last_at, sample: '{}' });
    const listed = await admin('get', '/refused-calls').expect(200);
    assert.deepEqual(listed.body, { items: [{ hour, reason: 'token', calls: 7, last_at, sample: '{}' }] });
  });

  it('is found in the inbound log as calls with a bad token, of one advertiser or of all', async () => {
    const [advertiser_id, sample] = [path.split('/')[2], '{}'];
    const hours = ['2026-03-01T10:00:00.000Z', '2026-03-01T11:00:00.000Z'];
    for (const [index, hour] of hours.entries()) {
      const row = {
        advertiser_id,
        hour,
        reason: index ? 'signature' : 'token',
        calls: 7 + index,
        last_at: hour,
        sample,
      };
      await network.db('refused_calls').insert(row);
    }
    const ask = async (query: string) => {
      const url = `/v1/admin/status-calls?result=bad_token${query}`;
      const { body } = (await request(ops.app).get(url).set('authorization', `Bearer ${ADMIN_KEY}`).expect(200)) as {
        body: Record<string, Body[]>;
      };
      const { items, next_cursor, refused_calls } = body;
      assert.deepEqual([items, next_cursor], [[], null]);
      return refused_calls?.filter((row) => row.advertiser_id === advertiser_id).map(({ calls }) => calls);
    };
    assert.deepEqual(await ask(''), [8, 7]);
    assert.deepEqual(await ask(`&advertiser_id=${advertiser_id}`), [8, 7]);
    assert.deepEqual(await ask('&from=2026-03-01T11:30:00Z'), [8]);
    assert.deepEqual(await ask('&to=2026-03-01T11:00:00Z'), [7]);
    assert.deepEqual(await ask(`&advertiser_id=${advertiser_id}&limit=1`), [8]);
    assert.deepEqual(await ask('&advertiser_id=nobody'), []);
    const ofOne = '/v1/admin/status-calls?result=bad_token&conversion_id=c1';
    await request(ops.app).get(ofOne).set('authorization', `Bearer ${ADMIN_KEY}`).expect(400);
  });

  it('is changed by admins alone, and secrets stay out of the log of changes', async () => {
    const secret = await makeSecret();
    await agree({ ...TOKEN_ONLY, addresses: ['192.0.2.0/24'] }).expect(200);
    const { text } = await request(ops.app)
      .get('/v1/admin/audit')
      .set('authorization', `Bearer ${ADMIN_KEY}`)
      .expect(200);
    assert.ok(text.includes('192.0.2.0/24'));
    assert.ok(!text.includes(secret.slice(6)));
  });
});
