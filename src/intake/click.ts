import type { Pool } from 'pg';
import { recordBotVisits, recordClicks, recordNewLeads, type BotVisit, type Click } from '../db/clicks.ts';
import { createGroupCommit, type GroupCommitOptions } from '../db/group-commit.ts';
import { newLeadId } from '../new-ids.ts';

export type ClickIntake = {
  /**
   * Resolves with the click's lead, a new one unless it is known, once the touch and the conversion are committed.
   * @throws AppError `unavailable`; when its time was up, it may be kept all the same
   */
  record(click: Omit<Click, 'leadId'> & { leadId: string | undefined }): Promise<string>;
  /** Resolves once the visit of a known bot is committed; it links nobody. */
  recordBotVisit(visit: BotVisit): Promise<void>;
  /** Resolves once everything handed in so far is committed or refused. */
  flush(): Promise<void>;
};

/** @param patience how long a click may wait for its answer; as long as a visitor can when left out */
export function createClickIntake(pool: Pool, patience: Pick<GroupCommitOptions, 'answerWithinMs'> = {}): ClickIntake {
  const newLeads = createGroupCommit<Click>((batch) => recordNewLeads(pool, batch), patience);
  const knownLeads = createGroupCommit<Click>((batch) => recordClicks(pool, batch), patience);
  const botVisits = createGroupCommit<BotVisit>((batch) => recordBotVisits(pool, batch), patience);
  return {
    async record({ leadId, touch, conversion }) {
      if (leadId !== undefined) {
        await knownLeads.commit({ leadId, touch, conversion });
        return leadId;
      }
      const newLead = { leadId: newLeadId(), touch, conversion };
      await newLeads.commit(newLead);
      return newLead.leadId;
    },
    recordBotVisit: botVisits.commit,
    async flush() {
      await Promise.all([newLeads.flush(), knownLeads.flush(), botVisits.flush()]);
    },
  };
}
