// A partner's part of conversions whose leads it may share with others. A list walks what is this partner's own; of
// the others it looks only at whether there are any, because that decides who has won or lost.
import type { Knex } from 'knex';
import { statuses } from '../../domain/status.ts';
import { beginOfId } from '../../new-ids.ts';
import { idsInTime, type TimeRange } from './ids-in-time.ts';
import { findLatestConversions, type LatestConversions } from './latest-partner-conversions.ts';
import { allOf, ifAsked, readPage, type List, type Page, type PageQuery } from './pages.ts';
import {
  COLUMNS,
  IS_CONCERNED,
  JOIN_SHOWN,
  joinStanding,
  toListed,
  type Found,
  type PartnerConversion,
} from './partner-conversion-standing.ts';

/** `none`: no status has concerned this partner yet. */
export const partnerConversionStatuses = [...statuses, 'none'] as const;

export type PartnerConversionQuery = PageQuery &
  TimeRange & {
    partnerId: string;
    /** Carried by a touch of this partner on its lead. */
    ref_id?: string | undefined;
    status?: (typeof partnerConversionStatuses)[number] | undefined;
  };

// As many as can be looked up one by one; where a ref_id has come with more leads, it is looked for among all conversions
// of the partner.
const MAX_LEADS = 1000;
const TIME_LENGTH = 9;

const IS_NAMED = `exists (
  select from lead_events e
  where e.ref_id = :ref_id collate "C" and e.lead_id = r.lead_id and e.partner_id = :partner_id
)`;

// No more of the table than one page can look at: Postgres, which cannot tell how many are the same in both, might otherwise
// sort all of them.
const ownConversions = (onIds: string[]) => `
  (select conversion_id from partner_conversions where ${allOf(['partner_id = :partner_id', ...onIds])}
   order by conversion_id desc limit :walk)
  union all
  select unnest(:latest_ids::text[]) collate "C"`;

/** `missingSince`: conversions may be missing that concern the partner only since then; ISO 8601, null when none is. */
export type PartnerConversionPage = Page<PartnerConversion> & Pick<LatestConversions, 'missingSince'>;

const ALL_FOUND: LatestConversions = { latestIds: [], missingSince: null };

/** The conversions that concern a partner, the newest first. */
export async function listPartnerConversions(
  db: Knex,
  { partnerId, ...query }: PartnerConversionQuery,
): Promise<PartnerConversionPage> {
  const leadIds = query.ref_id === undefined ? undefined : await findLeads(db, partnerId, query.ref_id);
  const ids = idsInTime('conversion_id', query);
  const hasFewLeads = leadIds !== undefined && leadIds.length <= MAX_LEADS;
  // Whoever is told a status has a postback of it, be it one that was skipped.
  const isToldOnly = query.status !== undefined && query.status !== 'none';
  const list: List = {
    table: 'conversions',
    id: 'conversion_id',
    order: ['conversion_id'],
    walk: walkConversions({ isToldOnly, hasFewLeads }, ids.onIds),
    filter: {
      joins: [joinStanding('r')],
      conditions: [
        ...ids.onRows,
        IS_CONCERNED,
        ...(query.ref_id === undefined || hasFewLeads ? [] : [IS_NAMED]),
        ...ifAsked(query.status, `coalesce(mine.status, 'none') = :status`),
      ],
    },
    show: { columns: COLUMNS, joins: [JOIN_SHOWN] },
  };
  const isFoundOtherwise = isToldOnly || hasFewLeads;
  const { latestIds, missingSince } = isFoundOtherwise ? ALL_FOUND : await findLatestConversions(db, partnerId, ids);
  const values = { ...query, ...ids.values, partner_id: partnerId, lead_ids: leadIds, latest_ids: latestIds };
  const page = await readPage<Found>(db, list, values);
  return { ...withoutForeignPlace({ ...page, rows: page.rows.map(toListed) }, query.cursor), missingSince };
}

/** Goes through the index that leads to the fewest conversions. */
function walkConversions({ isToldOnly, hasFewLeads }: Record<string, boolean>, onIds: string[]): string {
  const newest = (from: string, conditions: string[]) => `
    select conversion_id, conversion_id as key from ${from} where ${allOf([...conditions, ...onIds])}
    group by conversion_id order by conversion_id desc limit :walk`;
  if (hasFewLeads) return newest('lead_events', ['lead_id = any(:lead_ids)', `type = 'conversion'`]);
  if (isToldOnly) return newest('postbacks', ['partner_id = :partner_id']);
  return newest(`(${ownConversions(onIds)}) own`, []);
}

async function findLeads(db: Knex, partnerId: string, refId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { lead_id: string }[] }>(
    `select lead_id from lead_events where ref_id = :refId collate "C" and partner_id = :partnerId
     group by lead_id order by lead_id limit :limit`,
    { partnerId, refId, limit: MAX_LEADS + 1 },
  );
  return rows.map((row) => row.lead_id);
}

/**
 * Where a walk broke off may be another partner's conversion, and its id must not leave in a cursor. The next page then
 * begins at its millisecond, and what this page has of that one comes again there.
 */
function withoutForeignPlace(
  { rows, next }: Page<PartnerConversion>,
  cursor: string | undefined,
): Page<PartnerConversion> {
  if (next === null || next === rows.at(-1)?.conversion_id) return { rows, next };
  const time = next.slice(0, TIME_LENGTH);
  const place = beginOfId(Number.parseInt(time, 36) + 1);
  // A whole walk within one millisecond: then there is no other place to go on from.
  if (place === cursor) return { rows, next };
  return { rows: rows.filter((row) => !row.conversion_id.startsWith(time)), next: place };
}
