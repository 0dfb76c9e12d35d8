import type { StatusReport, StatusResult } from '../../domain/status-report.ts';
import { isStatus } from '../../domain/status-report.ts';
import { normaliseWord } from '../../domain/vocabulary.ts';
import { URGENCY } from '../outbox.ts';
import type { Asks } from '../pipelined.ts';
import { prepared } from '../prepared.ts';
import type { StatusPrice } from '../prices/price-statuses.ts';

/** The event that a report becomes: the next one of its lead. */
export type NewStatusEvent = { leadId: string; seq: number; offerId: string; price: StatusPrice };

/** A report with what became of it; `event` is null when nothing has changed. */
export type JudgedReport = { report: StatusReport; result: StatusResult; event: NewStatusEvent | null };

// Times of events follow their numbers, so that they never say what an advertiser says of its own time.
const writeVerdictsSql = (furtherParts: string) => `
  with verdicts as materialized (
    select * from json_to_recordset(:verdicts::json) as v (
      n int, call_id bigint, advertiser_id text, conversion_id text, word text, raw jsonb, result text, transaction_id text,
      source text, import_id text, row_number int, event_at timestamptz, notify boolean, lead_id text, seq int, offer_id text, status text, reason text,
      price_amount bigint, price_currency text, price_version int, price_list_id bigint, price_tier_from int,
      price_counted bigint, price_cap text, price_cap_limit int, is_reapproval boolean)
  ), events as (
    insert into lead_events (lead_id, seq, at, type, conversion_id, offer_id, advertiser_id, status, reason, event_at,
                             notify, price_amount, price_currency, price_version, price_list_id, price_tier_from,
                             price_counted, price_cap, price_cap_limit, is_reapproval)
    select lead_id, seq, :now::timestamptz, 'status', conversion_id, offer_id, advertiser_id, status, reason, event_at,
           notify, price_amount, price_currency, price_version, price_list_id, price_tier_from, price_counted, price_cap,
           price_cap_limit, is_reapproval
    from verdicts where seq is not null order by n
  ), numbered as (
    update leads l set last_seq = v.last_seq
    from (select lead_id, max(seq) as last_seq from verdicts where seq is not null group by lead_id) v
    where l.lead_id = v.lead_id
  ), judged as (
    update conversions c set status = v.status, status_at = now()
    from (
      select distinct on (conversion_id) conversion_id, status from verdicts where seq is not null
      order by conversion_id, seq desc
    ) v
    where c.conversion_id = v.conversion_id
  ), owed as (
    insert into outbox as o (lead_id, from_seq, upto_seq, urgency, is_bulk, bulk_rank)
    select lead_id, min(seq), max(seq), ${URGENCY.status}, bool_and(source = 'import' and call_id is null),
      :bulkRank::smallint
    from verdicts where seq is not null group by lead_id order by lead_id
    on conflict (lead_id) do update set upto_seq = excluded.upto_seq, urgency = excluded.urgency,
      is_bulk = excluded.is_bulk and (o.is_bulk or o.urgency <> ${URGENCY.status}),
      bulk_rank = least(excluded.bulk_rank, case when o.is_bulk then o.bulk_rank end)
  )${furtherParts}
  insert into status_calls (advertiser_id, conversion_id, word, status, raw, result, transaction_id, source, import_id,
                            row_number, event_at, notify, lead_id, seq, accepted_at)
  select advertiser_id, conversion_id, word, status, raw, result, transaction_id, source, import_id, row_number, event_at,
         notify, lead_id, seq,
         case when result = 'accepted_late' then now() end
  from verdicts where call_id is null order by n
  returning call_id`;

const JUDGE_AGAIN = `, judged_again as (
    update status_calls s set result = v.result, lead_id = v.lead_id, seq = v.seq, conversion_id = v.conversion_id,
      word = v.word, status = v.status, transaction_id = coalesce(v.transaction_id, s.transaction_id),
      accepted_at = case when v.result = 'accepted_late' then now() end, rejudged_at = now()
    from verdicts v where s.call_id = v.call_id
  )`;

const WRITE_VERDICTS = writeVerdictsSql('');
// A statement of its own: its plan, made while there are few calls, would read all of them for each batch later on.
const WRITE_VERDICTS_AGAIN = writeVerdictsSql(JUDGE_AGAIN);

/**
 * Writes what became of reports, in their order: each as a call with its result; what was recorded as an event of its
 * lead, with its price (R13), and as its conversion's status; and each such lead as owing delivery. The leads must be locked.
 *
 * @param now the time of the events, ISO 8601; '' when there are none
 * @param bulkRank of rows of a file, null of anything else
 * @returns the call_id of each
 */
export async function writeVerdicts(
  trx: Asks,
  judged: readonly JudgedReport[],
  { now, bulkRank }: { now: string; bulkRank: number | null },
): Promise<number[]> {
  const verdicts = storableJson(judged.map(toRow));
  const isAgain = judged.some(({ report }) => report.callId !== null);
  const [sql, name] = isAgain ? [WRITE_VERDICTS_AGAIN, 'write-verdicts-again'] : [WRITE_VERDICTS, 'write-verdicts'];
  const { rows } = await trx
    .raw<{ rows: { call_id: number }[] }>(sql, { verdicts, now: now || null, bulkRank })
    .options(prepared(name));
  // Numbered in the order in which they were given.
  const written = rows.map((row) => row.call_id).sort((a, b) => a - b);
  return judged.map(({ report }) => report.callId ?? written.shift() ?? NaN);
}

/** What is null is left out: Postgres reads it as null, and a file has many such rows to send. */
function toRow({ report, result, event }: JudgedReport, n: number) {
  const price = event?.price;
  return {
    n,
    call_id: report.callId ?? undefined,
    advertiser_id: report.advertiserId,
    conversion_id: report.conversionId ?? undefined,
    word: report.word === null ? undefined : normaliseWord(report.word),
    // What the word was taken for, whatever became of it.
    status: isStatus(report.meaning) ? report.meaning : undefined,
    raw: report.raw,
    result,
    transaction_id: report.transactionId ?? undefined,
    source: report.source,
    import_id: report.importRow?.importId,
    row_number: report.importRow?.rowNumber,
    event_at: report.eventAt ?? undefined,
    notify: report.notify,
    lead_id: event?.leadId,
    seq: event?.seq,
    offer_id: event?.offerId,
    reason: event ? (report.reason ?? undefined) : undefined,
    price_amount: price?.amount,
    price_currency: price?.currency,
    price_version: price?.priceVersion,
    price_list_id: price?.priceListId ?? undefined,
    price_tier_from: price?.tierFrom ?? undefined,
    price_counted: price?.counted ?? undefined,
    price_cap: price?.cap ?? undefined,
    price_cap_limit: price?.capLimit ?? undefined,
    // Other events are most of the table, and need no room for it.
    is_reapproval: price?.isReapproval || undefined,
  };
}

/**
 * jsonb refuses NUL and lone surrogates, which JSON can spell; a hostile call is kept with U+FFFD in their place.
 * Escaped backslashes are matched too, and stay, so that text which only looks like such an escape is kept to the letter.
 */
function storableJson(value: object): string {
  const escapes = /\\(?:\\|u0000|ud[89a-f][0-9a-f]{2})/g;
  const json = JSON.stringify(value);
  if (!json.includes('\\')) return json;
  return json.replace(escapes, (escape) => (escape === '\\\\' ? escape : '\\ufffd'));
}
