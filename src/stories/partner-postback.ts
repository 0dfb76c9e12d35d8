import type { AttemptRow } from '../db/reports/conversion-facts.ts';
import type { LastAttempt, PartnerListedPostback, PartnerPostbackFacts } from '../db/reports/partner-postbacks.ts';
import { explainAnswer } from '../domain/postbacks/explain-answer.ts';
import { findHiddenRefusal } from '../domain/postbacks/hidden-refusal.ts';
import { tellRefIdProblem } from './code-words.ts';
import { maskSecrets } from './mask-secrets.ts';

/** What a partner should look at although all seems well; `message` quotes hostile text. */
export type PostbackWarning = { code: 'hidden_refusal'; message: string };

/** A postback as its partner reads it: what was sent, what came back, and why it stands as it does. */
export function viewPartnerPostback(facts: PartnerPostbackFacts) {
  const { postback, attempts, newer, refIdProblem } = facts;
  const { postback_id, conversion_id, offer_id, ref_id, status, reason, is_handover, event_at } = postback;
  const { payout: amount, currency, state, skip_reason, next_attempt_at, created_at, ended_at } = postback;
  const delivered = attempts.findLast(({ outcome }) => outcome === 'delivered');
  return {
    ...{ postback_id, conversion_id, offer_id, ref_id, status, reason, is_handover, event_at },
    payout: { amount, currency },
    ...{ state, skip_reason },
    ref_id_problem: refIdProblem,
    superseded_by: state === 'superseded' ? newer : null,
    explanation: explainState(facts),
    warnings: findWarnings(delivered?.response_body),
    ...{ attempts_made: attempts.length, next_attempt_at, created_at, ended_at },
    attempts: attempts.map(viewAttempt),
  };
}

/** A line of the delivery log. */
export function viewListedPostback({ attempts, last_attempt, payout, ...postback }: PartnerListedPostback) {
  const { created_at, next_attempt_at, ended_at, ...rest } = postback;
  return {
    ...rest,
    payout,
    attempts_made: attempts,
    last_attempt: last_attempt && viewLastAttempt(last_attempt),
    warnings: findWarnings(last_attempt?.delivered_body),
    ...{ next_attempt_at, created_at, ended_at },
  };
}

function viewLastAttempt({ started_at, outcome, duration_ms, http_status, error }: LastAttempt) {
  return { started_at, outcome, duration_ms, http_status, error };
}

/** One attempt with the request as it was sent and the answer as it came. */
function viewAttempt(row: AttemptRow) {
  const { attempt, kind, started_at, ended_at, outcome, duration_ms, error } = row;
  const { method, url, headers, body, http_status, location, response_body } = row;
  return {
    ...{ attempt, kind, started_at, ended_at, outcome },
    request: { method, url: maskSecrets(url), headers, body: mask(body) },
    response: http_status === null ? null : { http_status, location: mask(location), body: mask(response_body) },
    ...{ error, duration_ms },
    explanation: explainAttempt(row),
  };
}

function mask(text: string | null): string | null {
  return text === null ? null : maskSecrets(text);
}

function explainEnd(
  { http_status, error, location, response_body }: AttemptRow,
  next: 'none_left' | null = null,
): string {
  return maskSecrets(explainAnswer({ httpStatus: http_status, error, location, responseBody: response_body }, next));
}

/** @param body of the attempt that delivered: one that was refused after it takes nothing back */
function findWarnings(body: string | null | undefined): PostbackWarning[] {
  const refusal = findHiddenRefusal(body ?? null);
  if (!refusal) return [];
  return [{ code: 'hidden_refusal', message: `The answer was 200, but it says "${maskSecrets(refusal.quote)}".` }];
}

/** Why a postback is as it is, in pieces: pages say in their own way what rule is behind it and when it goes on. */
export type StateTold = {
  /** Quotes hostile text. */
  why: string;
  rules: string[];
};

function explainState(facts: PartnerPostbackFacts): string {
  const { why, rules } = tellState(facts);
  const { state, next_attempt_at } = facts.postback;
  const named = rules.length === 0 ? why : `${why.slice(0, -1)} (${rules.join(', ')}).`;
  return state === 'retrying' ? `${named} The next attempt is due at ${next_attempt_at}.`.trim() : named;
}

export function tellState({ postback, attempts, newer, refIdProblem }: PartnerPostbackFacts): StateTold {
  const last = attempts.at(-1);
  const plain = (why: string): StateTold => ({ why, rules: [] });
  switch (postback.state) {
    case 'scheduled':
      return plain(last ? 'It is being sent now.' : 'It is about to be sent.');
    case 'retrying':
      return plain(last ? explainAttempt(last) : '');
    case 'delivered': {
      const delivered = attempts.findLast(({ outcome }) => outcome === 'delivered');
      return plain(delivered ? explainEnd(delivered) : 'Delivered.');
    }
    case 'failed':
      return plain(last ? explainEnd(last, 'none_left') : 'No attempt could be made.');
    case 'superseded':
      return newer
        ? {
            why: `A newer status, ${newer.status}, came before this one was delivered, and an older one is never sent after it.`,
            rules: ['R11'],
          }
        : {
            why: 'The lead was linked to another partner before this was delivered, so it is not sent any more.',
            rules: ['R3', 'R11'],
          };
    case 'skipped':
      return explainSkip(postback, refIdProblem);
  }
}

function explainAttempt(attempt: AttemptRow): string {
  return attempt.outcome === 'running' ? 'An attempt is under way.' : explainEnd(attempt);
}

function explainSkip(
  { skip_reason: reason, status }: PartnerPostbackFacts['postback'],
  refIdProblem: PartnerPostbackFacts['refIdProblem'],
): StateTold {
  if (reason === 'not_configured') {
    return { why: 'There was no postback URL: save one, then start a replay.', rules: [] };
  }
  if (reason === 'status_off') return { why: `Your settings say that ${status} is not sent.`, rules: [] };
  if (reason === 'not_notified') {
    return { why: 'The status was booked without postbacks; your reward is the same.', rules: [] };
  }
  return refIdProblem === null
    ? { why: 'The visit came without a ref_id, so there was nothing by which you could know it.', rules: ['R6'] }
    : {
        why: `The ref_id of the visit could not be used (${tellRefIdProblem(refIdProblem)}), so nothing is sent.`,
        rules: ['R5'],
      };
}
