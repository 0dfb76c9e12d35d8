import type { OriginHealth } from '../db/endpoints/endpoints.ts';
import type { RefIdWarning } from '../db/partners.ts';
import type { UnfilledRefIds } from '../db/reports/unfilled-ref-ids.ts';
import type { PostbackSettings } from '../domain/postbacks/postback-settings.ts';
import { lintSettings } from '../domain/postbacks/settings-lint.ts';
import { warningCodes } from '../domain/postbacks/settings-warning.ts';
import { tellRefIdProblem } from './code-words.ts';

export const partnerWarningCodes = [
  ...warningCodes,
  'no_postback_url',
  'endpoint_failing',
  'unfilled_ref_id',
  'unusable_ref_id',
] as const;

/** Something that costs a partner money; `field` is what of its settings or links it is about. */
export type PartnerWarning = { code: (typeof partnerWarningCodes)[number]; field: string; message: string };

/** What is known of a partner besides its settings. */
export type PartnerSigns = {
  refIds: RefIdWarning[];
  hasSecret: boolean;
  endpoints?: OriginHealth[];
  unfilled?: UnfilledRefIds | null;
};

/** What a partner should look at: its settings, its endpoint, and what its visits bring. Samples are hostile text. */
export function warnPartner(
  postback: PostbackSettings | null,
  { refIds, hasSecret, endpoints = [], unfilled }: PartnerSigns,
): PartnerWarning[] {
  return [
    ...(postback ? lintSettings(postback, { hasSecret }) : [withoutUrl]),
    ...(postback ? endpoints.filter(({ health }) => health.state === 'failing').map(warnOfEndpoint) : []),
    ...(unfilled ? [warnOfUnfilled(unfilled)] : []),
    ...refIds.map(warnOfRefIds),
  ];
}

const withoutUrl: PartnerWarning = {
  code: 'no_postback_url',
  field: 'postback',
  message: 'there is no postback URL, so your tracker hears of no conversion: save one',
};

function warnOfEndpoint({ origin, health }: OriginHealth): PartnerWarning {
  const { consecutive_failures: failures, failing_since: since } = health;
  const message = `your endpoint ${origin} has not answered with 200 since ${since}: ${failures} attempts in a row failed; see why in your postbacks`;
  return { code: 'endpoint_failing', field: 'postback.url', message };
}

function warnOfUnfilled({ touches, latest_ref_id: refId, latest_at: at }: UnfilledRefIds): PartnerWarning {
  const message = `your tracker does not fill in its macro: ${tellVisits(touches)} came with the ref_id "${refId}" as it stands there, the latest at ${at}`;
  return { code: 'unfilled_ref_id', field: 'ref_id', message };
}

/** R5 */
function warnOfRefIds({ problem, count, latest_sample: sample, latest_at: at }: RefIdWarning): PartnerWarning {
  const shown = sample === null ? '' : `, such as "${sample}"`;
  const message = `${tellVisits(count)} came with a ref_id ${tellRefIdProblem(problem)}${shown}, the latest at ${at}: no postback is sent for them`;
  return { code: 'unusable_ref_id', field: 'ref_id', message };
}

function tellVisits(count: number): string {
  return count === 1 ? '1 visit' : `${count} visits`;
}
