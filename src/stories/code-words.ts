// What people read of the codes that the API answers with.
import type { AttemptRow } from '../db/reports/conversion-facts.ts';
import type { StatusResult } from '../domain/status-report.ts';
import type { RefIdProblem } from '../domain/ref-id.ts';

const REF_ID_PROBLEMS: Readonly<Record<RefIdProblem, string>> = {
  too_long: 'longer than 32 characters',
  control_characters: 'holding control characters',
  undecodable: 'not valid UTF-8',
};

const RESULTS: Readonly<Record<StatusResult, string>> = {
  recorded: 'recorded',
  accepted_late: 'accepted late',
  duplicate: 'changed nothing, it was that already',
  stale: 'changed nothing, a newer decision was there already',
  ignored: 'changed nothing, its word is to be ignored',
  window_closed: 'refused, it came after the window',
  unknown_word: 'refused, nobody has said what this word means',
  unknown_conversion: 'refused, the advertiser has no such conversion',
  malformed: 'refused, it could not be read',
};

/** Why a ref_id cannot be used, as it is said of one. */
export function tellRefIdProblem(problem: RefIdProblem): string {
  return REF_ID_PROBLEMS[problem];
}

/** What became of a status call, as part of a sentence about it. */
export function tellResult(result: StatusResult): string {
  return RESULTS[result];
}

/**
 * What an attempt came to, as part of a sentence about it.
 * @param httpStatus null when no answer arrived. @param error as its row has it
 */
export function tellOutcome(outcome: AttemptRow['outcome'], httpStatus: number | null, error: string | null): string {
  if (outcome === 'running') return 'under way';
  if (outcome === 'interrupted') return 'interrupted';
  return httpStatus === null ? tellNoAnswer(error) : `HTTP ${httpStatus}`;
}

function tellNoAnswer(error: string | null): string {
  if (error === 'dots_in_path') return 'not sent: a ref_id or another value of "." or ".." cannot be part of a path';
  return error?.replaceAll('_', ' ') ?? 'no answer';
}
