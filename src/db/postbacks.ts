import type { Knex } from 'knex';
import type { LinkedPartner } from '../domain/attribution.ts';
import type { Settlement } from '../domain/lead.ts';
import type { Postback, PostbackSettings } from '../domain/postbacks/postback-settings.ts';
import { errorsAfterCall } from '../domain/postbacks/send-error.ts';
import type { Status } from '../domain/status.ts';
import { prepared } from './prepared.ts';
import { LIVE_SECRETS } from './keys/signing-secrets.ts';

/** The last four are ends. */
export const postbackStates = ['scheduled', 'retrying', 'delivered', 'failed', 'superseded', 'skipped'] as const;

export type PostbackState = (typeof postbackStates)[number];

/** The states of a postback that still has to reach its partner. */
const OPEN_STATES = ['scheduled', 'retrying'] as const;

/** Of postbacks: still to reach their partner; SQL. */
export const IS_OPEN = `state in (${OPEN_STATES.map((state) => `'${state}'`).join()})`;

/** A postback that ended is never sent again by its lead. */
export function isEnded(state: PostbackState): state is Exclude<PostbackState, (typeof OPEN_STATES)[number]> {
  return state !== 'scheduled' && state !== 'retrying';
}

/** Why a status is not told: R4, R6, or the partner's settings. */
export const skipReasons = ['no_ref_id', 'not_configured', 'status_off', 'house', 'not_notified'] as const;

export type SkipReason = (typeof skipReasons)[number];

/** A postback that still has to reach its partner, and how many attempts were made so far. */
export type OpenPostback = {
  postbackId: string;
  /** The number of the status that it tells of. */
  seq: number;
  partnerId: string;
  status: Status;
  isHandover: boolean;
  attemptsMade: number;
};

/** What is to be told to whom; `holder` is null for the house, `skipReason` null when it is to be sent. */
export type NewPostback = {
  postbackId: string;
  holder: LinkedPartner | null;
  status: Status;
  reason: string | null;
  /** R14 */
  isHandover: boolean;
  /** Minor units of `currency`. */
  payout: number;
  currency: string;
  skipReason: SkipReason | null;
};

/** The status that a postback tells of. */
type ToldStatus = { leadId: string; settlement: Settlement };

/** With the bindings of {@link postbackBindings}; to be followed by a `from` when it depends on another statement. */
export const INSERT_POSTBACK = `
  insert into postbacks (postback_id, conversion_id, seq, lead_id, partner_id, offer_id, ref_id, status, reason,
                         is_handover, payout, currency, event_at, state, skip_reason, ended_at)
  select :postbackId, :conversionId, :seq::int, :leadId, :partnerId, :offerId, :refId, :status, :reason,
         :isHandover::boolean, :payout::bigint, :currency, :eventAt::timestamptz, :state, :skipReason,
         case when :state = 'skipped' then now() end`;

/** The values of {@link INSERT_POSTBACK}. */
export function postbackBindings({ leadId, settlement, holder, ...postback }: NewPostback & ToldStatus) {
  const { conversionId, seq, offerId, at } = settlement;
  return {
    ...postback,
    leadId,
    conversionId,
    seq,
    offerId,
    eventAt: at,
    partnerId: holder?.partnerId ?? null,
    refId: holder?.refId ?? null,
    state: postback.skipReason === null ? 'scheduled' : 'skipped',
  };
}

/** Writes a postback down by itself. @throws when this partner has one for this status already */
export async function insertPostback(db: Knex, postback: NewPostback & ToldStatus): Promise<void> {
  await db.raw(INSERT_POSTBACK, postbackBindings(postback));
}

const READ_OPEN_POSTBACKS = `
  select postback_id as "postbackId", seq, partner_id as "partnerId", status, is_handover as "isHandover",
    (select count(*) from postback_attempts a where a.postback_id = p.postback_id) as "attemptsMade"
  from postbacks p
  where conversion_id = :conversionId and seq = :seq and ${IS_OPEN}
  order by postback_id`;

/** The postbacks of one status that are still to be delivered. */
export async function readOpenPostbacks(db: Knex, conversionId: string, seq: number): Promise<OpenPostback[]> {
  const { rows } = await db
    .raw<{ rows: OpenPostback[] }>(READ_OPEN_POSTBACKS, { conversionId, seq })
    .options(prepared('read-open-postbacks'));
  return rows;
}

/**
 * True when a partner has heard of a conversion's `pending`, or may have: an attempt was delivered, was interrupted, is
 * still running, or ended without a complete answer. Not when it has taken a later `rejected`: then it knows.
 */
export async function wasToldPending(db: Knex, conversionId: string, partnerId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { told: boolean }[] }>(
    `select exists (
       select 1 from postbacks p join postback_attempts a using (postback_id)
       where p.conversion_id = :conversionId and p.partner_id = :partnerId and p.status = 'pending'
         and (a.outcome <> 'refused' or a.error = any(:errorsAfterCall::text[]))
         and not exists (
           select from postbacks later
           where later.conversion_id = p.conversion_id and later.partner_id = p.partner_id and later.seq > p.seq
             and later.status = 'rejected' and later.state = 'delivered'
         )
     ) as told`,
    { conversionId, partnerId, errorsAfterCall },
  );
  return rows[0]?.told ?? false;
}

/** A postback and how far it is, with what decides on its next attempt. */
export type CurrentPostback = Postback & {
  state: PostbackState;
  attemptsMade: number;
  /** Until its next attempt is due; 0 when none has been made. */
  retryInMs: number;
  /** R12: the partner's settings as they are now. */
  settings: PostbackSettings | null;
  /** The partner's live signing secrets, the newest first. */
  signingSecrets: string[];
};

const READ_POSTBACK = `
  select p.postback_id as "postbackId", p.conversion_id as "conversionId", p.partner_id as "partnerId",
    p.offer_id as "offerId", p.ref_id as "refId", p.status, p.reason, p.payout as "payoutMinor", p.currency,
    p.event_at as "eventTime", p.state, partner.postback as settings, ${LIVE_SECRETS} as "signingSecrets",
    greatest(0, coalesce(extract(epoch from p.next_attempt_at - now()) * 1000, 0))::float8 as "retryInMs",
    (select count(*) from postback_attempts a where a.postback_id = p.postback_id) as "attemptsMade"
  from postbacks p join partners partner using (partner_id)
  where p.postback_id = :postbackId`;

/** A postback with its partner's settings. @throws when there is none of this id, or it is the house's */
export async function readPostback(db: Knex, postbackId: string): Promise<CurrentPostback> {
  const { rows } = await db
    .raw<{ rows: CurrentPostback[] }>(READ_POSTBACK, { postbackId })
    .options(prepared('read-postback'));
  const [postback] = rows;
  if (!postback) throw new Error(`There is no postback ${postbackId}.`);
  return postback;
}

/** Keeps a postback as it is for the rest of the transaction. @returns false when there is none of this id */
export async function lockPostback(trx: Knex, postbackId: string): Promise<boolean> {
  return (await trx('postbacks').where({ postback_id: postbackId }).forUpdate().select('postback_id')).length > 0;
}

/** Has the next attempt wait for the interval between two attempts, from now on. */
export async function postponePostback(
  trx: Knex,
  { postbackId, intervalMs }: { postbackId: string; intervalMs: number },
): Promise<void> {
  await trx('postbacks')
    .where({ postback_id: postbackId })
    .update({
      state: 'retrying',
      next_attempt_at: trx.raw(`now() + :intervalMs * interval '1 millisecond'`, { intervalMs }),
    });
}

/** Ends a postback without an attempt. One that has ended meanwhile stays as it is. */
export async function endPostback(
  db: Knex,
  postbackId: string,
  end: { state: 'failed' } | { state: 'skipped'; skipReason: SkipReason },
): Promise<void> {
  const skipReason = end.state === 'skipped' ? end.skipReason : null;
  await db('postbacks')
    .where({ postback_id: postbackId })
    .whereIn('state', OPEN_STATES)
    .update({ state: end.state, skip_reason: skipReason, ended_at: db.fn.now(), next_attempt_at: null });
}
