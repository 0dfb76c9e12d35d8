import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { settleLatest } from '../../support/leads/settle.ts';
import { withoutLedgerGuard } from '../../support/ledger-guard.ts';
import { useOpsConsole } from './ops-stage.ts';

const A_DAY_AGO = new Date(Date.now() - 24 * 60 * 60 * 1000).toISOString();
const TODAY = new Date().toISOString().slice(0, 10);

describe('the ledger in the ops console', () => {
  const ops = useOpsConsole();
  let db: Knex;
  let partnerId: string;
  let at: string;

  before(async () => {
    ({ db } = ops.network);
  });

  beforeEach(async () => {
    partnerId = await ops.network.partner();
    at = `/ops/partners/${partnerId}/ledger`;
  });

  async function earnYesterday(): Promise<{ leadId: string; conversionId: string }> {
    const lead = await ops.network.aLead(partnerId);
    await ops.network.report(lead.conversionId, 'approved');
    await settleLatest(db, lead.leadId);
    await withoutLedgerGuard(db, async (trx) => {
      await trx('ledger_lines').where({ conversion_id: lead.conversionId }).update({ at: A_DAY_AGO });
    });
    return lead;
  }

  it('says in numbers what a payout will close, makes it once, and shows its statement', async () => {
    const lead = await earnYesterday();
    await earnYesterday();
    const admin = await ops.site.signedIn();
    const asked = await admin.get(`${at}/pay?currency=USD&day=${TODAY}`);
    assert.match(asked.text, /2 × reward/);
    assert.match(asked.text, /25\.00/);
    const form = { currency: 'USD', day: TODAY, amount: '2500', reference: 'transfer <b>7</b>', comment: '' };
    const paid = await admin.post(`${at}/pay`, form);
    assert.equal(paid.status, 303);
    await admin.post(`${at}/pay`, form);
    const ledger = await admin.get(at);
    assert.match(ledger.text, /transfer &lt;b&gt;7&lt;\/b&gt;/);
    const payouts = await db('payouts').where({ partner_id: partnerId }).select<{ payout_id: string }[]>('payout_id');
    assert.equal(payouts.length, 1);
    const [{ payout_id: id } = { payout_id: '' }] = payouts;
    assert.match((await admin.get(`${at}/${id}`)).text, /Statement of a payout/);
    assert.match((await admin.get(`${at}/${id}.csv`)).text, /"reward",12.5,"USD"/);
    assert.match((await admin.get(`/ops/conversions/${lead.conversionId}`)).text, /paid out/);

    await ops.network.report(lead.conversionId, 'rejected');
    await settleLatest(db, lead.leadId);
    assert.match((await admin.get(at)).text, /correction/);
    assert.match((await admin.get(`/ops/conversions/${lead.conversionId}`)).text, /Corrected/);
  });

  it('says why something cannot be paid, and keeps what was typed', async () => {
    const admin = await ops.site.signedIn();
    assert.match((await admin.get(`${at}/pay?currency=USD`)).text, /There is nothing to pay/);
    assert.match((await admin.get(`${at}/pay?currency=USD&day=2999-01-01`)).text, /This day has not begun yet/);
    await earnYesterday();
    const other = { currency: 'USD', day: TODAY, amount: '1', reference: 'kept reference', comment: '' };
    const refused = await admin.post(`${at}/pay`, other);
    assert.equal(refused.status, 409);
    assert.match(refused.text, /comes to 12\.50 USD now, not to 0\.01/);
    assert.match(refused.text, /value="kept reference"/);
    assert.equal((await admin.post(`${at}/pay`, { ...other, amount: '1250', reference: '' })).status, 422);
    assert.equal((await admin.get(`${at}/pay?currency=XYZ`)).status, 404);
  });

  it('lets only the role admin pay', async () => {
    const operator = await ops.site.signedInAs('operate');
    assert.equal((await operator.get(`${at}/pay?currency=USD`)).status, 403);
    assert.doesNotMatch((await operator.get(at)).text, /Pay out/);
  });

  it('shows what partners have, found by id or name, and says whether the lines come to what was settled', async () => {
    const admin = await ops.site.signedIn();
    const { conversionId } = await earnYesterday();
    const { text } = await admin.get(`/ops/ledger?q=${partnerId}`);
    assert.match(text, new RegExp(`href="${at}"`));
    assert.match(text, /data-label="Open" class="number"><div><span class="money">12\.50 <small>USD/);
    assert.match((await admin.get('/ops/ledger?q=nobody')).text, /No partner is called so/);
    assert.match((await admin.get('/ops/ledger/check')).text, /Everything fits/);
    await withoutLedgerGuard(db, async (trx) => {
      await trx('ledger_lines').where({ conversion_id: conversionId }).update({ amount: 9999 });
    });
    const check = await admin.get('/ops/ledger/check');
    assert.match(check.text, /differs from what was settled/);
    assert.match(check.text, /87\.49/);
  });
});
