import type { Knex } from 'knex';
import type { RawStatusCall } from '../domain/status-call.ts';
import type { Status } from '../domain/status.ts';
import { URGENCY } from './outbox.ts';
import { prepared } from './prepared.ts';

/** `raw` is all that the caller sent, except its token. */
export type NewStatusCall = { advertiserId: string; conversionId: string | null; raw: RawStatusCall };

/** Keeps an advertiser's call as it came. @returns its call_id */
export async function insertStatusCall(db: Knex, call: NewStatusCall): Promise<number> {
  const [row] = await db('status_calls')
    .insert({
      advertiser_id: call.advertiserId,
      conversion_id: call.conversionId,
      raw: storableJson(call.raw),
      result: 'received',
    })
    .returning<{ call_id: number }[]>('call_id')
    .options(prepared('insert-status-call'));
  if (!row) throw new Error('Postgres returned no call_id for a stored status call.');
  return row.call_id;
}

/** Notes what became of a call that made no event: a duplicate, a stale one, or the kind of its refusal. */
export async function setStatusCallResult(db: Knex, callId: number, result: string): Promise<void> {
  await db('status_calls').where({ call_id: callId }).update({ result });
}

/** A kept call as it is judged again. */
export type KeptStatusCall = {
  advertiserId: string;
  conversionId: string | null;
  /** What became of it, such as `recorded` or `window_closed`. */
  result: string;
  raw: RawStatusCall;
};

/** Locks a kept call for the rest of the transaction. @returns undefined when there is no such call */
export async function lockStatusCall(db: Knex, callId: number): Promise<KeptStatusCall | undefined> {
  return await db('status_calls')
    .where({ call_id: callId })
    .forUpdate()
    .select({ advertiserId: 'advertiser_id', conversionId: 'conversion_id' }, 'result', 'raw')
    .first<KeptStatusCall | undefined>();
}

/** What a new status of a conversion is judged by. */
export type LockedConversion = {
  leadId: string;
  offerId: string;
  /** Its last one; null when the advertiser has not sent any. */
  status: Status | null;
  isWindowOver: boolean;
};

const LOCK_CONVERSION = `
  with locked as (
    select lead_id, last_activity_at from leads
    where lead_id = (select lead_id from conversions where conversion_id = :conversionId
                     and advertiser_id = :advertiserId)
    for update
  )
  select c.lead_id as "leadId", c.offer_id as "offerId", c.status,
    clock_timestamp() > l.last_activity_at + :windowMs * interval '1 millisecond' as "isWindowOver"
  from locked l join conversions c on c.conversion_id = :conversionId and c.lead_id = l.lead_id
  for update of c`;

/**
 * A conversion of this advertiser, locked with its lead for the rest of the transaction: statuses and clicks of one
 * lead are numbered one after the other. @returns undefined when the advertiser has no such conversion
 */
export async function lockConversion(
  db: Knex,
  { conversionId, advertiserId, windowMs }: { conversionId: string; advertiserId: string; windowMs: number },
): Promise<LockedConversion | undefined> {
  const { rows } = await db
    .raw<{ rows: LockedConversion[] }>(LOCK_CONVERSION, { conversionId, advertiserId, windowMs })
    .options(prepared('lock-conversion'));
  return rows[0];
}

/** A status that was judged new: `callId` is the call that brought it, `result` what that call becomes. */
export type NewStatusEvent = {
  callId: number;
  leadId: string;
  conversionId: string;
  offerId: string;
  advertiserId: string;
  status: Status;
  reason: string | null;
  result: string;
};

const INSERT_STATUS_EVENT = `
  with numbered as (
    -- Without its offer there is no price, hence no event, and nothing may be numbered.
    update leads set last_seq = last_seq + 1 from offers o
    where lead_id = :leadId and o.offer_id = :offerId
    returning last_seq as seq, o.reward_amount, o.reward_currency, o.price_version
  ), inserted as (
    insert into lead_events (lead_id, seq, at, type, conversion_id, offer_id, advertiser_id, status, reason,
                             price_amount, price_currency, price_version)
    select :leadId, seq, clock_timestamp(), 'status', :conversionId, :offerId, :advertiserId, :status, :reason,
           reward_amount, reward_currency, price_version
    from numbered
  ), judged as (
    update conversions set status = :status, status_at = now() where conversion_id = :conversionId
  ), kept as (
    update status_calls set result = :result, lead_id = :leadId, seq = numbered.seq,
      accepted_at = case when :result = 'accepted_late' then now() end
    from numbered where call_id = :callId
  ), owed as (
    insert into outbox as o (lead_id, from_seq, upto_seq, urgency)
    select :leadId, seq, seq, ${URGENCY.status} from numbered
    on conflict (lead_id) do update set upto_seq = excluded.upto_seq, urgency = excluded.urgency
  )
  select seq from numbered`;

/**
 * Writes a status as the lead's next event, with the offer's price of this moment (R13), and marks the lead as owing
 * delivery. The lead must be locked. @returns the event's seq
 */
export async function insertStatusEvent(db: Knex, event: NewStatusEvent): Promise<number> {
  const { rows } = await db
    .raw<{ rows: { seq: number }[] }>(INSERT_STATUS_EVENT, event)
    .options(prepared('insert-status-event'));
  const [numbered] = rows;
  if (!numbered) throw new Error(`Lead ${event.leadId} or offer ${event.offerId} is not there; nothing was stored.`);
  return numbered.seq;
}

/**
 * jsonb refuses NUL and lone surrogates, which JSON can spell; a hostile call is kept with U+FFFD in their place.
 * Escaped backslashes are matched too, and stay, so that text which only looks like such an escape is kept to the letter.
 */
function storableJson(value: object): string {
  const escapes = /\\(?:\\|u0000|ud[89a-f][0-9a-f]{2})/g;
  return JSON.stringify(value).replace(escapes, (escape) => (escape === '\\\\' ? escape : '\\ufffd'));
}
