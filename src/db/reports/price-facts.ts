import type { Knex } from 'knex';
import type { CapReason } from '../../domain/offer-cap.ts';
import type { CountedBy } from '../../domain/price-list.ts';
import type { PricePeriod } from '../../domain/price-period.ts';

/** What a status keeps of its price (R13), with the list that it comes from. */
export type StatusPrice = {
  conversionId: string;
  /** Of the status. */
  seq: number;
  /** When it was fixed; ISO 8601. */
  at: string;
  /** Minor units of `currency`. */
  amount: number;
  currency: string;
  /** Of the list; of the offer's reward where no list applied. */
  version: number;
  listId: number | null;
  /** Null where no list applied. */
  list: { partnerId: string | null; counts: CountedBy; period: PricePeriod; timeZone: string } | null;
  tierFrom: number | null;
  /** How many were approved before it in the period, as its list counts them. */
  counted: number | null;
  /** Why it is worth nothing, and how many the cap allows. */
  cap: CapReason | null;
  capLimit: number | null;
  /** It keeps the price of an earlier approval. */
  isReapproval: boolean;
};

/** The prices of all statuses of some conversions, in their order; up to `limit`. */
export async function readStatusPrices(
  trx: Knex,
  { conversionIds, limit }: { conversionIds: string[]; limit: number },
): Promise<StatusPrice[]> {
  const { rows } = await trx.raw<{ rows: StatusPrice[] }>(
    `select e.conversion_id as "conversionId", e.seq, e.at, e.price_amount as amount, e.price_currency as currency,
       e.price_version as version, l.list_id as "listId",
       case when l.list_id is not null then json_build_object(
         'partnerId', l.partner_id, 'counts', l.counts, 'period', l.period, 'timeZone', l.time_zone
       ) end as list,
       e.price_tier_from as "tierFrom", e.price_counted as counted, e.price_cap as cap, e.price_cap_limit as "capLimit",
       e.is_reapproval is true as "isReapproval"
     from lead_events e left join price_lists l on l.list_id = e.price_list_id
     where e.conversion_id = any(:conversionIds::text[]) and e.type = 'status'
     order by e.conversion_id, e.seq limit :limit`,
    { conversionIds, limit },
  );
  return rows;
}
