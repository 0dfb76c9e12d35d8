import type { Knex } from 'knex';
import type { RefIdProblem } from '../../domain/ref-id.ts';
import type { Status } from '../../domain/status.ts';
import { readStatusPrices, type StatusPrice } from './price-facts.ts';
import { findPartnerConversion, type PartnerConversion } from './partner-conversion-standing.ts';
import { readPostbacksOfConversion, type PartnerPostbackFacts } from './partner-postbacks.ts';
import { readRewardEntries, type RewardEntryRow } from './reward-entries.ts';
import { inOneSnapshot } from './snapshot.ts';

/** A visit through the partner's own link. */
export type OwnTouch = {
  at: string;
  ref_id: string | null;
  ref_id_problem: RefIdProblem | null;
  /** The beginning of an unusable one. */
  ref_id_sample: string | null;
};

/** A status that was settled with the partner; `touch_at` is the touch by which it held the lead then. */
export type OwnStatus = { status: Status; at: string; reason: string | null; touch_at: string | null };

export type OwnRewardEntry = RewardEntryRow;

/** All that a partner may know of one conversion; no row of it belongs to another partner. */
export type PartnerConversionFacts = {
  conversion: PartnerConversion;
  /** In order; the latest 200. */
  touches: OwnTouch[];
  statuses: OwnStatus[];
  rewardEntries: OwnRewardEntry[];
  /** R13: fixed with the first approval; null as long as the partner has not won. */
  price: StatusPrice | null;
  postbacks: PartnerPostbackFacts[];
};

const MAX_TOUCHES = 200;
const MAX_STATUSES = 2000;

/** @returns undefined when there is no such conversion, or it does not concern the partner */
export async function readPartnerConversionFacts(
  db: Knex,
  { partnerId, conversionId }: { partnerId: string; conversionId: string },
): Promise<PartnerConversionFacts | undefined> {
  return await inOneSnapshot(db, async (trx) => {
    const found = await findPartnerConversion(trx, { partnerId, conversionId });
    if (!found) return undefined;
    const { lead_id: leadId, ...conversion } = found;
    const rewardEntries = await readRewardEntries(trx, {
      conversionIds: [conversionId],
      partnerId,
      limit: MAX_STATUSES,
    });
    const firstApproval = conversion.outcome === 'won' ? await findFirstApproval(trx, conversionId) : undefined;
    const prices = firstApproval
      ? await readStatusPrices(trx, { conversionIds: [conversionId], limit: MAX_STATUSES })
      : [];
    return {
      conversion,
      price: prices.find(({ seq }) => seq === firstApproval?.seq) ?? null,
      touches: await readOwnTouches(trx, { partnerId, leadId }),
      statuses: await readOwnStatuses(trx, { partnerId, conversionId }),
      rewardEntries,
      postbacks: await readPostbacksOfConversion(trx, { partnerId, conversionId }),
    };
  });
}

async function readOwnTouches(
  trx: Knex,
  { partnerId, leadId }: { partnerId: string; leadId: string },
): Promise<OwnTouch[]> {
  const latest = await trx('lead_events')
    .where({ lead_id: leadId, type: 'touch', partner_id: partnerId })
    .orderBy('seq', 'desc')
    .limit(MAX_TOUCHES)
    .select<OwnTouch[]>('at', 'ref_id', 'ref_id_problem', 'ref_id_sample');
  return latest.reverse();
}

async function findFirstApproval(trx: Knex, conversionId: string): Promise<{ seq: number } | undefined> {
  return await trx('settlements')
    .where({ conversion_id: conversionId, status: 'approved' })
    .orderBy('seq')
    .first<{ seq: number } | undefined>('seq');
}

async function readOwnStatuses(
  trx: Knex,
  { partnerId, conversionId }: { partnerId: string; conversionId: string },
): Promise<OwnStatus[]> {
  const { rows } = await trx.raw<{ rows: OwnStatus[] }>(
    `select e.status, e.at, e.reason, touch.at as touch_at
     from settlements s
     join lead_events e on e.lead_id = s.lead_id and e.seq = s.seq
     left join lead_events touch on touch.lead_id = s.lead_id and touch.seq = s.touch_seq and touch.partner_id = s.partner_id
     where s.conversion_id = :conversionId and s.partner_id = :partnerId
     order by s.seq`,
    { partnerId, conversionId },
  );
  return rows;
}
