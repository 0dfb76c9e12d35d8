import type { Knex } from 'knex';
import { readPostbackSettings } from '../src/db/partners.ts';
import {
  insertPostback,
  readOpenPostbacks,
  supersedePostbacks,
  wasToldPending,
  type SkipReason,
} from '../src/db/postbacks.ts';
import { insertRewardEntry, insertSettlement, readPrice, type Price } from '../src/db/settlements.ts';
import type { Holder } from '../src/domain/attribution.ts';
import type { Settlement } from '../src/domain/lead.ts';
import type { PostbackSettings } from '../src/domain/postback-settings.ts';
import type { Status } from '../src/domain/status.ts';
import type { LeadActivities } from '../workflows/contract.ts';

type Deps = { db: Knex; newPostbackId: () => string };

/** A settlement being written, with the price that was fixed for it. */
type Settling = { leadId: string; settlement: Settlement; price: Price };

/** The reason that a partner hears with the `rejected` of a lead he lost; R14. */
const REATTRIBUTED = 'reattributed';

export function createSettlementActivities({ db, newPostbackId }: Deps): Pick<LeadActivities, 'settle'> {
  return {
    async settle({ leadId, maxAttempts, settlement }) {
      const { conversionId, seq } = settlement;
      const open = await db.transaction(async (trx) => {
        const isFirstTime = await insertSettlement(trx, leadId, settlement);
        if (isFirstTime) await settleOnce(trx, leadId, settlement);
        return await readOpenPostbacks(trx, conversionId, seq);
      });
      return open.map((postback) => ({
        postbackId: postback.postback_id,
        conversionId,
        partnerId: postback.partner_id,
        status: postback.status,
        isHandover: postback.is_handover,
        // One whose last attempt was interrupted is taken up once more, to be closed.
        attemptsLeft: Math.max(1, maxAttempts - postback.attempts_made),
      }));
    },
  };

  async function settleOnce(trx: Knex, leadId: string, settlement: Settlement): Promise<void> {
    const settling = { leadId, settlement, price: await readPrice(trx, leadId, settlement) };
    await bookReward(trx, settling);
    await supersedePostbacks(trx, settlement.conversionId, settlement.seq);
    await schedulePostback(trx, settling);
    await scheduleHandover(trx, settling);
  }

  async function schedulePostback(trx: Knex, { leadId, settlement, price }: Settling): Promise<void> {
    const { holder, status, reason } = settlement;
    const settings = holder && (await readPostbackSettings(trx, holder.partnerId));
    await insertPostback(trx, {
      postbackId: newPostbackId(),
      leadId,
      settlement,
      holder,
      status,
      reason,
      isHandover: false,
      payout: payoutOf(status, price),
      currency: price.currency,
      skipReason: skipReasonOf(holder, settings, status),
    });
  }

  /** R14: tells a partner who asked for it that a lead he was told of as `pending` was won by another. */
  async function scheduleHandover(trx: Knex, { leadId, settlement, price }: Settling): Promise<void> {
    const { conversionId, lostBy } = settlement;
    if (!lostBy) return;
    const settings = await readPostbackSettings(trx, lostBy.partnerId);
    if (!settings?.handover || skipReasonOf(lostBy, settings, 'rejected')) return;
    if (!(await wasToldPending(trx, conversionId, lostBy.partnerId))) return;
    await insertPostback(trx, {
      postbackId: newPostbackId(),
      leadId,
      settlement,
      holder: lostBy,
      status: 'rejected',
      reason: REATTRIBUTED,
      isHandover: true,
      payout: 0,
      currency: price.currency,
      skipReason: null,
    });
  }
}

async function bookReward(trx: Knex, { settlement, price }: Settling): Promise<void> {
  const { conversionId, seq, holder, reward } = settlement;
  if (reward === 'none' || !holder) return;
  const kind = reward === 'book' ? 'booked' : 'revoked';
  await insertRewardEntry(trx, { conversionId, seq, partnerId: holder.partnerId, kind, price });
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
