import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { prepareDemo } from '../../../../src/dev/demo/prepare-demo.ts';
import { openBrowser, serveApp, type TestBrowser, type TestPage } from '../../../support/browser.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';
import { buildConsole, type Console } from '../../build-console.ts';

const RULES = { attempts: 3, intervalMs: 300_000 };
// Lists of a few rows: axe looks at each.
const PAGES = [
  ...['/console', '/console?show=reward', '/console/conversions?status=rejected', '/console/conversions?ref_id=none'],
  ...['/console/postbacks', '/console/deliveries?state=failed', '/console/deliveries/replays', '/console/key'],
];

describe('the console in a browser', () => {
  let db: Knex;
  let site: Console;
  let browser: TestBrowser;
  let pages: string[];
  let server: { url: string; close(): Promise<void> };

  before(async () => {
    ({ db } = await createTestDatabase());
    const dataDir = await mkdtemp(join(tmpdir(), 'console-'));
    const demo = await prepareDemo(db, { dataDir, receiverUrl: 'http://127.0.0.1:1', rules: RULES });
    await rm(dataDir, { recursive: true });
    assert.ok(demo);
    const built = await buildConsole(db);
    const { partnerId, partnerKey: key } = demo;
    site = { ...built, partnerId, key };
    const [latest] = await db('postbacks')
      .where({ partner_id: partnerId, state: 'delivered' })
      .limit(1)
      .select<{ conversion_id: string; postback_id: string }[]>('conversion_id', 'postback_id');
    assert.ok(latest);
    pages = [...PAGES, `/console/conversions/${latest.conversion_id}`, `/console/deliveries/${latest.postback_id}`];
    server = await serveApp(site.app);
    browser = await openBrowser(server.url);
  });
  after(async () => {
    await browser.close();
    await server.close();
    await db.destroy();
  });

  async function signIn(page: TestPage): Promise<void> {
    await page.goto('/console/login');
    await page.getByLabel('API key').fill(site.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  }

  it('signs in after a wrong key, and out again', async () => {
    const page = await browser.open();
    await page.goto('/console');
    await page.getByLabel('API key').fill('ck_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This is not a key of ours').waitFor();
    assert.equal(await page.evaluate('document.activeElement.name'), 'api_key');
    await signIn(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.deepEqual(page.complaints, []);
  });

  it('goes by keyboard alone from the login to the overview and on', async () => {
    const page = await browser.open();
    await page.goto('/console/login');
    await tabTo(page, 'API key');
    await page.keyboard.type(site.key);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await tabTo(page, 'Key and sign-in');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Key and sign-in', level: 1 }).waitFor();
  });

  it('cuts neither a date nor a state in the filters of the log, however wide the window is', async () => {
    const page = await browser.open();
    await signIn(page);
    await page.goto('/console/deliveries?state=superseded&from=2026-10-28&to=2026-11-28');
    for (const width of [1280, 1024, 800, 360]) {
      await page.setViewportSize({ width, height: 800 });
      const [from = 0, to = 0, state = 0] = await page.evaluate<number[]>(
        `['from', 'to', 'state'].map((name) => document.querySelector('.filters [name=' + name + ']').clientWidth)`,
      );
      // With a year of four digits and the sign of a calendar; with the longest word and an arrow.
      assert.ok(Math.min(from, to) >= 155 && state >= 138, `at ${width} px: ${from}, ${to}, ${state}`);
    }
  });

  // A theme changes nothing but colours.
  for (const [colorScheme, rules] of [
    ['light', undefined],
    ['dark', ['color-contrast']],
  ] as const) {
    it(`has nothing serious for axe on any page, and breaks no rule of its own: ${colorScheme}`, async () => {
      const page = await browser.open({ colorScheme });
      await page.goto('/console/login');
      await page.checkAccessible(rules);
      await signIn(page);
      for (const path of [...pages, '/console/nowhere']) {
        await page.goto(path);
        await page.checkAccessible(rules);
      }
      assert.deepEqual(page.complaints, []);
    });
  }

  it('changes the figures without leaving the page, and goes back', async () => {
    const page = await browser.open();
    await signIn(page);
    const zone = () => page.getByLabel('Time zone').inputValue();
    const usual = await zone();
    // The browser goes back within the page, which then loads itself: for that, Playwright's own goBack does not wait.
    const goBack = () => page.evaluate('history.back()');
    await page.getByRole('link', { name: /^Touches/ }).click();
    await page.getByText('Touches per day').waitFor();
    await page.getByLabel('Time zone').selectOption('Asia/Tokyo');
    await eventually(() => assert.match(page.url(), /time_zone=Asia/));
    assert.match(page.url(), /show=touches/);
    await page.getByText('Touches per day').waitFor();
    await goBack();
    await eventually(async () => assert.equal(await zone(), usual));
    await page.waitForLoadState();
    assert.match(page.url(), /show=touches/);
    await goBack();
    await page.getByText('Approved per day').waitFor();
    await page.getByLabel('Your tracker').selectOption('Keitaro');
    await page.locator('#built').getByText('ref_id={subid}').waitFor();
    assert.deepEqual(page.complaints, []);
  });

  it('copies the link, and says so', async () => {
    const page = await browser.open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await signIn(page);
    await page.getByRole('button', { name: 'Copy your referral link' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), `http://console.test/${site.partnerId}/`);
  });

  it('tells times in the zone of its reader', async () => {
    const page = await browser.open({ timezoneId: 'Asia/Tokyo' });
    await signIn(page);
    await page.goto('/console');
    assert.equal(await page.getByLabel('Time zone').inputValue(), 'Asia/Tokyo');
  });

  it('fits on a phone', async () => {
    const page = await browser.open({ viewport: { width: 360, height: 740 } });
    await signIn(page);
    for (const path of pages) {
      await page.goto(path);
      assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 360, path);
    }
  });

  it('replaces the key once when its button is pressed twice, and shows it', async () => {
    const page = await browser.open();
    await signIn(page);
    await page.goto('/console/key');
    // At once after the other, as no hand can: a second one is too late when the first has been answered.
    await page.evaluate(
      `{ const button = [...document.querySelectorAll('button')].find((one) => one.textContent === 'Replace the key');
         button.click(); button.click(); }`,
    );
    site.key = (await page.locator('#new-key').textContent()) ?? '';
    assert.match(site.key, /^ck_\w{32}$/);
    await page.getByRole('button', { name: 'Replace the key' }).click();
    await eventually(async () => assert.notEqual(await page.locator('#new-key').textContent(), site.key));
    site.key = (await page.locator('#new-key').textContent()) ?? '';
    assert.deepEqual(page.complaints, []);
  });

  it('works without scripts', async () => {
    const page = await browser.open({ javaScriptEnabled: false });
    await signIn(page);
    await page.getByRole('link', { name: 'Key and sign-in' }).click();
    await page.getByLabel('How long shall the old key go on?').selectOption('One day');
    await page.getByRole('button', { name: 'Replace the key' }).click();
    assert.match((await page.locator('#new-key').textContent()) ?? '', /^ck_\w{32}$/);
    assert.ok(await page.getByRole('button', { name: /^Copy/ }).isHidden());
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});

/** Presses Tab until what is named has the focus. */
async function tabTo(page: TestPage, name: string): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate<string>(
      'document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent',
    );
    if (focused.trim() === name) return;
  }
  assert.fail(`Tab does not reach ${name}`);
}
