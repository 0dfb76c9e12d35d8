import { urlTemplateFor, type PostbackSettings } from './postback-settings.ts';
import { findMeantMacro, namesMacro } from './postback-url.ts';
import type { CalledUrl, SettingsWarning, WarningCode } from './settings-warning.ts';
import { statuses } from '../status.ts';
import { findPreset } from '../trackers/presets.ts';
import { recogniseTracker } from '../trackers/recognise-tracker.ts';
import { lintForTracker } from '../trackers/tracker-lint.ts';

// What trackers call the id by which they tell a repeated postback from a further conversion.
const TRANSACTION_PARAMETERS =
  /^(tid|txid|tx|tran(s|saction)?_?id|transaction|(adv_)?order_?id|action_?id|sale_?id|conv(ersion)?_?(unique_?)?id|rdtk_event_id|event_id|exto)$/i;
// RFC 6761, 6762 and 8375, and what home routers and offices use: no public DNS has such names.
const PRIVATE_NAME = /(^|\.)(local|localdomain|internal|intranet|lan|home|corp|private|test|invalid|home\.arpa)\.?$/i;
const WORD = '([a-z_][\\w.-]*)';
const PLAIN_WORD = '([a-z_]\\w+)';
const HASHES = '(?:#|%23){1,2}';
// Signs that ordinary values hold as well, as `price=$5`, `10:30` and `a|b|c` do: what has them is a macro only where it is
// a whole value, or a whole segment of a path.
const whole = (macro: string) => `(?<=^|/)${macro}(?=$|[/#])`;
// How other systems write a macro, its signs percent-encoded or not: [x], <x>, #x#, ##x##, __x__, $(x), |x|. What `{{x}}`,
// `${x}` and `%x%` are is told by the check of the URL, because those could never be meant.
const FOREIGN_MACRO = new RegExp(
  [
    `(?:\\[|%5b)${WORD}(?:\\]|%5d)`,
    `(?:<|%3c)${WORD}(?:>|%3e)`,
    `${HASHES}${WORD}${HASHES}(?=&|$)`,
    '__([a-z]\\w*?)__',
    `(?:\\$|%24)(?:\\(|%28)${WORD}(?:\\)|%29)`,
    whole(`(?:\\||%7c)${WORD}(?:\\||%7c)`),
  ].join('|'),
  'gi',
);
// :x and $x. Other things are written so too, such as `$metadata` in OData: it is a macro only where we know what it means.
const LIKELY_MACRO = new RegExp(whole(`(?::|%3a|\\$|%24)${PLAIN_WORD}`), 'gi');

/** Whether the partner has a signing secret; leave it out where that is not known, and nothing is said of signing. */
export type SigningState = { hasSecret?: boolean | undefined };

/**
 * What may cost a partner money although the settings can be saved; what is wrong with them is another matter
 * (`checkPostbackSettings`), and a URL that cannot be read is passed over. Worked out anew whenever settings are shown.
 */
export function lintSettings(settings: PostbackSettings, { hasSecret }: SigningState = {}): SettingsWarning[] {
  const called = listCalledUrls(settings);
  const tracker = settings.tracker ?? called.map(({ url }) => recogniseTracker(url)).find((id) => id !== null);
  const preset = findPreset(tracker);
  return [
    ...called.flatMap((call) => lintUrl(settings, call)),
    ...lintStatuses(settings),
    ...(hasSecret === undefined ? [] : lintSigning(settings, called, hasSecret)),
    ...(preset ? lintForTracker(preset, settings, called) : []),
    ...called.flatMap((call) => (preset?.url.includes('{status}') === false ? [] : lintTelling(settings, call))),
  ];
}

function listCalledUrls(settings: PostbackSettings): CalledUrl[] {
  const byField = new Map<string, CalledUrl>();
  for (const status of statuses.filter((each) => settings.statuses.includes(each))) {
    const template = urlTemplateFor(settings, status);
    const field = settings.status_urls[status] === undefined ? 'url' : `status_urls.${status}`;
    const known = byField.get(field);
    if (known) known.statuses.push(status);
    else if (URL.canParse(template))
      byField.set(field, { field, template, url: new URL(template), statuses: [status] });
  }
  return [...byField.values()];
}

function lintUrl({ method }: PostbackSettings, { field, template, url }: CalledUrl): SettingsWarning[] {
  const warnings: SettingsWarning[] = [];
  const warn = (code: WarningCode, message: string) => warnings.push({ code, field, message });
  if (method === 'GET' && !template.includes('{ref_id}')) {
    warn('missing_ref_id', 'without {ref_id} your tracker cannot tell which visit the postback is about');
  }
  for (const [name, value] of url.searchParams) {
    if (!value.includes('{postback_id}') || !TRANSACTION_PARAMETERS.test(name)) continue;
    const message = `${name}={postback_id} is new for each status, so every status would count as a further conversion: use {conversion_id}`;
    warn('postback_id_as_transaction', message);
  }
  for (const macro of findForeignMacros(template)) warn('foreign_macro', tellForeign(macro));
  if (url.protocol === 'http:') {
    warn(
      'insecure_url',
      'over http anybody on the way can read and change your postbacks: use https if your tracker has it',
    );
  }
  if (isPrivateName(url.hostname)) {
    warn(
      'private_host',
      `the public internet knows no ${url.hostname}: use the address by which others reach your tracker`,
    );
  }
  return warnings;
}

function lintStatuses({ statuses: sent, handover }: PostbackSettings): SettingsWarning[] {
  const warnings: SettingsWarning[] = [];
  if (!sent.includes('approved')) {
    const message = 'approved is switched off, so your tracker hears of no reward';
    warnings.push({ code: 'status_off', field: 'statuses', message });
  }
  if (handover && !sent.includes('rejected')) {
    const message = 'handover tells you by a rejected, and rejected is switched off: you would hear nothing';
    warnings.push({ code: 'handover_without_rejected', field: 'handover', message });
  }
  return warnings;
}

function lintSigning({ method }: PostbackSettings, called: CalledUrl[], hasSecret: boolean): SettingsWarning[] {
  return called.flatMap(({ field, template }): SettingsWarning[] => {
    const isSigned = template.includes('{sig}');
    if (isSigned && !hasSecret) {
      return [
        { code: 'sig_without_secret', field, message: 'you have no signing secret, so {sig} stays empty: make one' },
      ];
    }
    if (isSigned && method === 'GET' && !template.includes('{event_unix}')) {
      const message = 'put {event_unix} into the URL as well, so that the signature says when it happened';
      return [{ code: 'sig_without_time', field, message }];
    }
    if (isSigned || !hasSecret || method === 'POST') return [];
    const message = 'you have a signing secret, but a GET is signed only where its URL holds {sig}: add &sig={sig}';
    return [{ code: 'nothing_signed', field, message }];
  });
}

/** The body of a POST names the status; a GET says it by its URL, or by having a URL for each. */
function lintTelling({ method }: PostbackSettings, call: CalledUrl): SettingsWarning[] {
  if (method === 'POST' || call.statuses.length < 2 || call.template.includes('{status}')) return [];
  const message = `${call.statuses.join(', ')} lead to the same URL without {status}: your tracker would count each as a conversion`;
  return [{ code: 'status_not_told', field: call.field, message }];
}

type ForeignMacro = { text: string; word: string };

function findForeignMacros(template: string): ForeignMacro[] {
  const path = template.replace(/^[a-z]+:\/\/[^/?#]*/i, '').split('?')[0] ?? '';
  const query = template.includes('?') ? template.slice(template.indexOf('?') + 1) : '';
  // The name of a parameter may well hold brackets: `sub[1]=`.
  const values = query.split('&').map((parameter) => parameter.slice(parameter.indexOf('=') + 1));
  return [path, ...values].flatMap((part) => [
    ...findMacros(part, FOREIGN_MACRO),
    ...findMacros(part, LIKELY_MACRO).filter(({ word }) => namesMacro(word)),
  ]);
}

function findMacros(part: string, pattern: RegExp): ForeignMacro[] {
  return [...part.matchAll(pattern)].map(([text, ...words]) => ({
    text,
    word: words.find((word) => word !== undefined) ?? '',
  }));
}

function tellForeign({ text, word }: ForeignMacro): string {
  const meant = findMeantMacro(word);
  const isCut = text.startsWith('#');
  const fate = isCut ? 'it and all that follows would not be sent' : 'it would be sent as it is';
  return `${text} is how another system writes a macro, and ${fate}: ${meant ? `write {${meant}}` : 'use one of our macros'}`;
}

function isPrivateName(hostname: string): boolean {
  const isAddress = hostname.startsWith('[') || /^[\d.]+$/.test(hostname);
  return !isAddress && (!hostname.replace(/\.$/, '').includes('.') || PRIVATE_NAME.test(hostname));
}
