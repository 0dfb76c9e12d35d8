import assert from 'node:assert/strict';
import { serveApp, openBrowser, type TestBrowser, type TestPage } from '../../support/browser.ts';
import { createTestDatabase } from '../../support/database.ts';
import { makeEventfulLead, type EventfulLead } from '../../support/leads/eventful-lead.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

describe('the ops console in a browser', function () {
  // On a busy machine a click may come before the page listens: no person is that quick.
  this.retries(1);
  this.timeout(120_000);
  let network: Network;
  let site: OpsConsole;
  let served: Awaited<ReturnType<typeof serveApp>>;
  let browser: TestBrowser;
  let lead: EventfulLead;
  let page: TestPage;

  const signIn = async (key = ADMIN_KEY) => {
    await page.goto('/ops');
    await page.getByLabel('Admin key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(/\/ops$/);
  };

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    site = buildOpsConsole(network);
    served = await serveApp(site.app);
    browser = await openBrowser(served.url);
    lead = await makeEventfulLead(network);
  });
  after(async () => {
    await browser.close();
    await served.close();
    await network.close();
  });
  afterEach(async () => {
    assert.deepEqual(page.complaints, []);
    assert.deepEqual(site.logged, []);
    await page.context().close();
  });

  it('from the login by a search to the explanation that a partner gets', async () => {
    page = await browser.open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await signIn();
    const search = page.getByRole('searchbox', { name: 'Find id or name' });
    await search.fill('ref-of-last');
    await search.press('Enter');
    await page.waitForURL(new RegExp(`/ops/leads/${lead.leadId}$`));
    await page.getByText('holds it by the last touch of any partner').waitFor();
    // Ids that were made in the same moment begin alike.
    await page.getByRole('table').getByTitle(lead.conversionId).click();
    await page.waitForURL(new RegExp(`/ops/conversions/${lead.conversionId}$`));
    await page.getByRole('button', { name: 'Copy the text' }).click();
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    assert.match(copied, /Your reward is 12\.50 USD/);
  });

  it('makes a key for a colleague, changes an offer, and finds both in the audit log', async () => {
    page = await browser.open();
    await signIn();
    await page.getByRole('link', { name: 'Admin keys' }).click();
    await page.getByLabel('Name').fill('otto');
    await page.getByRole('button', { name: 'Make the key' }).click();
    assert.match(await page.locator('#new-key').innerText(), /^ak_/);
    await page.goto(`/ops/offers/${network.offerId}`);
    await page.getByLabel('Reward').fill('14.00');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    await page.getByRole('link', { name: 'Changes' }).click();
    await page.getByText('reward_amount').first().waitFor();
    assert.equal(await page.locator('del', { hasText: '1250' }).count(), 1);
    await page.goto('/ops/audit');
    assert.ok((await page.getByRole('link', { name: 'otto' }).count()) > 0);
  });

  it('hides from a reader what it may not do', async () => {
    page = await browser.open();
    await signIn(await site.makeKey('read'));
    await page.goto(`/ops/offers/${network.offerId}`);
    assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0);
    assert.equal(await page.getByRole('link', { name: 'Pause' }).count(), 0);
  });

  it('is accessible on every page, light and dark, wide and narrow', async () => {
    const postbackId = `d${lead.leadId.slice(-15)}`;
    for (const look of [
      { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
      { viewport: { width: 360, height: 780 }, colorScheme: 'dark' },
    ] as const) {
      page = await browser.open(look);
      await page.goto('/ops/login');
      await page.checkAccessible();
      await signIn();
      for (const path of [
        ...[
          '/ops',
          `/ops/leads/${lead.leadId}`,
          `/ops/conversions/${lead.conversionId}`,
          `/ops/postbacks/${postbackId}`,
        ],
        ...['/ops/leads', '/ops/conversions', '/ops/postbacks', '/ops/partners', '/ops/advertisers', '/ops/offers'],
        ...[`/ops/partners/${lead.last}`, `/ops/partners/${lead.last}/key`, '/ops/partners/new', '/ops/offers/new'],
        ...[`/ops/advertisers/${network.advertiserId}`, `/ops/offers/${network.offerId}`, '/ops/endpoints'],
        ...['/ops/keys', '/ops/audit', '/ops/search?q=nothing'],
      ]) {
        await page.goto(path);
        await page.checkAccessible();
        const width = await page.evaluate<number>('document.documentElement.scrollWidth');
        assert.ok(width <= look.viewport.width, `${path} is ${width} wide`);
      }
      if (look.colorScheme === 'light') {
        assert.deepEqual(page.complaints, []);
        await page.context().close();
      }
    }
  });

  it('works without scripts', async () => {
    page = await browser.open({ javaScriptEnabled: false });
    await signIn();
    await page.getByRole('searchbox', { name: 'Find id or name' }).fill(lead.leadId);
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/ops/leads/${lead.leadId}$`));
    await page.goto(`/ops/partners/${lead.first}/pause`);
    await page.getByRole('button', { name: 'Pause the partner' }).click();
    await page.getByText('Paused: its links are unknown to visitors.').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Admin key').waitFor();
  });
});
