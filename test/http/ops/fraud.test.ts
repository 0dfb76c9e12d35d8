import assert from 'node:assert/strict';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';
import { useOpsConsole } from './ops-stage.ts';

describe('fraud flags in the ops console', () => {
  const ops = useOpsConsole();
  let browser: ConsoleVisitor;
  let conversionId: string;

  before(async () => {
    browser = await ops.site.signedIn();
    const lead = await ops.network.aLead(await ops.network.partner());
    ({ conversionId } = lead);
    await ops.network.report(conversionId, 'approved');
    const flag = { lead_id: lead.leadId, conversion_id: conversionId, measure: 2 };
    const evidence = JSON.stringify({ seconds: 2, status: 'approved', clicks: 2, destination: 'iframe' });
    await ops.network.db('fraud_flags').insert([
      { ...flag, kind: 'fast_status', partner_id: 'ann', evidence },
      { ...flag, kind: 'embedded_click', partner_id: '<b>bob', evidence },
    ]);
  });

  const read = async (path: string) => {
    const { status, text } = await browser.get(path);
    assert.equal(status, 200, text);
    return text;
  };

  it('are listed with their reasons and summed up by partner', async () => {
    const text = await read('/ops/fraud');
    assert.match(text, /approved came 2 seconds after the click/);
    assert.match(text, /By partner/);
    assert.match(text, new RegExp(`/ops/conversions/${conversionId}`));
    assert.ok(!text.includes('<b>bob'));
    const filtered = await read('/ops/fraud?kind=embedded_click');
    assert.match(filtered, /2 clicks came from inside another page \(iframe\)/);
    assert.doesNotMatch(filtered, /approved came/);
    assert.match(await read('/ops/fraud?partner_id=nobody'), /No flag is like this/);
  });

  it('say which leads could not be looked at', async () => {
    assert.doesNotMatch(await read('/ops/fraud'), /not looked at/);
    await ops.network.db('leads_not_looked_at').insert([{ lead_id: 'one' }, { lead_id: 'two' }]);
    const text = await read('/ops/fraud');
    assert.match(text, /2 leads were not looked at/);
    assert.match(text, /href="\/ops\/leads\/one"/);
  });

  it("stand on the conversion's page and in the story of its lead", async () => {
    const text = await read(`/ops/conversions/${conversionId}`);
    assert.match(text, /What looks odd/);
    assert.match(text, /approved came 2 seconds after the click/);
    const [row] = await ops.network
      .db('conversions')
      .where({ conversion_id: conversionId })
      .select<{ lead_id: string }[]>('lead_id');
    assert.match(await read(`/ops/leads/${row?.lead_id}`), /was flagged: approved came 2 seconds after the click/);
    assert.match(
      await read(`/ops/leads/${row?.lead_id}`),
      /What looks odd[^]*<strong>Status right after the click<\/strong>: approved came 2 seconds/,
    );
  });
});
