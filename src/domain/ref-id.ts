export const REF_ID_MAX_LENGTH = 32;

/** Why a ref_id cannot be used. */
export type RefIdProblem = 'too_long' | 'control_characters';

export type JudgedRefId = { refId: string | null; problem: RefIdProblem | null };

// C0 and C1 controls, line and paragraph separators, and lone surrogates: none survives a tracker's URL unharmed.
// eslint-disable-next-line no-control-regex
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * R5: a ref_id that is too long or holds control characters is never truncated and never turns a visitor away;
 * the touch counts without it. An empty ref_id is no ref_id.
 */
export function judgeRefId(given: string | undefined): JudgedRefId {
  if (given === undefined || given === '') return { refId: null, problem: null };
  if (CONTROL_CHARACTERS.test(given) || !given.isWellFormed()) return { refId: null, problem: 'control_characters' };
  if ([...given].length > REF_ID_MAX_LENGTH) return { refId: null, problem: 'too_long' };
  return { refId: given, problem: null };
}
