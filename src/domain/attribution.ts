import type { TouchEvent } from './lead-event.ts';
import type { RefIdProblem } from './ref-id.ts';

/** The partner who holds a lead, by which touch, and the ref_id that its postbacks will carry. */
export type LinkedPartner = {
  partnerId: string;
  refId: string | null;
  refIdProblem: RefIdProblem | null;
  /** The touch that linked it, or its latest since. */
  touchSeq: number;
};

/** Whoever holds a lead; null is the house. */
export type Holder = LinkedPartner | null;

/**
 * R3, R4, R5: the last partner with a touch holds the lead, whoever held it before. Its earlier ref_id stays when its
 * later touch carries none; another partner's touch replaces partner and ref_id together.
 */
export function linkPartner(holder: Holder, touch: TouchEvent): LinkedPartner {
  const carriesRefId = touch.refId !== null || touch.refIdProblem !== null;
  const keepsRefId = holder?.partnerId === touch.partnerId && !carriesRefId;
  const { refId, refIdProblem } = keepsRefId ? holder : touch;
  return { partnerId: touch.partnerId, refId, refIdProblem, touchSeq: touch.seq };
}

/** Who holds a lead after these touches of it, given in their order. */
export function linkPartners(touches: TouchEvent[]): Holder {
  return touches.reduce<Holder>(linkPartner, null);
}
