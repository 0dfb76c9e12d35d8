import type { AttemptRow, Facts, PostbackRow } from './facts.ts';
import type { Finding } from './findings.ts';

const MAX_ATTEMPTS = 3;
// A millisecond less than the interval, because times are read without their microseconds.
const LEAST_PAUSE_MS = 1999;

/** Attempts within their budget and apart from each other, and every postback at the end that its attempts led to. */
export function recountAttempts({ postbacks, attempts, settlements }: Facts): Finding[] {
  const latest = new Map<string, number>();
  for (const { conversion_id, seq } of settlements) {
    latest.set(conversion_id, Math.max(seq, latest.get(conversion_id) ?? 0));
  }
  const made = [...attempts.values()].flat();
  const ends = postbacks.flatMap((postback) => {
    const problem = findWrongEnd(postback, attempts.get(postback.postback_id) ?? [], latest);
    return problem === undefined ? [] : [`${postback.postback_id} is ${postback.state}: ${problem}`];
  });
  return [
    { what: 'postbacks at their right end', counted: postbacks.length, wrong: ends },
    {
      what: 'attempts within budget and interval',
      counted: made.length,
      wrong: [...attempts.values()].flatMap(findWrongAttempts),
    },
  ];
}

function findWrongEnd(
  { state, skip_reason, seq, conversion_id, is_handover }: PostbackRow,
  attempts: AttemptRow[],
  latest: Map<string, number>,
): string | undefined {
  const delivered = attempts.filter(({ outcome }) => outcome === 'delivered').length;
  // No later status concerns the partner that has lost the lead.
  const hasNewer = !is_handover && (latest.get(conversion_id) ?? 0) > seq;
  if (skip_reason !== null) return state === 'skipped' && attempts.length === 0 ? undefined : 'it was to be skipped';
  if (delivered > 0)
    return state === 'delivered' && delivered === 1 ? undefined : `${delivered} attempts were delivered`;
  if (state === 'superseded') return hasNewer ? undefined : 'no newer status has superseded it';
  if (state === 'failed') return attempts.length === MAX_ATTEMPTS ? undefined : `after ${attempts.length} attempts`;
  return 'that is no end';
}

function findWrongAttempts(attempts: AttemptRow[]): string[] {
  const wrong: string[] = [];
  const [first] = attempts;
  if (attempts.length > MAX_ATTEMPTS) wrong.push(`${first?.postback_id} had ${attempts.length} attempts`);
  attempts.forEach(({ postback_id, attempt, started_at, outcome }, index) => {
    const before = attempts[index - 1];
    if (attempt !== index + 1) wrong.push(`${postback_id} has no attempt ${index + 1}`);
    if (outcome === 'running') wrong.push(`${postback_id} has attempt ${attempt} running`);
    if (!before?.ended_at) return;
    const pauseMs = Date.parse(started_at) - Date.parse(before.ended_at);
    if (pauseMs < LEAST_PAUSE_MS) wrong.push(`${postback_id} had attempt ${attempt} after ${pauseMs} ms`);
  });
  return wrong;
}
