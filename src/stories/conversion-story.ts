import type { StoryFacts } from '../db/reports/lead-facts.ts';
import { viewConversion } from './conversion-view.ts';
import { viewEvent, viewLinkChange } from './event-view.ts';
import { viewLeadAddress, type TemporalUi } from './lead-address.ts';
import { holderName, readEvents } from './reading.ts';
import { makeTimeline } from './timeline.ts';

export type ConversionStory = ReturnType<typeof tellConversionStory>;

/**
 * Everything about one conversion: its own facts, and the touches that decided who wins it. `is_complete` is false when
 * something is left out: the lead's touches far away from that decision, or more rows than anyone reads.
 */
export function tellConversionStory(facts: StoryFacts, temporalUi: TemporalUi) {
  const [conversion] = facts.conversions;
  if (!conversion) throw new Error(`The facts of lead ${facts.leadId} hold no conversion.`);
  const reading = readEvents(facts);
  const touches = facts.events.filter(({ type }) => type === 'touch');
  return {
    ...viewConversion(conversion, facts, reading),
    ...viewLeadAddress(facts.leadId, temporalUi),
    linked_partner: holderName(facts.holder),
    is_complete: facts.isWhole,
    touches: touches.map((event) => viewEvent(event, facts.refIdSamples)),
    link_changes: reading.linkChanges.map(viewLinkChange),
    timeline: makeTimeline(facts, reading),
  };
}
