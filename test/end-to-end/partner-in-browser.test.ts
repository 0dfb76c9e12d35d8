import assert from 'node:assert/strict';
import { openBrowser, type TestBrowser, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { createHttpNetwork, createInCatalogue, type HttpNetwork } from '../support/network-over-http.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { testTemporal } from '../support/servers.ts';

describe('a new partner with nothing but a key', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let program: RunningProgram;
  let network: HttpNetwork;
  let tracker: PartnerServer;
  let browser: TestBrowser;
  let page: TestPage;
  let partner: { partner_id: string; api_key: string };

  before(async () => {
    database = await createTestDatabase();
    tracker = await startPartnerServer();
    const { address: temporalAddress } = await testTemporal();
    const env = { POSTBACK_INTERVAL_SECONDS: '0.1' };
    program = await startProcess({ databaseUrl: database.url, temporalAddress, env });
    network = await createHttpNetwork(program);
    partner = await createInCatalogue(program.opsUrl, 'partners', { name: 'Ann Media' });
    browser = await openBrowser(program.publicUrl);
    page = await browser.open();
  });
  after(async () => {
    await browser.close();
    await program.kill('SIGKILL');
    await tracker.stop();
    await database.db.destroy();
  });

  const takenFor = (conversionId: string) => tracker.received.filter(({ query }) => query['tid'] === conversionId);

  it('sets up its tracker, sees a sale delivered, and gets back what an outage has cost, once', async () => {
    await page.goto('/console');
    await page.getByLabel('API key').fill(partner.api_key);
    await page.getByRole('button', { name: 'Sign in' }).click();

    await page.getByRole('link', { name: 'Postbacks', exact: true }).click();
    await page.getByLabel('Tracker', { exact: true }).selectOption('Keitaro');
    await page.getByRole('button', { name: 'Choose' }).click();
    await page.getByLabel('Domain of your tracker').fill(new URL(tracker.origin).host);
    await page.getByLabel('Postback key').fill('a1b2c3d');
    await page.getByRole('button', { name: 'Fill the form below' }).click();
    const url = page.getByLabel('Postback URL', { exact: true });
    // The tracker of the test has no certificate.
    await url.fill((await url.inputValue()).replace('https:', 'http:'));
    await page.locator('#preview pre').getByText('GET http://').waitFor();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('Delivered: your endpoint answered 200.').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. Every attempt').waitFor();

    const sold = await network.click(partner.partner_id, 'click-1');
    await network.report(sold, 'approved');
    await seeDelivery(sold, 'delivered');
    assert.deepEqual(
      takenFor(sold).map(({ query }) => [query['subid'], query['status'], query['payout']]),
      [['click-1', 'approved', '12.50']],
    );

    tracker.answer(503);
    const [missed, alsoMissed] = [
      await network.click(partner.partner_id, 'click-2'),
      await network.click(partner.partner_id, 'click-3'),
    ];
    await network.report(missed, 'approved');
    await network.report(alsoMissed, 'approved');
    await seeDelivery(missed, 'failed');
    await seeDelivery(alsoMissed, 'failed');
    await page.locator('tbody a').first().click();
    await page.getByText('Your endpoint is down or overloaded').first().waitFor();
    assert.equal(takenFor(missed).length, 3);

    tracker.answer(200);
    await page.getByRole('button', { name: 'Redeliver' }).click();
    await page.getByText('Redelivered: your endpoint answered 200.').waitFor();
    await page.getByRole('heading', { name: 'Attempt 4, redelivered' }).waitFor();
    assert.equal(takenFor(alsoMissed).length, 4);
    await page.getByRole('link', { name: 'Deliveries', exact: true }).first().click();
    await page.getByText('1 postback failed').waitFor();
    await page.getByRole('link', { name: 'Look at the replay' }).click();
    await page.getByText('1 postback will be sent.').waitFor();
    await page.getByRole('button', { name: 'Replay 1 postback' }).click();
    await page.locator('.head .state', { hasText: 'done' }).waitFor();
    await page.getByText('1 of 1').waitFor();
    await seeDelivery(missed, 'delivered');
    assert.equal(takenFor(missed).length, 4);
    assert.equal(new Set(takenFor(missed).map(({ target }) => target)).size, 1);
    assert.deepEqual(page.complaints, []);
  });

  /** Looks the conversion up in the log until its postback is in this state. */
  async function seeDelivery(conversionId: string, state: string): Promise<void> {
    await eventually(async () => {
      await page.goto(`/console/deliveries?q=${conversionId}`);
      const isSeen = await page.locator('td .state', { hasText: state }).first().isVisible();
      assert.ok(isSeen, `not ${state}: ${await page.locator('main').innerText()}`);
    });
  }
});
