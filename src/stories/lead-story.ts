import type { StoryFacts } from '../db/reports/lead-facts.ts';
import { viewConversion } from './conversion-view.ts';
import { viewDroppedTouches } from './dropped-touches.ts';
import { viewEvent, viewLinkChange } from './event-view.ts';
import { splitFacts } from './split-facts.ts';
import { viewLeadAddress, type TemporalUi } from './lead-address.ts';
import { holderName, readEvents } from './reading.ts';
import { makeTimeline } from './timeline.ts';

export type LeadStory = ReturnType<typeof tellLeadStory>;

/**
 * A lead in the words of its facts: what happened, who held it when, and why each winner won. `next` is where the
 * following page begins, null on the last one; `is_complete` says that this page is all there is.
 *
 * @param options `windowMs`: how long a lead stays open after its last touch or conversion
 */
export function tellLeadStory(facts: StoryFacts, options: TemporalUi & { windowMs: number }) {
  const { events, holder, lastSeq } = facts;
  const reading = readEvents(facts);
  const factsOf = splitFacts(facts);
  const last = events.at(-1)?.seq ?? lastSeq;
  return {
    ...viewLeadAddress(facts.leadId, options),
    linked_partner: holderName(holder),
    ref_id: holder?.refId ?? null,
    created_at: facts.createdAt,
    open_until: new Date(Date.parse(facts.lastActivityAt) + options.windowMs).toISOString(),
    is_complete: facts.isWhole && events.length + (facts.droppedTouches?.touches ?? 0) === lastSeq,
    dropped_touches: viewDroppedTouches(facts.droppedTouches),
    next: last < lastSeq ? last : null,
    events: events.map((event) => viewEvent(event, facts.refIdSamples)),
    link_changes: reading.linkChanges.map(viewLinkChange),
    conversions: facts.conversions.map((conversion) =>
      viewConversion(conversion, factsOf(conversion.conversion_id), reading),
    ),
    timeline: makeTimeline(facts, reading),
  };
}
