import { entriesOf, type Journal } from '../journal.ts';
import { groupBy, type AttemptRow, type Facts, type PostbackRow } from './facts.ts';
import type { Finding } from './findings.ts';

/** A call as the partner saw it, and the attempt that made it. */
type Call = {
  at: number;
  answeredAt: number;
  with: number | 'nothing' | 'reset' | undefined;
  status: string;
  postback: PostbackRow;
  attempt: AttemptRow | undefined;
};

// What a living worker needs to write an answer down; on a busy machine that takes a while.
const WRITING_MS = 2000;

/** What arrived at the partners: in order, nothing made up, and nothing twice unless a killed worker took the answer along. */
export function recountReceived(journal: Journal, facts: Facts): { findings: Finding[]; repeats: number } {
  const unknown: string[] = [];
  const calls = readCalls(journal, facts, unknown);
  const byConversion = groupBy(
    calls.filter(({ postback }) => !postback.is_handover),
    ({ postback }) => postback.conversion_id,
  );
  // A handover goes to a partner that has lost the lead, whenever that can be told.
  const byPartner = groupBy(calls, ({ postback }) => `${postback.conversion_id} ${postback.partner_id}`);
  const byPostback = groupBy(calls, ({ postback }) => postback.postback_id);
  const heard = facts.postbacks.filter(({ state }) => state === 'delivered');
  const unheard = heard.filter(({ postback_id }) => !byPostback.get(postback_id)?.some((call) => call.with === 200));
  const repeats = calls.filter((call) => isTakenBefore(call, byPostback));
  const unexplained = repeats.filter(
    (call) => !lastTaken(call, byPostback).every((taken) => wasWorkerKilled(taken, journal)),
  );
  return {
    repeats: repeats.length,
    findings: [
      { what: 'calls at the partners, each of an attempt', counted: calls.length, wrong: unknown },
      {
        what: 'conversions whose partners heard no older status after a newer one',
        counted: byConversion.size,
        wrong: [...new Set([...byConversion.values(), ...byPartner.values()].flatMap(findMisordered))],
      },
      {
        what: 'postbacks that count as delivered were answered 200',
        counted: heard.length,
        wrong: unheard.map(({ postback_id }) => postback_id),
      },
      {
        what: 'repeats of an accepted postback, each after its worker was killed in the attempt',
        counted: repeats.length,
        wrong: unexplained.map((call) => describeRepeat(call, byPostback)),
      },
    ],
  };
}

function readCalls(journal: Journal, { postbacks, attempts }: Facts, unknown: string[]): Call[] {
  const known = new Map(postbacks.map((postback) => [postback.postback_id, postback]));
  const answers = new Map(entriesOf(journal, 'answered').map((answer) => [answer.call, answer]));
  return entriesOf(journal, 'received').flatMap(({ at, call, postbackId, status }) => {
    const postback = known.get(postbackId);
    const attempt = (attempts.get(postbackId) ?? []).findLast(({ started_at }) => Date.parse(started_at) <= at);
    if (!postback || !attempt || postback.status !== status) {
      unknown.push(`${status} by postback ${postbackId} at ${new Date(at).toISOString()}`);
      return [];
    }
    const answer = answers.get(call);
    return [{ at, answeredAt: answer?.at ?? at, with: answer?.with, status, postback, attempt }];
  });
}

function findMisordered(calls: Call[]): string[] {
  let newest = 0;
  return calls.flatMap(({ at, postback }) => {
    const isOlder = postback.seq < newest;
    newest = Math.max(newest, postback.seq);
    const { conversion_id, status, seq } = postback;
    return isOlder
      ? [`${conversion_id}: ${status} (event ${seq}) after event ${newest}, ${new Date(at).toISOString()}`]
      : [];
  });
}

/** Earlier calls of the same postback that its partner has taken, as far as the partner can know. */
function lastTaken(call: Call, byPostback: Map<string, Call[]>): Call[] {
  const earlier = (byPostback.get(call.postback.postback_id) ?? []).filter(({ at }) => at < call.at);
  return earlier.filter((each) => each.with === 200 && each.attempt?.outcome !== 'refused').slice(-1);
}

function isTakenBefore(call: Call, byPostback: Map<string, Call[]>): boolean {
  return lastTaken(call, byPostback).length > 0;
}

/** While Postgres is away, a living worker keeps the answer, and its death until then takes it along. */
function wasWorkerKilled({ attempt, answeredAt }: Call, journal: Journal): boolean {
  const startedAt = Date.parse(attempt?.started_at ?? '');
  let writtenBy = answeredAt + WRITING_MS;
  let isPostgresAway = false;
  for (const entry of journal.entries) {
    if (entry.at > writtenBy && !isPostgresAway) return false;
    if (entry.type === 'kill' && entry.names.includes('postgres')) isPostgresAway = true;
    if (entry.type === 'up' && entry.name === 'postgres') {
      isPostgresAway = false;
      if (entry.at > answeredAt) writtenBy = Math.max(writtenBy, entry.at + WRITING_MS);
    }
    const isKill = entry.type === 'kill' && entry.names.some((name) => name.startsWith('worker'));
    if (isKill && entry.at >= startedAt) return true;
  }
  return false;
}

function describeRepeat(call: Call, byPostback: Map<string, Call[]>): string {
  const [taken] = lastTaken(call, byPostback);
  const when = (ms: number | undefined) => (ms === undefined ? '' : new Date(ms).toISOString());
  const { postback_id } = call.postback;
  return `${postback_id}: answered 200 at ${when(taken?.answeredAt)} (attempt ${taken?.attempt?.attempt}, ${taken?.attempt?.outcome}), again at ${when(call.at)}`;
}
