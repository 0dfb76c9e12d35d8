import type { Knex } from 'knex';
import type { FlagEvidence, FlagKind } from '../../domain/fraud-flag.ts';
import type { Page } from './pages.ts';

export type FraudFlagRow = {
  flag_id: number;
  at: string;
  kind: FlagKind;
  lead_id: string;
  conversion_id: string;
  partner_id: string;
  evidence: FlagEvidence;
};

export type FraudFlagFilters = {
  kind?: FlagKind | undefined;
  partner_id?: string | undefined;
  conversion_id?: string | undefined;
  lead_id?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
};

export type FraudFlagQuery = FraudFlagFilters & {
  limit: number;
  /** The id of the last flag of the page before. */
  cursor?: string | undefined;
};

export const FRAUD_FLAG_COLUMNS = ['flag_id', 'at', 'kind', 'lead_id', 'conversion_id', 'partner_id', 'evidence'];

/** What was flagged, the latest first. */
export async function listFraudFlags(
  db: Knex,
  { limit, cursor, ...filters }: FraudFlagQuery,
): Promise<Page<FraudFlagRow>> {
  const query = flagsLike(db, filters)
    .orderBy('flag_id', 'desc')
    .limit(limit + 1);
  if (cursor !== undefined) void query.where('flag_id', '<', cursor);
  const found = await query.select<FraudFlagRow[]>(FRAUD_FLAG_COLUMNS);
  const rows = found.slice(0, limit);
  return { rows, next: found.length > limit ? String(rows.at(-1)?.flag_id) : null };
}

/** How much of a partner was flagged for one thing. */
export type FraudSummaryRow = {
  partner_id: string;
  kind: FlagKind;
  flags: number;
  conversions: number;
  latest_at: string;
};

const MOST = 1000;

/** By partner and kind, the most flags first; a thousand rows at most. */
export async function summariseFraudFlags(db: Knex, filters: FraudFlagFilters): Promise<FraudSummaryRow[]> {
  return await flagsLike(db, filters)
    .groupBy('partner_id', 'kind')
    .orderBy([{ column: 'flags', order: 'desc' }, 'partner_id', 'kind'])
    .limit(MOST)
    .select<FraudSummaryRow[]>(
      'partner_id',
      'kind',
      db.raw('count(*) as flags'),
      db.raw('count(distinct conversion_id) as conversions'),
      db.raw('max(at) as latest_at'),
    );
}

/** Leads in which something could not be looked at for flags; `leadIds` are the latest of them. */
export type NotLookedAt = { leads: number; leadIds: string[] };

const MOST_NAMED = 5;

export async function readNotLookedAt(db: Knex): Promise<NotLookedAt> {
  const { rows } = await db.raw<{ rows: { lead_id: string; leads: number }[] }>(
    `select lead_id, count(*) over () as leads from leads_not_looked_at order by at desc, lead_id limit ${MOST_NAMED}`,
  );
  return { leads: rows[0]?.leads ?? 0, leadIds: rows.map(({ lead_id }) => lead_id) };
}

function flagsLike(db: Knex, { from, to, ...equal }: FraudFlagFilters): Knex.QueryBuilder {
  const query = db('fraud_flags');
  for (const [column, value] of Object.entries(equal)) if (value !== undefined) void query.where(column, value);
  if (from !== undefined) void query.where('at', '>=', from);
  if (to !== undefined) void query.where('at', '<', to);
  return query;
}
