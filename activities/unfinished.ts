import type { Knex } from 'knex';
import { readUnfinished } from '../src/db/overdue.ts';
import type { LeadActivities } from '../workflows/contract.ts';
import { duePostbackOf } from './settlement.ts';

export function createUnfinishedActivities({ db }: { db: Knex }): Pick<LeadActivities, 'findUnfinished'> {
  return {
    async findUnfinished({ leadId, uptoSeq, maxAttempts }) {
      const { hasUnsettled, open } = await readUnfinished(db, leadId, uptoSeq);
      return { hasUnsettled, open: open.map((postback) => duePostbackOf(postback, maxAttempts)) };
    },
  };
}
