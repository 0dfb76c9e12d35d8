import type { Knex } from 'knex';
import { listAdvertisers } from '../advertisers.ts';
import { listOffers } from '../offers.ts';
import { listPartners } from '../partners.ts';

export const foundKinds = [
  ...(['lead', 'conversion', 'postback', 'partner', 'advertiser', 'offer'] as const),
  ...(['import', 'status_call', 'transaction', 'ref_id'] as const),
] as const;

/**
 * Something that has the id that was looked for, or carries it. `id` is its own; of a transaction that of the conversion, of
 * a ref_id that of the lead.
 */
export type Found = { kind: (typeof foundKinds)[number]; id: string; name: string | null; at: string };

/** Of each kind at most so many are told. */
export const MOST_FOUND = 20;

/** Each part is one look into an index, whatever the tables hold. */
export const FIND_BY_ID = `
  select 'lead' as kind, lead_id as id, null as name, created_at as at from leads where lead_id = :id
  union all
  select 'conversion', conversion_id, offer_id, created_at from conversions where conversion_id = :id
  union all
  select 'postback', postback_id, partner_id, created_at from postbacks where postback_id = :id
  union all
  select 'partner', partner_id, name, created_at from partners where partner_id = :id
  union all
  select 'advertiser', advertiser_id, name, created_at from advertisers where advertiser_id = :id
  union all
  select 'offer', offer_id, name, created_at from offers where offer_id = :id
  union all
  select 'import', import_id, file_name, created_at from imports where import_id = :id
  union all
  select 'status_call', call_id::text, advertiser_id || ': ' || result, at from status_calls where call_id = :callId
  union all
  (select 'transaction', conversion_id, advertiser_id, min(at) from (
     select conversion_id, advertiser_id, at from status_calls
     where transaction_id = :id and conversion_id is not null limit 1000
   ) calls group by conversion_id, advertiser_id order by min(at) desc limit :most)
  union all
  (select 'ref_id', lead_id, partner_id, min(at) from (
     select lead_id, partner_id, at from lead_events where ref_id = :id collate "C" order by lead_id desc limit 1000
   ) touches group by lead_id, partner_id order by min(at) desc limit :most)`;

/** What has this id or carries it; the id must be whole. */
export async function findById(db: Knex, id: string): Promise<Found[]> {
  const { rows } = await db.raw<{ rows: Found[] }>(FIND_BY_ID, valuesFor(id));
  return rows;
}

/** Partners, advertisers and offers whose name or id holds this text. */
export async function findByName(db: Knex, q: string): Promise<Found[]> {
  const page = { q, limit: MOST_FOUND };
  const [partners, advertisers, offers] = await Promise.all([
    listPartners(db, page),
    listAdvertisers(db, page),
    listOffers(db, page),
  ]);
  return [
    ...partners.map(({ partner_id: id, ...row }) => ({ kind: 'partner' as const, id, ...nameOf(row) })),
    ...advertisers.map(({ advertiser_id: id, ...row }) => ({ kind: 'advertiser' as const, id, ...nameOf(row) })),
    ...offers.map(({ offer_id: id, ...row }) => ({ kind: 'offer' as const, id, ...nameOf(row) })),
  ];
}

function nameOf({ name, created_at: at }: { name: string; created_at: string }): { name: string; at: string } {
  return { name, at };
}

/** What {@link FIND_BY_ID} is asked with. */
export function valuesFor(id: string) {
  return { id, callId: /^\d{1,15}$/.test(id) ? Number(id) : null, most: MOST_FOUND };
}
