import assert from 'node:assert/strict';
import { readAdvertiser } from '../../../src/db/advertisers.ts';
import { readStatusFields } from '../../../src/domain/status-call.ts';
import { readTouch } from '../../../src/intake/touch.ts';
import { newConversionId, newLeadId } from '../../../src/new-ids.ts';
import { createImportStage, type ImportStage } from '../../activities/import-stage.ts';
import type { TestPage } from '../../support/browser.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { MIDDAY } from '../../support/time-zones.ts';
import { useOpsBrowser } from './browser-stage.ts';

describe('the first day of somebody in ops who has nothing but a key', function () {
  let stage: ImportStage;
  const advertiserId = 'north';
  const offerId = 'home';
  const ops = useOpsBrowser(this, async () => (stage = await createImportStage()).network);

  it('connects an advertiser, repairs a refused call, imports a file, drafts a price and explains a reward', async () => {
    const page = await ops.signIn({ timezoneId: MIDDAY });
    await connectAdvertiser(page);
    const leads = [await click(), await click(), await click()];
    const [first, second, third] = leads.map(({ conversionId }) => conversionId);

    await assert.rejects(call({ click_id: first, state: 'Signed' }), { kind: 'unknown_status' });
    await page.goto('/ops');
    await page.getByRole('link', { name: 'Say what they mean' }).click();
    await page
      .getByRole('row', { name: /signed/ })
      .getByRole('link', { name: 'Map' })
      .click();
    await page.getByLabel('It means').selectOption('approved');
    await page.getByRole('button', { name: 'Map and apply' }).click();
    await page.getByText('1 of 1 kept call was recorded.').waitFor();

    await importFile(page, `click_id,state\n${second},signed\nnobody,signed\n${third},sold\n${third}\n`);
    for (const { leadId } of leads.slice(0, 2)) await settleLatest(stage.db, leadId);

    await page.goto(`/ops/offers/${offerId}`);
    await page.getByRole('link', { name: 'Prices and cap' }).first().click();
    await page.getByRole('link', { name: 'Draft a price list' }).click();
    await page.getByLabel('Tier 2: approved before it, from').fill('1');
    await page.getByLabel('Tier 2: price').fill('33');
    const preview = page.locator('#preview');
    await preview.getByText('would have cost 63.00 USD, 5.0 % more').waitFor();
    await page.getByRole('button', { name: 'Make this list' }).click();
    await page.getByText('Made: version 1.').waitFor();

    await call({ click_id: third, state: 'signed' });
    await settleLatest(stage.db, leads[2]?.leadId ?? '');
    await explain(page, third ?? '');
  });

  async function connectAdvertiser(page: TestPage): Promise<void> {
    await page.getByRole('link', { name: 'Advertisers' }).click();
    await page.getByRole('link', { name: 'New advertiser' }).click();
    await page.getByLabel('Name', { exact: true }).fill('North Insurance');
    await page.getByLabel('Id', { exact: true }).fill(advertiserId);
    await page.getByRole('button', { name: 'Make the advertiser' }).click();
    assert.match(await page.locator('#new-key').innerText(), /^at_/);
    await page.checkAccessible();
    await page.getByRole('link', { name: 'Say which words and names it uses' }).click();
    await page.getByLabel('Word 1', { exact: true }).fill('Quote');
    await page.getByLabel('What word 1 means').selectOption('pending');
    await page.getByLabel('Conversion', { exact: true }).fill('click_id');
    await page.getByLabel('Status', { exact: true }).fill('state');
    await page.getByRole('button', { name: 'Save and apply' }).click();
    await page.getByText('Saved.').waitFor();
    await page.getByRole('link', { name: 'North Insurance' }).click();
    await page.getByText('postback?click_id=CONVERSION_ID&state=approved&token=TOKEN').waitFor();
    await page.getByRole('link', { name: 'New offer' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Home insurance');
    await page.getByLabel('Where visitors are sent').fill('https://north.example/?c={conversion_id}');
    await page.getByLabel('Reward').fill('30');
    await page.getByLabel('Id', { exact: true }).fill(offerId);
    await page.getByRole('button', { name: 'Make the offer' }).click();
    await page.getByText('Made. Visitors see it within a second.').waitFor();
    await page.getByText('its reward; no list applies').waitFor();
  }

  async function importFile(page: TestPage, file: string): Promise<void> {
    await page.goto(`/ops/advertisers/${advertiserId}`);
    await page.getByRole('link', { name: 'Import one' }).click();
    const given = { name: 'november.csv', mimeType: 'text/csv', buffer: Buffer.from(file) };
    await page.getByLabel('File', { exact: true }).setInputFiles(given);
    await page.getByRole('button', { name: 'Send the file' }).click();
    await page.waitForURL(/\/ops\/imports\/[a-z0-9]+$/);
    const importId = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await stage.finish(importId);
    await page.getByText('1 of 4 rows will be booked, and their partners get postbacks. 3 are refused').waitFor();
    const refused = page.getByRole('region', { name: 'Refused rows' });
    for (const why of ['unknown conversion', 'unknown word', 'malformed']) await refused.getByText(why).waitFor();
    await page.getByRole('button', { name: 'Book these rows' }).click();
    await page.getByRole('heading', { name: 'Import of november.csv' }).waitFor();
    await stage.finish(importId);
    await page.locator('.state', { hasText: 'done' }).first().waitFor();
  }

  /** What the page says is enough to answer a partner who asks for this conversion. */
  async function explain(page: TestPage, conversionId: string): Promise<void> {
    const search = page.getByRole('searchbox', { name: 'Find anything' });
    await search.fill(conversionId);
    await search.press('Enter');
    await page.waitForURL(new RegExp(`/ops/conversions/${conversionId}$`));
    const told = await page.locator('#explanation').innerText();
    assert.match(told, /Your reward is 33\.00 USD/);
    assert.match(told, /the tier from 1, because it was the 3rd approved conversion of this advertiser/);
    await page.getByText('skipped, no postback URL').first().waitFor();
  }

  /** A visitor who comes by a partner's link and goes on to the offer. */
  async function click(): Promise<{ leadId: string; conversionId: string }> {
    const [leadId, conversionId] = [newLeadId(), newConversionId()];
    const touch = readTouch(await ops.network.partner(), 'click-1');
    const conversion = { conversionId, offerId, advertiserId };
    await ops.network.clicks.record({ leadId, touch, conversion });
    return { leadId, conversionId };
  }

  /** A status call of the advertiser, as its door reads it. */
  async function call(query: Record<string, string | undefined>): Promise<void> {
    const { vocabulary } = (await readAdvertiser(stage.db, advertiserId)) ?? {};
    const raw = { method: 'GET', query, body: null };
    const { problems, ...fields } = readStatusFields(raw, vocabulary?.parameters);
    assert.deepEqual(problems, []);
    await ops.network.statuses.record({ ...fields, advertiserId, raw }, vocabulary ?? undefined);
  }
});
