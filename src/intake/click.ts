import type { Pool } from 'pg';
import { recordBotVisits, recordClicks, recordNewLeads, type BotVisit, type Click } from '../db/clicks.ts';
import { createGroupCommit } from '../db/group-commit.ts';
import { newLeadId } from '../new-ids.ts';

type ClickIntakeDeps = {
  pool: Pool;
  /** How long a click waits for its answer, 2 s when left out; longer in tests, so that no busy machine decides them. */
  answerWithinMs?: number;
};

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

export function createClickIntake({ pool, answerWithinMs }: ClickIntakeDeps): ClickIntake {
  const limits = { answerWithinMs };
  const newLeads = createGroupCommit<Click>((batch) => recordNewLeads(pool, batch), limits);
  const knownLeads = createGroupCommit<Click>((batch) => recordClicks(pool, batch), limits);
  const botVisits = createGroupCommit<BotVisit>((batch) => recordBotVisits(pool, batch), limits);
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
