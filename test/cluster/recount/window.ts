import { entriesOf, type Journal } from '../journal.ts';
import { WINDOW_SECONDS } from '../network.ts';
import { groupBy, type CallRow, type EventRow, type Facts } from './facts.ts';
import type { Finding } from './findings.ts';

const WINDOW_MS = WINDOW_SECONDS * 1000;
// Times are read without their microseconds.
const ROUNDING_MS = 2;
// A call is noted with the time when its transaction began; it is judged when the lead is free.
const UNCLEAR_MS = 5000;

/** R9: what comes in the window of its lead is recorded; what comes later is refused but kept, until ops accept it. */
export function recountWindow(journal: Journal, facts: Facts): Finding[] {
  const refused = facts.calls.filter(({ result }) => result === 'window_closed' || result === 'accepted_late');
  return [
    recountRecorded(facts),
    {
      what: 'refused statuses, each after the window of its lead',
      counted: refused.length,
      wrong: findRefusedTooSoon(refused, facts),
    },
    recountKept(journal, refused),
  ];
}

function recountRecorded({ eventsByLead, calls }: Facts): Finding {
  const results = new Map(calls.map(({ lead_id, seq, result }) => [`${lead_id} ${seq}`, result]));
  let counted = 0;
  const wrong = [...eventsByLead.values()].flatMap((events) => {
    let openUntil = 0;
    return events.flatMap(({ lead_id, seq, type, at }) => {
      if (type !== 'status') {
        openUntil = Date.parse(at) + WINDOW_MS;
        return [];
      }
      counted++;
      const lateMs = Date.parse(at) - openUntil;
      const result = results.get(`${lead_id} ${seq}`);
      const isRight =
        result === 'recorded' ? lateMs <= ROUNDING_MS : result === 'accepted_late' && lateMs >= -ROUNDING_MS;
      return isRight ? [] : [`event ${seq} of ${lead_id} is ${result}, ${lateMs} ms after its window`];
    });
  });
  return { what: 'statuses in the window of their lead, or accepted late', counted, wrong };
}

function findRefusedTooSoon(refused: CallRow[], { eventsByLead }: Facts): string[] {
  const activity = new Map<string, EventRow[]>();
  for (const events of eventsByLead.values()) {
    for (const { conversion_id } of events.filter(({ type }) => type === 'conversion')) {
      activity.set(
        conversion_id ?? '',
        events.filter(({ type }) => type !== 'status'),
      );
    }
  }
  return refused.flatMap(({ call_id, at, conversion_id, status }) => {
    const times = (activity.get(conversion_id) ?? []).map((event) => Date.parse(event.at));
    const cameAt = Date.parse(at);
    const lastAt = Math.max(Math.min(...times), ...times.filter((time) => time < cameAt - UNCLEAR_MS));
    return cameAt - lastAt >= WINDOW_MS - UNCLEAR_MS
      ? []
      : [`${status} of ${conversion_id} (call ${call_id}) came ${cameAt - lastAt} ms after a click of its lead`];
  });
}

/** One that was called in again because its answer was lost is kept as often. */
function recountKept(journal: Journal, refused: CallRow[]): Finding {
  const told = entriesOf(journal, 'status').filter(({ result }) => result === 'window_closed');
  const kept = groupBy(refused, ({ conversion_id, status }) => `${conversion_id} ${status}`);
  const wrong = [...groupBy(told, ({ conversionId, status }) => `${conversionId} ${status}`)].flatMap(
    ([key, answers]) =>
      (kept.get(key) ?? []).length < answers.length ? [`${key} was refused ${answers.length} times`] : [],
  );
  return { what: 'statuses that were refused as too late, and are kept', counted: told.length, wrong };
}
