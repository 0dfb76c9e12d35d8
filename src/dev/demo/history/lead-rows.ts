import { applyEvent, newLead, settlementFor, type LeadState, type Settlement } from '../../../domain/lead.ts';
import type { ConversionEvent, StatusEvent, TouchEvent } from '../../../domain/lead-event.ts';
import { readTouch } from '../../../intake/touch.ts';
import { beginOfId } from '../../../new-ids.ts';
import type { HistoryRows } from './history-rows.ts';
import type { PlannedLead, PlannedStatus, PlannedTouch } from './plan-leads.ts';
import type { Random } from './random.ts';

export type Price = { amount: number; currency: string };

/** A status as the rules settled it, in the order of its conversion's statuses. */
export type PastStatus = { leadId: string; settlement: Settlement; price: Price };

type Context = { random: Random; rows: HistoryRows; advertiserId: string; priceOf: (offerId: string) => Price };

const ID_TAIL = 15;

/**
 * Writes what a lead's facts are: its events in the order of their times, and what the rules settled them to.
 * @returns its statuses, for their postbacks
 */
export function addLead(context: Context, planned: PlannedLead): PastStatus[] {
  const { random, rows } = context;
  const begunAt = planned.touches[0]?.at ?? 0;
  const leadId = newIdAt(random, begunAt);
  const conversionId = newIdAt(random, planned.conversion?.at ?? begunAt);
  const events = eventsOf(planned);
  const settled: PastStatus[] = [];
  let lead = newLead();
  for (const [index, event] of events.entries()) {
    const named = { seq: index + 1, leadId, conversionId, offerId: planned.conversion?.offerId ?? '' };
    if ('partnerId' in event) lead = applyEvent(lead, addTouch(rows, event, named));
    else if ('status' in event) {
      const status = addStatus(context, event, { ...named, lead });
      settled.push(status.past);
      lead = applyEvent(lead, status.event);
    } else
      lead = applyEvent(
        lead,
        addConversion(context, event.at, { ...named, last: planned.conversion?.statuses.at(-1) }),
      );
  }
  rows.leads.push({
    ...{ lead_id: leadId, last_seq: events.length, created_at: new Date(begunAt) },
    last_activity_at: new Date(lead.lastActivityAt ?? begunAt),
  });
  return settled;
}

function newIdAt(random: Random, at: number): string {
  return beginOfId(Math.floor(at)) + random.id(ID_TAIL);
}

type Named = { seq: number; leadId: string; conversionId: string; offerId: string };

function eventsOf({ touches, conversion }: PlannedLead): (PlannedTouch | { at: number } | PlannedStatus)[] {
  const events = [...touches, ...(conversion ? [{ at: conversion.at }, ...conversion.statuses] : [])];
  return events.toSorted((a, b) => a.at - b.at);
}

function addTouch(rows: HistoryRows, { at, partnerId, givenRefId }: PlannedTouch, { seq, leadId }: Named): TouchEvent {
  const { refId, refIdProblem, refIdSample } = readTouch(partnerId, givenRefId);
  rows.lead_events.push({
    ...EVENT,
    ...{ lead_id: leadId, seq, type: 'touch', at: new Date(at), partner_id: partnerId },
    ...{ ref_id: refId, ref_id_problem: refIdProblem, ref_id_sample: refIdSample },
  });
  return { type: 'touch', seq, at: new Date(at).toISOString(), partnerId, refId, refIdProblem };
}

function addConversion(
  { rows, advertiserId }: Context,
  at: number,
  { seq, leadId, conversionId, offerId, last }: Named & { last: PlannedStatus | undefined },
): ConversionEvent {
  const named = { lead_id: leadId, seq, conversion_id: conversionId, offer_id: offerId, advertiser_id: advertiserId };
  rows.lead_events.push({ ...EVENT, ...named, type: 'conversion', at: new Date(at) });
  rows.conversions.push({
    ...named,
    created_at: new Date(at),
    status: last?.status ?? null,
    status_at: last ? new Date(last.at) : null,
  });
  return { type: 'conversion', seq, at: new Date(at).toISOString(), conversionId, offerId, advertiserId };
}

/** The advertiser's call, the event that it became, who was told, and the reward. */
function addStatus(
  { rows, advertiserId, priceOf }: Context,
  { status, reason, ...planned }: PlannedStatus,
  { seq, leadId, conversionId, offerId, lead }: Named & { lead: LeadState },
): { event: StatusEvent; past: PastStatus } {
  const at = new Date(planned.at);
  const price = priceOf(offerId);
  const named = { lead_id: leadId, seq, conversion_id: conversionId };
  const query = { conversion_id: conversionId, status, ...(reason !== null && { reason }) };
  const raw = JSON.stringify({ method: 'GET', query, body: null });
  rows.status_calls.push({ ...named, advertiser_id: advertiserId, at, raw, word: status, status, result: 'recorded' });
  rows.lead_events.push({
    ...EVENT,
    ...named,
    ...{ type: 'status', at, offer_id: offerId, advertiser_id: advertiserId, status, reason },
    ...{ price_amount: price.amount, price_currency: price.currency, price_version: 1 },
  });
  const event: StatusEvent = {
    ...{ type: 'status', seq, at: at.toISOString(), conversionId, offerId, advertiserId, status, reason },
  };
  const settlement = settlementFor(lead, event);
  addSettlement(rows, { leadId, settlement, price });
  return { event, past: { leadId, settlement, price } };
}

function addSettlement(rows: HistoryRows, { leadId, settlement, price }: PastStatus): void {
  const { conversionId, seq, status, holder, reward } = settlement;
  const at = new Date(settlement.at);
  const told = { conversion_id: conversionId, seq, partner_id: holder?.partnerId ?? null };
  rows.settlements.push({
    ...told,
    lead_id: leadId,
    status,
    touch_seq: holder?.touchSeq ?? null,
    reward,
    settled_at: at,
  });
  if (reward === 'none') return;
  const isBooked = reward === 'book';
  rows.ledger_lines.push({
    ...{ ...told, kind: isBooked ? 'reward' : 'revocation', at },
    ...{ amount: isBooked ? price.amount : -price.amount, currency: price.currency, price_version: 1 },
  });
}

// Every row of a table has the same columns, so that they can be written at once.
const EVENT = {
  partner_id: null,
  ref_id: null,
  ref_id_problem: null,
  ref_id_sample: null,
  conversion_id: null,
  offer_id: null,
  advertiser_id: null,
  status: null,
  reason: null,
  price_amount: null,
  price_currency: null,
  price_version: null,
};
