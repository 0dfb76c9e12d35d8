import type { Pool } from 'pg';
import { recordBotVisits, recordClicks, type BotVisit, type Click } from '../db/clicks.ts';
import { createGroupCommit } from './group-commit.ts';

export type ClickIntake = {
  /** Resolves once the touch and the conversion are committed. @throws AppError `unavailable`, nothing was kept */
  record(click: Click): Promise<void>;
  /** Resolves once the visit of a known bot is committed; it links nobody. */
  recordBotVisit(visit: BotVisit): Promise<void>;
  /** Resolves once everything handed in so far is committed or refused. */
  flush(): Promise<void>;
};

export function createClickIntake(pool: Pool): ClickIntake {
  const clicks = createGroupCommit<Click>((batch) => recordClicks(pool, batch));
  const botVisits = createGroupCommit<BotVisit>((batch) => recordBotVisits(pool, batch));
  return {
    record: clicks.commit,
    recordBotVisit: botVisits.commit,
    async flush() {
      await Promise.all([clicks.flush(), botVisits.flush()]);
    },
  };
}
