import assert from 'node:assert/strict';
import { serveApp, openBrowser, type TestBrowser, type TestPage } from '../../support/browser.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

describe('what advertisers say, in a browser', function () {
  // On a busy machine a click may come before the page listens: no person is that quick.
  this.retries(1);
  this.timeout(120_000);
  let network: Network;
  let site: OpsConsole;
  let served: Awaited<ReturnType<typeof serveApp>>;
  let browser: TestBrowser;
  let page: TestPage;

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
  afterEach(async () => {
    assert.deepEqual(page.complaints, []);
    assert.deepEqual(site.logged, []);
    await page.context().close();
  });

  const signIn = async () => {
    await page.goto('/ops');
    await page.getByLabel('Admin key').fill(ADMIN_KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(/\/ops$/);
  };
  const aLead = async () => await network.aLead(await network.partner());
  const closeWindow = (leadId: string) =>
    network.db('leads').where({ lead_id: leadId }).update({ last_activity_at: '2026-01-01T00:00:00Z' });
  const statusOf = async (conversionId: string) =>
    (await network.db('conversions').where({ conversion_id: conversionId }).first<{ status: string }>()).status;

  it('an unknown word is mapped, and its calls are seen to be applied', async () => {
    const { conversionId } = await aLead();
    await assert.rejects(network.report(conversionId, 'Sale'), { kind: 'unknown_status' });
    page = await browser.open();
    await signIn();
    await page.getByRole('link', { name: 'Unknown words' }).first().click();
    await page.getByRole('row', { name: /sale/ }).getByRole('link', { name: 'Map' }).click();
    await page.getByText('of them is applied').waitFor();
    await page.getByRole('button', { name: 'Map and apply' }).click();
    await page.getByText('1 of 1 kept call was recorded.').waitFor();
    await page.goto(`/ops/conversions/${conversionId}`);
    await page.getByText('its word was “sale”').waitFor();
    assert.equal(await statusOf(conversionId), 'approved');
  });

  it('a late status is accepted', async () => {
    const { leadId, conversionId } = await aLead();
    await closeWindow(leadId);
    await assert.rejects(network.report(conversionId, 'approved'), { kind: 'window_closed' });
    page = await browser.open();
    await signIn();
    await page.getByRole('link', { name: 'Late statuses' }).first().click();
    await page.getByRole('table').getByRole('link', { name: /^Call/ }).first().click();
    await page.getByRole('button', { name: 'Accept it late' }).click();
    await page.getByText(`Accepted: conversion ${conversionId} is approved now.`).waitFor();
    assert.equal(await statusOf(conversionId), 'approved');
  });

  it('is accessible on every page, light and dark, wide and narrow', async () => {
    const { conversionId } = await aLead();
    await assert.rejects(network.report(conversionId, 'x'.repeat(64)), { kind: 'unknown_status' });
    const { call_id: callId } = await network
      .db('status_calls')
      .where({ conversion_id: conversionId })
      .first<{ call_id: number }>();
    const advertiser = network.advertiserId;
    for (const look of [
      { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
      { viewport: { width: 360, height: 780 }, colorScheme: 'light' },
    ] as const) {
      page = await browser.open(look);
      await signIn();
      for (const path of [
        ...['/ops/inbound', `/ops/inbound/${callId}`, '/ops/inbox', '/ops/late', '/ops/silence'],
        ...['/ops/silence/reminders', `/ops/inbox/map?advertiser_id=${advertiser}&word=${'x'.repeat(64)}`],
        ...[`/ops/advertisers/${advertiser}/vocabulary`, `/ops/conversions/${conversionId}/status`],
      ]) {
        await page.goto(path);
        await page.checkAccessible();
        const width = await page.evaluate<number>('document.documentElement.scrollWidth');
        assert.ok(width <= look.viewport.width, `${path} is ${width} wide`);
      }
      if (look.colorScheme === 'dark') {
        assert.deepEqual(page.complaints, []);
        await page.context().close();
      }
    }
  });
});
