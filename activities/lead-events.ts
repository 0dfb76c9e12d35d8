import { ApplicationFailure } from '@temporalio/activity';
import type { Knex } from 'knex';
import { readConversionStatuses, readDecidingTouches, readLeadEvents } from '../src/db/lead-events.ts';
import { readDroppedTouches } from '../src/db/retention/dropped-touches.ts';
import { linkPartners } from '../src/domain/attribution.ts';
import type { LeadEvent, TouchEvent } from '../src/domain/lead-event.ts';
import { conversionAfter } from '../src/domain/lead.ts';
import { EVENTS_MISSING, type LeadActivities } from '../workflows/contract.ts';

const PAGE_SIZE = 1000;
// Half of what Temporal warns of; it refuses four times as much.
const MAX_PAGE_BYTES = 250_000;

type LeadEventActivities = Pick<LeadActivities, 'loadLeadEvents' | 'loadConversion'>;

export function createLeadEventActivities({ db }: { db: Knex }): LeadEventActivities {
  return {
    async loadLeadEvents({ leadId, afterSeq }) {
      const events = await readLeadEvents(db, { leadId, afterSeq, limit: PAGE_SIZE });
      const [first] = events;
      if (!first || first.seq === afterSeq + 1) return fitIntoPayload(events);
      const dropped = await readDroppedTouches(db, leadId);
      if (dropped && first.type === 'touch' && first.seq <= dropped.uptoSeq) {
        return fitIntoPayload([...standIns(first, afterSeq), ...events].slice(0, PAGE_SIZE));
      }
      // A lead never ends here: ops see the activity pending, with this message, until the facts are back.
      throw ApplicationFailure.retryable(
        `Lead ${leadId} has no event ${afterSeq + 1} in lead_events, though it has event ${first.seq}.`,
        EVENTS_MISSING,
      );
    },
    async loadConversion({ leadId, conversionId, beforeSeq }) {
      const statuses = await readConversionStatuses(db, { conversionId, beforeSeq });
      const touches = await readDecidingTouches(db, { leadId, seqs: statuses.map(({ seq }) => seq) });
      const held = statuses.map((event) => ({ event, holder: linkPartners(touches.get(event.seq) ?? []) }));
      return conversionAfter(held) ?? null;
    },
  };
}

/**
 * In place of touches that were dropped once the lead was over: the touch that came after them and stayed, under their
 * numbers. Nothing was decided between them and it (see db/retention/drop-touches.ts), and a touch that comes twice
 * changes nothing more.
 */
function standIns(touch: TouchEvent, afterSeq: number): TouchEvent[] {
  return Array.from({ length: touch.seq - afterSeq - 1 }, (_, index) => ({ ...touch, seq: afterSeq + 1 + index }));
}

/** As many of the events as may travel together, and one at least. */
function fitIntoPayload(events: LeadEvent[]): LeadEvent[] {
  let bytes = 0;
  const end = events.findIndex((event) => (bytes += Buffer.byteLength(JSON.stringify(event))) > MAX_PAGE_BYTES);
  return end === -1 ? events : events.slice(0, Math.max(1, end));
}
