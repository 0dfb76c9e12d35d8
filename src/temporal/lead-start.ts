// How a lead's workflow starts: what people see of it before its first task, and how long it may sleep.
import type { SearchAttributePair } from '@temporalio/common';
import { searchAttributesOf, type LeadPolicy } from '../../workflows/contract.ts';
import type { LeadEvent } from '../domain/lead-event.ts';
import { applyEvent, newLead, windowEndsAt } from '../domain/lead.ts';

// A lead that wakes just before its window is over would have to wait once more.
const WAKE_STEP_MS = 5_000;

/** The attributes a lead starts with, so that its first task need not change them. */
export function startAttributes(events: LeadEvent[]): SearchAttributePair[] {
  const lead = events.filter((event) => event.type !== 'status').reduce(applyEvent, newLead());
  return searchAttributesOf(lead, 'open').filter(({ value }) => !Array.isArray(value) || value.length > 0);
}

/**
 * What makes a lead start asleep: Temporal keeps its events, and gives a worker nothing to do before the window can be
 * over or a later signalWithStart wakes it. What people see of it until then is given here, and nothing personal is in it.
 */
export function sleepOptions(events: LeadEvent[], { windowMs }: LeadPolicy) {
  const lead = events.reduce(applyEvent, newLead());
  const holder = lead.holder ? `partner ${lead.holder.partnerId}` : 'the house';
  const endsAt = windowEndsAt(lead, windowMs) ?? 0;
  const openUntil = new Date(endsAt).toISOString();
  // Of a lead that is rebuilt, a part of the window has passed.
  const leftMs = Math.max(0, endsAt - Date.now());
  return {
    startDelay: Math.min(Math.ceil(leftMs / WAKE_STEP_MS) * WAKE_STEP_MS, windowMs),
    staticSummary: `began with ${holder}`,
    staticDetails: [
      `Began with ${holder}, open until ${openUntil} at least.`,
      'It starts asleep: until its first status, a touch by another partner or a further conversion there is nothing to',
      'do for it, so it has no task and answers no query. It wakes when its window is over at the latest. Once it is',
      'awake, its current details tell how it stands.',
    ].join(' '),
  };
}
