import type { StoryFacts } from '../db/reports/lead-facts.ts';
import type { Status } from '../domain/status.ts';
import { viewConversion } from './conversion-view.ts';
import { viewDroppedTouches } from './dropped-touches.ts';
import { viewEvent, viewLinkChange } from './event-view.ts';
import { viewLeadAddress, type TemporalUi } from './lead-address.ts';
import { holderName, readEvents } from './reading.ts';
import { makeTimeline } from './timeline.ts';

export type ConversionStory = ReturnType<typeof tellConversionStory>;

/**
 * Everything about one conversion: its own facts, and the touches that decided who wins it. `is_complete` is false when
 * something is left out: the lead's touches far away from that decision, or more rows than anyone reads.
 *
 * @param options `windowMs`: how long a lead stays open after its last touch or conversion
 */
export function tellConversionStory(facts: StoryFacts, options: TemporalUi & { windowMs: number }) {
  const [conversion] = facts.conversions;
  if (!conversion) throw new Error(`The facts of lead ${facts.leadId} hold no conversion.`);
  const reading = readEvents(facts);
  const touches = facts.events.filter(({ type }) => type === 'touch');
  return {
    ...viewConversion(conversion, facts, reading),
    ...viewLeadAddress(facts.leadId, options),
    ...tellWindow(facts, conversion.status, options.windowMs),
    linked_partner: holderName(facts.holder),
    is_complete: facts.isWhole,
    dropped_touches: viewDroppedTouches(facts.droppedTouches),
    touches: touches.map((event) => viewEvent(event, facts.refIdSamples)),
    link_changes: reading.linkChanges.map(viewLinkChange),
    timeline: makeTimeline(facts, reading),
  };
}

/** R9: while its window is open it waits for an answer; one that never got any ends as expired. */
function tellWindow({ lastActivityAt }: StoryFacts, status: Status | null, windowMs: number) {
  const endsMs = Date.parse(lastActivityAt) + windowMs;
  const state: Status | 'open' | 'expired' = status ?? (endsMs > Date.now() ? 'open' : 'expired');
  return { state, open_until: new Date(endsMs).toISOString() };
}
