import type { StoryFacts } from '../db/reports/lead-facts.ts';
import { tellRefIdProblem } from './code-words.ts';

/** Who holds a lead now and why, and what its postbacks would carry, with the rules. */
export function tellHolder({ holder, decidingTouches, lastSeq, partners, mayLackPartners }: StoryFacts): string {
  if (!holder) return 'It belongs to the house: no partner has ever touched it (R4).';
  const { partnerId, touchSeq } = holder;
  const touch = (decidingTouches.get(lastSeq + 1) ?? []).find(({ seq }) => seq === touchSeq);
  const when = touch ? ` at ${touch.at}` : '';
  const others = partners.map((partner) => partner.partnerId).filter((id) => id !== partnerId);
  const nobody = mayLackPartners ? 'Whoever touched it earlier does not count' : 'Nobody else has touched it';
  const beaten = others.length === 0 ? nobody : `${others.join(', ')} touched it earlier`;
  return `${partnerId} holds it by the last touch of any partner${when} (R3). ${beaten}. ${tellRefId(holder)}`;
}

function tellRefId({ refId, refIdProblem }: NonNullable<StoryFacts['holder']>): string {
  if (refId !== null) return `Its postbacks carry the ref_id ${refId}.`;
  return refIdProblem === null
    ? 'It came without a ref_id, so no postback can be sent, but rewards are booked (R6).'
    : `Its ref_id cannot be used (${tellRefIdProblem(refIdProblem)}), so no postback is sent, but rewards are booked (R5).`;
}
