import assert from 'node:assert/strict';
import { listPriceLists } from '../../../src/db/prices/price-lists.ts';
import { serveApp, openBrowser, type TestBrowser } from '../../support/browser.ts';
import { createTestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

describe('prices, in a browser', function () {
  // On a busy machine a click may come before the page listens: no person is that quick.
  this.retries(1);
  this.timeout(120_000);
  let network: Network;
  let site: OpsConsole;
  let served: Awaited<ReturnType<typeof serveApp>>;
  let browser: TestBrowser;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    site = buildOpsConsole(network);
    served = await serveApp(site.app);
    browser = await openBrowser(served.url);
  });
  after(async () => {
    await browser.close();
    await served.close();
    await network.close();
  });

  async function approve(): Promise<string> {
    const { leadId, conversionId } = await network.aLead(await network.partner());
    await network.report(conversionId, 'approved');
    await settleLatest(network.db, leadId);
    return conversionId;
  }

  it('a list is drafted beside what it would have cost, made, and explains the next reward', async () => {
    await approve();
    await approve();
    const page = await browser.open();
    await page.goto('/ops');
    await page.getByLabel('Admin key').fill(ADMIN_KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'Prices' }).click();
    await page.getByRole('link', { name: 'Card' }).click();
    await page.getByRole('link', { name: 'Draft a price list' }).click();
    await page.getByText('Under this draft they would have cost').waitFor();
    await page.getByLabel('Tier 2: approved before it, from').fill('1');
    const preview = page.locator('#preview');
    await eventually(async () => assert.match(await preview.innerText(), /Tier 2: the price must be an amount of USD/));
    await page.getByLabel('Tier 2: price').fill('15');
    // The preview follows what is typed, and the form stays as it is.
    await eventually(async () => assert.match(await preview.innerText(), /would have cost 27\.50 USD, 10\.0 % more/));
    assert.equal(await page.getByLabel('Tier 2: price').inputValue(), '15');
    await page.checkAccessible();
    await page.getByRole('button', { name: 'Make this list' }).click();
    await page.getByText('Made: version 1.').waitFor();
    await page.getByText('The next approved conversion brings').waitFor();
    assert.equal((await listPriceLists(network.db, network.offerId)).length, 1);

    await page.goto(`/ops/conversions/${await approve()}`);
    const why = /15\.00 USD: the tier from 1, because it was the 3rd approved conversion of advertiser Bank in/;
    await page.getByText(why).first().waitFor();
    const told = await page.locator('#explanation').innerText();
    assert.match(told, /The price was 15\.00 USD: the tier from 1, because it was the 3rd .* of this advertiser/);
    assert.deepEqual(page.complaints, []);
    assert.deepEqual(site.logged, []);
  });
});
