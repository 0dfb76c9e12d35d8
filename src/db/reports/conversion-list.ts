import type { Knex } from 'knex';
import { statuses, type Status } from '../../domain/status.ts';
import { idsInTime, type TimeRange } from './ids-in-time.ts';
import { allOf, offerCondition, readPage, ifAsked, type List, type Page, type PageQuery } from './pages.ts';

/** `none`: the advertiser has not said anything yet. */
export const conversionStatuses = [...statuses, 'none'] as const;

/** `partner_id` is who is shown as its partner; `ref_id` was carried by any touch of its lead. */
export type ConversionQuery = PageQuery &
  TimeRange & {
    partner_id?: string | undefined;
    ref_id?: string | undefined;
    advertiser_id?: string | undefined;
    offer_id?: string | undefined;
    status?: (typeof conversionStatuses)[number] | undefined;
  };

export type ListedConversion = {
  conversion_id: string;
  lead_id: string;
  created_at: string;
  offer_id: string;
  advertiser_id: string;
  /** R8: who has won it, else who is linked to its lead now; `house` is nobody. */
  partner_id: string;
  status: Status | null;
  status_at: string | null;
  /** Minor units; null when nothing was ever booked. */
  reward: { amount: number; currency: string } | null;
};

type FoundConversion = Omit<ListedConversion, 'reward'> & { amount: number | null; currency: string };

// As many as can be looked up one by one; where a ref_id has come with more leads, it is looked for among all conversions.
const MAX_LEADS = 1000;

const PARTNER = `case when winner.seq is null then coalesce(touch.partner_id, 'house')
  else coalesce(winner.partner_id, 'house') end`;

// R8, R3
const joinPartner = (row: string) => `
  left join lateral (
    select seq, partner_id from settlements s
    where s.conversion_id = ${row}.conversion_id and s.status = 'approved' order by seq limit 1
  ) winner on true
  left join lateral (
    select partner_id from lead_events e
    where e.lead_id = ${row}.lead_id and e.type = 'touch' order by seq desc limit 1
  ) touch on true`;

const JOIN_REF_ID = `
  left join lateral (
    select lead_id from lead_events e where e.ref_id = :ref_id collate "C" and e.lead_id = r.lead_id limit 1
  ) named on true`;

const JOIN_REWARD = `
  left join lateral (
    select sum(amount)::bigint as amount, min(currency) as currency from reward_entries r
    where r.conversion_id = f.conversion_id
  ) reward on true`;

/** Conversions, the newest first. */
export async function listConversions(db: Knex, query: ConversionQuery): Promise<Page<ListedConversion>> {
  const leadIds = query.ref_id === undefined ? undefined : await findLeads(db, query.ref_id);
  const ids = idsInTime('conversion_id', query);
  const { walk, rest } = walkConversions(query, leadIds, ids.onIds);
  const list: List = {
    table: 'conversions',
    id: 'conversion_id',
    order: ['conversion_id'],
    walk: `${walk} order by conversion_id desc limit :walk`,
    filter: {
      joins: [...ifAsked(rest.partner_id, joinPartner('r')), ...ifAsked(rest.ref_id, JOIN_REF_ID)],
      conditions: [
        ...ids.onRows,
        ...ifAsked(rest.partner_id, `${PARTNER} = :partner_id`),
        ...ifAsked(rest.ref_id, 'named.lead_id is not null'),
        ...ifAsked(rest.offer_id, 'r.offer_id = :offer_id'),
        ...ifAsked(rest.advertiser_id, 'r.advertiser_id = :advertiser_id'),
        ...ifAsked(rest.status, `coalesce(r.status, 'none') = :status`),
      ],
    },
    show: {
      columns: `f.conversion_id, f.lead_id, f.created_at, f.offer_id, f.advertiser_id, ${PARTNER} as partner_id,
        f.status, f.status_at, reward.amount, reward.currency`,
      joins: [joinPartner('f'), JOIN_REWARD],
    },
  };
  const { rows, next } = await readPage<FoundConversion>(db, list, { ...query, ...ids.values, lead_ids: leadIds });
  return { rows: rows.map(toListed), next };
}

/** Goes through the index that leads to the fewest conversions; `rest` is what it does not tell. */
function walkConversions(
  query: ConversionQuery,
  leadIds: string[] | undefined,
  onIds: string[],
): { walk: string; rest: Partial<ConversionQuery> } {
  const { ref_id, offer_id, advertiser_id, status, ...others } = query;
  const select = 'select conversion_id, conversion_id as key from';
  if (leadIds !== undefined && leadIds.length <= MAX_LEADS) {
    const ofLeads = ['lead_id = any(:lead_ids)', `type = 'conversion'`, ...onIds];
    return { walk: `${select} lead_events where ${allOf(ofLeads)}`, rest: { ...query, ref_id: undefined } };
  }
  if (status === undefined || status === 'none') {
    return { walk: `${select} conversions where ${allOf(onIds)}`, rest: query };
  }
  const ofStatus = ['status = :status', ...onIds];
  if (offer_id === undefined && advertiser_id === undefined) {
    return { walk: `${select} conversions where ${allOf(ofStatus)}`, rest: { ...others, ref_id } };
  }
  const walk = `${select} (
    select c.conversion_id from (select offer_id from offers where ${offerCondition(query)}) o
    cross join lateral (
      select conversion_id from conversions c where ${allOf(['c.offer_id = o.offer_id', ...ofStatus])}
      order by conversion_id desc limit :walk
    ) c
  ) of_offers`;
  return { walk, rest: { ...others, ref_id } };
}

async function findLeads(db: Knex, refId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { lead_id: string }[] }>(
    `select lead_id from lead_events where ref_id = :refId collate "C" group by lead_id order by lead_id limit :limit`,
    { refId, limit: MAX_LEADS + 1 },
  );
  return rows.map((row) => row.lead_id);
}

function toListed({ amount, currency, ...conversion }: FoundConversion): ListedConversion {
  return { ...conversion, reward: amount === null ? null : { amount, currency } };
}
