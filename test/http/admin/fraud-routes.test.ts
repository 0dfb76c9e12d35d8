import assert from 'node:assert/strict';
import request from 'supertest';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY, buildOpsApp } from '../build-ops-app.ts';

type Flag = { flag_id: number; kind: string; partner_id: string; reason: string };

describe('the fraud flags of the admin API', () => {
  let network: Network;
  let app: ReturnType<typeof buildOpsApp>['app'];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ app } = buildOpsApp(network));
    const flag = (partner_id: string, kind: string, number: number) => ({
      ...{ kind, lead_id: 'lead', conversion_id: `c-${partner_id}-${kind}-${number}`, partner_id, measure: number },
      evidence: JSON.stringify({ seconds: number, status: 'approved', clicks: number, destination: 'iframe' }),
    });
    await network
      .db('fraud_flags')
      .insert([
        ...[1, 2, 3].map((number) => flag('ann', 'fast_status', number)),
        flag('ann', 'embedded_click', 4),
        flag('=bob', 'embedded_click', 1),
      ]);
  });

  after(() => network.close());

  const get = (path: string, type = 'application/json') =>
    request(app).get(`/v1/admin/fraud-flags${path}`).set('authorization', `Bearer ${ADMIN_KEY}`).accept(type);

  it('are listed page by page, the latest first, each with its reason', async () => {
    const flags: Flag[] = [];
    for (let cursor = ''; ;) {
      const { body } = (await get(`?limit=2${cursor && `&cursor=${cursor}`}`).expect(200)) as {
        body: { items: Flag[]; next_cursor: string | null };
      };
      flags.push(...body.items);
      if (body.next_cursor === null) break;
      cursor = body.next_cursor;
    }
    assert.deepEqual(
      flags.map(({ flag_id }) => flag_id),
      flags.map(({ flag_id }) => flag_id).sort((a, b) => b - a),
    );
    assert.equal(flags.length, 5);
    assert.equal(flags.at(-1)?.reason, 'approved came 1 second after the click; a person takes longer.');
  });

  it('are filtered by kind, partner, conversion, lead and time', async () => {
    const count = async (query: string) => ((await get(query).expect(200)).body as { items: Flag[] }).items.length;
    assert.equal(await count('?kind=embedded_click'), 2);
    assert.equal(await count('?partner_id=ann&kind=fast_status'), 3);
    assert.equal(await count('?conversion_id=c-ann-fast_status-2'), 1);
    assert.equal(await count('?lead_id=lead'), 5);
    assert.equal(await count('?from=2100-01-01T00:00:00Z'), 0);
    await get('?kind=odd').expect(400);
    await get('?cursor=x').expect(400);
  });

  it('come as CSV, in which no id is a formula', async () => {
    const { text } = await get('?partner_id=%3Dbob', 'text/csv').expect(200);
    assert.match(text, /^"flag_id","at","kind","partner_id","conversion_id","lead_id","reason"\r\n/);
    assert.match(text, /,"'=bob",/);
  });

  it('are summed up by partner and kind, the most first', async () => {
    const { body } = (await get('/summary').expect(200)) as { body: { items: Record<string, unknown>[] } };
    assert.deepEqual(
      body.items.map(({ partner_id, kind, flags, conversions }) => [partner_id, kind, flags, conversions]),
      [
        ['ann', 'fast_status', 3, 3],
        ['=bob', 'embedded_click', 1, 1],
        ['ann', 'embedded_click', 1, 1],
      ],
    );
    const { text } = await get('/summary?kind=fast_status', 'text/csv').expect(200);
    assert.match(text, /"ann","fast_status",3,3,/);
  });

  it('are shown to nobody without the key', async () => {
    for (const path of ['', '/summary']) await request(app).get(`/v1/admin/fraud-flags${path}`).expect(401);
  });
});
