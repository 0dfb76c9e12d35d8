import { checkUrlTemplate, findKnownMacro, findNearestMacro, type TemplateProblem } from '../url-template.ts';
import { findOutboundPortProblem } from '../web-url.ts';

export const macroNames = [
  'status',
  'ref_id',
  'conversion_id',
  'postback_id',
  'payout',
  'currency',
  'offer_id',
  'partner_id',
  'event_time',
  'event_unix',
  'reason',
  'sig',
] as const;

export type MacroName = (typeof macroNames)[number];

// How trackers call the same things, without underscores.
const SYNONYMS: Readonly<Record<string, MacroName>> = {
  affsub: 'ref_id',
  cid: 'ref_id',
  clickid: 'ref_id',
  externalid: 'ref_id',
  subid: 'ref_id',
  visitid: 'ref_id',
  actionid: 'conversion_id',
  leadid: 'conversion_id',
  tid: 'conversion_id',
  transactionid: 'conversion_id',
  txid: 'conversion_id',
  affiliateid: 'partner_id',
  amount: 'payout',
  price: 'payout',
  revenue: 'payout',
  reward: 'payout',
  sum: 'payout',
  campaignid: 'offer_id',
  goal: 'status',
  comment: 'reason',
  datetime: 'event_time',
  time: 'event_time',
  timestamp: 'event_unix',
  hash: 'sig',
  hmac: 'sig',
  signature: 'sig',
};

/** Everything that is wrong with a partner's postback URL; empty when it may be stored. */
export function checkPostbackUrl(url: string): TemplateProblem[] {
  const problems = checkUrlTemplate(url, { macros: macroNames, synonyms: SYNONYMS, example: 'ref_id' });
  if (problems.length > 0) return problems;
  const portProblem = findOutboundPortProblem(url);
  return portProblem === null ? [] : [{ code: 'invalid_url', message: portProblem }];
}

/** Whether a word is a macro's name, or what trackers call the same thing. */
export function namesMacro(word: string): boolean {
  return findKnownMacro(word, macroNames, SYNONYMS) !== undefined;
}

/** The macro that somebody may have meant by another system's word; undefined when none is near. */
export function findMeantMacro(word: string): MacroName | undefined {
  return findNearestMacro(word, macroNames, SYNONYMS);
}
