import type { Knex } from 'knex';
import type { GuardedClient } from '../src/outbound/guarded-client.ts';
import type { LeadActivities } from '../workflows/contract.ts';
import type { KeptAnswers } from './kept-answers.ts';
import { createLeadEventActivities } from './lead-events.ts';
import { createPostbackActivities } from './postback.ts';
import { createSettlementActivities } from './settlement.ts';
import { createUnfinishedActivities } from './unfinished.ts';

export type ActivityDeps = {
  db: Knex;
  /** Calls partners; see src/outbound. */
  client: Pick<GuardedClient, 'send'>;
  /** Outlives the activities and is stopped after them. */
  answers: KeptAnswers;
  /** How many postbacks of one partner may be under way at the same time; any number when left out. */
  concurrentPerPartner?: number;
  /** Milliseconds of a steady clock; a test may bring its own. */
  now?: () => number;
};

export function createActivities(deps: ActivityDeps): LeadActivities {
  return {
    ...createLeadEventActivities(deps),
    ...createSettlementActivities(deps),
    ...createPostbackActivities(deps),
    ...createUnfinishedActivities(deps),
  };
}
