import assert from 'node:assert/strict';
import { listPriceLists } from '../../../src/db/prices/price-lists.ts';
import { eventually } from '../../support/eventually.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { MIDDAY } from '../../support/time-zones.ts';
import { useOpsBrowser } from './browser-stage.ts';

describe('prices, in a browser', function () {
  const ops = useOpsBrowser(this);

  async function approve(): Promise<string> {
    const { leadId, conversionId } = await ops.network.aLead(await ops.network.partner());
    await ops.network.report(conversionId, 'approved');
    await settleLatest(ops.network.db, leadId);
    return conversionId;
  }

  it('a list is drafted beside what it would have cost, made, and explains the next reward', async () => {
    await approve();
    await approve();
    const page = await ops.signIn({ timezoneId: MIDDAY });
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
    assert.equal((await listPriceLists(ops.network.db, ops.network.offerId)).length, 1);

    await page.goto(`/ops/conversions/${await approve()}`);
    const why = /15\.00 USD: the tier from 1, because it was the 3rd approved conversion of advertiser Bank in/;
    await page.getByText(why).first().waitFor();
    const told = await page.locator('#explanation').innerText();
    assert.match(told, /The price was 15\.00 USD: the tier from 1, because it was the 3rd .* of this advertiser/);
  });
});
