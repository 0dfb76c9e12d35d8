import assert from 'node:assert/strict';
import request from 'supertest';
import { AppError } from '../../../src/errors.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { listStatusCalls } from '../../../src/db/reports/status-calls.ts';
import { buildPublicApp } from '../build-public-app.ts';

const PATH = '/advertisers/bank/postback';
const TOKEN = 'token-of-bank';
type Problem = { kind: string; status: number; detail: string; problems?: { field: string }[] };

const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));

describe('a status call of an advertiser', () => {
  it('records a status by URL', async () => {
    const { app, statusCalls } = await buildPublicApp();
    const query = { conversion_id: 'c1', status: 'approved', reason: 'paid', transaction_id: 't1' };
    const response = await request(app)
      .get(PATH)
      .query({ ...query, token: TOKEN })
      .expect(200);
    assert.deepEqual(response.body, { conversion_id: 'c1', status: 'approved', result: 'recorded' });
    assert.deepEqual(statusCalls, [
      {
        advertiserId: 'bank',
        conversionId: 'c1',
        word: 'approved',
        reason: 'paid',
        transactionId: 't1',
        raw: { method: 'GET', query, body: null },
        signedAs: undefined,
      },
    ]);
  });

  it('records a status by form and by JSON, with the token in the body or as Authorization: Bearer', async () => {
    const { app, statusCalls } = await buildPublicApp();
    const body = { conversion_id: 'c1', status: 'approved', sum: { of: [1, 2] } };
    await request(app)
      .post(PATH)
      .type('form')
      .send({ conversion_id: 'c1', status: 'approved', token: TOKEN })
      .expect(200);
    await request(app)
      .post(PATH)
      .send({ ...body, token: TOKEN })
      .expect(200);
    await request(app).post(PATH).set('authorization', `Bearer ${TOKEN}`).send(body).expect(200);
    await request(app)
      .post(`${PATH}?conversion_id=c1&status=approved`)
      .set('authorization', `bearer ${TOKEN}`)
      .expect(200);
    assert.equal(statusCalls.length, 4);
    assert.deepEqual(statusCalls[1]?.raw, { method: 'POST', query: {}, body });
    assert.doesNotMatch(JSON.stringify(statusCalls), new RegExp(TOKEN));
  });

  it('may give an id as a number', async () => {
    const { app, statusCalls } = await buildPublicApp();
    await request(app)
      .post(PATH)
      .send({ conversion_id: 'c1', status: 'approved', transaction_id: 77, token: TOKEN })
      .expect(200);
    assert.equal(statusCalls.length, 1);
  });

  it('is kept without its token, wherever the token stands', async () => {
    const path = '/advertisers/bank-of-the-north/postback';
    const token = 'token-of-bank-of-the-north';
    const { app, statusCalls } = await buildPublicApp();
    await request(app)
      .get(`${path}?Token=${token}&token=${token}&TOKEN=x&conversion_id=c1&status=approved`)
      .expect(200);
    await request(app)
      .post(`${path}?again=${token}&again=b&${token}`)
      .set('authorization', `Bearer ${token}`)
      .send({
        conversion_id: 'c1',
        status: 'approved',
        reason: `paid, see ?t=${token}`,
        deep: [{ ToKeN: { a: 1 }, mine: token, count: 3, none: null }, token],
      })
      .expect(200);
    assert.doesNotMatch(JSON.stringify(statusCalls), new RegExp(token));
    assert.deepEqual(statusCalls[0]?.raw.query, { conversion_id: 'c1', status: 'approved' });
    assert.deepEqual(statusCalls[1]?.raw, {
      method: 'POST',
      query: { again: ['[token]', 'b'], '[token]': '' },
      body: {
        conversion_id: 'c1',
        status: 'approved',
        reason: 'paid, see ?t=[token]',
        deep: [{ mine: '[token]', count: 3, none: null }, '[token]'],
      },
    });
  });

  it('by HEAD or PUT gets 405 and records nothing', async () => {
    const { app, statusCalls } = await buildPublicApp();
    await request(app).head(`${PATH}?conversion_id=c1&status=approved&token=${TOKEN}`).expect(405);
    await request(app).put(`${PATH}?conversion_id=c1&status=approved&token=${TOKEN}`).expect(405);
    assert.deepEqual(statusCalls, []);
  });

  it('without the token of its advertiser gets 401 and records nothing', async () => {
    const { app, statusCalls, logged } = await buildPublicApp();
    for (const query of ['', '&token=', '&token=wrong', '&token=token-of-other', `&token=${TOKEN}&token=${TOKEN}`]) {
      const response = await request(app).get(`${PATH}?conversion_id=c1&status=approved${query}`).expect(401);
      assert.equal((response.body as Problem).kind, 'unauthorized');
      assert.match(response.headers['www-authenticate'] ?? '', /Bearer/);
    }
    assert.deepEqual({ statusCalls, logged }, { statusCalls: [], logged: [] });
  });

  it('gets 429 after many wrong tokens, while a right one goes on working', async () => {
    const { app } = await buildPublicApp();
    const wrong = () => request(app).get(`${PATH}?token=wrong`);
    let response = await wrong();
    for (let call = 0; call < 300 && response.status === 401; call++) response = await wrong();
    assert.equal(response.status, 429);
    assert.ok(Number(response.headers['retry-after']) > 0);
    await request(app).get(`${PATH}?conversion_id=c1&status=approved&token=${TOKEN}`).expect(200);
  });

  for (const [what, query, field] of [
    ['a conversion_id twice', 'conversion_id=a&conversion_id=b&status=approved', 'conversion_id'],
    ['a conversion_id that is too long', `conversion_id=${'c'.repeat(65)}&status=approved`, 'conversion_id'],
    ['a status of 10 kB', `conversion_id=c&status=${'s'.repeat(10_000)}`, 'status'],
    ['a reason that is too long', `conversion_id=c&status=approved&reason=${'r'.repeat(501)}`, 'reason'],
    [
      'a transaction_id that is too long',
      `conversion_id=c&status=approved&transaction_id=${'t'.repeat(129)}`,
      'transaction_id',
    ],
    ['NUL in a conversion_id', 'conversion_id=c%00&status=approved', 'conversion_id'],
    ['NUL in a reason', 'conversion_id=c&status=approved&reason=%00', 'reason'],
  ] as const) {
    it(`with ${what} gets 400, and the call is kept without changing anything`, async () => {
      const { app, statusCalls, malformedCalls } = await buildPublicApp();
      const response = await request(app).get(`${PATH}?${query}&token=${TOKEN}`).expect(400);
      const problem = response.body as Problem;
      assert.equal(problem.kind, 'malformed');
      assert.deepEqual(
        problem.problems?.map((each) => each.field),
        [field],
      );
      assert.deepEqual(statusCalls, []);
      assert.equal(malformedCalls.length, 1);
      // Where it can be told, with the conversion it names: it belongs into its story.
      assert.equal(malformedCalls[0]?.conversionId, field === 'conversion_id' ? null : 'c');
      assert.ok('conversion_id' in (malformedCalls[0]?.raw.query ?? {}));
    });
  }

  for (const [what, body] of [
    ['an object for a conversion_id', { conversion_id: {}, status: 'approved' }],
    ['an array for a status', { conversion_id: 'c', status: ['approved'] }],
    ['true for a status', { conversion_id: 'c', status: true }],
    ['a lone surrogate', { conversion_id: '\ud800', status: 'approved' }],
  ] as const) {
    it(`with ${what} gets 400`, async () => {
      const { app } = await buildPublicApp();
      await request(app)
        .post(PATH)
        .send({ ...body, token: TOKEN })
        .expect(400)
        .expect('content-type', /problem\+json/);
    });
  }

  for (const [what, type, body, status] of [
    ['broken JSON', 'application/json', '{"a":', 400],
    ['an array', 'application/json', '[1]', 400],
    ['a number', 'application/json', '7', 400],
    ['JSON nested a thousand times', 'application/json', `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`, 400],
    ['XML', 'application/xml', '<a/>', 400],
    ['a charset nobody knows', 'application/json; charset=klingon', '{}', 400],
    ['more than 64 KB', 'application/json', JSON.stringify({ a: 'x'.repeat(70_000) }), 413],
  ] as const) {
    it(`with ${what} gets ${status} as a problem`, async () => {
      const { app, statusCalls, logged } = await buildPublicApp();
      const post = request(app).post(PATH).set('authorization', `Bearer ${TOKEN}`).set('content-type', type);
      const response = await post
        .send(body)
        .expect(status)
        .expect('content-type', /problem\+json/);
      assert.equal((response.body as Problem).status, status);
      assert.deepEqual({ statusCalls, logged }, { statusCalls: [], logged: [] });
    });
  }

  for (const [kind, status] of [
    ['unknown', 404],
    ['window_closed', 409],
    ['unknown_status', 422],
    ['unavailable', 503],
  ] as const) {
    it(`gets ${status} when the intake answers ${kind}`, async () => {
      const { app } = await buildPublicApp({
        statuses: {
          authenticate: () => Promise.resolve(),
          record: () => Promise.reject(new AppError(kind, 'said why')),
          keepMalformed: () => assert.fail('not reached'),
        },
      });
      const response = await request(app).get(`${PATH}?conversion_id=c&status=x&token=t`).expect(status);
      const problem = response.body as Problem;
      assertFields(problem, { kind, status, detail: 'said why' });
      assert.equal(response.headers['retry-after'] !== undefined, status === 503);
    });
  }

  it('gets 503 when it cannot be stored in time, and is not stored any more when only its token has been looked up', async () => {
    let lookedUp: () => void = () => assert.fail('not asked');
    const { app } = await buildPublicApp({
      answerStatusWithinMs: 20,
      statuses: {
        authenticate: () => new Promise((resolve) => (lookedUp = resolve)),
        record: () => assert.fail('not reached'),
        keepMalformed: () => assert.fail('not reached'),
      },
    });
    const response = await request(app).get(`${PATH}?conversion_id=c&status=approved&token=t`).expect(503);
    assertFields(response.body, { kind: 'unavailable' });
    assert.ok(Number(response.headers['retry-after']) > 0);
    lookedUp();
    await turnOfTheLoop();
  });

  it('gets 503 while the database is away', async () => {
    const { app, logged } = await buildPublicApp({
      statuses: {
        authenticate: () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })),
        record: () => assert.fail('not reached'),
        keepMalformed: () => assert.fail('not reached'),
      },
    });
    await request(app).get(`${PATH}?token=t`).expect(503);
    assert.deepEqual(logged, []);
  });
});

describe("a status call about another advertiser's conversion", () => {
  let network: Network;
  before(async () => {
    network = await createNetwork(await createTestDatabase());
  });
  after(() => network.close());

  it('is answered exactly as for a conversion that does not exist', async () => {
    const { db, statuses } = network;
    const { token } = await createAdvertiser(db, { name: 'Rival', advertiser_id: 'rival' });
    const { conversionId } = await network.aLead(await network.partner());
    const { app } = await buildPublicApp({ statuses });
    const ask = (id: string) =>
      request(app)
        .get('/advertisers/rival/postback')
        .query({ conversion_id: id, status: 'approved', token })
        .expect(404);

    const absentId = conversionId.split('').reverse().join('');
    const [foreign, absent] = [await ask(conversionId), await ask(absentId)];
    assert.equal(foreign.text.replaceAll(conversionId, 'ID'), absent.text.replaceAll(absentId, 'ID'));
    const headersOf = ({ headers }: request.Response) => ({ ...(headers as object), date: '' });
    assert.deepEqual(headersOf(foreign), headersOf(absent));
  });

  it("gets 401 at the owner's address", async () => {
    const { db, statuses, advertiserId } = network;
    const { token } = await createAdvertiser(db, { name: 'Rival', advertiser_id: 'rival2' });
    const { app } = await buildPublicApp({ statuses });
    await request(app)
      .get(`/advertisers/${advertiserId}/postback?conversion_id=c&status=approved&token=${token}`)
      .expect(401);
  });

  it('is kept with all that was sent, in the order of the calls', async () => {
    const { advertiserToken: token, advertiserId, db, statuses } = network;
    const { app } = await buildPublicApp({ statuses });
    const path = `/advertisers/${advertiserId}/postback`;
    const before = (await listStatusCalls(db, { limit: 1 })).rows[0]?.call_id ?? 0;
    await request(app).get(path).query({ status: 'approved', token }).expect(400);
    await request(app).get(path).query({ conversion_id: 'c', status: 'perhaps', token }).expect(422);
    await request(app)
      .get(path)
      .query({ conversion_id: 'c'.repeat(5000), status: 'approved', token })
      .expect(400);
    const { rows } = await listStatusCalls(db, { limit: 10 });
    const kept = rows.filter((call) => call.call_id > before).toReversed();
    assert.deepEqual(
      kept.map((call) => call.result),
      ['malformed', 'unknown_word', 'malformed'],
    );
    assert.doesNotMatch(JSON.stringify(kept), new RegExp(token));
  });
});
