import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { readPostbackSettings } from '../../../../src/db/partners.ts';
import { prepareDemo } from '../../../../src/dev/demo/prepare-demo.ts';
import { openBrowser, serveApp, type TestBrowser, type TestPage } from '../../../support/browser.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { startPartnerServer, type PartnerServer } from '../../../support/partner-server.ts';
import { aPostback } from '../../../support/ended-postbacks.ts';
import { temporaryFolder } from '../../../support/servers.ts';
import { buildConsole, type Console } from '../../build-console.ts';
import { partnerDeps } from '../../partner-deps.ts';

const RULES = { attempts: 3, intervalMs: 300_000 };

describe('postbacks, deliveries and replays in a browser', function () {
  this.timeout(120_000);
  let db: Knex;
  let site: Console;
  let browser: TestBrowser;
  let tracker: PartnerServer;
  let server: { url: string; close(): Promise<void> };
  /** Of a partner with a past. */
  let demoKey: string;

  before(async () => {
    ({ db } = await createTestDatabase());
    const demo = await prepareDemo(db, { dataDir: temporaryFolder(), receiverUrl: 'http://127.0.0.1:1', rules: RULES });
    demoKey = demo?.partnerKey ?? '';
    tracker = await startPartnerServer();
    site = await buildConsole(db, { partner: partnerDeps(db, { allowCidrs: ['127.0.0.0/8'] }) });
    server = await serveApp(site.app);
    browser = await openBrowser(server.url);
  });
  beforeEach(() => tracker.forget());
  after(async () => {
    await browser.close();
    await server.close();
    await tracker.stop();
    await db.destroy();
  });

  async function signIn(page: TestPage, key = site.key): Promise<void> {
    await page.goto('/console/login');
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  }

  const trackerHost = () => new URL(tracker.origin).host;

  it('go from a preset to a failing test, a working one, and saved settings', async () => {
    const page = await browser.open();
    await signIn(page);
    await page.goto('/console/postbacks');
    await page.getByLabel('Tracker', { exact: true }).selectOption('Keitaro');
    await page.getByRole('button', { name: 'Choose' }).click();
    await page.getByLabel('Domain of your tracker').fill(trackerHost());
    await page.getByLabel('Postback key').fill('a1b2c3d');
    await page.getByRole('button', { name: 'Fill the form below' }).click();
    const url = page.getByLabel('Postback URL', { exact: true });
    assert.match(await url.inputValue(), /^https:\/\/127\.0\.0\.1:\d+\/a1b2c3d\/postback\?subid=\{ref_id\}/);
    // The test's tracker has no certificate, which is the first thing that the test call shows.
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('No secure connection came about').waitFor();
    await url.fill((await url.inputValue()).replace('https:', 'http:'));
    await page.getByText('Over http anybody on the way').waitFor();
    tracker.answer(500, 200);
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('failed on its side').waitFor();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('Delivered: your endpoint answered 200.').waitFor();
    assert.equal(tracker.received.at(-1)?.query['status'], 'approved');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. Every attempt').waitFor();
    await page.getByText('Your referral link for Keitaro').waitFor();
    assert.match((await readPostbackSettings(db, site.partnerId))?.url ?? '', /\/a1b2c3d\/postback/);
    assert.deepEqual(page.complaints, []);
  });

  it('show the request anew while it is typed, and what is wrong with it', async () => {
    const page = await browser.open();
    await signIn(page);
    await page.goto('/console/postbacks');
    const url = page.getByLabel('Postback URL', { exact: true });
    await url.fill('https://t.example/in?c={clickid}');
    await page.locator('#preview').getByText('did you mean {ref_id}?').waitFor();
    await url.fill('https://t.example/in?c={ref_id}');
    await page.locator('#preview pre').getByText('GET https://t.example/in?c=test-click').waitFor();
    await page.getByRole('textbox', { name: 'ref_id' }).fill('my click');
    await page.locator('#preview pre').getByText('?c=my%20click').waitFor();
    assert.equal(await url.inputValue(), 'https://t.example/in?c={ref_id}');
    assert.deepEqual(page.complaints, []);
  });

  it('go by keyboard alone: write a URL, test it, save it', async () => {
    const page = await browser.open();
    await signIn(page);
    await page.goto('/console/postbacks');
    await tabTo(page, 'url');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(`${tracker.origin}/in?c={ref_id}&s={status}`);
    await page.locator('#preview pre').getByText('/in?c=test-click').waitFor();
    await tabTo(page, 'send-test');
    await page.keyboard.press('Enter');
    await page.getByText('Delivered: your endpoint answered 200.').waitFor();
    assert.equal(await page.evaluate('document.activeElement.id'), 'send-test');
    await tabTo(page, 'save', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Saved. Every attempt').waitFor();
  });

  it('tell why a delivery failed, and ask to redeliver it', async () => {
    // One of its own: what failed in the demo's past, and how, depends on the hour.
    const { postbackId } = await aPostback(db, { partnerId: 'demopartner', attempts: [503, 503, 503] });
    const page = await browser.open();
    await signIn(page, demoKey);
    await page.getByRole('link', { name: 'Deliveries', exact: true }).click();
    await page.getByLabel('State').selectOption('failed');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.locator(`tbody a[href$="${postbackId}"]`).click();
    await page.getByText('Your endpoint is down or overloaded').first().waitFor();
    await page.getByText('No attempt is left').waitFor();
    await page.getByRole('button', { name: 'Redeliver' }).click();
    await page.getByText('It is being redelivered.').waitFor();
    await page.goBack();
    await page.goBack();
    assert.equal(await page.getByLabel('State').inputValue(), 'failed');
    assert.deepEqual(page.complaints, []);
  });

  it('show a replay as it goes on, without loading the page again', async () => {
    const page = await browser.open();
    await signIn(page, demoKey);
    await page.goto('/console/deliveries');
    await page.getByRole('link', { name: 'Look at the replay' }).click();
    await page.getByRole('button', { name: /^Replay \d+ postbacks$/ }).click();
    await page.getByText(/^0 of \d+$/).waitFor();
    await page.evaluate('window.isSamePage = true');
    await db('replays').where({ partner_id: 'demopartner' }).whereNull('postback_id').update({ delivered: 3 });
    await page.getByText(/^3 of \d+$/).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('It pauses as soon as').waitFor();
    const progress = page.getByRole('progressbar', { name: 'Postbacks done' });
    assert.equal(await progress.getAttribute('value'), '3');
    await db('replays')
      .where({ partner_id: 'demopartner' })
      .whereNull('postback_id')
      .update({ state: 'done', ended_at: db.fn.now() });
    await page.locator('.head .state', { hasText: 'done' }).waitFor();
    assert.deepEqual(page.complaints, []);
  });

  it('have nothing serious for axe, in both themes, and fit on a phone', async () => {
    const [failed] = await db('postbacks')
      .where({ state: 'failed', partner_id: 'demopartner' })
      .limit(1)
      .select<{ postback_id: string }[]>('postback_id');
    const pages = [
      ...[
        '/console/postbacks',
        '/console/postbacks?preset=keitaro',
        '/console/deliveries',
        '/console/deliveries?q=none',
      ],
      `/console/deliveries/${failed?.postback_id}`,
      ...['/console/deliveries/replays', '/console/deliveries/replays/new'],
    ];
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.open({ colorScheme });
      const phone = await browser.open({ colorScheme, viewport: { width: 360, height: 740 } });
      await signIn(page, demoKey);
      await signIn(phone, demoKey);
      for (const path of pages) {
        await page.goto(path);
        await page.checkAccessible();
        await phone.goto(path);
        assert.ok((await phone.evaluate<number>('document.documentElement.scrollWidth')) <= 360, path);
      }
      assert.deepEqual([...page.complaints, ...phone.complaints], []);
    }
  });

  it('work without scripts', async () => {
    const page = await browser.open({ javaScriptEnabled: false });
    await signIn(page);
    await page.goto('/console/postbacks');
    await page.getByLabel('Postback URL', { exact: true }).fill(`${tracker.origin}/in?c={nope}`);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.locator('#url-error').getByText('is not known').waitFor();
    await page.getByLabel('Postback URL', { exact: true }).fill(`${tracker.origin}/in?c={ref_id}`);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('Delivered: your endpoint answered 200.').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. Every attempt').waitFor();
  });
});

/** Presses Tab until the element with this id has the focus. */
async function tabTo(page: TestPage, id: string, key = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press(key);
    if ((await page.evaluate<string>('document.activeElement.id')) === id) return;
  }
  assert.fail(`${key} does not reach ${id}`);
}
