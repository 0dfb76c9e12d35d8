import type { Knex } from 'knex';
import {
  insertPostback,
  insertRewardEntry,
  insertSettlement,
  readOpenPostbacks,
  readPostbackSettings,
  readPrice,
  supersedePostbacks,
  wasToldPending,
  type Price,
  type SkipReason,
} from '../src/db/settlements.ts';
import type { Holder } from '../src/domain/attribution.ts';
import type { Settlement } from '../src/domain/lead.ts';
import type { PostbackSettings } from '../src/domain/postback-settings.ts';
import type { Status } from '../src/domain/status.ts';
import type { LeadActivities } from '../workflows/contract.ts';

type Deps = { db: Knex; newPostbackId: () => string };

/** Why a lost lead's partner hears `rejected`; R14. */
const REATTRIBUTED = 'reattributed';

export function createSettlementActivities({ db, newPostbackId }: Deps): Pick<LeadActivities, 'settle'> {
  return {
    async settle({ leadId, attempts, settlement }) {
      await db.transaction(async (trx) => {
        const isFirstTime = await insertSettlement(trx, leadId, settlement);
        if (isFirstTime) await settleOnce(trx, leadId, settlement);
      });
      const open = await readOpenPostbacks(db, settlement.conversionId, settlement.seq);
      return open.map(({ postback_id: postbackId, partner_id: partnerId, status, attempts: made }) => {
        return { postbackId, partnerId, status, triesLeft: Math.max(1, attempts - made) };
      });
    },
  };

  async function settleOnce(trx: Knex, leadId: string, settlement: Settlement): Promise<void> {
    const { conversionId, seq, holder, reward, lostBy } = settlement;
    const price = await readPrice(trx, leadId, settlement);
    if (reward !== 'none' && holder) {
      const kind = reward === 'book' ? 'booked' : 'revoked';
      await insertRewardEntry(trx, { conversionId, seq, partnerId: holder.partnerId, kind, price });
    }
    await supersedePostbacks(trx, conversionId, seq);
    await schedulePostback(trx, leadId, settlement, price);
    if (lostBy) await scheduleHandover(trx, leadId, settlement, lostBy, price);
  }

  async function schedulePostback(trx: Knex, leadId: string, settlement: Settlement, price: Price): Promise<void> {
    const { holder, status, reason } = settlement;
    const settings = holder && (await readPostbackSettings(trx, holder.partnerId));
    await insertPostback(trx, leadId, settlement, {
      postbackId: newPostbackId(),
      holder,
      status,
      reason,
      payout: payoutOf(status, price),
      currency: price.currency,
      skipReason: skipReasonOf(holder, settings, status),
    });
  }

  /** R14: tells a partner who asked for it that a lead he was told of as `pending` was won by another. */
  async function scheduleHandover(
    trx: Knex,
    leadId: string,
    settlement: Settlement,
    lostBy: NonNullable<Holder>,
    price: Price,
  ): Promise<void> {
    const settings = await readPostbackSettings(trx, lostBy.partnerId);
    if (!settings?.handover || skipReasonOf(lostBy, settings, 'rejected')) return;
    if (!(await wasToldPending(trx, settlement.conversionId, lostBy.partnerId))) return;
    await insertPostback(trx, leadId, settlement, {
      postbackId: newPostbackId(),
      holder: lostBy,
      status: 'rejected',
      reason: REATTRIBUTED,
      payout: 0,
      currency: price.currency,
      skipReason: null,
    });
  }
}

/** Minor units: what the conversion brings its partner as things stand. */
function payoutOf(status: Status, price: Price): number {
  return status === 'rejected' ? 0 : price.amount;
}

function skipReasonOf(holder: Holder, settings: PostbackSettings | null, status: Status): SkipReason | null {
  if (!holder) return 'house';
  if (holder.refId === null) return 'no_ref_id';
  if (!settings) return 'not_configured';
  return settings.statuses.includes(status) ? null : 'status_off';
}
