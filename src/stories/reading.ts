import type { Holder } from '../domain/attribution.ts';
import type { LeadEvent, StatusEvent, TouchEvent } from '../domain/lead-event.ts';
import type { RefIdProblem } from '../domain/ref-id.ts';
import { applyEvent, newLead, settlementFor, type LeadState } from '../domain/lead.ts';

/** The lead passed from one holder to another by a touch. `house` is nobody. */
export type LinkChange = { seq: number; at: string; from: string; to: string; refId: string | null };

/** Who won a conversion by which event, and why this partner and nobody else. */
export type WonBy = { partnerId: string; seq: number; at: string; refId: string | null; why: string };

/** What the rules make of a lead's events; `wonBy` goes by conversion. */
export type Reading = {
  state: LeadState;
  linkChanges: LinkChange[];
  wonBy: ReadonlyMap<string, WonBy>;
  /** R5: what was wrong with the ref_id that a status was settled with, by the seq of the status. */
  refIdProblems: ReadonlyMap<number, RefIdProblem>;
};

/** Follows the lead by the same rules as its workflow does, and notes what they decided. */
export function readEvents(events: LeadEvent[]): Reading {
  const linkChanges: LinkChange[] = [];
  const wonBy = new Map<string, WonBy>();
  const refIdProblems = new Map<number, RefIdProblem>();
  let state = newLead();
  for (const event of events) {
    const before = state;
    state = applyEvent(before, event);
    if (event.type === 'touch') linkChanges.push(...findLinkChange(event, before.holder, state.holder));
    const problem = event.type === 'status' ? settlementFor(before, event).holder?.refIdProblem : null;
    if (problem) refIdProblems.set(event.seq, problem);
    if (event.type === 'status' && event.status === 'approved' && !wonBy.has(event.conversionId)) {
      wonBy.set(event.conversionId, explainWinner(before, event, events));
    }
  }
  return { state, linkChanges, wonBy, refIdProblems };
}

/** The name under which stories know a holder. */
export function holderName(holder: Holder): string {
  return holder?.partnerId ?? 'house';
}

function findLinkChange({ seq, at }: TouchEvent, before: Holder, after: Holder): LinkChange[] {
  const [from, to] = [holderName(before), holderName(after)];
  return from === to ? [] : [{ seq, at, from, to, refId: after?.refId ?? null }];
}

/** R3, R4, R8 in a sentence. */
function explainWinner(before: LeadState, event: StatusEvent, events: LeadEvent[]): WonBy {
  const { holder } = settlementFor(before, event);
  const approval = `approved was recorded (event ${event.seq}, ${event.at})`;
  const won = { partnerId: holderName(holder), seq: event.seq, at: event.at, refId: holder?.refId ?? null };
  if (holder === null) {
    return { ...won, why: `No partner had touched the lead when ${approval}, so it belonged to the house.` };
  }
  const touch = events[holder.touchSeq - 1];
  const lastTouch = `event ${holder.touchSeq}${touch ? `, ${touch.at}` : ''}`;
  const others = listOtherPartners(events, event.seq, holder.partnerId);
  const beaten =
    others.length === 0 ? 'No other partner had touched it' : `Earlier touches by ${others.join(', ')} do not count`;
  return { ...won, why: `${holder.partnerId} had the last touch (${lastTouch}) before ${approval}. ${beaten}.` };
}

/** Who else had touched the lead before event `seq`, in the order of their first touches. */
function listOtherPartners(events: LeadEvent[], seq: number, partnerId: string): string[] {
  const partners = events.flatMap((event) => (event.type === 'touch' && event.seq < seq ? [event.partnerId] : []));
  return [...new Set(partners)].filter((other) => other !== partnerId);
}
