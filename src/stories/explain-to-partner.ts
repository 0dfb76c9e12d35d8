import { formatMajorUnits } from '../domain/money.ts';
import type { tellPartnerConversion } from './partner-conversion-story.ts';

type Story = ReturnType<typeof tellPartnerConversion>;

const RULES = / ?\((?:R\d{1,2}(?:, )?)+\)/g;
const MOMENT = /(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z/g;

/**
 * What became of a conversion and of its reward, in a few sentences to the partner itself: made of the partner's own part of
 * the story, so that nothing of others is told. Times are UTC.
 */
export function explainToPartner(story: Story): string {
  const sentences = [
    tellBeginning(story),
    ...story.statuses.map(tellStatus),
    story.why.replace(RULES, ''),
    tellReward(story),
    ...tellPrice(story),
    ...story.postbacks.map(tellPostback),
  ];
  return sentences.join(' ').replace(MOMENT, '$1 $2 UTC');
}

function tellBeginning({ conversion_id: id, offer_id, offer_name, created_at, touches, ref_id }: Story): string {
  const visit = touches.length === 0 ? '' : `, after ${touches.length === 1 ? 'a visit' : 'visits'} by your link`;
  const named = ref_id === null ? '' : ` with the ref_id ${ref_id}`;
  return `Conversion ${id} for ${offer_name ?? offer_id} began at ${created_at}${visit}${named}.`;
}

function tellStatus({ status, at, reason }: Story['statuses'][number]): string {
  return `The advertiser reported ${status} at ${at}${reason === null ? '' : `, with the reason "${reason}"`}.`;
}

function tellReward({ reward: { net, entries } }: Story): string {
  const [first] = entries;
  if (!first || net === null) return 'No reward was booked for you.';
  const price = `${formatMajorUnits(first.amount, first.currency)} ${first.currency}`;
  const fixed = `Your reward is ${price}, the price at the moment of the approval; it was booked at ${first.at}.`;
  if (entries.length === 1) return fixed;
  const later = entries.slice(1).map(({ kind, at }) => `${kind} at ${at}`);
  const left = `${formatMajorUnits(net.amount, net.currency)} ${net.currency}`;
  return `${fixed} It was ${later.join(', then ')}, so ${left} is yours now.`;
}

/** Told where it is more than the offer's reward. */
function tellPrice({ price }: Story): string[] {
  const isTold = price !== null && (price.tier_from !== null || price.cap !== null);
  return isTold ? [`The price was ${price.why}`] : [];
}

function tellPostback({ status, state, explanation, attempts, ended_at }: Story['postbacks'][number]): string {
  const why = explanation.replace(RULES, '');
  switch (state) {
    case 'delivered':
      // R10. Whatever came of a redelivery after that takes nothing back.
      return `Your tracker was told ${status} at ${ended_at} and answered 200.`;
    case 'failed':
      return `Your tracker could not be told ${status}, in ${attempts.length} attempts: ${why}`;
    case 'superseded':
    case 'skipped':
      return `Your tracker was not told ${status}: ${why}`;
    case 'scheduled':
    case 'retrying':
      return `Your tracker is being told ${status}: ${why}`;
  }
}
