import assert from 'node:assert/strict';
import { countNext, recountFrom } from '../../../../src/db/counting/counting.ts';
import { MOST_UNCOUNTED } from '../../../../src/db/counting/far-behind.ts';
import { settleLatest } from '../../../support/leads/settle.ts';
import { DAY_MS } from '../../../support/policy.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { createNetwork, type Network } from '../../../support/network-in-database.ts';
import type { ConsoleVisitor } from '../../browser-without-scripts.ts';
import { buildConsole, type Console } from '../../build-console.ts';

describe('the conversions of the console', () => {
  let database: TestDatabase;
  let network: Network;
  let site: Console;
  let visitor: ConsoleVisitor;

  const list = async (query = '') => {
    const { status, text } = await visitor.get(`/console/conversions${query}`);
    assert.equal(status, 200);
    return text;
  };
  const idsIn = (page: string) => [...page.matchAll(/href="\/console\/conversions\/([\w-]+)"/g)].map(([, id]) => id);

  before(async () => {
    database = await createTestDatabase();
    network = await createNetwork(database);
  });
  beforeEach(async () => {
    site = await buildConsole(database.db);
    visitor = await site.signedIn();
  });
  after(() => network.close());

  it('say what they are when there are none', async () => {
    assert.match(await list(), /No conversions yet/);
    assert.match(await list('?status=approved'), /Nothing matches/);
  });

  it('are listed newest first, and filtered by what stands in the address', async () => {
    const first = await network.aLead(site.partnerId, 'one');
    const second = await network.aLead(site.partnerId, 'two');
    // An id begins with its millisecond, and both may be made in the same.
    assert.deepEqual(idsIn(await list()), [first.conversionId, second.conversionId].toSorted().toReversed());
    assert.deepEqual(idsIn(await list('?ref_id=one&status=&from=&to=')), [first.conversionId]);
    assert.deepEqual(idsIn(await list('?status=approved')), []);
    assert.deepEqual(idsIn(await list('?from=2026-01-01&to=2026-01-02')), []);
  });

  it('come as a file by the same filters', async () => {
    const { conversionId } = await network.aLead(site.partnerId, '=one');
    await network.aLead(site.partnerId, 'two');
    assert.match(await list('?ref_id=%3Done'), /href="\/console\/conversions\.csv\?ref_id=%3Done">Download CSV/);
    const file = await visitor.get('/console/conversions.csv?ref_id=%3Done');
    assert.match(String(file.headers['content-type']), /^text\/csv/);
    const [heads, row, ...rest] = file.text.trim().split('\r\n');
    assert.match(heads ?? '', /^"conversion_id","created_at"/);
    assert.ok(row?.startsWith(`"${conversionId}"`) && row.includes(`"'=one"`), row);
    assert.deepEqual(rest, []);
    const wrong = await visitor.get('/console/conversions.csv?from=yesterday');
    assert.deepEqual([wrong.status, wrong.headers['location']], [303, '/console/conversions?from=yesterday']);
  });

  it('are listed as far as they are known while counting is far behind, which the page says', async () => {
    const { db } = database;
    const known = await network.aLead(site.partnerId);
    while (!(await countNext(db, DAY_MS))?.isDone);
    await db('partner_conversions')
      .insert({ partner_id: site.partnerId, conversion_id: known.conversionId })
      .onConflict()
      .ignore();
    const [told, latest] = [await network.aLead(site.partnerId), await network.aLead(site.partnerId)];
    await network.report(told.conversionId, 'pending');
    await settleLatest(db, told.leadId);
    await db.raw(
      `insert into lead_events (lead_id, seq, at, type, partner_id)
       select 'far' || n, 1, now() - interval '2 hours', 'touch', 'other' from generate_series(0, ?::int) n`,
      [MOST_UNCOUNTED],
    );
    await recountFrom(db, new Date(Date.now() - 3 * 60 * 60_000).toISOString());
    const page = await list();
    assert.match(page, /The latest conversions are missing for the moment[^]*what happened since <time/);
    assert.deepEqual(idsIn(page).toSorted(), [known.conversionId, told.conversionId].toSorted());
    assert.deepEqual(idsIn(await list('?status=pending')), [told.conversionId]);
    const file = await visitor.get('/console/conversions.csv');
    assert.equal(file.status, 200);
    assert.equal(file.text.trim().split('\r\n').length, 3);
    assert.ok(Date.parse(file.headers['cashcat-missing-since'] ?? '') > 0, 'the file does not say what it lacks');
    while (!(await countNext(db, DAY_MS))?.isDone);
    const whole = await list();
    assert.doesNotMatch(whole, /missing for the moment/);
    assert.deepEqual(idsIn(whole).toSorted(), [known.conversionId, told.conversionId, latest.conversionId].toSorted());
  });

  it('are paged by their place, with the filters kept', async () => {
    for (let count = 0; count < 26; count++) await network.aLead(site.partnerId, `click-${count}`);
    const page = await list('?status=none');
    const older = /<a class="button plain" href="([^"]+)" rel="next">/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '';
    assert.match(older, /^\/console\/conversions\?status=none&cursor=/);
    const { text } = await visitor.get(older);
    assert.equal(new Set([...idsIn(page), ...idsIn(text)]).size, 26);
    assert.match(text, /href="\/console\/conversions\?status=none">Newest</);
  });

  it('say what is wrong with a filter beside it, and are shown without it', async () => {
    const { conversionId } = await network.aLead(site.partnerId);
    for (const query of ['?status=x', '?from=yesterday', '?to=2026-02-30', '?cursor=%00']) {
      assert.deepEqual(idsIn(await list(query)), [conversionId], query);
    }
    assert.match(await list('?from=yesterday'), /id="from"[^>]*aria-invalid="true"/);
  });

  it('are found by their whole id', async () => {
    const { conversionId } = await network.aLead(site.partnerId);
    const { status, headers } = await visitor.get(`/console/conversions?ref_id=${conversionId}`);
    assert.deepEqual([status, headers.location], [303, `/console/conversions/${conversionId}`]);
  });

  it('tell their story, with hostile ref_ids as text', async () => {
    const { conversionId } = await network.aLead(site.partnerId, '<script>alert(1)</script>');
    const { status, text } = await visitor.get(`/console/conversions/${conversionId}`);
    assert.equal(status, 200);
    assert.match(text, /The lead is linked to you\..*href="\/docs#compete"/s);
    assert.match(text, /touch with ref_id &lt;script&gt;alert\(1\)&lt;\/script&gt;/);
    assert.ok(!text.includes('<script>'));
  });

  it('of another partner are unknown, whether they exist or not', async () => {
    const { conversionId } = await network.aLead(await network.partner());
    const pages = [conversionId, 'there-is-no-such-conversion'].map(async (id) => {
      const { status, text } = await visitor.get(`/console/conversions/${id}`);
      return [status, text.replaceAll(id, '')];
    });
    const [other, none] = await Promise.all(pages);
    assert.deepEqual(other, none);
    assert.equal(other?.[0], 404);
    assert.deepEqual(idsIn(await list(`?ref_id=${conversionId}`)), []);
  });
});
