import assert from 'node:assert/strict';
import { makeEventfulLead, type EventfulLead } from '../../support/leads/eventful-lead.ts';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';
import { useOpsConsole } from './ops-stage.ts';

describe('the search of the ops console', () => {
  const ops = useOpsConsole();
  let browser: ConsoleVisitor;
  let lead: EventfulLead;

  const find = async (q: string) => await browser.get(`/ops/search?q=${encodeURIComponent(q)}`);
  const placeOf = async (q: string) => (await find(q)).headers.location;

  before(async () => {
    browser = await ops.site.signedInAs('read');
    lead = await makeEventfulLead(ops.network);
  });

  it('leads straight to the only thing that has the id', async () => {
    const postbackId = `d${lead.leadId.slice(-15)}`;
    const call = await ops.network.db('status_calls').orderBy('call_id').first<{ call_id: number }>('call_id');
    const places = {
      [lead.leadId]: `/ops/leads/${lead.leadId}`,
      [lead.conversionId]: `/ops/conversions/${lead.conversionId}`,
      [postbackId]: `/ops/postbacks/${postbackId}`,
      [lead.last]: `/ops/partners/${lead.last}`,
      [ops.network.advertiserId]: `/ops/advertisers/${ops.network.advertiserId}`,
      [ops.network.offerId]: `/ops/offers/${ops.network.offerId}`,
      'ref-of-last': `/ops/leads/${lead.leadId}`,
      [String(call.call_id)]: `/ops/inbound/${call.call_id}`,
    };
    for (const [id, place] of Object.entries(places)) {
      assert.equal(await placeOf(id), place, id);
      assert.equal((await browser.get(place)).status, 200, place);
    }
    assert.equal(await placeOf(`  ${lead.leadId}\n`), `/ops/leads/${lead.leadId}`);
  });

  it('finds a conversion by the transaction_id that its advertiser gave, however often it was told', async () => {
    await ops.network
      .db('status_calls')
      .where({ conversion_id: lead.conversionId })
      .update({ transaction_id: 'order-4711' });
    assert.equal(await placeOf('order-4711'), `/ops/conversions/${lead.conversionId}`);
  });

  it('lists what is found more than once, and goes on to the list where there may be more', async () => {
    const partnerId = await ops.network.partner();
    for (let count = 0; count < 25; count++) await ops.network.aLead(partnerId, 'same-for-all');
    const { status, text } = await find('same-for-all');
    assert.equal(status, 200);
    assert.equal(text.split('ref_id, of lead').length - 1, 20);
    assert.match(text, /\/ops\/leads\?ref_id=same-for-all/);
  });

  it('says of what nobody has that nothing has it, whatever is asked', async () => {
    for (const q of ['nothing', '', '\0', "' or 1=1 --", '<script>', '9'.repeat(300), '%', '123456789012345']) {
      const { status, text } = await find(q);
      assert.equal(status, 200, q);
      assert.ok(!text.includes('<script>'), q);
      if (q !== '') assert.match(text, /Nothing has this id/, q);
    }
    for (const query of ['q[]=1&q=nobody', 'q=%ED%A0%80', 'q=%ff', 'q=%']) {
      assert.equal((await browser.get(`/ops/search?${query}`)).status, 200, query);
    }
  });

  it('finds partners, advertisers and offers by a part of their name where no id fits', async () => {
    // No id holds a blank, so nothing made at random can have this in it.
    await ops.network.db('offers').where({ offer_id: ops.network.offerId }).update({ name: 'A Golden Card' });
    assert.equal(await placeOf('GOLDEN C'), `/ops/offers/${ops.network.offerId}`);
  });

  it('looks for whole ids alone', async () => {
    assert.match((await find(lead.leadId.slice(0, 12))).text, /Nothing has this id/);
  });
});
