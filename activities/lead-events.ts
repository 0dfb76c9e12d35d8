import { ApplicationFailure } from '@temporalio/activity';
import type { Knex } from 'knex';
import { readLeadEvents } from '../src/db/lead-events.ts';
import { EVENTS_MISSING, type LeadActivities } from '../workflows/contract.ts';

const PAGE_SIZE = 200;

export function createLeadEventActivities({ db }: { db: Knex }): Pick<LeadActivities, 'loadLeadEvents'> {
  return {
    async loadLeadEvents({ leadId, afterSeq }) {
      const events = await readLeadEvents(db, { leadId, afterSeq, limit: PAGE_SIZE });
      if (events[0]?.seq !== afterSeq + 1) {
        // A lead never ends here: ops see the activity pending, with this message, until the facts are back.
        throw ApplicationFailure.retryable(
          `Lead ${leadId} has no event ${afterSeq + 1} in lead_events, though a later one was relayed.`,
          EVENTS_MISSING,
        );
      }
      return events;
    },
  };
}
