import type { RefIdWarning } from '../../../../db/partners.ts';
import type { UnfilledRefIds } from '../../../../db/reports/unfilled-ref-ids.ts';
import type { ReplayProposal } from '../../../../db/replay-previews.ts';
import type { PostbackSettings } from '../../../../domain/postback-settings.ts';
import { warnPartner, type PartnerWarning } from '../../../../stories/partner-warnings.ts';
import { writeCount } from '../../../pages/console/write-numbers.ts';
import type { Action } from '../../../pages/console/parts.ts';
import type { Advice } from './overview-page.ts';

export type AdviceFacts = {
  postback: PostbackSettings | null;
  hasSecret: boolean;
  refIds: RefIdWarning[];
  unfilled: UnfilledRefIds | null;
  proposal: ReplayProposal | undefined;
};

/** What costs the partner money, what costs most first; each says what to do about it. */
export function listAdvice({ postback, hasSecret, refIds, unfilled, proposal }: AdviceFacts): Advice[] {
  return [
    ...(proposal ? [proposeReplay(proposal)] : []),
    ...(unfilled ? [warnOfUnfilled(unfilled)] : []),
    ...warnPartner(postback, { refIds, hasSecret }).map(toAdvice),
  ];
}

function proposeReplay({ count, first_failed_at: first, last_failed_at: last, ...range }: ReplayProposal): Advice {
  const postbacks = count === 1 ? '1 postback' : `${writeCount(count)} postbacks`;
  const answers = range.answers_again
    ? 'Your endpoint answers again, so they can be sent once more.'
    : 'Your endpoint has not taken a postback since: see why, and send them once more when it is mended.';
  const query = new URLSearchParams({ from: range.from, to: range.to }).toString();
  return {
    tone: 'bad',
    title: `${postbacks} failed`,
    text: `Between ${first} and ${last}. ${answers}`,
    actions: [
      { label: 'See them', href: '/console/deliveries?state=failed' },
      { label: 'Send again', href: `/console/deliveries/replays/new?${query}` },
    ],
  };
}

function warnOfUnfilled({ touches, latest_ref_id: refId, latest_at: at }: UnfilledRefIds): Advice {
  const visits = touches === 1 ? '1 visit of the last days' : `${writeCount(touches)} visits of the last days`;
  return {
    tone: 'bad',
    title: 'Your tracker does not fill in its macro',
    text: `${visits} came with the ref_id "${refId}" as it stands there, the latest at ${at}. Your tracker cannot know these visits again.`,
    actions: [{ label: 'Build a link that works', href: '#link' }],
  };
}

function toAdvice({ code, message }: PartnerWarning): Advice {
  const tone = code === 'no_postback_url' ? 'bad' : 'busy';
  return { tone, text: `${message.charAt(0).toUpperCase()}${message.slice(1)}.`, actions: [actionFor(code)] };
}

function actionFor(code: string): Action {
  if (code === 'no_postback_url') return { label: 'Set up postbacks', href: '/console/postbacks' };
  if (code === 'unusable_ref_id') return { label: 'What a ref_id may be', href: '/docs#ref-id' };
  return { label: 'Change the settings', href: '/console/postbacks' };
}
