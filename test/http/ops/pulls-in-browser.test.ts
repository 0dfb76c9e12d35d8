import assert from 'node:assert/strict';
import type { TestPage } from '../../support/browser.ts';
import { useOpsBrowser } from './browser-stage.ts';

const LONG = `https://exports.a-bank-with-a-long-name.example/${'very-long-path/'.repeat(8)}conversions.csv`;
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

describe('the pull of an advertiser in a browser', function () {
  const ops = useOpsBrowser(this);
  let place: string;

  before(() => {
    place = `/ops/advertisers/${ops.network.advertiserId}`;
  });

  /** A day of pulls, of which the last ones failed. */
  async function havePast(): Promise<void> {
    const { db, advertiserId: advertiser_id } = ops.network;
    await db('pulls').delete();
    const past = [
      { result: null, ago: 0, attempts: 1 },
      { result: 'failed', ago: 60, http_status: 401, problem: 'http_status' },
      { result: 'failed', ago: 120, attempts: 3, problem: 'timeout' },
      { result: 'skipped', ago: 180, problem: 'import_under_way' },
      {
        result: 'failed',
        ago: 240,
        problem: 'broken_file',
        http_status: 200,
        detail: `No column: "${'x'.repeat(200)}".`,
      },
      { result: 'unchanged', ago: 300, http_status: 304 },
      { result: 'imported', ago: 360, http_status: 200, bytes: 1_840_312, import_id: '0ml2p8m6v9x2m7q1w8z5t4r6' },
    ];
    const rows = past.map(({ ago, ...pull }, index) => ({
      ...{ pull_id: `p${9 - index}`, run_id: `${index}`, advertiser_id, revised_at: new Date(), attempts: 1 },
      ...{ http_status: null, problem: null, detail: null, bytes: null, import_id: null, ...pull },
      ...{ started_at: minutesAgo(ago), ended_at: pull.result === null ? null : minutesAgo(ago - 1) },
    }));
    await db('pulls').insert(rows);
    await db('pull_standings').update({ failing_since: minutesAgo(120), failures: 2 });
  }

  it('is set up, begun at once, paused and ended', async () => {
    const page = await ops.signIn();
    await page.goto(place);
    await page.getByRole('link', { name: 'Pull', exact: true }).click();
    await page.getByLabel('URL of the export').fill('http://10.0.0.1/x.csv');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('the host is not an address on the public internet').waitFor();
    await page.getByLabel('URL of the export').fill('https://bank.example/export.csv');
    await page.locator('#header_name_0').fill('authorization');
    await page.locator('#header_value_0').fill('Bearer very-secret');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('authorization: ••••').waitFor();
    assert.ok(!(await page.content()).includes('very-secret'));
    await page.getByRole('button', { name: 'Pull now' }).click();
    await page.getByText('A pull was asked for and begins in a moment').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused: nothing is pulled until it goes on.').waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('link', { name: 'Pull no more' }).click();
    await page.getByRole('button', { name: 'Pull no more' }).click();
    await page.getByText('Nothing is pulled any more.').waitFor();
    await page.getByRole('heading', { name: 'Set it up' }).waitFor();
  });

  it('is accessible and fits, light and dark, wide and narrow, whatever stands in it', async () => {
    for (const look of [
      { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
      { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
      { viewport: { width: 360, height: 780 }, colorScheme: 'light' },
      { viewport: { width: 360, height: 780 }, colorScheme: 'dark' },
    ] as const) {
      const page = await ops.signIn(look);
      await ops.network.db('pull_settings').delete();
      await ops.network.db('pulls').delete();
      await fits(page);
      await page.getByLabel('URL of the export').fill(LONG);
      await page.locator('#header_name_0').fill('x-a-header-with-a-rather-long-name-of-its-own');
      await page.locator('#header_value_0').fill('secret');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved.').waitFor();
      await havePast();
      await fits(page);
    }
  });

  async function fits(page: TestPage): Promise<void> {
    await page.goto(`${place}/pull`);
    await page.checkAccessible();
    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    assert.equal(overflow, 0, `it is ${overflow} px too wide`);
  }
});
