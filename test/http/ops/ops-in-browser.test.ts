import assert from 'node:assert/strict';
import { makeEventfulLead, type EventfulLead } from '../../support/leads/eventful-lead.ts';
import { useOpsBrowser } from './browser-stage.ts';

describe('the ops console in a browser', function () {
  const ops = useOpsBrowser(this);
  let lead: EventfulLead;

  before(async () => {
    lead = await makeEventfulLead(ops.network);
  });

  it('from the login by a search to the explanation that a partner gets', async () => {
    const page = await ops.signIn({ permissions: ['clipboard-read', 'clipboard-write'] });
    const search = page.getByRole('searchbox', { name: 'Find anything' });
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
    const page = await ops.signIn();
    await page.getByRole('link', { name: 'Admin keys' }).click();
    await page.getByLabel('Name', { exact: true }).fill('otto');
    await page.getByRole('button', { name: 'Make the key' }).click();
    assert.match(await page.locator('#new-key').innerText(), /^ak_/);
    await page.goto(`/ops/offers/${ops.network.offerId}`);
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
    const page = await ops.signIn({ key: await ops.site.makeKey('read') });
    await page.goto(`/ops/offers/${ops.network.offerId}`);
    assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0);
    assert.equal(await page.getByRole('link', { name: 'Pause' }).count(), 0);
  });

  for (const look of [
    { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
    { viewport: { width: 360, height: 780 }, colorScheme: 'dark' },
  ] as const) {
    it(`is accessible on every page, ${look.colorScheme} and ${look.viewport.width} wide`, async function () {
      // Half a minute on a machine that has nothing else to do.
      this.timeout(300_000);
      const postbackId = `d${lead.leadId.slice(-15)}`;
      const login = await ops.open(look);
      await login.goto('/ops/login');
      await login.checkAccessible();
      const page = await ops.signIn(look);
      for (const path of [
        ...[
          '/ops',
          `/ops/leads/${lead.leadId}`,
          `/ops/conversions/${lead.conversionId}`,
          `/ops/postbacks/${postbackId}`,
        ],
        ...['/ops/leads', '/ops/conversions', '/ops/postbacks', '/ops/partners', '/ops/advertisers', '/ops/offers'],
        ...[`/ops/partners/${lead.last}`, `/ops/partners/${lead.last}/key`, '/ops/partners/new', '/ops/offers/new'],
        ...[`/ops/advertisers/${ops.network.advertiserId}`, `/ops/offers/${ops.network.offerId}`, '/ops/endpoints'],
        ...['/ops/keys', '/ops/audit', '/ops/search?q=nothing'],
        ...['/ops/prices', `/ops/prices/${ops.network.offerId}`, `/ops/prices/${ops.network.offerId}/new`],
        ...['/ops/ledger', '/ops/ledger/check', `/ops/partners/${lead.last}/ledger`, '/ops/fraud'],
        ...[`/ops/partners/${lead.last}/ledger/open`, `/ops/partners/${lead.last}/ledger/pay?currency=USD`],
        ...['/ops/imports', '/ops/imports/new', '/ops/advertisers/new'],
        ...[`/ops/advertisers/${ops.network.advertiserId}/signing-secret`],
      ]) {
        await page.goto(path);
        await page.checkAccessible();
        const width = await page.evaluate<number>('document.documentElement.scrollWidth');
        assert.ok(width <= look.viewport.width, `${path} is ${width} wide`);
      }
    });
  }

  it('works without scripts', async () => {
    const page = await ops.signIn({ javaScriptEnabled: false });
    await page.getByRole('searchbox', { name: 'Find anything' }).fill(lead.leadId);
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/ops/leads/${lead.leadId}$`));
    await page.goto(`/ops/partners/${lead.first}/pause`);
    await page.getByRole('button', { name: 'Pause the partner' }).click();
    await page.getByText('Paused: its links are unknown to visitors.').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Admin key').waitFor();
  });
});
