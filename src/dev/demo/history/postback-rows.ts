import type { PostbackState, SkipReason } from '../../../db/postbacks.ts';
import type { Settlement } from '../../../domain/lead.ts';
import { buildPostbackRequest, type PostbackSettings } from '../../../domain/postbacks/postback-settings.ts';
import type { HistoryRows, Row } from './history-rows.ts';
import type { PastStatus } from './lead-rows.ts';
import type { PastAnswer } from './partner-past.ts';
import type { Random } from './random.ts';

export type PartnerPast = {
  settingsAt(at: number): PostbackSettings | null;
  answerAt(at: number, random: Random): PastAnswer;
};

type Context = {
  random: Random;
  rows: HistoryRows;
  past: PartnerPast;
  /** The partner whose tracker it is; others have no settings. */
  partnerId: string;
  rules: { attempts: number; intervalMs: number };
};

const POSTBACK_ID = 16;
const SETTLED_AFTER_MS = 40;
const SENT_AFTER_MS = 60;

/** The postbacks of one conversion, with every attempt as it went; all of them have ended. */
export function addPostbacks(context: Context, statuses: PastStatus[]): void {
  for (const [index, status] of statuses.entries()) {
    const newer = statuses[index + 1]?.settlement.at;
    addPostback(context, status, newer === undefined ? Infinity : Date.parse(newer));
  }
}

function addPostback(context: Context, { leadId, settlement, price }: PastStatus, newerAt: number): void {
  const { rows, random } = context;
  const { conversionId, seq, offerId, holder, status, reason } = settlement;
  const createdAt = Date.parse(settlement.at) + SETTLED_AFTER_MS;
  const row: Row = {
    ...{ postback_id: random.id(POSTBACK_ID), conversion_id: conversionId, seq, lead_id: leadId, offer_id: offerId },
    ...{ partner_id: holder?.partnerId ?? null, ref_id: holder?.refId ?? null, status, reason },
    ...{ payout: status === 'rejected' ? 0 : price.amount, currency: price.currency },
    ...{ event_at: new Date(settlement.at), created_at: new Date(createdAt) },
  };
  const skipReason = skipReasonOf(context, settlement);
  const end =
    skipReason === null ? deliver(context, settlement, { row, newerAt }) : { state: 'skipped', at: createdAt };
  rows.postbacks.push({ ...row, state: end.state, skip_reason: skipReason, ended_at: new Date(end.at) });
}

function skipReasonOf({ past, partnerId }: Context, { holder, at, status }: Settlement): SkipReason | null {
  if (!holder) return 'house';
  if (holder.refId === null) return 'no_ref_id';
  const settings = holder.partnerId === partnerId ? past.settingsAt(Date.parse(at)) : null;
  if (!settings) return 'not_configured';
  return settings.statuses.includes(status) ? null : 'status_off';
}

/** Makes attempts until one is answered with 200, a newer status comes, or none is left. */
function deliver(
  { rows, past, random, rules }: Context,
  settlement: Settlement,
  { row, newerAt }: { row: Row; newerAt: number },
): { state: PostbackState; at: number } {
  let at = Date.parse(settlement.at) + SENT_AFTER_MS;
  for (let attempt = 1; attempt <= rules.attempts; attempt++) {
    if (at >= newerAt) return { state: 'superseded', at: newerAt };
    const { durationMs, ...answer } = past.answerAt(at, random);
    const isDelivered = answer.httpStatus === 200;
    const endedAt = at + durationMs;
    rows.postback_attempts.push({
      ...{ postback_id: row['postback_id'] ?? null, attempt, ...requestOf(past.settingsAt(at), settlement, row) },
      ...{ started_at: new Date(at), ended_at: new Date(endedAt), outcome: isDelivered ? 'delivered' : 'refused' },
      ...{ duration_ms: durationMs, http_status: answer.httpStatus, error: answer.error },
      response_body: answer.responseBody,
    });
    if (isDelivered) return { state: 'delivered', at: endedAt };
    if (attempt === rules.attempts) return { state: 'failed', at: endedAt };
    at = endedAt + rules.intervalMs;
  }
  return { state: 'failed', at };
}

function requestOf(settings: PostbackSettings | null, settlement: Settlement, row: Row) {
  const { holder, conversionId, offerId, status, reason, at } = settlement;
  if (!settings || !holder || holder.refId === null)
    throw new Error(`Postback ${String(row['postback_id'])} was not to be sent.`);
  const { headers, ...request } = buildPostbackRequest(settings, {
    ...{ status, reason, conversionId, offerId, refId: holder.refId, partnerId: holder.partnerId, eventTime: at },
    ...{
      postbackId: String(row['postback_id']),
      payoutMinor: Number(row['payout']),
      currency: String(row['currency']),
    },
  });
  return { ...request, headers: JSON.stringify(headers) };
}
