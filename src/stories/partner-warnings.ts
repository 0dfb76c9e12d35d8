import type { RefIdWarning } from '../db/partners.ts';
import type { PostbackSettings } from '../domain/postback-settings.ts';
import type { RefIdProblem } from '../domain/ref-id.ts';
import { lintSettings } from '../domain/settings-lint.ts';
import { warningCodes } from '../domain/settings-warning.ts';

export const partnerWarningCodes = [...warningCodes, 'no_postback_url', 'unusable_ref_id'] as const;

/** Something that costs a partner money; `field` is what of its settings or links it is about. */
export type PartnerWarning = { code: (typeof partnerWarningCodes)[number]; field: string; message: string };

const REF_ID_PROBLEMS: Readonly<Record<RefIdProblem, string>> = {
  too_long: 'longer than 32 characters',
  control_characters: 'holding control characters',
  undecodable: 'not valid UTF-8',
};

/** What a partner should look at: its settings, and what its visits bring. Samples are hostile text. */
export function warnPartner(
  postback: PostbackSettings | null,
  { refIds, hasSecret }: { refIds: RefIdWarning[]; hasSecret: boolean },
): PartnerWarning[] {
  return [...(postback ? lintSettings(postback, { hasSecret }) : [withoutUrl]), ...refIds.map(warnOfRefIds)];
}

const withoutUrl: PartnerWarning = {
  code: 'no_postback_url',
  field: 'postback',
  message: 'there is no postback URL, so your tracker hears of no conversion: save one',
};

/** R5 */
function warnOfRefIds({ problem, count, latest_sample: sample, latest_at: at }: RefIdWarning): PartnerWarning {
  const shown = sample === null ? '' : `, such as "${sample}"`;
  const visits = count === 1 ? '1 visit' : `${count} visits`;
  const message = `${visits} came with a ref_id ${REF_ID_PROBLEMS[problem]}${shown}, the latest at ${at}: no postback is sent for them`;
  return { code: 'unusable_ref_id', field: 'ref_id', message };
}
