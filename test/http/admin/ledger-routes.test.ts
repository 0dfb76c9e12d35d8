import assert from 'node:assert/strict';
import type { Express } from 'express';
import type { Knex } from 'knex';
import request from 'supertest';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { readPastMoment } from '../../support/past-moment.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { dateIn } from '../../support/time-zones.ts';
import { ADMIN_KEY, buildOpsApp } from '../build-ops-app.ts';

type Line = { kind: string; amount: number; payout_id: string | null; why: string };
type Statement = { sums: { amount: number; lines: number }[]; items: Line[]; next_cursor: string | null };

describe('the ledger by the admin API', () => {
  let network: Network;
  let db: Knex;
  let app: Express;
  let partnerId: string;
  let path: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    ({ app } = buildOpsApp(network));
  });

  beforeEach(async () => {
    partnerId = await network.partner();
    path = `/v1/admin/partners/${partnerId}`;
  });

  after(() => network.close());

  const call = (method: 'get' | 'post', url: string, body?: object) =>
    request(app)[method](url).set('authorization', `Bearer ${ADMIN_KEY}`).send(body);

  const thisMonth = () => dateIn('UTC', Date.now()).slice(0, 7);

  async function earn(): Promise<string> {
    const { leadId, conversionId } = await network.aLead(partnerId);
    await network.report(conversionId, 'approved');
    await settleLatest(db, leadId);
    return conversionId;
  }

  async function pay(reference: string, changes: object = {}) {
    const upto = await readPastMoment(db);
    return call('post', `${path}/payouts`, { currency: 'USD', upto, reference, ...changes });
  }

  it('pays out, and tells balance, lines and statement', async () => {
    const begunIn = thisMonth();
    await earn();
    await earn();
    const answer = await pay('=SEPA 1', { comment: 'by Anna', amount: 2500 });
    assert.equal(answer.status, 201);
    const payout = answer.body as { payout_id: string; upto: string };
    assertFields(answer.body as object, { amount: 2500, lines: 2, period_from: null, comment: 'by Anna' });
    const again = await call('post', `${path}/payouts`, { currency: 'USD', upto: payout.upto, reference: '=SEPA 1' });
    assert.deepEqual([again.status, again.body], [201, payout]);
    await earn();

    const { balances } = (await call('get', `${path}/balance`).expect(200)).body as { balances: object[] };
    assert.deepEqual(balances, [
      {
        ...{ currency: 'USD', open: 1250, open_lines: 1, open_from: payout.upto },
        ...{ paid: 2500, payouts: 1, total: 3750 },
      },
    ]);
    const statement = (await call('get', `${path}/statements/${payout.payout_id}?limit=1`).expect(200))
      .body as Statement;
    assertFields(statement.sums[0] ?? {}, { amount: 2500, lines: 2 });
    assert.deepEqual([statement.items.length, statement.items[0]?.payout_id], [1, payout.payout_id]);
    const rest = (
      await call('get', `${path}/statements/${payout.payout_id}?cursor=${String(statement.next_cursor)}`).expect(200)
    ).body as Statement;
    assert.deepEqual([rest.items.length, rest.next_cursor], [1, null]);
    const open = (await call('get', `${path}/statements/open`).expect(200)).body as Statement;
    assert.deepEqual(
      open.items.map(({ kind }) => kind),
      ['reward'],
    );
    const ofMonths = [];
    for (const month of new Set([begunIn, thisMonth()])) {
      ofMonths.push(...((await call('get', `${path}/statements/${month}`).expect(200)).body as Statement).items);
    }
    assert.deepEqual(ofMonths.map(({ kind }) => kind).sort(), ['payout', 'reward', 'reward', 'reward']);
    const csv = await call('get', `${path}/statements`).set('accept', 'text/csv').expect(200);
    assert.match(csv.text, /"25\.00","USD",2,"'=SEPA 1"/);
    const lines = await call('get', `${path}/ledger?kind=payout`).set('accept', 'text/csv').expect(200);
    assert.match(lines.text, /"payout",-25,"USD"/);
  });

  it('lists lines by pages and filters', async () => {
    const conversionId = await earn();
    await earn();
    const first = (await call('get', `${path}/ledger?limit=1`).expect(200)).body as Statement;
    const second = (await call('get', `${path}/ledger?limit=1&cursor=${String(first.next_cursor)}`).expect(200))
      .body as Statement;
    assert.deepEqual([first.items.length, second.items.length, second.next_cursor], [1, 1, null]);
    const one = (await call('get', `${path}/ledger?conversion_id=${conversionId}&state=open`).expect(200))
      .body as Statement;
    assert.equal(one.items.length, 1);
    await call('get', `${path}/ledger?cursor=x`).expect(400);
  });

  it('says of what brings nothing that nothing changes, whichever way it is decided anew', async () => {
    await earn();
    const { leadId, conversionId } = await network.aLead(partnerId);
    await network.report(conversionId, 'approved');
    await db('lead_events').where({ lead_id: leadId, type: 'status' }).update({ price_amount: 0 });
    await settleLatest(db, leadId);
    await pay('SEPA 3');
    for (const status of ['rejected', 'approved']) {
      await network.report(conversionId, status);
      await settleLatest(db, leadId);
    }
    const { items } = (await call('get', `${path}/statements/open`).expect(200)).body as Statement;
    const why = 'The conversion was decided anew after a payout. It brings nothing, so nothing changes.';
    assert.deepEqual(
      items.map((line) => [line.kind, line.amount, line.why]),
      Array(2).fill(['correction', 0, why]),
    );
  });

  it('refuses what cannot be paid, and says why', async () => {
    const nothing = await pay('r1');
    assert.deepEqual([nothing.status, (nothing.body as { kind: string }).kind], [409, 'conflict']);
    assert.equal((await pay('r1', { upto: '2999-01-01T00:00:00Z' })).status, 400);
    assert.equal((await pay('')).status, 400);
    assert.equal((await pay('r1', { comment: 'a\u0000b' })).status, 400);
    await call('get', '/v1/admin/partners/nobody/balance').expect(404);
    await call('get', `${path}/statements/nothing`).expect(404);
  });

  it('says whether the lines come to what was settled', async () => {
    await earn();
    const check = (await call('get', `/v1/admin/ledger/check?partner_id=${partnerId}`).expect(200)).body as object;
    assertFields(check, { is_balanced: true, accounts: 1, conversions: 1 });
    const lost = { partner_id: partnerId, currency: 'USD', kind: 'reward', amount: 9 };
    await db('ledger_lines').insert({ ...lost, conversion_id: 'lost', seq: 1, price_version: 1 });
    const wrong = (await call('get', '/v1/admin/ledger/check').expect(200)).body as {
      is_balanced: boolean;
      differences: { conversions: object[] };
    };
    assert.equal(wrong.is_balanced, false);
    assert.equal(wrong.differences.conversions.length, 1);
  });
});
