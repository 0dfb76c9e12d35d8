import type { Knex } from 'knex';
import type { LineKind } from '../../domain/ledger.ts';
import { ifAsked } from './pages.ts';

/** What a conversion brought or took back: a line of its partner's ledger, and the payout that has closed it. */
export type RewardEntryRow = {
  /** The line's. */
  entry_id: number;
  conversion_id: string;
  seq: number;
  partner_id: string;
  kind: 'booked' | 'revoked';
  /** A correction follows after something of the conversion was paid out. */
  line: Exclude<LineKind, 'payout'>;
  /** Minor units of `currency`; negative when revoked. */
  amount: number;
  currency: string;
  price_version: number;
  at: string;
  /** Null while it is open, as are the other two. */
  payout_id: string | null;
  payout_reference: string | null;
  paid_at: string | null;
};

/** Of some conversions, in order; of one partner alone when it is named. */
export async function readRewardEntries(
  trx: Knex,
  { conversionIds, partnerId, limit }: { conversionIds: string[]; partnerId?: string | undefined; limit: number },
): Promise<RewardEntryRow[]> {
  const { rows } = await trx.raw<{ rows: RewardEntryRow[] }>(
    `select r.entry_id, r.conversion_id, r.seq, r.partner_id, r.kind, r.line_kind as line, r.amount, r.currency,
       r.price_version, r.at, paid.payout_id, paid.reference as payout_reference, paid.created_at as paid_at
     from reward_entries r
     left join lateral (
       select payout_id, reference, created_at from payouts p
       where p.partner_id = r.partner_id and p.currency = r.currency and p.upto > r.at order by p.upto limit 1
     ) paid on true
     where r.conversion_id = any(:conversionIds) ${ifAsked(partnerId, 'and r.partner_id = :partnerId').join('')}
     order by r.conversion_id, r.seq limit :limit`,
    { conversionIds, limit, ...(partnerId !== undefined && { partnerId }) },
  );
  return rows;
}
