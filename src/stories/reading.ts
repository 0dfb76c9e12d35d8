import type { StoryFacts } from '../db/reports/lead-facts.ts';
import { linkPartner, linkPartners, type Holder } from '../domain/attribution.ts';
import type { StatusEvent, TouchEvent } from '../domain/lead-event.ts';
import type { RefIdProblem } from '../domain/ref-id.ts';

/** The lead passed from one holder to another by a touch. `house` is nobody. */
export type LinkChange = { seq: number; at: string; from: string; to: string; refId: string | null };

/** Who won a conversion by which event, and why this partner and nobody else. */
export type WonBy = { partnerId: string; seq: number; at: string; refId: string | null; why: string };

/** What the rules make of a lead's events; `wonBy` goes by conversion. */
export type Reading = {
  linkChanges: LinkChange[];
  wonBy: ReadonlyMap<string, WonBy>;
  /** R5: what was wrong with the ref_id that a status was settled with, by the seq of the status. */
  refIdProblems: ReadonlyMap<number, RefIdProblem>;
};

/** Follows the lead by the same rules as its workflow does, and notes what they decided. */
export function readEvents(facts: StoryFacts): Reading {
  const wonBy = new Map<string, WonBy>();
  const refIdProblems = new Map<number, RefIdProblem>();
  const winners = new Map<string, Holder>();
  for (const event of facts.statuses) {
    const { conversionId, seq } = event;
    const winner = winners.get(conversionId);
    const holder = winner === undefined ? linkPartners(facts.decidingTouches.get(seq) ?? []) : winner;
    if (holder?.refIdProblem) refIdProblems.set(seq, holder.refIdProblem);
    if (event.status !== 'approved' || winner !== undefined) continue;
    winners.set(conversionId, holder);
    wonBy.set(conversionId, explainWinner(event, facts));
  }
  return { linkChanges: findLinkChanges(facts), wonBy, refIdProblems };
}

/** The name under which stories know a holder. */
export function holderName(holder: Holder): string {
  return holder?.partnerId ?? 'house';
}

function findLinkChanges({ events, holderBefore }: StoryFacts): LinkChange[] {
  let holder = holderBefore;
  return events.flatMap((event) => {
    if (event.type !== 'touch') return [];
    const before = holder;
    holder = linkPartner(before, event);
    const [from, to] = [holderName(before), holderName(holder)];
    return from === to ? [] : [{ seq: event.seq, at: event.at, from, to, refId: holder.refId }];
  });
}

/** R3, R4, R8 in a sentence. */
function explainWinner({ seq, at }: StatusEvent, facts: StoryFacts): WonBy {
  const touches = facts.decidingTouches.get(seq) ?? [];
  const holder = linkPartners(touches);
  const approval = `approved was recorded (event ${seq}, ${at})`;
  const won = { partnerId: holderName(holder), seq, at, refId: holder?.refId ?? null };
  const lastTouch = touches.at(-1);
  if (!lastTouch) {
    return { ...won, why: `No partner had touched the lead when ${approval}, so it belonged to the house.` };
  }
  const others = listOtherPartners(facts, lastTouch);
  const beaten =
    others.length > 0
      ? `Earlier touches by ${others.join(', ')} do not count`
      : facts.mayLackPartners
        ? 'Whoever touched it earlier does not count'
        : 'No other partner had touched it';
  const touch = `event ${lastTouch.seq}, ${lastTouch.at}`;
  return { ...won, why: `${won.partnerId} had the last touch (${touch}) before ${approval}. ${beaten}.` };
}

const MAX_NAMED = 10;

/** Who else had touched the lead before its last touch, in the order of their first touches. */
function listOtherPartners({ partners }: StoryFacts, { seq, partnerId }: TouchEvent): string[] {
  const others = partners.flatMap((other) =>
    other.firstSeq < seq && other.partnerId !== partnerId ? [other.partnerId] : [],
  );
  return others.length > MAX_NAMED ? [...others.slice(0, MAX_NAMED), 'others'] : others;
}
