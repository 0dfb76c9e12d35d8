import type { Status } from '../../../src/domain/status.ts';
import { entriesOf, type ClickEntry, type Journal, type StatusEntry } from '../journal.ts';
import { groupBy, type EventRow, type Facts } from './facts.ts';
import type { Finding } from './findings.ts';

/** Every answered fact is stored, in the order in which its visitor or advertiser was answered. */
export function recountIntake(journal: Journal, facts: Facts): Finding[] {
  const odd = entriesOf(journal, 'odd').map(({ what }) => what);
  return [
    { what: 'answers that no outage explains', counted: odd.length, wrong: odd },
    recountNumbers(facts),
    recountClicks(journal, facts),
    recountStatuses(journal, facts),
  ];
}

function recountNumbers({ eventsByLead }: Facts): Finding {
  const wrong = [...eventsByLead].flatMap(([leadId, events]) =>
    events.every(({ seq }, index) => seq === index + 1) ? [] : [`${leadId}: ${events.map(({ seq }) => seq).join()}`],
  );
  return { what: 'leads numbered without gaps', counted: eventsByLead.size, wrong };
}

/** A click that was not answered may be there too, so other events may stand between. */
function recountClicks(journal: Journal, { eventsByLead }: Facts): Finding {
  const clicks = entriesOf(journal, 'click');
  const wrong: string[] = [];
  const reached = new Map<string, number>();
  for (const click of clicks) {
    const events = eventsByLead.get(click.leadId) ?? [];
    const from = reached.get(click.leadId) ?? 0;
    const end = findClick(events, from, click);
    if (end === undefined) wrong.push(`lost, or out of order: ${JSON.stringify(click)}`);
    else reached.set(click.leadId, end);
  }
  return { what: 'answered clicks stored in their order', counted: clicks.length, wrong };
}

/** @returns where the click's events end, at or after `from` */
function findClick(events: EventRow[], from: number, { touch, conversionId }: ClickEntry): number | undefined {
  let next = from;
  if (touch !== null) {
    const isTouch = (event: EventRow) =>
      event.type === 'touch' && event.partner_id === touch.partnerId && event.ref_id === touch.refId;
    const index = events.findIndex((event, at) => at >= next && isTouch(event));
    if (index < 0) return undefined;
    next = index + 1;
  }
  if (conversionId === null) return next;
  const index = events.findIndex((event, at) => at >= next && event.conversion_id === conversionId);
  return index >= 0 && events[index]?.type === 'conversion' ? index + 1 : undefined;
}

function recountStatuses(journal: Journal, { eventsByLead }: Facts): Finding {
  const answered = entriesOf(journal, 'status');
  const asked = groupBy(entriesOf(journal, 'asked'), ({ conversionId }) => conversionId);
  const stored = new Map<string, Status[]>();
  for (const event of [...eventsByLead.values()].flat()) {
    if (event.type !== 'status' || event.conversion_id === null || event.status === null) continue;
    stored.set(event.conversion_id, [...(stored.get(event.conversion_id) ?? []), event.status]);
  }
  const wrong: string[] = [];
  for (const [conversionId, answers] of groupBy(answered, (answer) => answer.conversionId)) {
    const is = (stored.get(conversionId) ?? []).join();
    const taken = answers.filter(({ result }) => result !== 'window_closed');
    const should = followStatuses(taken.map(({ status }) => status));
    const unanswered = asked.get(conversionId)?.slice(answers.length) ?? [];
    // The last call may have been stored although its answer was lost.
    const orElse = followStatuses([...taken, ...unanswered].map(({ status }) => status));
    if (is !== should && is !== orElse) wrong.push(`${conversionId}: should have ${should}, has ${is}`);
    wrong.push(...findWrongAnswers(conversionId, answers));
  }
  return { what: 'answered statuses stored in their order', counted: answered.length, wrong };
}

/** The events that these calls make, one after the other (R7): a plain account of the rule, apart from the code's own. */
function followStatuses(statuses: Status[]): string {
  const events: Status[] = [];
  for (const status of statuses) {
    const last = events.at(-1);
    if (status === last || (status === 'pending' && last !== undefined)) continue;
    events.push(status);
  }
  return events.join();
}

/**
 * `recorded` may become `duplicate`, when a first answer was lost; `stale` is certain. Whether the window was closed is
 * looked at elsewhere.
 */
function findWrongAnswers(conversionId: string, answers: StatusEntry[]): string[] {
  let last: Status | undefined;
  return answers.flatMap(({ status, result }) => {
    const isStale = status === 'pending' && last !== undefined && last !== 'pending';
    const allowed = isStale ? ['stale'] : status === last ? ['duplicate'] : ['recorded', 'duplicate', 'window_closed'];
    if (!isStale && result !== 'window_closed') last = status;
    return allowed.includes(result) ? [] : [`${conversionId}: ${status} was answered with ${result}`];
  });
}
