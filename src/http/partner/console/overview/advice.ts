import type { PostbackSettings } from '../../../../domain/postbacks/postback-settings.ts';
import { warnPartner, type PartnerSigns, type PartnerWarning } from '../../../../stories/partner-warnings.ts';
import type { Action } from '../../../pages/console/parts.ts';
import type { ShownProposal } from '../deliveries/replays/replay-proposal.ts';
import type { Advice } from './overview-page.ts';

type Code = PartnerWarning['code'];

// What costs most, worst first; whatever else there is comes after it.
const URGENT: Code[] = ['no_postback_url', 'endpoint_failing', 'unfilled_ref_id', 'unusable_ref_id'];

const ACTIONS: Partial<Record<Code, Action>> = {
  no_postback_url: { label: 'Set up postbacks', href: '/console/postbacks' },
  endpoint_failing: { label: 'See why', href: '/console/deliveries?state=failed' },
  unfilled_ref_id: { label: 'Build a link that works', href: '#link' },
  unusable_ref_id: { label: 'What a ref_id may be', href: '/docs#ref-id' },
};
const CHANGE_SETTINGS: Action = { label: 'Change the settings', href: '/console/postbacks' };

/** What costs the partner money, and what to do about each. */
export function listAdvice(
  postback: PostbackSettings | null,
  { proposal, ...signs }: PartnerSigns & { proposal: ShownProposal | undefined },
): Advice[] {
  const warnings = warnPartner(postback, signs).sort((a, b) => placeOf(a) - placeOf(b));
  return [...(proposal ? [proposal] : []), ...warnings.map(toAdvice)];
}

function toAdvice({ code, message }: PartnerWarning): Advice {
  return {
    tone: URGENT.includes(code) && code !== 'unusable_ref_id' ? 'bad' : 'busy',
    text: `${message.charAt(0).toUpperCase()}${message.slice(1)}.`,
    actions: [ACTIONS[code] ?? CHANGE_SETTINGS],
  };
}

function placeOf({ code }: PartnerWarning): number {
  const place = URGENT.indexOf(code);
  return place === -1 ? URGENT.length : place;
}
