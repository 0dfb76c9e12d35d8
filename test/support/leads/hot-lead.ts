import { newLeadId } from '../../../src/new-ids.ts';
import type { Network } from '../network-in-database.ts';

export type HotLead = { leadId: string; lastSeq: number; conversionId: (number: number) => string };

type Counts = { touches: number; conversions: number; approved: number };

const INSERT_HOT_LEAD = `
  with lead as (
    insert into leads (lead_id, last_seq, last_activity_at)
    values (:leadId, :touches::int + :conversions::int + :approved::int, now())
  ), touched as (
    insert into lead_events (lead_id, seq, at, type, partner_id, ref_id)
    select :leadId, n, now() - interval '1 hour', 'touch', :partnerId, case when n = 1 then 'first' end
    from generate_series(1, :touches::int) n
  ), converted as (
    insert into lead_events (lead_id, seq, at, type, conversion_id, offer_id, advertiser_id)
    select :leadId, :touches::int + n, now() - interval '1 minute', 'conversion', :leadId || '-' || n, :offerId, :advertiserId
    from generate_series(1, :conversions::int) n
  ), known as (
    insert into conversions (conversion_id, lead_id, seq, offer_id, advertiser_id, status, status_at)
    select :leadId || '-' || n, :leadId, :touches::int + n, :offerId, :advertiserId,
      case when n <= :approved::int then 'approved' end, case when n <= :approved::int then now() end
    from generate_series(1, :conversions::int) n
  )
  insert into lead_events (lead_id, seq, at, type, conversion_id, offer_id, advertiser_id, status, price_amount,
                           price_currency, price_version)
  select :leadId, :touches::int + :conversions::int + n, now(), 'status', :leadId || '-' || n, :offerId, :advertiserId,
    'approved', 1250, 'USD', 1
  from generate_series(1, :approved::int) n`;

/**
 * A lead that nobody has relayed yet: touches of one partner, the first of them alone with a ref_id, then conversions,
 * then an approval of each of the first conversions.
 */
export async function makeHotLead({ db, ...network }: Network, partnerId: string, counts: Counts): Promise<HotLead> {
  const leadId = newLeadId();
  const { offerId, advertiserId } = network;
  await db.raw(INSERT_HOT_LEAD, { leadId, partnerId, offerId, advertiserId, ...counts });
  await db.raw('analyze');
  const { touches, conversions, approved } = counts;
  return {
    leadId,
    lastSeq: touches + conversions + approved,
    conversionId: (number) => `${leadId}-${number}`,
  };
}
