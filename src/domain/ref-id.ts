export const REF_ID_MAX_LENGTH = 32;

export const refIdProblems = ['too_long', 'control_characters', 'undecodable'] as const;

/** Why a ref_id cannot be used. */
export type RefIdProblem = (typeof refIdProblems)[number];

export type JudgedRefId = { refId: string | null; problem: RefIdProblem | null };

// C0 and C1 controls, line and paragraph separators: none survives a tracker's URL unharmed.
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

// Stands where bytes were not UTF-8: what would go back is not what the partner sent.
const REPLACEMENT_CHARACTER = '\ufffd';

/**
 * What a ref_id looks like when a tracker has left its macro as it was, such as `{clickid}`, `{{subid}}`, `[subid]`,
 * `%id%`, `#id#`, `<id>` or `__CLICKID__`. Written so that Postgres reads it as JavaScript does.
 */
export const UNFILLED_MACRO =
  '\\{[A-Za-z0-9_.:!-]+\\}|^\\[[A-Za-z][\\w.-]*\\]$|^%[A-Za-z][\\w.-]*%$|^#+[A-Za-z][\\w.-]*#+$|^<[A-Za-z][\\w.-]*>$|^__[A-Za-z]\\w*__$';

/**
 * R5: a ref_id that is too long, holds control characters or cannot be decoded is never truncated and never turns a visitor
 * away; the touch counts without it. An empty ref_id is no ref_id.
 */
export function judgeRefId(given: string | undefined): JudgedRefId {
  if (given === undefined || given === '') return { refId: null, problem: null };
  if (CONTROL_CHARACTERS.test(given)) return { refId: null, problem: 'control_characters' };
  if (given.includes(REPLACEMENT_CHARACTER) || !given.isWellFormed()) return { refId: null, problem: 'undecodable' };
  if ([...given].length > REF_ID_MAX_LENGTH) return { refId: null, problem: 'too_long' };
  return { refId: given, problem: null };
}
