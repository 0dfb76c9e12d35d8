import { leadWorkflowId } from '../../workflows/contract.ts';
import type { AttemptRow, ConversionRow, LeadFacts, PostbackRow } from '../db/reports/lead-facts.ts';
import type { StatusCallRow } from '../db/reports/status-calls.ts';
import type { Holder } from '../domain/attribution.ts';
import type { LeadEvent, StatusEvent } from '../domain/lead-event.ts';
import { applyEvent, newLead, settlementFor, windowEndsAt, type LeadState } from '../domain/lead.ts';
import { makeTimeline, type LinkChange, type WonBy } from './timeline.ts';

export type StoryOptions = { windowMs: number; temporalUiUrl: string | null; temporalNamespace: string };

type Reading = { state: LeadState; linkChanges: LinkChange[]; wonBy: Map<string, WonBy> };

export type LeadStory = ReturnType<typeof tellLeadStory>;
export type ConversionStory = ReturnType<typeof tellConversionStory>;

/** Everything about a lead, in the words of its facts: what happened, who held it when, and why each winner won. */
export function tellLeadStory(facts: LeadFacts, options: StoryOptions) {
  const reading = readEvents(facts.events);
  const windowEnd = windowEndsAt(reading.state, options.windowMs);
  return {
    ...addressOf(facts.leadId, options),
    linked_partner: holderName(reading.state.holder),
    ref_id: reading.state.holder?.refId ?? null,
    created_at: facts.createdAt,
    open_until: windowEnd === undefined ? null : new Date(windowEnd).toISOString(),
    is_complete: facts.events.length === facts.lastSeq,
    events: facts.events.map((event) => toEventView(event, facts)),
    link_changes: reading.linkChanges,
    conversions: facts.conversions.map((conversion) => tellConversion(conversion, facts, reading)),
    timeline: makeTimeline(facts, reading),
  };
}

/** The same for one conversion: its own facts, and the touches that decided who wins it. */
export function tellConversionStory(conversionId: string, facts: LeadFacts, options: StoryOptions) {
  const own = selectConversion(conversionId, facts);
  // The lead's other conversions do not change who holds it, so what is read is the same for all.
  const reading = readEvents(facts.events);
  const [conversion] = own.conversions;
  if (!conversion) throw new Error(`Conversion ${conversionId} is not one of lead ${facts.leadId}.`);
  return {
    ...tellConversion(conversion, own, reading),
    ...addressOf(facts.leadId, options),
    linked_partner: holderName(reading.state.holder),
    touches: own.events.filter(({ type }) => type === 'touch').map((event) => toEventView(event, facts)),
    link_changes: reading.linkChanges,
    timeline: makeTimeline(own, reading),
  };
}

function addressOf(leadId: string, { temporalUiUrl, temporalNamespace }: StoryOptions) {
  const workflowId = leadWorkflowId(leadId);
  const namespace = encodeURIComponent(temporalNamespace);
  const page = `/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
  return {
    lead_id: leadId,
    workflow_id: workflowId,
    temporal_ui_url: temporalUiUrl === null ? null : temporalUiUrl.replace(/\/+$/, '') + page,
  };
}

/** Follows the lead by the same rules as its workflow does, and notes what they decided. */
function readEvents(events: LeadEvent[]): Reading {
  const linkChanges: LinkChange[] = [];
  const wonBy = new Map<string, WonBy>();
  let state = newLead();
  for (const event of events) {
    const after = applyEvent(state, event);
    if (event.type === 'touch' && state.holder?.partnerId !== after.holder?.partnerId) {
      const [from, to] = [holderName(state.holder), holderName(after.holder)];
      linkChanges.push({ seq: event.seq, at: event.at, from, to, ref_id: after.holder?.refId ?? null });
    }
    if (event.type === 'status' && event.status === 'approved' && !wonBy.has(event.conversionId)) {
      wonBy.set(event.conversionId, explainWinner(state, event, events));
    }
    state = after;
  }
  return { state, linkChanges, wonBy };
}

/** R3, R4, R8 in a sentence. */
function explainWinner(before: LeadState, event: StatusEvent, events: LeadEvent[]): WonBy {
  const { holder } = settlementFor(before, event);
  const approval = `approved was recorded (event ${event.seq}, ${event.at})`;
  const common = { partner_id: holderName(holder), seq: event.seq, at: event.at, ref_id: holder?.refId ?? null };
  if (holder === null) {
    return { ...common, why: `No partner had touched the lead when ${approval}, so it belonged to the house.` };
  }
  const touch = events[holder.touchSeq - 1];
  const lastTouch = `event ${holder.touchSeq}${touch ? `, ${touch.at}` : ''}`;
  const others = new Set(
    events.flatMap((other) =>
      other.type === 'touch' && other.seq < event.seq && other.partnerId !== holder.partnerId ? [other.partnerId] : [],
    ),
  );
  const beaten =
    others.size === 0 ? 'No other partner had touched it' : `Earlier touches by ${[...others].join(', ')} do not count`;
  return {
    ...common,
    why: `${holder.partnerId} had the last touch (${lastTouch}) before ${approval}. ${beaten}.`,
  };
}

function tellConversion(conversion: ConversionRow, facts: LeadFacts, reading: Reading) {
  const { conversion_id: conversionId } = conversion;
  const { offer_id, offer_name, advertiser_id, advertiser_name } = conversion;
  const entries = facts.rewardEntries.filter((entry) => entry.conversion_id === conversionId);
  const calls = facts.statusCalls.filter((call) => call.conversion_id === conversionId);
  return {
    conversion_id: conversionId,
    seq: conversion.seq,
    created_at: conversion.created_at,
    offer: { offer_id, name: offer_name },
    advertiser: { advertiser_id, name: advertiser_name },
    status: conversion.status,
    status_at: conversion.status_at,
    won_by: reading.wonBy.get(conversionId) ?? null,
    statuses: tellStatuses(conversionId, facts, calls),
    // Duplicates, stale ones and refusals: kept, but no events of the lead.
    other_calls: calls.filter((call) => call.seq === null).map(toCallView),
    reward: { entries, net: netOf(entries) },
    postbacks: facts.postbacks
      .filter((postback) => postback.conversion_id === conversionId)
      .map((postback) => toPostbackView(postback, facts.attempts)),
  };
}

function tellStatuses(conversionId: string, facts: LeadFacts, calls: StatusCallRow[]) {
  return facts.events.flatMap((event) => {
    if (event.type !== 'status' || event.conversionId !== conversionId) return [];
    const call = calls.find(({ seq }) => seq === event.seq);
    const settlement = facts.settlements.find(
      (candidate) => candidate.conversion_id === conversionId && candidate.seq === event.seq,
    );
    return [
      {
        seq: event.seq,
        status: event.status,
        at: event.at,
        reason: event.reason,
        settled_with: settlement ? (settlement.partner_id ?? 'house') : null,
        settled_at: settlement?.settled_at ?? null,
        call: call ? toCallView(call) : null,
      },
    ];
  });
}

function toCallView({ call_id, at, result, accepted_at, raw }: StatusCallRow) {
  return { call_id, at, result, accepted_at, raw };
}

function toPostbackView(postback: PostbackRow, attempts: AttemptRow[]) {
  const { payout: amount, currency, partner_id, ...rest } = postback;
  return {
    ...rest,
    partner_id: partner_id ?? 'house',
    payout: { amount, currency },
    attempts: attempts.filter((attempt) => attempt.postback_id === postback.postback_id).map(toAttemptView),
  };
}

function toAttemptView({ attempt, started_at, ended_at, outcome, duration_ms, error, ...call }: AttemptRow) {
  const { method, url, body, http_status, location, response_body } = call;
  const request = { method, url, body };
  const response = http_status === null ? null : { http_status, location, body: response_body };
  return { attempt, started_at, ended_at, outcome, duration_ms, error, request, response };
}

function netOf(entries: { amount: number; currency: string }[]): { amount: number; currency: string } | null {
  const [first] = entries;
  // R13: the price of a conversion is fixed once, so all its entries have one currency.
  return first ? { amount: entries.reduce((sum, { amount }) => sum + amount, 0), currency: first.currency } : null;
}

function toEventView(event: LeadEvent, facts: LeadFacts) {
  const { seq, at, type } = event;
  switch (event.type) {
    case 'touch': {
      const { partnerId: partner_id, refId: ref_id, refIdProblem: ref_id_problem } = event;
      return { seq, at, type, partner_id, ref_id, ref_id_problem, ref_id_sample: facts.refIdSamples[seq] ?? null };
    }
    case 'conversion': {
      const { conversionId: conversion_id, offerId: offer_id, advertiserId: advertiser_id } = event;
      return { seq, at, type, conversion_id, offer_id, advertiser_id };
    }
    case 'status': {
      const { conversionId: conversion_id, offerId: offer_id, advertiserId: advertiser_id, status, reason } = event;
      return { seq, at, type, conversion_id, offer_id, advertiser_id, status, reason };
    }
  }
}

function selectConversion(conversionId: string, facts: LeadFacts): LeadFacts {
  const isOwn = (row: { conversion_id: string | null }) => row.conversion_id === conversionId;
  const postbacks = facts.postbacks.filter(isOwn);
  return {
    ...facts,
    events: facts.events.filter((event) => event.type === 'touch' || event.conversionId === conversionId),
    conversions: facts.conversions.filter(isOwn),
    statusCalls: facts.statusCalls.filter(isOwn),
    settlements: facts.settlements.filter(isOwn),
    rewardEntries: facts.rewardEntries.filter(isOwn),
    postbacks,
    attempts: facts.attempts.filter((attempt) =>
      postbacks.some(({ postback_id }) => postback_id === attempt.postback_id),
    ),
  };
}

function holderName(holder: Holder): string {
  return holder?.partnerId ?? 'house';
}
