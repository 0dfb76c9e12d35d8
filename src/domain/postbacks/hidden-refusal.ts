/** A refusal behind a 200. `quote` is the part of the body that says so: hostile text, at most 100 characters. */
export type HiddenRefusal = { kind: RefusalKind; quote: string };

/** What such an answer complains about: it does not know the click, it has it already, we may not, or simply no. */
export type RefusalKind = 'unknown_click' | 'duplicate' | 'no_access' | 'failed';

type Sign = { kind: RefusalKind; pattern: RegExp; source: string };

const QUOTE_LENGTH = 100;

// What trackers are known to say with a 200. Only whole phrases: a single word such as "error" stands in good answers too.
const SIGNS: readonly Sign[] = [
  {
    kind: 'unknown_click',
    pattern: /incorrect sub_?id\b[^\n]*|\bsub_?id not found|postback ignored/i,
    source: 'https://docs.keitaro.io/en/conversions-and-postback/postback-troubleshooting.html',
  },
  {
    kind: 'unknown_click',
    pattern: /\bclick ?id not found|\bmissing subid/i,
    source: 'https://github.com/fenjo26/Orbitra.link (postback.php)',
  },
  {
    kind: 'failed',
    pattern: /^ignored: (missing status|unknown status)[^\n]*|^database error:[^\n]*/i,
    source: 'https://github.com/fenjo26/Orbitra.link (postback.php)',
  },
  {
    kind: 'unknown_click',
    pattern: /\bclick not found|\bclick ?id is missing|\bbroken clickid|\bclick_id: invalid format/i,
    source:
      'https://help-center.affise.com/en/articles/6476587-postback-errors and help-center.affisereach.com 6444814',
  },
  {
    kind: 'duplicate',
    pattern: /\bconversion exists\b|\bconversion status is not pending/i,
    source: 'https://help-center.affise.com/en/articles/6476587-postback-errors',
  },
  {
    kind: 'no_access',
    pattern: /\bcurrent ip-address is denied|\bsecure code is not valid/i,
    source:
      'https://help-center.affise.com/en/articles/6476587-postback-errors and help-center.affisereach.com 6444814',
  },
  {
    kind: 'unknown_click',
    pattern: /\b(missing|invalid) click ?id\b|\bfailed to decode click id|\bINVALID_CLICK_ID\b/i,
    source: 'https://docs.swaarm.com/en/articles/5809542-reports-postback-log and help.trackier.com 31000155030',
  },
  {
    kind: 'duplicate',
    pattern: /\bDUPLICATE_CLICK_ID\b|\bduplicate conversion\b/i,
    source: 'https://help.trackier.com 31000155030 and https://support.tune.com 4413247665431',
  },
  {
    kind: 'unknown_click',
    pattern: /\binvalid trans(action|\.)( id)?\b[^\n;]*/i,
    source:
      'https://support.tune.com 4413247665431, helpdesk.everflow.io conversions-error-code, knowledgebase.offer18.com',
  },
  {
    kind: 'no_access',
    pattern: /\bauth_token mismatch|\bIP not in whitelist|\binvalid advertiser security token/i,
    source: 'https://knowledgebase.offer18.com and https://developers.tune.com/network-docs/conversion-status-codes',
  },
  {
    kind: 'failed',
    pattern: /\bsuccess\s*[=:]\s*false\b[^\n]*/i,
    source: 'https://support.tune.com/hc/en-us/articles/4413247665431-Receiving-Conversions-via-Postback-URL',
  },
  // A body that was cut off is no JSON any more.
  {
    kind: 'failed',
    pattern: /"(success|ok)"\s*:\s*(false|0)\b|"status"\s*:\s*"(error|fail|failed|failure)"/i,
    source: 'JSON',
  },
  {
    kind: 'failed',
    pattern: /^(error|fail|failed|failure|nok|invalid|false)[.!]*$/i,
    source: 'a body of this one word',
  },
  {
    kind: 'failed',
    pattern: /\bfatal error:[^\n<]*/i,
    source: 'a PHP program that broke off; it answers 200 all the same',
  },
  {
    kind: 'failed',
    pattern: /<title>[^<]*\b(404|not found|error|for sale|parked)\b[^<]*<\/title>/i,
    source: 'the error page of a web server, or a parked domain',
  },
];

const GOOD_WORDS = /^(ok|success|successful|succeeded|accepted|approved|true|1)$/i;
// Not rejected, declined and their like: they may be an echo of the status that we sent.
const BAD_WORDS = /^(error|fail|failed|failure|nok|invalid|false)$/i;
const NO_ERROR = /^(0|none|null|no|no errors?|false|ok|success)?$/i;

/** What a body says that came with a 200 but means a refusal; null for one that says nothing of the kind. */
export function findHiddenRefusal(body: string | null): HiddenRefusal | null {
  if (body === null || body.trim() === '') return null;
  const fields = readFields(body);
  const told = fields && readVerdict(fields);
  // What the tracker says about itself goes before what stands in its texts.
  if (told === 'good' || (fields === null && /\bsuccess\s*=\s*true\b/i.test(body))) return null;
  for (const { kind, pattern } of SIGNS) {
    const found = pattern.exec(body.trim());
    // Where the fields say no as well, they quote it better than a general phrase does.
    if (found && (told === null || kind !== 'failed')) return { kind, quote: shorten(found[0]) };
  }
  return told === null ? null : { kind: 'failed', quote: shorten(told) };
}

function readFields(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** `good`, the text that says otherwise, or null when the fields say nothing. */
function readVerdict(fields: Record<string, unknown>): string | null {
  const lowered = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
  const said = ['success', 'ok', 'status', 'result'].flatMap((name) =>
    name in lowered ? [{ name, value: lowered[name] }] : [],
  );
  for (const { name, value } of said) {
    const isNo = value === false || (value === 0 && name !== 'status' && name !== 'result');
    if (isNo || (typeof value === 'string' && BAD_WORDS.test(value))) return quoteFields(fields, name);
  }
  const failure = ['error', 'errors', 'err', 'error_message', 'err_msg'].find((name) => isFailure(lowered[name]));
  // Affise: {"status": 2, "error": "…"}. The number alone means nothing: its 1 is what others call pending.
  if (failure !== undefined) return quoteFields(fields, failure);
  const { code } = lowered;
  if (typeof code === 'number' && code >= 400 && code < 600) return quoteFields(fields, 'code');
  const isGood = said.some(
    ({ value }) =>
      value === true || ((typeof value === 'string' || typeof value === 'number') && GOOD_WORDS.test(String(value))),
  );
  return isGood ? 'good' : null;
}

function isFailure(value: unknown): boolean {
  if (typeof value === 'string') return !NO_ERROR.test(value.trim());
  if (typeof value === 'number') return value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value === true;
}

/** The telling field, and the text that goes with it. */
function quoteFields(fields: Record<string, unknown>, name: string): string {
  const texts = Object.entries(fields).filter(
    ([key]) => key.toLowerCase() === name || /^(message|error|reason|err_msg)$/i.test(key),
  );
  return texts.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(', ');
}

function shorten(text: string): string {
  const letters = [...text.replace(/\s+/g, ' ').trim()];
  return letters.length > QUOTE_LENGTH ? `${letters.slice(0, QUOTE_LENGTH - 1).join('')}…` : letters.join('');
}
