import type { LeadFacts } from '../db/reports/lead-facts.ts';
import { windowEndsAt } from '../domain/lead.ts';
import { viewConversion } from './conversion-view.ts';
import { viewEvent, viewLinkChange } from './event-view.ts';
import { viewLeadAddress, type TemporalUi } from './lead-address.ts';
import { holderName, readEvents } from './reading.ts';
import { makeTimeline } from './timeline.ts';

export type LeadStory = ReturnType<typeof tellLeadStory>;

/**
 * Everything about a lead, in the words of its facts: what happened, who held it when, and why each winner won.
 *
 * @param options `windowMs`: how long a lead stays open after its last touch or conversion
 */
export function tellLeadStory(facts: LeadFacts, options: TemporalUi & { windowMs: number }) {
  const reading = readEvents(facts.events);
  const { holder } = reading.state;
  const openUntil = windowEndsAt(reading.state, options.windowMs);
  return {
    ...viewLeadAddress(facts.leadId, options),
    linked_partner: holderName(holder),
    ref_id: holder?.refId ?? null,
    created_at: facts.createdAt,
    open_until: openUntil === undefined ? null : new Date(openUntil).toISOString(),
    is_complete: facts.events.length === facts.lastSeq,
    events: facts.events.map((event) => viewEvent(event, facts.refIdSamples)),
    link_changes: reading.linkChanges.map(viewLinkChange),
    conversions: facts.conversions.map((conversion) => viewConversion(conversion, facts, reading)),
    timeline: makeTimeline(facts, reading),
  };
}
