import type { ConversionEvent, LeadEvent, StatusEvent, TouchEvent } from '../../../src/domain/lead-event.ts';
import { applyEvent, newLead, type LeadState } from '../../../src/domain/lead.ts';
import type { Status } from '../../../src/domain/status.ts';

type Unnumbered<Event> = Omit<Event, 'seq' | 'at'>;
export type Fact = Unnumbered<TouchEvent> | Unnumbered<ConversionEvent> | Unnumbered<StatusEvent>;

export const START = '2026-01-01T00:00:00.000Z';

export function touch(partnerId: string, refId: string | null = null): Unnumbered<TouchEvent> {
  return { type: 'touch', partnerId, refId, refIdProblem: null };
}

export function touchWithBadRefId(partnerId: string): Unnumbered<TouchEvent> {
  return { type: 'touch', partnerId, refId: null, refIdProblem: 'too_long' };
}

export function conversion(conversionId = 'c1'): Unnumbered<ConversionEvent> {
  return { type: 'conversion', conversionId, offerId: 'card', advertiserId: 'bank' };
}

export function status(word: Status, conversionId = 'c1'): Unnumbered<StatusEvent> {
  return { type: 'status', conversionId, offerId: 'card', advertiserId: 'bank', status: word, reason: null };
}

/** Numbers facts as Postgres does: 1, 2, 3 … all at `at`. */
export function numbered(facts: Fact[], { at = START, after = 0 } = {}): LeadEvent[] {
  return facts.map((fact, index) => ({ ...fact, seq: after + index + 1, at }));
}

export function leadAfter(...facts: Fact[]): LeadState {
  return numbered(facts).reduce(applyEvent, newLead());
}
