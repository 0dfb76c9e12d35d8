import { linkPartner, type Holder } from './attribution.ts';
import type { LeadEvent, StatusEvent } from './lead-event.ts';
import type { Status } from './status.ts';

/** One outbound click and what is known of it. */
export type ConversionState = {
  conversionId: string;
  offerId: string;
  advertiserId: string;
  status: Status | null;
  /** R8: set for good when `approved` first arrives; its `holder` is null where the house held the lead. */
  won: { holder: Holder; seq: number } | null;
  /** R14: who held the lead when its `pending` was settled; null when there was none, or the house held it. */
  pendingHolder: Holder;
};

/** Everything a lead's workflow must remember; plain JSON, carried over by continue-as-new. */
export type LeadState = {
  appliedSeq: number;
  /** ISO 8601 time of the latest event applied; a lead that was continued from an earlier version may lack it. */
  appliedAt?: string;
  holder: Holder;
  /** ISO 8601 time of the last touch or conversion; null until there was one. */
  lastActivityAt: string | null;
  lastStatus: Status | null;
  conversions: ConversionState[];
  /** True when conversions with a status have been forgotten; what became of them stands in Postgres. */
  hasForgottenStatuses?: boolean;
  /** The latest lines of what happened, for ops in the Web UI. Continued runs have the name in their input. */
  story: string[];
};

/** What must be done about a status: who is told, and what becomes of the reward. */
export type Settlement = {
  conversionId: string;
  offerId: string;
  seq: number;
  at: string;
  status: Status;
  reason: string | null;
  /** R8: the partner who is told; null is the house, then nothing is booked and nothing is sent. */
  holder: Holder;
  reward: 'book' | 'revoke' | 'none';
  /** R14: the partner who held the lead when `pending` was settled, told of it or not, and lost it to `holder`. */
  lostBy: Holder;
};

// A visitor may click out any number of times; what is remembered of a lead must still fit a payload. So many of each
// kind: conversions without a status, and conversions with one.
const MAX_REMEMBERED = 100;
const MAX_STORY_LINES = 20;

export function newLead(): LeadState {
  return { appliedSeq: 0, holder: null, lastActivityAt: null, lastStatus: null, conversions: [], story: [] };
}

/** True for the event that follows what the lead has; false for a repeat (dropped) and for one behind a gap (healed). */
export function isNext(lead: LeadState, event: LeadEvent): boolean {
  return event.seq === lead.appliedSeq + 1;
}

/**
 * True for a number that names another event than the one applied. After a failover that has lost the tail of Postgres,
 * its numbers are used again; what they name then was committed later than anything that the lead has.
 */
export function isReusedNumber({ appliedSeq, appliedAt }: LeadState, { seq, at }: LeadEvent): boolean {
  return seq <= appliedSeq && appliedAt !== undefined && at > appliedAt;
}

/** The latest number among events and `knownSeq`. There may be more of them than a call has room for arguments. */
export function latestSeq(events: LeadEvent[], knownSeq: number): number {
  return events.reduce((latest, { seq }) => Math.max(latest, seq), knownSeq);
}

/**
 * The lead after its next event. Events must arrive in order of `seq`; see {@link isNext}.
 * The result depends on the events alone, never on when or how often they were delivered.
 */
export function applyEvent(lead: LeadState, event: LeadEvent): LeadState {
  const applied = {
    ...noteInStory(lead, describe(event)),
    appliedSeq: event.seq,
    appliedAt: laterOf(lead.appliedAt, event),
  };
  switch (event.type) {
    case 'touch':
      return {
        ...applied,
        holder: linkPartner(lead.holder, event),
        lastActivityAt: laterOf(lead.lastActivityAt, event),
      };
    case 'conversion':
      return {
        ...applied,
        ...remember(lead, newConversion(event)),
        lastActivityAt: laterOf(lead.lastActivityAt, event),
      };
    case 'status':
      return {
        ...applied,
        ...remember(lead, withStatus(conversionOf(lead, event), event, lead.holder)),
        lastStatus: event.status,
      };
  }
}

export function noteInStory(lead: LeadState, line: string): LeadState {
  return { ...lead, story: [...lead.story, line].slice(-MAX_STORY_LINES) };
}

/** True when the lead must be told what became of the conversion before this status; see {@link recallConversion}. */
export function hasForgotten(lead: LeadState, { conversionId }: StatusEvent): boolean {
  return lead.hasForgottenStatuses === true && !lead.conversions.some((known) => known.conversionId === conversionId);
}

/** The lead with a conversion that it had forgotten. */
export function recallConversion(lead: LeadState, conversion: ConversionState): LeadState {
  return { ...lead, ...remember(lead, conversion) };
}

/** A conversion as its statuses left it, each with whoever held the lead when it came; undefined without any status. */
export function conversionAfter(statuses: { event: StatusEvent; holder: Holder }[]): ConversionState | undefined {
  return statuses.reduce<ConversionState | undefined>(
    (before, { event, holder }) => withStatus(before ?? newConversion(event), event, holder),
    undefined,
  );
}

/** What the status `event` asks for, given the lead as it stood before it. */
export function settlementFor(lead: LeadState, event: StatusEvent): Settlement {
  const before = conversionOf(lead, event);
  const holder = before.won ? before.won.holder : lead.holder;
  const lostBy = event.status === 'approved' && !before.won ? otherThan(before.pendingHolder, holder) : null;
  return {
    conversionId: event.conversionId,
    offerId: event.offerId,
    seq: event.seq,
    at: event.at,
    status: event.status,
    reason: event.reason,
    holder,
    reward: rewardFor(before, event.status, holder),
    lostBy,
  };
}

/** When the window of a lead ends, in epoch milliseconds; undefined before its first touch or conversion. */
export function windowEndsAt(lead: LeadState, windowMs: number): number | undefined {
  return lead.lastActivityAt === null ? undefined : Date.parse(lead.lastActivityAt) + windowMs;
}

/** Clocks of several machines may disagree by a little; the window never shrinks. ISO 8601 UTC sorts as text. */
function laterOf(before: string | null | undefined, { at }: LeadEvent): string {
  return before && before > at ? before : at;
}

function rewardFor(before: ConversionState, status: Status, holder: Holder): Settlement['reward'] {
  if (holder === null) return 'none';
  if (status === 'approved') return 'book';
  return before.status === 'approved' ? 'revoke' : 'none';
}

function otherThan(candidate: Holder, holder: Holder): Holder {
  return candidate?.partnerId === holder?.partnerId ? null : candidate;
}

function withStatus(before: ConversionState, event: StatusEvent, holder: Holder): ConversionState {
  return {
    ...before,
    status: event.status,
    won: before.won ?? (event.status === 'approved' ? { holder, seq: event.seq } : null),
    pendingHolder: event.status === 'pending' ? holder : before.pendingHolder,
  };
}

function conversionOf(lead: LeadState, event: StatusEvent): ConversionState {
  return lead.conversions.find((known) => known.conversionId === event.conversionId) ?? newConversion(event);
}

function newConversion(event: Pick<ConversionState, 'conversionId' | 'offerId' | 'advertiserId'>): ConversionState {
  const { conversionId, offerId, advertiserId } = event;
  return { conversionId, offerId, advertiserId, status: null, won: null, pendingHolder: null };
}

/**
 * Adds or replaces a conversion. Beyond the limit the oldest of its kind is forgotten: one without a status is named
 * anew by its first status, one with a status is recalled before its next.
 */
function remember(
  { conversions, hasForgottenStatuses }: LeadState,
  conversion: ConversionState,
): Pick<LeadState, 'conversions' | 'hasForgottenStatuses'> {
  const index = conversions.findIndex((known) => known.conversionId === conversion.conversionId);
  const all = index >= 0 ? conversions.with(index, conversion) : [...conversions, conversion];
  const isIdle = conversion.status === null;
  const alike = all.filter(({ status }) => (status === null) === isIdle);
  if (alike.length <= MAX_REMEMBERED)
    return { conversions: all, ...(hasForgottenStatuses && { hasForgottenStatuses }) };
  const oldest = alike.find((known) => known !== conversion);
  const kept = all.filter((known) => known !== oldest);
  return { conversions: kept, ...((hasForgottenStatuses || !isIdle) && { hasForgottenStatuses: true }) };
}

function describe(event: LeadEvent): string {
  switch (event.type) {
    case 'touch':
      return `${event.at} touch by partner ${event.partnerId}${event.refIdProblem ? ' with an unusable ref_id' : ''}`;
    case 'conversion':
      return `${event.at} conversion ${event.conversionId} to offer ${event.offerId}`;
    case 'status':
      return `${event.at} ${event.status} for conversion ${event.conversionId}`;
  }
}
