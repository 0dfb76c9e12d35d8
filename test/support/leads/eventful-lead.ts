import { type Network } from '../network-in-database.ts';
import { settingsFor } from '../postback-settings.ts';

export type EventfulLead = {
  leadId: string;
  conversionId: string;
  otherConversionId: string;
  first: string;
  last: string;
};

/**
 * A lead with everything a story can hold: two partners, an unusable ref_id, two conversions, a pending, an approval, a
 * duplicate and a refusal; settled, with a reward, a skipped postback and one that was refused once and then delivered.
 */
export async function makeEventfulLead(network: Network): Promise<EventfulLead> {
  const { db } = network;
  const leadId = network.newLead();
  const first = await network.partner();
  const last = await network.partner(settingsFor('https://t.example/?c={ref_id}'));
  await network.touch(leadId, first, 'x'.repeat(40));
  const conversionId = await network.convert(leadId);
  await network.report(conversionId, 'pending');
  await network.touch(leadId, last, 'ref-of-last');
  const otherConversionId = await network.convert(leadId);
  await network.report(conversionId, 'approved', 'paid');
  await network.report(conversionId, 'approved', 'paid');
  await network.report(conversionId, 'perhaps').catch(() => undefined);

  const common = { conversion_id: conversionId, lead_id: leadId };
  const postback = { ...common, offer_id: network.offerId, payout: 1250, currency: 'USD', event_at: db.fn.now() };
  await db('settlements').insert([
    { ...common, seq: 3, status: 'pending', partner_id: first, touch_seq: 1, reward: 'none' },
    { ...common, seq: 6, status: 'approved', partner_id: last, touch_seq: 4, reward: 'book' },
  ]);
  await db('ledger_lines').insert({
    conversion_id: conversionId,
    seq: 6,
    partner_id: last,
    kind: 'reward',
    amount: 1250,
    currency: 'USD',
    price_version: 1,
  });
  await db('postbacks').insert([
    {
      ...postback,
      postback_id: `s${leadId.slice(-15)}`,
      seq: 3,
      partner_id: first,
      status: 'pending',
      state: 'skipped',
      skip_reason: 'no_ref_id',
      ended_at: db.fn.now(),
    },
    {
      ...postback,
      postback_id: `d${leadId.slice(-15)}`,
      seq: 6,
      partner_id: last,
      ref_id: 'ref-of-last',
      status: 'approved',
      state: 'delivered',
      skip_reason: null,
      ended_at: db.fn.now(),
    },
  ]);
  const attempt = {
    postback_id: `d${leadId.slice(-15)}`,
    method: 'GET',
    url: 'https://t.example/?c=ref-of-last',
    ended_at: db.fn.now(),
    duration_ms: 12,
  };
  await db('postback_attempts').insert([
    {
      ...attempt,
      attempt: 1,
      outcome: 'refused',
      http_status: 302,
      location: 'https://t.example/login',
      response_body: '',
    },
    { ...attempt, attempt: 2, outcome: 'delivered', http_status: 200, location: null, response_body: 'OK' },
  ]);
  return { leadId, conversionId, otherConversionId, first, last };
}
