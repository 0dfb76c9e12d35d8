import type { LeadFacts } from '../db/reports/lead-facts.ts';
import { viewConversion } from './conversion-view.ts';
import { viewEvent, viewLinkChange } from './event-view.ts';
import { viewLeadAddress, type TemporalUi } from './lead-address.ts';
import { holderName, readEvents } from './reading.ts';
import { makeTimeline } from './timeline.ts';

export type ConversionStory = ReturnType<typeof tellConversionStory>;

/** Everything about one conversion: its own facts, and the touches that decided who wins it. */
export function tellConversionStory(conversionId: string, facts: LeadFacts, temporalUi: TemporalUi) {
  const own = selectConversion(conversionId, facts);
  const [conversion] = own.conversions;
  if (!conversion) throw new Error(`Conversion ${conversionId} is not one of lead ${facts.leadId}.`);
  // The lead's other conversions do not change who holds it, so what is read is the same for all.
  const reading = readEvents(facts.events);
  return {
    ...viewConversion(conversion, own, reading),
    ...viewLeadAddress(facts.leadId, temporalUi),
    linked_partner: holderName(reading.state.holder),
    touches: own.events.filter(({ type }) => type === 'touch').map((event) => viewEvent(event, facts.refIdSamples)),
    link_changes: reading.linkChanges.map(viewLinkChange),
    timeline: makeTimeline(own, reading),
  };
}

/** The facts without the lead's other conversions. */
function selectConversion(conversionId: string, facts: LeadFacts): LeadFacts {
  const isOwn = (row: { conversion_id: string | null }) => row.conversion_id === conversionId;
  const postbacks = facts.postbacks.filter(isOwn);
  const postbackIds = new Set(postbacks.map((postback) => postback.postback_id));
  return {
    ...facts,
    events: facts.events.filter((event) => event.type === 'touch' || event.conversionId === conversionId),
    conversions: facts.conversions.filter(isOwn),
    statusCalls: facts.statusCalls.filter(isOwn),
    settlements: facts.settlements.filter(isOwn),
    rewardEntries: facts.rewardEntries.filter(isOwn),
    postbacks,
    attempts: facts.attempts.filter((attempt) => postbackIds.has(attempt.postback_id)),
  };
}
