import type { Knex } from 'knex';
import type { Judged, StatusReport } from '../../domain/status-report.ts';
import type { Price } from '../settlements.ts';
import { prepared } from '../prepared.ts';

/** A lead whose events nobody else numbers until the transaction ends. */
export type LockedLead = { leadId: string; lastSeq: number; lastActivityMs: number };

/** What the next status of a conversion is judged by and written with. */
export type ReportedConversion = Judged & {
  conversionId: string;
  leadId: string;
  offerId: string;
  /** Its offer's, of this moment. */
  price: Price;
};

/** What reports are judged by, all of it as it stays until the transaction ends. */
export type LockedConversions = {
  leads: Map<string, LockedLead>;
  /** By {@link conversionKey}: what is not here, its advertiser does not have. */
  conversions: Map<string, ReportedConversion>;
  /** Keys of those whose leads somebody else holds; none where we have waited for them. */
  held: Set<string>;
  /** Of Postgres, read when all locks were ours. */
  nowMs: number;
};

// Always in the order of their ids, as clicks lock them: two batches with the same leads wait for each other instead of
// dead-locking.
const LOCK_LEADS = `
  select lead_id as "leadId", last_seq as "lastSeq",
    extract(epoch from last_activity_at)::float8 * 1000 as "lastActivityMs"
  from leads
  where lead_id = any (array(
    select c.lead_id from unnest(:conversionIds::text[], :advertiserIds::text[]) as r (conversion_id, advertiser_id)
    join conversions c on c.conversion_id = r.conversion_id and c.advertiser_id = r.advertiser_id
  ))
  order by lead_id
  for update`;

// A statement of its own: what it sees was committed before the last lock was ours, and stays as it is.
const READ_CONVERSIONS = `
  select c.conversion_id as "conversionId", c.advertiser_id as "advertiserId", c.lead_id as "leadId",
    c.offer_id as "offerId", c.status, o.reward_amount as amount, o.reward_currency as currency,
    o.price_version as "priceVersion", extract(epoch from clock_timestamp())::float8 * 1000 as "nowMs"
  from unnest(:conversionIds::text[], :advertiserIds::text[]) as r (conversion_id, advertiser_id)
  join conversions c on c.conversion_id = r.conversion_id and c.advertiser_id = r.advertiser_id
  join offers o on o.offer_id = c.offer_id`;

type ConversionRow = Omit<ReportedConversion, 'price' | 'lastActivityMs'> &
  Price & { advertiserId: string; nowMs: number };

/**
 * Locks the leads of all conversions that are reported on, for the rest of the transaction: statuses and clicks of one
 * lead are numbered one after the other.
 *
 * @param whenHeld `wait` for whoever holds a lead, or `leave` it
 */
export async function lockConversions(
  trx: Knex,
  reports: readonly StatusReport[],
  whenHeld: 'wait' | 'leave',
): Promise<LockedConversions> {
  const named = new Map(
    reports.flatMap(({ conversionId, advertiserId }) =>
      conversionId === null ? [] : [[conversionKey(advertiserId, conversionId), { conversionId, advertiserId }]],
    ),
  );
  const asked = {
    conversionIds: [...named.values()].map(({ conversionId }) => conversionId),
    advertiserIds: [...named.values()].map(({ advertiserId }) => advertiserId),
  };
  const leads = await lockLeads(trx, asked, whenHeld);
  const { rows } = await trx
    .raw<{ rows: ConversionRow[] }>(READ_CONVERSIONS, asked)
    .options(prepared('read-reported-conversions'));
  const locked: LockedConversions = { leads, conversions: new Map(), held: new Set(), nowMs: rows[0]?.nowMs ?? 0 };
  for (const { advertiserId, amount, currency, priceVersion, ...conversion } of rows) {
    const key = conversionKey(advertiserId, conversion.conversionId);
    const lead = leads.get(conversion.leadId);
    if (!lead) locked.held.add(key);
    const price = { amount, currency, priceVersion };
    locked.conversions.set(key, { ...conversion, price, lastActivityMs: lead?.lastActivityMs ?? 0 });
  }
  return locked;
}

async function lockLeads(
  trx: Knex,
  asked: { conversionIds: string[]; advertiserIds: string[] },
  whenHeld: 'wait' | 'leave',
): Promise<Map<string, LockedLead>> {
  const [sql, name] =
    whenHeld === 'wait' ? [LOCK_LEADS, 'lock-leads'] : [`${LOCK_LEADS} skip locked`, 'lock-unheld-leads'];
  const { rows } = await trx.raw<{ rows: LockedLead[] }>(sql, asked).options(prepared(name));
  return new Map(rows.map((lead) => [lead.leadId, lead]));
}

/** A conversion as one advertiser names it: another's is not found by it. */
export function conversionKey(advertiserId: string, conversionId: string): string {
  return `${advertiserId} ${conversionId}`;
}
