import { isDecision, type Judged, type StatusReport } from '../../domain/status-report.ts';
import type { Asks } from '../pipelined.ts';
import { prepared } from '../prepared.ts';
import { conversionKey } from './lock-conversions.ts';

// What repeats a decision says it once more. A call that was understood late counts from when it came. Calls are dropped
// some day, and then the event tells. Whole milliseconds, as reports have them, so that equal times are equal.
const READ_DECISION_TIMES = `
  select c.conversion_id as "conversionId", c.advertiser_id as "advertiserId", floor(extract(epoch from coalesce((
    select max(least(coalesce(s.event_at, s.at), s.at)) from status_calls s
    where s.conversion_id = c.conversion_id and s.advertiser_id = c.advertiser_id and s.status <> 'pending'
      and (s.seq is not null or s.result = 'duplicate')
  ), (
    select coalesce(e.event_at, e.at) from lead_events e
    where e.lead_id = c.lead_id and e.conversion_id = c.conversion_id and e.type = 'status' and e.status <> 'pending'
    order by e.seq desc limit 1
  ))) * 1000)::float8 as "decidedMs"
  from unnest(:conversionIds::text[], :advertiserIds::text[]) as r (conversion_id, advertiser_id)
  join conversions c on c.conversion_id = r.conversion_id and c.advertiser_id = r.advertiser_id`;

/**
 * Notes of which moment the decisions are that reports with a time of their own would correct. Nearly always there are
 * none, and nothing is read.
 *
 * @param conversions what the reports are judged by, by {@link conversionKey}
 */
export async function readDecisionTimes(
  db: Asks,
  reports: readonly StatusReport[],
  conversions: ReadonlyMap<string, Judged>,
): Promise<void> {
  const asked = new Map<string, { conversionId: string; advertiserId: string }>();
  for (const { conversionId, advertiserId, meaning, eventAt } of reports) {
    if (conversionId === null || eventAt === null || !isDecision(meaning)) continue;
    const key = conversionKey(advertiserId, conversionId);
    const status = conversions.get(key)?.status ?? null;
    if (isDecision(status) && status !== meaning) asked.set(key, { conversionId, advertiserId });
  }
  if (asked.size === 0) return;
  type Row = { conversionId: string; advertiserId: string; decidedMs: number | null };
  const { rows } = await db
    .raw<{ rows: Row[] }>(READ_DECISION_TIMES, {
      conversionIds: [...asked.values()].map(({ conversionId }) => conversionId),
      advertiserIds: [...asked.values()].map(({ advertiserId }) => advertiserId),
    })
    .options(prepared('read-decision-times'));
  for (const { conversionId, advertiserId, decidedMs } of rows) {
    const judged = conversions.get(conversionKey(advertiserId, conversionId));
    if (judged) judged.decidedMs = Math.max(judged.decidedMs ?? 0, decidedMs ?? 0);
  }
}
