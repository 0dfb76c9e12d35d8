import assert from 'node:assert/strict';
import type { Express } from 'express';
import fc from 'fast-check';
import request from 'supertest';
import { createTestDatabase } from '../../support/database.ts';
import { makeEventfulLead, type EventfulLead } from '../../support/leads/eventful-lead.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY, buildOpsApp } from '../build-ops-app.ts';

const RUNS = 100;

type ListPage = { items: Record<string, unknown>[]; next_cursor: string | null };
type Problem = { kind: string; problems: { field: string; message: string }[] };

describe('the lists of the admin API', () => {
  let network: Network;
  let app: Express;
  let lead: EventfulLead;
  let other: EventfulLead;
  let logged: object[];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    [lead, other] = [await makeEventfulLead(network), await makeEventfulLead(network)];
    ({ app, logged } = buildOpsApp(network));
  });
  after(() => network.close());
  afterEach(() => assert.deepEqual(logged, []));

  const get = (path: string) => request(app).get(`/v1/admin${path}`).set('authorization', `Bearer ${ADMIN_KEY}`);
  const page = async (path: string) => (await get(path).expect(200)).body as ListPage;
  const idsOf = ({ items }: ListPage, id: string) => items.map((item) => item[id]);

  it('are read page by page until there is no next cursor', async () => {
    for (const [path, id, count] of [
      ['/leads', 'lead_id', 2],
      ['/conversions', 'conversion_id', 4],
      ['/postbacks', 'postback_id', 4],
    ] as const) {
      const whole = await page(path);
      assert.equal(whole.items.length, count);
      assert.equal(whole.next_cursor, null);
      const seen: unknown[] = [];
      let cursor: string | null = '';
      for (let pages = 0; cursor !== null && pages <= count; pages++) {
        const read: ListPage = await page(`${path}?limit=1${cursor && `&cursor=${cursor}`}`);
        seen.push(...idsOf(read, id));
        cursor = read.next_cursor;
      }
      assert.deepEqual(seen, idsOf(whole, id), path);
    }
  });

  it('lead to the stories', async () => {
    const [found] = (await page(`/leads?partner_id=${lead.last}`)).items;
    await get(`/leads/${String(found?.lead_id)}`).expect(200);
    assert.equal(found?.lead_id, lead.leadId);
    const [conversion] = (await page(`/conversions?status=approved&partner_id=${other.last}`)).items;
    await get(`/conversions/${String(conversion?.conversion_id)}`).expect(200);
    assert.equal(conversion?.conversion_id, other.conversionId);
    const delivered = await page(`/postbacks?state=delivered&ref_id=ref-of-last&partner_id=${lead.last}`);
    assert.deepEqual(idsOf(delivered, 'conversion_id'), [lead.conversionId]);
    assert.equal(delivered.items[0]?.attempts, 2);
  });

  it('take times with any offset', async () => {
    const before = encodeURIComponent('2026-01-01T02:00:00+02:00');
    assert.equal((await page(`/leads?from=${before}`)).items.length, 2);
    assert.deepEqual((await page(`/leads?to=${before}`)).items, []);
    assert.equal((await page('/postbacks?from=2026-01-01T00:00:00.123456Z&to=9999-12-31T23:59:59Z')).items.length, 4);
  });

  it('show nothing to a caller without the key', async () => {
    for (const path of ['/leads', '/conversions', '/postbacks']) await request(app).get(`/v1/admin${path}`).expect(401);
  });

  describe('say what is wrong with', () => {
    const LISTS = ['/leads', '/conversions', '/postbacks'];
    const cursorOf = (text: string) => Buffer.from(text).toString('base64url');

    for (const [what, query, field, message] of [
      ['a limit out of bounds', 'limit=201', 'limit', /whole number from 1 to 200/],
      ['no limit at all', 'limit=', 'limit', /whole number from 1 to 200/],
      ['a limit given twice', 'limit=1&limit=2', 'limit', /whole number from 1 to 200/],
      ['a filter given twice', 'partner_id=a&partner_id=b', 'partner_id', /1 to 64 characters/],
      ['a filter with NUL', 'partner_id=a%00b', 'partner_id', /control characters/],
      ['an empty filter', 'partner_id=', 'partner_id', /1 to 64 characters/],
      ['an overlong filter', `offer_id=${'x'.repeat(65)}`, 'offer_id', /1 to 64 characters/],
      ['an overlong ref_id', `ref_id=${'x'.repeat(33)}`, 'ref_id', /1 to 32 characters/],
      ['a ref_id with NUL', 'ref_id=%00', 'ref_id', /control characters/],
      ['a status nobody knows', 'status=paid', 'status', /pending/],
      ['a day without a time', 'from=2026-01-31', 'from', /ISO 8601/],
      ['a day that does not exist', 'to=2026-02-30T00:00:00Z', 'to', /ISO 8601/],
      ['a time before any clock', 'from=0000-01-01T00:00:00Z', 'from', /ISO 8601/],
      ['a time after any clock', 'to=9999-12-31T23:59:59-12:00', 'to', /ISO 8601/],
      ['a time given twice', 'to=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'to', /ISO 8601/],
      ['a filter nobody knows', 'sort=name', 'sort', /not a known field/],
      ['a filter in brackets', 'partner_id[]=a', 'partner_id[]', /not a known field/],
      ['a cursor that is none', 'cursor=%25%25', 'cursor', /`next_cursor` of the page before/],
      ['an empty cursor', 'cursor=', 'cursor', /`next_cursor` of the page before/],
      ['a cursor given twice', 'cursor=YQ&cursor=YQ', 'cursor', /`next_cursor` of the page before/],
      ['an overlong cursor', `cursor=${'a'.repeat(10_000)}`, 'cursor', /`next_cursor` of the page before/],
      ['a cursor with NUL', `cursor=${cursorOf('1 \u0000')}`, 'cursor', /`next_cursor` of the page before/],
      ['a cursor of no time', `cursor=${cursorOf("x' p")}`, 'cursor', /`next_cursor` of the page before/],
    ] as const) {
      it(what, async () => {
        for (const path of LISTS) {
          const { kind, problems } = (await get(`${path}?${query}`).expect(400)).body as Problem;
          assert.deepEqual([kind, problems.map((each) => each.field)], ['invalid', [field]], path);
          assert.match(problems[0]?.message ?? '', message, path);
        }
      });
    }

    it('what only another list knows', async () => {
      for (const path of ['/leads?state=failed', '/conversions?state=failed', '/leads?conversion_id=x']) {
        await get(path).expect(400);
      }
      const ofLeads = (await page('/leads?limit=1')).next_cursor ?? '';
      await get(`/postbacks?cursor=${ofLeads}`).expect(400);
      const ofPostbacks = (await page('/postbacks?limit=1')).next_cursor ?? '';
      for (const path of ['/leads', '/conversions']) await get(`${path}?cursor=${ofPostbacks}`).expect(400);
    });
  });

  it('never fail, whatever they are asked', async () => {
    const names = fc.constantFrom(
      ...['partner_id', 'ref_id', 'advertiser_id', 'offer_id', 'conversion_id', 'state', 'status', 'from', 'to'],
      ...['limit', 'cursor', '__proto__', 'constructor'],
    );
    const encoded = (text: fc.Arbitrary<string>) => text.map((one) => Buffer.from(one).toString('base64url'));
    const time = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
    const values = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.constantFrom('approved', 'delivered', 'open', 'house', '\u0000', "' or 1=1 --", '%', '\\'),
      fc.bigInt().map(String),
      time,
      encoded(fc.string({ unit: 'binary', maxLength: 80 })),
      encoded(fc.stringMatching(/^\d{1,16} [\w-]{1,64}$/)),
      encoded(fc.stringMatching(/^[\w-]{1,64}$/)),
    );
    const queries = fc.array(fc.tuple(names, values), { minLength: 1, maxLength: 3 });
    const property = fc.asyncProperty(
      fc.constantFrom('leads', 'conversions', 'postbacks'),
      queries,
      async (path, query) => {
        const text = query.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&');
        const { status } = await get(`/${path}?${text}`);
        assert.ok(status === 200 || status === 400, `${status} ${text}`);
      },
    );
    await fc.assert(property, { numRuns: RUNS });
  });
});
