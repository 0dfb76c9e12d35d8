// A partner's part of conversions whose leads it may share with others. A list walks what is this partner's own; of
// the others it looks only at whether there are any, because that decides who has won or lost.
import type { Knex } from 'knex';
import { statuses, type Status } from '../../domain/status.ts';
import { beginOfId } from '../../new-ids.ts';
import { refuseWhenFarBehind } from '../counting/far-behind.ts';
import { readConversionsUpto } from '../counting/finding-conversions.ts';
import { idsInTime, type TimeRange } from './ids-in-time.ts';
import { allOf, ifAsked, MAX_LOOKED_AT, readPage, type List, type Page, type PageQuery } from './pages.ts';

/** `none`: no status has concerned this partner yet. */
export const partnerConversionStatuses = [...statuses, 'none'] as const;

/**
 * How it stands between the partner and a conversion: `open` while its lead is linked to the partner and nobody has won it,
 * `reattributed` when another partner has won it or is linked to its lead now.
 */
export const partnerOutcomes = ['open', 'won', 'reattributed'] as const;

export type PartnerOutcome = (typeof partnerOutcomes)[number];

export type PartnerConversionQuery = PageQuery &
  TimeRange & {
    partnerId: string;
    /** Carried by a touch of this partner on its lead. */
    ref_id?: string | undefined;
    status?: (typeof partnerConversionStatuses)[number] | undefined;
  };

export type PartnerConversion = {
  conversion_id: string;
  created_at: string;
  offer_id: string;
  offer_name: string | null;
  /** By which its postbacks go, or would go if a status came now. */
  ref_id: string | null;
  /** The last one that was settled with this partner; null before the first. */
  status: Status | null;
  status_at: string | null;
  outcome: PartnerOutcome;
  /** What this partner has, in minor units; null when nothing was ever booked. */
  reward: { amount: number; currency: string } | null;
};

type Found = Omit<PartnerConversion, 'reward'> & { amount: number | null; currency: string };

// As many as can be looked up one by one; where a ref_id has come with more leads, it is looked for among all conversions
// of the partner.
const MAX_LEADS = 1000;
const TIME_LENGTH = 9;

/** What of a conversion `row` concerns the partner. */
const joinStanding = (row: string) => `
  left join lateral (
    select seq, status from settlements s
    where s.conversion_id = ${row}.conversion_id and s.partner_id = :partner_id order by seq desc limit 1
  ) mine on true
  left join lateral (
    select seq, partner_id = :partner_id as is_mine from settlements s
    where s.conversion_id = ${row}.conversion_id and s.status = 'approved' order by seq limit 1
  ) winner on true
  left join lateral (
    select partner_id = :partner_id as is_mine from lead_events e
    where e.lead_id = ${row}.lead_id and e.type = 'touch' and e.seq < ${row}.seq order by seq desc limit 1
  ) made on true
  left join lateral (
    select partner_id = :partner_id as is_mine from lead_events e
    where e.lead_id = ${row}.lead_id and e.type = 'touch' order by seq desc limit 1
  ) holder on true`;

// It won it, was told of it, or held its lead when it was made; or holds it now and may still win.
const IS_CONCERNED = `(mine.seq is not null or made.is_mine or winner.seq is null and holder.is_mine)`;

const OUTCOME = `case when winner.is_mine then 'won' when winner.seq is null and holder.is_mine then 'open'
  else 'reattributed' end`;

const IS_NAMED = `exists (
  select from lead_events e
  where e.ref_id = :ref_id collate "C" and e.lead_id = r.lead_id and e.partner_id = :partner_id
)`;

// R5: what the last status was settled with; before the first, the ref_id of the partner's last visit in a row that
// carried one. Another partner's touch ends the row.
const JOIN_REF_ID = `
  left join lateral (
    select ref_id from postbacks p
    where p.conversion_id = f.conversion_id and p.seq = mine.seq and p.partner_id = :partner_id limit 1
  ) told on true
  left join lateral (
    select max(seq) as seq from lead_events e
    where mine.seq is null and e.lead_id = f.lead_id and e.type = 'touch' and e.partner_id = :partner_id
  ) latest on true
  left join lateral (
    select max(seq) as seq from lead_events e
    where e.lead_id = f.lead_id and e.type = 'touch' and e.partner_id <> :partner_id and e.seq < latest.seq
  ) other on true
  left join lateral (
    select e.ref_id from lead_events e
    where e.lead_id = f.lead_id and e.type = 'touch' and e.partner_id = :partner_id
      and (e.ref_id is not null or e.ref_id_problem is not null)
      and e.seq > coalesce(other.seq, 0) and e.seq <= latest.seq
    order by e.seq desc limit 1
  ) visit on true`;

const JOIN_REST = `
  left join offers o on o.offer_id = f.offer_id
  left join lead_events reported on reported.lead_id = f.lead_id and reported.seq = mine.seq
  left join lateral (
    select sum(amount)::bigint as amount, min(currency) as currency from reward_entries r
    where r.conversion_id = f.conversion_id and r.partner_id = :partner_id
  ) reward on true`;

// No more of the table than one page can look at: Postgres, which cannot tell how many are the same in both, might otherwise
// sort all of them.
const ownConversions = (onIds: string[]) => `
  (select conversion_id from partner_conversions where ${allOf(['partner_id = :partner_id', ...onIds])}
   order by conversion_id desc limit :walk)
  union all
  select unnest(:latest_ids::text[]) collate "C"`;

// Those that the table has not yet, by the events that have come since. Of a page's ids only, and no more than one page
// can look at.
const findLatestOf = (onIds: string[]) => `
  with events as materialized (
    select lead_id, seq, type, partner_id, conversion_id from lead_events
    where at >= :upto and type in ('touch', 'conversion') and (type = 'conversion' or partner_id = :partner_id and seq > 1)
  )
  select conversion_id from (
    select e.conversion_id
    from events e cross join lateral (
      select partner_id from lead_events t where t.lead_id = e.lead_id and t.seq < e.seq and t.type = 'touch'
      order by t.seq desc limit 1
    ) t
    where e.type = 'conversion' and ${allOf(onIds.map((each) => `e.${each}`))} and t.partner_id = :partner_id
    union
    select c.conversion_id
    from (select lead_id, max(seq) as seq from events where type = 'touch' group by 1) e
    join lead_events c on c.lead_id = e.lead_id and c.seq < e.seq and c.type = 'conversion'
    where ${allOf(onIds.map((each) => `c.${each}`))}
  ) latest
  order by conversion_id desc limit ${MAX_LOOKED_AT}`;

const COLUMNS = `f.conversion_id, f.created_at, f.offer_id, o.name as offer_name, coalesce(told.ref_id, visit.ref_id) as ref_id,
  mine.status, reported.at as status_at, ${OUTCOME} as outcome, reward.amount, reward.currency`;

/**
 * The conversions that concern a partner, the newest first.
 * @throws AppError `unavailable` while it is not known yet which of too many are the partner's
 */
export async function listPartnerConversions(
  db: Knex,
  query: PartnerConversionQuery,
): Promise<Page<PartnerConversion>> {
  return await listWith(db, query, findLatest);
}

/**
 * The same for the time while that is not known yet: what was found so far, and of the latest those that the partner was
 * told a status of.
 * @returns `upto`: conversions from then on may be missing; ISO 8601
 */
export async function listFoundConversions(
  db: Knex,
  query: PartnerConversionQuery,
): Promise<Page<PartnerConversion> & { upto: string }> {
  const upto = await readConversionsUpto(db);
  return { ...(await listWith(db, query, findTold)), upto };
}

type FindLatest = (db: Knex, partnerId: string, ids: ReturnType<typeof idsInTime>) => Promise<string[]>;

/** @param find conversions that the table of the partner's own may lack */
async function listWith(
  db: Knex,
  { partnerId, ...query }: PartnerConversionQuery,
  find: FindLatest,
): Promise<Page<PartnerConversion>> {
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
    show: { columns: COLUMNS, joins: [joinStanding('f'), JOIN_REF_ID, JOIN_REST] },
  };
  const latestIds = isToldOnly || hasFewLeads ? [] : await find(db, partnerId, ids);
  const values = { ...query, ...ids.values, partner_id: partnerId, lead_ids: leadIds, latest_ids: latestIds };
  const page = await readPage<Found>(db, list, values);
  return withoutForeignPlace({ ...page, rows: page.rows.map(toListed) }, query.cursor);
}

/** @returns undefined when there is no such conversion, or it does not concern the partner */
export async function findPartnerConversion(
  trx: Knex,
  { partnerId, conversionId }: { partnerId: string; conversionId: string },
): Promise<(PartnerConversion & { lead_id: string }) | undefined> {
  const { rows } = await trx.raw<{ rows: (Found & { lead_id: string })[] }>(
    `select f.lead_id, ${COLUMNS} from conversions f ${joinStanding('f')} ${JOIN_REF_ID} ${JOIN_REST}
     where f.conversion_id = :conversionId and ${IS_CONCERNED}`,
    { partner_id: partnerId, conversionId },
  );
  const [found] = rows;
  return found && { ...toListed(found), lead_id: found.lead_id };
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

// Read before the list, and therefore without a gap: what leaves the latest meanwhile is in the table by then.
const findLatest: FindLatest = async (db, partnerId, { onIds, values }) => {
  const upto = await readConversionsUpto(db);
  await refuseWhenFarBehind(db, { start: upto, end: new Date().toISOString() });
  const asked = { ...values, partner_id: partnerId, upto };
  const { rows } = await db.raw<{ rows: { conversion_id: string }[] }>(findLatestOf(onIds), asked);
  return rows.map((row) => row.conversion_id);
};

const findTold: FindLatest = async (db, partnerId, { onIds, values }) => {
  const { rows } = await db.raw<{ rows: { conversion_id: string }[] }>(
    `select conversion_id from postbacks where ${allOf(['partner_id = :partner_id', ...onIds])}
     group by conversion_id order by conversion_id desc limit ${MAX_LOOKED_AT}`,
    { ...values, partner_id: partnerId },
  );
  return rows.map((row) => row.conversion_id);
};

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

function toListed({ amount, currency, ...row }: Found): PartnerConversion {
  const { conversion_id, created_at, offer_id, offer_name, ref_id, status, status_at, outcome } = row;
  const reward = amount === null ? null : { amount, currency };
  return { conversion_id, created_at, offer_id, offer_name, ref_id, status, status_at, outcome, reward };
}
