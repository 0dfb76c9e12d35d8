import type { Migration } from './migration.ts';

export const runningAttempts: Migration = {
  // A handful of rows at any moment: the sweep closes those among them that can no longer run.
  up: async (db) =>
    void (await db.raw(
      `create index postback_attempts_running on postback_attempts (started_at) where outcome = 'running'`,
    )),
  down: async (db) => void (await db.raw('drop index postback_attempts_running')),
};
