import assert from 'node:assert/strict';
import { findTroubledPulls } from '../../../src/db/pulls/pull-reports.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

const FORM = { url: 'https://bank.example/export.csv', every_minutes: '60', format: 'auto', notify: 'true' };

describe('the pull of an advertiser in the ops console', () => {
  let network: Network;
  let site: OpsConsole;
  let browser: ConsoleVisitor;
  let place: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    site = buildOpsConsole(network);
    browser = await site.signedIn();
    place = `/ops/advertisers/${network.advertiserId}/pull`;
  });
  beforeEach(async () => {
    for (const table of ['pull_settings', 'pull_standings', 'pulls']) await network.db(table).delete();
    await read();
  });
  afterEach(() => assert.deepEqual(site.logged, []));
  after(() => network.close());

  async function read(path = place, by = browser): Promise<string> {
    const { status, text } = await by.get(path);
    assert.equal(status, 200, text);
    return text;
  }

  async function save(fields: Record<string, string> = {}, status = 303): Promise<string> {
    const answer = await browser.post(place, { ...FORM, ...fields });
    assert.equal(answer.status, status, answer.text);
    return answer.text;
  }

  const settings = async () => await network.db('pull_settings').first<Record<string, unknown> | undefined>();

  it('is set up by a form, which shows of headers the names alone', async () => {
    await save({ header_name_0: 'x-key', header_value_0: 'very-secret', column_conversion_id: 'Click ID' });
    assertFields((await settings()) ?? {}, {
      every_minutes: 60,
      header_names: ['x-key'],
      mapping: { conversion_id: 'Click ID' },
    });
    const text = await read();
    assert.match(text, /x-key: ••••/);
    assert.match(text, /value="x-key"/);
    assert.match(text, /every hour/);
    assert.doesNotMatch(text, /very-secret/);
    const before = await settings();
    await save({ header_name_0: 'x-key', header_value_0: '', every_minutes: '90', column_conversion_id: 'Click ID' });
    assertFields((await settings()) ?? {}, {
      every_minutes: 90,
      header_names: ['x-key'],
      revised_at: before?.['revised_at'],
    });
    await save({ header_name_0: '' });
    assertFields((await settings()) ?? {}, { header_names: [], headers_secret: null });
  });

  it('keeps what was typed when it is refused, and says what is wrong beside its field', async () => {
    const text = await save({ url: 'http://10.0.0.1/x', header_name_0: 'x-key', header_value_0: '' }, 422);
    assert.match(text, /has no value yet: give one/);
    assert.match(text, /value="http:\/\/10\.0\.0\.1\/x"/);
    assert.match(await save({ url: 'http://10.0.0.1/x' }, 422), /not an address on the public internet/);
    assert.match(await save({ every_minutes: 'often' }, 422), /whole number of minutes from 5 to 10080/);
    assert.match(await save({ header_value_1: 'x' }, 422), /A value has no name/);
    assert.equal(await settings(), undefined);
  });

  it('is begun at once, paused, resumed and ended', async () => {
    await save();
    assert.match(await read(), /Pull now/);
    await browser.post(`${place}/run`);
    assert.match(await read(), /A pull was asked for/);
    await browser.post(`${place}/pause`);
    assertFields((await settings()) ?? {}, { state: 'paused' });
    assert.match(await read(), />Go on</);
    await browser.post(`${place}/resume`);
    assertFields((await settings()) ?? {}, { state: 'active' });
    assert.match(await read(`${place}/end`), /Its URL and headers are deleted/);
    await browser.post(`${place}/end`);
    assert.equal(await settings(), undefined);
  });

  it('shows nobody a button that would be refused', async () => {
    await save();
    const operator = await site.signedInAs('operate');
    const text = await read(place, operator);
    assert.match(text, /Pull now/);
    assert.doesNotMatch(text, /Pull no more|URL of the export/);
    assert.equal((await operator.post(place, FORM)).status, 403);
    assert.doesNotMatch(await read(place, await site.signedInAs('read')), /Pull now/);
  });

  it('lists what came of each pull, and links its import', async () => {
    await save();
    const { advertiserId: advertiser_id } = network;
    const at = new Date();
    const pull = { advertiser_id, revised_at: at, started_at: at, ended_at: at };
    await network.db('pulls').insert([
      { ...pull, pull_id: 'p1', run_id: '1', result: 'failed', problem: 'broken_file', detail: '<b>no</b>' },
      { ...pull, pull_id: 'p2', run_id: '2', result: 'imported', http_status: 200, bytes: 18_403, import_id: 'i2' },
    ]);
    const text = await read();
    assert.match(text, /href="\/ops\/imports\/i2"/);
    assert.match(text, /18\u00a0KB/);
    assert.match(text, /&lt;b&gt;no/);
    assert.doesNotMatch(text, /<b>no/);
  });

  it('says of an import that most of its rows are about unknown conversions', async () => {
    await save();
    const { db, advertiserId: advertiser_id } = network;
    const at = new Date();
    await db('imports').insert({
      ...{ import_id: 'odd', advertiser_id, source: 'pull', notify: true, dry_run: false, state: 'done', ended_at: at },
      ...{
        format: 'csv',
        bytes: 7,
        sha256: '',
        mapping: '{}',
        rows: 9,
        done_rows: 9,
        refused: 9,
        started_at: at,
        unlogged: 1234,
      },
    });
    await db('pulls').insert({
      ...{ advertiser_id, revised_at: at, started_at: at, ended_at: at },
      ...{ pull_id: 'p1', run_id: '1', result: 'imported', http_status: 200, bytes: 7, import_id: 'odd' },
    });
    for (const page of [place, '/ops/imports/odd'])
      assert.match(await read(page), /1,234 rows are not in the inbound log/);
    await db('imports').delete();
  });

  it('says where it fails: on its page, that of the advertiser, and the overview', async () => {
    await save();
    assert.match(await read('/ops'), /No pull is in trouble/);
    await network.db('pull_standings').update({ failing_since: new Date(), failures: 3 });
    assert.match(await read(), /The last 3 pulls failed/);
    assert.match(await read(`/ops/advertisers/${network.advertiserId}`), /Its pull fails/);
    assert.match(
      await read('/ops'),
      /1 advertiser&#39;s export cannot be fetched|1 advertiser's export cannot be fetched/,
    );
    assertFields(await findTroubledPulls(network.db), { failing: 1, overdue: 0 });
    await network.db('pull_standings').update({ failing_since: null, failures: 0 });
    await network.db('pull_settings').update({ updated_at: new Date(Date.now() - 3 * 3_600_000) });
    assert.match(await read(), /No pull has begun for long/);
    assert.match(await read('/ops'), /1 pull should have begun long ago/);
    await network.db('pull_settings').update({ state: 'paused' });
    assertFields(await findTroubledPulls(network.db), { failing: 0, overdue: 0, first: null });
  });

  it('says that it waits for its import: for a paused one at once, for another when a pull was skipped', async () => {
    await save();
    const { db, advertiserId: advertiser_id } = network;
    const one = { import_id: 'slow', advertiser_id, source: 'pull', notify: true, dry_run: false };
    await db('imports').insert({ ...one, state: 'running' });
    assertFields(await findTroubledPulls(db), { waiting: 0, first: null });
    assert.doesNotMatch(await read(), /Pulls wait for an import/);
    const pull = { advertiser_id, revised_at: new Date(), started_at: new Date(), ended_at: new Date() };
    const skipped = { result: 'skipped', problem: 'import_under_way', detail: 'slow' };
    await db('pulls').insert({ ...pull, ...skipped, pull_id: 'p1', run_id: '1' });
    assertFields(await findTroubledPulls(db), { waiting: 1, first: advertiser_id });
    await db('pulls').delete();
    await db('imports').update({ state: 'paused' });
    assertFields(await findTroubledPulls(db), { waiting: 1, failing: 0, overdue: 0 });
    const text = await read();
    assert.match(text, /Pulls wait for an import/);
    assert.match(text, /href="\/ops\/imports\/slow"/);
    assert.match(await read('/ops'), /1 pull waits for an import to end/);
    await db('imports').update({ state: 'cancelled', ended_at: new Date() });
    assertFields(await findTroubledPulls(db), { waiting: 0, first: null });
    await db('imports').delete();
  });
});
