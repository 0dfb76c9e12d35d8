import assert from 'node:assert/strict';
import { useOpsBrowser } from './browser-stage.ts';

describe('what advertisers say, in a browser', function () {
  const ops = useOpsBrowser(this);

  const aLead = async () => await ops.network.aLead(await ops.network.partner());
  const closeWindow = (leadId: string) =>
    ops.network.db('leads').where({ lead_id: leadId }).update({ last_activity_at: '2026-01-01T00:00:00Z' });
  const statusOf = async (conversionId: string) =>
    (await ops.network.db('conversions').where({ conversion_id: conversionId }).first<{ status: string }>()).status;

  it('an unknown word is mapped, and its calls are seen to be applied', async () => {
    const { conversionId } = await aLead();
    await assert.rejects(ops.network.report(conversionId, 'Sale'), { kind: 'unknown_status' });
    const page = await ops.signIn();
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
    await assert.rejects(ops.network.report(conversionId, 'approved'), { kind: 'window_closed' });
    const page = await ops.signIn();
    await page.getByRole('link', { name: 'Late statuses' }).first().click();
    await page.getByRole('table').getByRole('link', { name: /^Call/ }).first().click();
    await page.getByRole('button', { name: 'Accept it late' }).click();
    await page.getByText(`Accepted: conversion ${conversionId} is approved now.`).waitFor();
    assert.equal(await statusOf(conversionId), 'approved');
  });

  it('is accessible on every page, light and dark, wide and narrow', async () => {
    const { conversionId } = await aLead();
    await assert.rejects(ops.network.report(conversionId, 'x'.repeat(64)), { kind: 'unknown_status' });
    const { call_id: callId } = await ops.network
      .db('status_calls')
      .where({ conversion_id: conversionId })
      .first<{ call_id: number }>();
    const advertiser = ops.network.advertiserId;
    for (const look of [
      { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
      { viewport: { width: 360, height: 780 }, colorScheme: 'light' },
    ] as const) {
      const page = await ops.signIn(look);
      for (const path of [
        ...['/ops/inbound', `/ops/inbound/${callId}`, '/ops/inbox', '/ops/late', '/ops/silence'],
        ...['/ops/silence/reminders', `/ops/inbox/map?advertiser_id=${advertiser}&word=${'x'.repeat(64)}`],
        ...[
          `/ops/advertisers/${advertiser}/vocabulary`,
          `/ops/advertisers/${advertiser}/proofs`,
          `/ops/conversions/${conversionId}/status`,
        ],
      ]) {
        await page.goto(path);
        await page.checkAccessible();
        const width = await page.evaluate<number>('document.documentElement.scrollWidth');
        assert.ok(width <= look.viewport.width, `${path} is ${width} wide`);
      }
    }
  });
});
