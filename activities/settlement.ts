import { ApplicationFailure } from '@temporalio/activity';
import type { Knex } from 'knex';
import { readPostbackSettings } from '../src/db/partners.ts';
import {
  insertPostback,
  readOpenPostbacks,
  wasToldPending,
  type NewPostback,
  type OpenPostback,
  type SkipReason,
} from '../src/db/postbacks.ts';
import { readSettlementTerms, writeSettlement, type Price, type SettlementTerms } from '../src/db/settlements.ts';
import type { Holder } from '../src/domain/attribution.ts';
import type { Settlement } from '../src/domain/lead.ts';
import type { PostbackSettings } from '../src/domain/postbacks/postback-settings.ts';
import type { Status } from '../src/domain/status.ts';
import { newPostbackId } from '../src/new-ids.ts';
import { NOT_A_FACT, type DuePostback, type LeadActivities } from '../workflows/contract.ts';

/** The reason that a partner hears with the `rejected` of a lead that it lost; R14. */
const REATTRIBUTED = 'reattributed';

export function createSettlementActivities({ db }: { db: Knex }): Pick<LeadActivities, 'settle'> {
  return {
    async settle({ leadId, maxAttempts, settlement }) {
      const terms = await readSettlementTerms(db, leadId, settlement);
      if (!terms) throw notAFact(leadId, settlement);
      // One statement writes it all, unless a handover may have to be written with it.
      const status = { leadId, settlement, terms };
      if (settlement.lostBy) await db.transaction((trx) => settleOnce(trx, status));
      else await settleOnce(db, status);
      const { conversionId, seq } = settlement;
      const open = await readOpenPostbacks(db, conversionId, seq);
      return open.map((postback) => duePostbackOf({ ...postback, conversionId }, maxAttempts));
    },
  };
}

/** The workflow was told something else than what was committed; it rebuilds itself from what was. */
function notAFact(leadId: string, { conversionId, seq, status, holder }: Settlement): ApplicationFailure {
  const by = holder ? `touch ${holder.touchSeq} of partner ${holder.partnerId}` : 'no touch';
  const message = `Lead ${leadId} has no event ${seq} that made ${conversionId} ${status}, held by ${by}.`;
  return ApplicationFailure.nonRetryable(message, NOT_A_FACT);
}

/** One whose last attempt was interrupted is taken up once more, to be closed. */
export function duePostbackOf(
  { attemptsMade, ...postback }: OpenPostback & { conversionId: string },
  maxAttempts: number,
): DuePostback {
  return { ...postback, attemptsLeft: Math.max(1, maxAttempts - attemptsMade) };
}

/** A status that is to be settled, and on what. */
type ToSettle = { leadId: string; settlement: Settlement; terms: SettlementTerms };

async function settleOnce(db: Knex, status: ToSettle): Promise<void> {
  const { leadId, settlement, terms } = status;
  const postback = postbackOf(settlement, terms);
  const isFirstTime = await writeSettlement(db, { leadId, settlement, price: terms, postback });
  if (isFirstTime) await scheduleHandover(db, status);
}

/** Where a cap leaves a conversion without a price, its partner is told which one, whatever the advertiser says. */
function postbackOf(
  { holder, status, reason }: Settlement,
  { settings, cap, notify, ...price }: SettlementTerms,
): NewPostback {
  return {
    postbackId: newPostbackId(),
    holder,
    status,
    reason: status === 'rejected' ? reason : (cap ?? reason),
    isHandover: false,
    payout: payoutOf(status, price),
    currency: price.currency,
    skipReason: holder && !notify ? 'not_notified' : skipReasonOf(holder, settings, status),
  };
}

/**
 * R14: tells a partner who asked for it that another partner won a lead it was told of as `pending`. Looked into only
 * when its own postbacks have been superseded, so that none can start afterwards.
 */
async function scheduleHandover(db: Knex, { leadId, settlement, terms }: ToSettle): Promise<void> {
  const { conversionId, lostBy } = settlement;
  if (!lostBy || !terms.notify) return;
  const settings = await readPostbackSettings(db, lostBy.partnerId);
  if (!settings?.handover || skipReasonOf(lostBy, settings, 'rejected')) return;
  if (!(await wasToldPending(db, conversionId, lostBy.partnerId))) return;
  await insertPostback(db, {
    leadId,
    settlement,
    postbackId: newPostbackId(),
    holder: lostBy,
    status: 'rejected',
    reason: REATTRIBUTED,
    isHandover: true,
    payout: 0,
    currency: terms.currency,
    skipReason: null,
  });
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
