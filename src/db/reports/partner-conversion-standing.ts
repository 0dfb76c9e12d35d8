// What of a conversion concerns a partner, whose leads it may share with others, and how it stands between the two.
import type { Knex } from 'knex';
import type { Status } from '../../domain/status.ts';

/**
 * How it stands between the partner and a conversion: `open` while its lead is linked to the partner and nobody has won it,
 * `reattributed` when another partner has won it or is linked to its lead now.
 */
export const partnerOutcomes = ['open', 'won', 'reattributed'] as const;

export type PartnerOutcome = (typeof partnerOutcomes)[number];

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

export type Found = Omit<PartnerConversion, 'reward'> & { amount: number | null; currency: string };

/** What of a conversion `row` concerns the partner. */
export const joinStanding = (row: string) => `
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
export const IS_CONCERNED = `(mine.seq is not null or made.is_mine or winner.seq is null and holder.is_mine)`;

const OUTCOME = `case when winner.is_mine then 'won' when winner.seq is null and holder.is_mine then 'open'
  else 'reattributed' end`;

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

/** Of a conversion `f` that {@link JOIN_SHOWN} has joined. */
export const COLUMNS = `f.conversion_id, f.created_at, f.offer_id, o.name as offer_name, coalesce(told.ref_id, visit.ref_id) as ref_id,
  mine.status, reported.at as status_at, ${OUTCOME} as outcome, reward.amount, reward.currency`;

/** All that is shown of a conversion `f`. */
export const JOIN_SHOWN = `${joinStanding('f')} ${JOIN_REF_ID} ${JOIN_REST}`;

/** @returns undefined when there is no such conversion, or it does not concern the partner */
export async function findPartnerConversion(
  trx: Knex,
  { partnerId, conversionId }: { partnerId: string; conversionId: string },
): Promise<(PartnerConversion & { lead_id: string }) | undefined> {
  const { rows } = await trx.raw<{ rows: (Found & { lead_id: string })[] }>(
    `select f.lead_id, ${COLUMNS} from conversions f ${JOIN_SHOWN}
     where f.conversion_id = :conversionId and ${IS_CONCERNED}`,
    { partner_id: partnerId, conversionId },
  );
  const [found] = rows;
  return found && { ...toListed(found), lead_id: found.lead_id };
}

export function toListed({ amount, currency, ...row }: Found): PartnerConversion {
  const { conversion_id, created_at, offer_id, offer_name, ref_id, status, status_at, outcome } = row;
  const reward = amount === null ? null : { amount, currency };
  return { conversion_id, created_at, offer_id, offer_name, ref_id, status, status_at, outcome, reward };
}
