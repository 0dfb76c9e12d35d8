import { formatMajorUnits } from '../money.ts';
import { checkPostbackUrl, type MacroName } from './postback-url.ts';
import { statuses, type Status } from '../status.ts';
import { trackerIds, type TrackerId } from '../trackers/tracker-preset.ts';
import { fillUrlTemplate, holdsMacro } from '../url-template.ts';

export type PostbackSettings = {
  url: string;
  method: 'GET' | 'POST';
  /** How a POST carries the values; null is `form`. A GET has no body. */
  body: 'form' | 'json' | null;
  /** The statuses the partner wants to hear of. */
  statuses: Status[];
  /** The partner's own words, at most 64 characters each. */
  status_words: Partial<Record<Status, string>>;
  /** URLs that replace `url` for one status. */
  status_urls: Partial<Record<Status, string>>;
  /** R14: tell this partner `rejected` when a lead that it was told `pending` for went to another partner. */
  handover: boolean;
  /** What receives the postbacks, if the partner has said so; it sharpens the warnings and changes no request. */
  tracker?: TrackerId | undefined;
  /** Send a marked test postback now and then while the endpoint is failing, to notice when it has recovered. */
  canary?: boolean | undefined;
};

/** `field` is a path such as `status_urls.rejected`. */
export type SettingsProblem = { field: string; message: string };

export type Postback = {
  status: Status;
  refId: string;
  conversionId: string;
  postbackId: string;
  payoutMinor: bigint | number | string;
  currency: string;
  offerId: string;
  partnerId: string;
  /** ISO 8601, UTC. */
  eventTime: string;
  reason: string | null;
};

export type PostbackRequest = {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  body: string | null;
};

/** The macros that say something about the postback; the signature is about all of them. */
type ValueName = Exclude<MacroName, 'sig'>;

export const STATUS_WORD_MAX_LENGTH = 64;
// An advertiser may write a novel; percent-encoded it would not fit into a URL.
const REASON_MAX_LENGTH = 200;
const USER_AGENT = 'Cashcat-Postbacks/1';

/** Everything that is wrong with a partner's settings; empty when they may be stored. */
export function checkPostbackSettings(settings: PostbackSettings): SettingsProblem[] {
  return [
    ...checkUrl('url', settings.url, settings.method),
    ...Object.entries(settings.status_urls).flatMap(([status, url]) =>
      checkUrl(`status_urls.${status}`, url, settings.method),
    ),
    ...Object.entries(settings.status_words).flatMap(([status, word]) => checkWord(`status_words.${status}`, word)),
    ...checkStatuses(settings),
    ...checkBody(settings),
    ...checkTracker(settings),
  ];
}

/**
 * The request that tells a partner of one status change, by the settings as they are now.
 * A POST carries every macro's value as a field of its body, `reason` only when there is one; its URL may hold macros too.
 *
 * @param sig the value of `{sig}`, over the URL that comes out when it is empty; a body never holds it
 * @throws UrlTemplateError when a value would change where the URL leads
 */
export function buildPostbackRequest(settings: PostbackSettings, postback: Postback, sig = ''): PostbackRequest {
  const values = collectValues(settings, postback);
  const url = fillUrlTemplate(urlTemplateFor(settings, postback.status), { ...values, sig });
  const headers = { 'user-agent': USER_AGENT, accept: '*/*' };
  if (settings.method === 'GET') return { method: 'GET', url, headers, body: null };
  const { reason, ...always } = values;
  const { contentType, body } = encodeBody(settings.body ?? 'form', reason === '' ? always : values);
  return { method: 'POST', url, headers: { ...headers, 'content-type': contentType }, body };
}

/** Where a status is sent: its own URL if the partner gave one. */
export function urlTemplateFor(settings: PostbackSettings, status: Status): string {
  return settings.status_urls[status] ?? settings.url;
}

/** The scheme, host and port of a URL, whatever its macros; as `ORIGIN` in SQL reads it from the URL that is sent. */
export function originFor(settings: PostbackSettings, status: Status): string {
  const template = urlTemplateFor(settings, status);
  const [scheme = '', , host = ''] = (URL.canParse(template) ? new URL(template).href : template).split('/');
  return `${scheme}//${host}`.toLowerCase();
}

/** Every origin that postbacks are sent to, by statuses that are told. */
export function originsOf(settings: PostbackSettings): string[] {
  return [...new Set(settings.statuses.map((status) => originFor(settings, status)))];
}

function collectValues(settings: PostbackSettings, postback: Postback): Record<ValueName, string> {
  const values: Record<ValueName, string> = {
    status: settings.status_words[postback.status] ?? postback.status,
    ref_id: postback.refId,
    conversion_id: postback.conversionId,
    postback_id: postback.postbackId,
    payout: formatMajorUnits(postback.payoutMinor, postback.currency),
    currency: postback.currency,
    offer_id: postback.offerId,
    partner_id: postback.partnerId,
    event_time: postback.eventTime,
    event_unix: String(Math.floor(Date.parse(postback.eventTime) / 1000)),
    reason: [...(postback.reason ?? '')].slice(0, REASON_MAX_LENGTH).join(''),
  };
  for (const name of Object.keys(values) as ValueName[]) values[name] = values[name].toWellFormed();
  return values;
}

function encodeBody(encoding: 'form' | 'json', values: Record<string, string>): { contentType: string; body: string } {
  if (encoding === 'json') return { contentType: 'application/json', body: JSON.stringify(values) };
  return { contentType: 'application/x-www-form-urlencoded', body: new URLSearchParams(values).toString() };
}

function checkUrl(field: string, url: string, method: PostbackSettings['method']): SettingsProblem[] {
  const problems = checkPostbackUrl(url).map(({ message }) => ({ field, message }));
  // The body of a POST carries everything; a GET can say it by its URL alone.
  if (problems.length > 0 || method === 'POST' || holdsMacro(url)) return problems;
  const message =
    'the URL holds no macro, so it could not say which visit it is about: put {ref_id} into it, or use POST';
  return [{ field, message }];
}

function checkWord(field: string, word: string): SettingsProblem[] {
  if (word === '') return [{ field, message: 'a word must not be empty' }];
  if ([...word].length > STATUS_WORD_MAX_LENGTH) {
    return [{ field, message: `a word has at most ${STATUS_WORD_MAX_LENGTH} characters` }];
  }
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(word) || !word.isWellFormed()) {
    return [{ field, message: 'a word must not contain control characters' }];
  }
  return [];
}

function checkStatuses(settings: PostbackSettings): SettingsProblem[] {
  const named = [
    ...settings.statuses.map((status) => ({ field: 'statuses', status })),
    ...Object.keys(settings.status_words).map((status) => ({ field: 'status_words', status })),
    ...Object.keys(settings.status_urls).map((status) => ({ field: 'status_urls', status })),
  ];
  const unknown = named.filter(({ status }) => !statuses.some((known) => known === status));
  const problems = unknown.map(({ field, status }) => ({ field, message: `"${status}" is not a status` }));
  if (named.every(({ field }) => field !== 'statuses')) {
    const message = 'name at least one status; to get no postbacks at all, remove the settings';
    problems.push({ field: 'statuses', message });
  }
  const isRepeated = new Set(settings.statuses).size < settings.statuses.length;
  return isRepeated ? [...problems, { field: 'statuses', message: 'a status is named twice' }] : problems;
}

function checkBody({ method, body }: PostbackSettings): SettingsProblem[] {
  return method === 'GET' && body !== null ? [{ field: 'body', message: 'a GET has no body: use POST' }] : [];
}

function checkTracker({ tracker }: PostbackSettings): SettingsProblem[] {
  if (tracker === undefined || trackerIds.includes(tracker)) return [];
  return [{ field: 'tracker', message: `"${String(tracker)}" is not known: use one of ${trackerIds.join(', ')}` }];
}
