import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import type { PartnerStats } from '../../../src/db/reports/partner-stats.ts';
import { createTestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { dateIn, MIDDAY } from '../../support/time-zones.ts';
import { actAs, buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';

// Where all that happens in a test lies on one day.
const AT_MIDDAY = `?time_zone=${encodeURIComponent(MIDDAY)}`;
const USD = (amount: number) => [{ amount, currency: 'USD' }];
const nothing = { touches: 0, conversions: 0, pending: 0, approved: 0, rejected: 0, reward: [] };

describe("a partner's figures by its own API", () => {
  let network: Network;
  let db: Knex;
  let api: PartnerApi;

  const stats = async (query = '') => (await api.call('get', `/stats${query}`).expect(200)).body as PartnerStats;
  const csv = async (query = '') =>
    (await api.call('get', `/stats${query}`).set('accept', 'text/csv').expect(200)).text;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    api = await buildPartnerApi(db);
  });
  beforeEach(async () => {
    api = await actAs(api, db, await network.partner());
  });
  after(() => network.close());

  async function report(lead: { leadId: string; conversionId: string }, word: string): Promise<void> {
    await network.report(lead.conversionId, word);
    await settleLatest(db, lead.leadId);
  }

  it('are of the last 30 days in UTC unless told otherwise, a row for each day', async () => {
    const lead = await network.aLead(api.partnerId);
    await report(lead, 'pending');
    await report(lead, 'approved');
    const [before, { rows, totals, ...rest }, after] = [
      dateIn('UTC', Date.now()),
      await stats(),
      dateIn('UTC', Date.now()),
    ];
    const figures = { touches: 1, conversions: 1, pending: 1, approved: 1, rejected: 0, reward: USD(1250) };
    assert.equal(rows.length, 30);
    assert.ok([before, after].includes(rows.at(-1)?.day ?? ''), 'today is the last');
    assert.deepEqual(totals, figures);
    assert.deepEqual((await stats(AT_MIDDAY)).rows.at(-1), { day: dateIn(MIDDAY, Date.now()), ...figures });
    assert.deepEqual([rest.group_by, rest.time_zone, rest.is_complete], ['day', 'UTC', true]);
    assert.equal(Date.parse(rest.to) - Date.parse(rest.from), 30 * 24 * 60 * 60 * 1000);
  });

  it('come by offer, ref_id and status as well', async () => {
    const lead = await network.aLead(api.partnerId, 'mine-1');
    await report(lead, 'approved');
    await report(lead, 'rejected');
    await network.touch(network.newLead(), api.partnerId);
    assert.deepEqual((await stats('?group_by=offer')).rows, [
      {
        offer_id: network.offerId,
        offer_name: 'Card',
        ...nothing,
        conversions: 1,
        approved: 1,
        rejected: 1,
        reward: USD(0),
      },
      { offer_id: null, offer_name: null, ...nothing, touches: 2 },
    ]);
    assert.deepEqual((await stats('?group_by=ref_id')).rows, [
      { ref_id: 'mine-1', touches: 1, conversions: 1, pending: 0, approved: 1, rejected: 1, reward: USD(0) },
      { ref_id: null, ...nothing, touches: 1 },
    ]);
    assert.deepEqual((await stats('?group_by=status')).rows, [
      { status: null, ...nothing, touches: 2, conversions: 1 },
      { status: 'pending', ...nothing },
      { status: 'approved', ...nothing, approved: 1, reward: USD(1250) },
      { status: 'rejected', ...nothing, rejected: 1, reward: USD(-1250) },
    ]);
  });

  it('hold the thousand ref_ids that brought the most, and say that there are more', async () => {
    const { partnerId } = api;
    await db.raw(
      `insert into lead_events (lead_id, seq, type, partner_id, ref_id)
       select :partnerId || n, 1, 'touch', :partnerId, 'r' || least(n, 1001) from generate_series(1, 1005) n`,
      { partnerId },
    );
    const { rows, totals, is_complete } = await stats('?group_by=ref_id');
    assert.equal(rows.length, 1000);
    assert.deepEqual(rows[0], { ref_id: 'r1001', ...nothing, touches: 5 });
    assert.equal(totals.touches, 1005);
    assert.equal(is_complete, false);
  });

  it('show nothing of another partner, whatever is asked for', async () => {
    const lead = await network.aLead(api.partnerId, 'mine-1');
    const rival = await network.partner();
    await network.touch(lead.leadId, rival, 'theirs-1');
    await network.convert(lead.leadId);
    await report(lead, 'approved');
    for (const group of ['day', 'offer', 'ref_id', 'status']) {
      const answer = await stats(`?group_by=${group}`);
      assert.deepEqual(answer.totals, { ...nothing, touches: 1, conversions: 1 });
      assert.ok(!JSON.stringify(answer).includes('theirs-1'));
    }
    const refused = await api.call('get', `/stats?partner_id=${rival}`).expect(400);
    assert.match(refused.text, /partner_id/);
  });

  it('take dates of the time zone and moments', async () => {
    const query = '?from=2026-03-29&to=2026-03-31&time_zone=Europe/Berlin';
    const { from, to, rows } = await stats(query);
    assert.deepEqual([from, to], ['2026-03-28T23:00:00.000Z', '2026-03-30T22:00:00.000Z']);
    assert.deepEqual(
      rows.map(({ day }) => day),
      ['2026-03-29', '2026-03-30'],
    );
    const cut = await stats('?from=2026-03-29T10:00:00Z&to=2026-03-29T12:00:00%2B01:00');
    assert.deepEqual([cut.from, cut.to], ['2026-03-29T10:00:00.000Z', '2026-03-29T11:00:00.000Z']);
  });

  it('come as CSV with a column of rewards for each currency, in major units', async () => {
    const lead = await network.aLead(api.partnerId, '=cmd()');
    await report(lead, 'approved');
    const heading = '"touches","conversions","pending","approved","rejected","reward_USD"';
    assert.equal(await csv('?group_by=ref_id'), `"ref_id",${heading}\r\n"'=cmd()",1,1,0,1,0,12.5\r\n`);
    assert.equal(
      await csv('?group_by=status'),
      `"status",${heading}\r\n,1,1,0,0,0,0\r\n"pending",0,0,0,0,0,0\r\n"approved",0,0,0,1,0,12.5\r\n"rejected",0,0,0,0,0,0\r\n`,
    );
    assert.ok((await csv(AT_MIDDAY)).endsWith(`"${dateIn(MIDDAY, Date.now())}",1,1,0,1,0,12.5\r\n`));
    await report(lead, 'rejected');
    assert.ok((await csv('?group_by=status')).includes('"rejected",0,0,0,0,1,-12.5\r\n'));
  });

  it('name what is wrong with a query, and never fail unexpectedly', async () => {
    for (const [query, field] of [
      ['?group_by=week', 'group_by'],
      ['?time_zone=Mars', 'time_zone'],
      ['?time_zone=%2B01:00', 'time_zone'],
      [`?time_zone=${encodeURIComponent("UTC'; drop table leads")}`, 'time_zone'],
      ['?time_zone=%00', 'time_zone'],
      ['?from=yesterday', 'from'],
      ['?from=2026-02-30', 'from'],
      ['?from=0000-01-01', 'from'],
      ['?to=1969-12-31', 'to'],
      ['?from=9999-12-31', 'to'],
      ['?to=9999-12-31', undefined],
      ['?from=2026-01-02&to=2026-01-01', 'to'],
      ['?from=2024-01-01&to=2026-01-01', 'from'],
      ['?from=a&from=b', 'from'],
    ] as const) {
      const answer = await api.call('get', `/stats${query}`);
      const problems = (answer.body as { problems?: { field: string }[] }).problems ?? [];
      assert.equal(answer.status, field === undefined ? 200 : 400, query);
      assert.deepEqual(
        problems.map((problem) => problem.field),
        field === undefined ? [] : [field],
        query,
      );
    }
    await api.call('post', '/stats').expect(405);
  });

  it('are counted by ref_id once at a time for a partner, so that others get theirs', async () => {
    const blocker = await db.transaction();
    await blocker.raw('lock table lead_events');
    const first = api.call('get', '/stats?group_by=ref_id').then(({ status }) => status);
    await eventually(async () => {
      const { rows } = await db.raw<{ rows: object[] }>(
        `select from pg_locks where not granted and relation = 'lead_events'::regclass`,
      );
      assert.equal(rows.length, 1);
    });
    const { text } = await api.call('get', '/stats?group_by=ref_id').expect(429);
    assert.match(text, /being counted/);
    await blocker.rollback();
    assert.equal(await first, 200);
    await stats('?group_by=ref_id');
  });

  it('know every time zone that this Node knows', async () => {
    const names = ['UTC', ...Intl.supportedValuesOf('timeZone')];
    const { rows } = await db.raw<{ rows: { name: string }[] }>(
      `select name from unnest(:names::text[]) name where name not in (select name from pg_timezone_names)`,
      { names },
    );
    assert.deepEqual(rows, []);
  });
});
