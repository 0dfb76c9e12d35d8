import { findHiddenRefusal, type RefusalKind } from './hidden-refusal.ts';
import { errorsAfterCall, type SendError } from './send-error.ts';

/** What came of one attempt, as its row has it; texts of the partner's server are hostile. */
export type AttemptAnswer = {
  /** Null when no status line arrived. */
  httpStatus: number | null;
  /** A `SendError`, or what kept the URL from being filled; null when an answer arrived, or nobody saw the end. */
  error: string | null;
  location: string | null;
  responseBody: string | null;
};

/** What happens after it: no attempt any more, or nothing that is worth telling. */
export type WhatIsNext = 'none_left' | null;

type Unsent = SendError | 'dots_in_path';

const SECOND_MS = 1000;
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 60 * MINUTE_SECONDS;

const ERRORS: Readonly<Record<Unsent, string>> = {
  timeout: 'Your endpoint did not answer in time: let it answer first and do its work afterwards.',
  address_not_allowed:
    'The URL leads to an address that is not on the public internet, so it was not called: use the address by which others reach your tracker.',
  connection_refused:
    'Nothing listens at that host and port, so the connection was refused: check the port, and that your server is running.',
  connection_failed:
    'The connection broke off before the answer was complete: look whether your server or a firewall in front of it cut it.',
  tls_error:
    'No secure connection came about: check that the certificate is valid, complete, and made for this host name.',
  dns_error: 'The host name could not be found: check its spelling, and its DNS records.',
  response_too_large: 'The headers of the answer were larger than we read: let your endpoint answer with less.',
  invalid_url: 'With the values of this conversion the URL is not one that can be called: check your settings.',
  bad_response: 'What came back was not HTTP: check that the port is that of a web server.',
  dots_in_path:
    'The ref_id consists of dots and stands in the path of the URL, where it would lead elsewhere: put {ref_id} into a parameter.',
};

const REFUSALS: Readonly<Record<RefusalKind, string>> = {
  unknown_click:
    'it does not know the click: check that your referral link carries its click id as ref_id (a made-up one, as in a test, is refused too)',
  duplicate: 'it has this conversion already: let your tracker accept changes of a status',
  no_access: 'it does not let us in: check the token in the URL and its list of allowed addresses',
  failed: 'look up there what it means',
};

const MAY_HAVE_ARRIVED = 'It may have arrived all the same.';

/**
 * Says to a partner what an attempt's answer means, what to do about it, and what happens next.
 * The words of the partner's own server are quoted in it, so it is to be escaped wherever it is shown.
 */
export function explainAnswer(answer: AttemptAnswer, next: WhatIsNext = null): string {
  const told = tellAnswer(answer);
  return next === null ? told : `${told} No attempt is left: when your endpoint is repaired, redeliver it.`;
}

/** How long something takes, as people say it: `3 min 12 s`. */
export function tellDuration(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND_MS));
  if (seconds < MINUTE_SECONDS) return `${seconds} s`;
  if (seconds < HOUR_SECONDS) return join(seconds, MINUTE_SECONDS, ['min', 's']);
  return join(Math.floor(seconds / MINUTE_SECONDS), HOUR_SECONDS / MINUTE_SECONDS, ['h', 'min']);
}

function tellAnswer({ httpStatus, error, location, responseBody }: AttemptAnswer): string {
  if (error !== null) return tellError(error, httpStatus);
  if (httpStatus === null) return `We were interrupted and saw no answer. ${MAY_HAVE_ARRIVED}`;
  if (httpStatus === 200) return tellReceived(responseBody);
  // 304 is among the redirects by its number alone: it leads nowhere.
  if (httpStatus < 300 || httpStatus === 304) return tellAlmost(httpStatus);
  if (httpStatus < 400) return tellRedirect(httpStatus, location);
  return httpStatus < 500 ? tellRefusal(httpStatus) : tellBreakdown(httpStatus);
}

function tellError(error: string, httpStatus: number | null): string {
  const text = Object.hasOwn(ERRORS, error) ? ERRORS[error as Unsent] : `It could not be sent (${error}).`;
  // The status line came, the rest did not.
  const began =
    httpStatus === null ? '' : `Your endpoint began to answer with ${httpStatus}, but the answer did not end well. `;
  return errorsAfterCall.some((each) => each === error) ? `${began}${text} ${MAY_HAVE_ARRIVED}` : began + text;
}

function tellReceived(body: string | null): string {
  const refusal = findHiddenRefusal(body);
  if (refusal === null) return 'Delivered: your endpoint answered 200.';
  return `Your endpoint answered 200, so this counts as delivered, but the answer says "${refusal.quote}": ${REFUSALS[refusal.kind]}.`;
}

function tellAlmost(httpStatus: number): string {
  const always =
    httpStatus === 204 ? ' An endpoint that always answers 204, such as that of Taboola, cannot be used.' : '';
  return `${httpStatus} is not 200, and nothing else counts as received: let your endpoint answer 200.${always}`;
}

function tellRedirect(httpStatus: number, location: string | null): string {
  const target = location === null ? 'elsewhere' : `to ${location}`;
  return `Your endpoint redirects (${httpStatus}) ${target}, and redirects are never followed: put the final address into your settings.`;
}

function tellRefusal(httpStatus: number): string {
  return `Your endpoint refused it (${httpStatus}): ${adviseOnRefusal(httpStatus)}.`;
}

function adviseOnRefusal(httpStatus: number): string {
  if (httpStatus === 401 || httpStatus === 403) {
    return 'check the key or token in the URL, and that no firewall or list of allowed addresses keeps us out';
  }
  if (httpStatus === 404 || httpStatus === 410) return 'there is nothing at this path, or no such click: check the URL';
  if (httpStatus === 405) return 'it does not take this method: switch between GET and POST in your settings';
  if (httpStatus === 429) return 'it gets more calls than it allows: raise its limit for us';
  return 'check that the URL has every parameter that your tracker wants, with values that it knows';
}

function tellBreakdown(httpStatus: number): string {
  // 520 to 529 are Cloudflare's, for a server behind it that it cannot reach.
  const isAway = [502, 503, 504].includes(httpStatus) || (httpStatus >= 520 && httpStatus < 530);
  return isAway
    ? `Your endpoint is down or overloaded (${httpStatus}): look whether your server is running.`
    : `Your endpoint failed on its side (${httpStatus}): look into its error log.`;
}

function join(amount: number, size: number, [large, small]: [string, string]): string {
  const rest = amount % size;
  const whole = `${Math.floor(amount / size)} ${large}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}
