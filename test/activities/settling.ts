import type { Knex } from 'knex';
import { createKeptAnswers, type KeptAnswers } from '../../activities/kept-answers.ts';
import { readLeadEvents } from '../../src/db/lead-events.ts';
import type { StatusEvent } from '../../src/domain/lead-event.ts';
import { applyEvent, newLead, settlementFor, type Settlement } from '../../src/domain/lead.ts';
import { createLog } from '../../src/log.ts';
import type { SendOutcome } from '../../src/outbound/guarded-client.ts';

/** What a lead's workflow asks to be settled for its latest event, a status. */
export async function latestSettlement(db: Knex, leadId: string): Promise<Settlement> {
  const events = await readLeadEvents(db, { leadId, afterSeq: 0, limit: 1000 });
  return settlementFor(events.slice(0, -1).reduce(applyEvent, newLead()), events.at(-1) as StatusEvent);
}

/** What the guarded client says of one call. */
export function answer(httpStatus: number | null, changes: Partial<SendOutcome> = {}): SendOutcome {
  return {
    delivered: httpStatus === 200,
    httpStatus,
    error: httpStatus === null ? 'timeout' : null,
    location: null,
    responseBody: httpStatus === null ? null : 'thank you',
    durationMs: 7,
    ...changes,
  };
}

/** The answers of a worker whose log nobody reads; it gives up at once when it is stopped. */
export function keptAnswers(db: Knex, options: { maxKept?: number } = {}): KeptAnswers {
  return createKeptAnswers({ db, log: createLog('silent'), stopGraceMs: 0, ...options });
}
